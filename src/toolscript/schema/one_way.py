"""A schema as one side sees it: what is taken without `readOnly` members, what is given without `writeOnly` ones.

1. A member is marked in its own schema or in the definition that this refers to.
2. A member that is left out is not required either, wherever it is called so: in the object itself, in another part of
   its `allOf`, or beside the reference to it.
3. What needs no change is the very same object, so that large documents share what they have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from toolscript.schema.keywords import list_of

Side = Literal["taken", "given"]
Resolve = Callable[[Any], Any]
"""What a reference stands for, None where it stands for nothing."""

_MARKS: Mapping[Side, str] = {"taken": "readOnly", "given": "writeOnly"}
# What holds values, and no schemas.
_VALUES = frozenset({"example", "examples", "default", "enum", "const", "required", "type", "description", "mapping"})
_NAMED = frozenset({"properties", "patternProperties", "definitions", "$defs", "dependentSchemas"})
MAX_FOLLOWED = 20  # references and parts that are looked through for the marks of one object


def for_side(schema: Any, side: Side, resolve: Resolve) -> Any:
    """The schema as that side sees it; definitions that it refers to are not looked into."""
    return _Sided(_MARKS[side], resolve).node(schema, frozenset())


class _Sided:
    def __init__(self, mark: str, resolve: Resolve) -> None:
        self._mark = mark
        self._resolve = resolve

    def node(self, node: Any, hidden: frozenset[str]) -> Any:
        """A schema without the marked members; `hidden` are names that another part of it has marked."""
        if isinstance(node, list):
            return self._listed(cast("list[Any]", node), hidden)
        if not isinstance(node, dict):
            return node
        members = cast("dict[str, Any]", node)
        hidden |= self._hidden(members)
        changed: dict[str, Any] = {}
        for key, held in members.items():
            if key in _VALUES or not isinstance(held, dict | list):
                continue
            if key in _NAMED and isinstance(held, dict):
                new = self._named(cast("dict[str, Any]", held), hidden if key == "properties" else frozenset())
            else:
                new = self.node(held, hidden if key in {"allOf", "anyOf", "oneOf"} else frozenset())
            if new is not held:
                changed[key] = new
        required = members.get("required")
        if hidden and isinstance(required, list) and not hidden.isdisjoint(map(str, cast("list[Any]", required))):
            changed["required"] = [name for name in cast("list[Any]", required) if str(name) not in hidden]
        return {**members, **changed} if changed else members

    def _listed(self, nodes: list[Any], hidden: frozenset[str]) -> list[Any]:
        new = [self.node(each, hidden) for each in nodes]
        return new if any(one is not other for one, other in zip(new, nodes, strict=True)) else nodes

    def _named(self, named: dict[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
        new = {name: self.node(held, frozenset()) for name, held in named.items() if name not in hidden}
        same = len(new) == len(named) and all(new[name] is held for name, held in named.items())
        return named if same else new

    def _hidden(self, node: Mapping[str, Any]) -> frozenset[str]:
        """The marked members of an object, looked for through references and `allOf`."""
        found: set[str] = set()
        waiting: list[Any] = [node]
        for _ in range(MAX_FOLLOWED):
            if not waiting:
                break
            one = waiting.pop()
            if not isinstance(one, dict):
                continue
            part = cast("dict[str, Any]", one)
            properties = part.get("properties")
            if isinstance(properties, dict):
                named = cast("dict[str, Any]", properties)
                found.update(name for name, held in named.items() if self._is_marked(held))
            waiting += list_of(part.get("allOf"))
            if "$ref" in part:
                waiting.append(self._resolve(part["$ref"]))
        return frozenset(found)

    def _is_marked(self, node: Any) -> bool:
        if not isinstance(node, dict):
            return False
        member = cast("dict[str, Any]", node)
        if self._mark in member:
            return member[self._mark] is True
        if "$ref" not in member:
            return False
        target = self._resolve(member["$ref"])
        return isinstance(target, dict) and cast("dict[str, Any]", target).get(self._mark) is True
