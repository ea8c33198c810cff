"""Which values are secret, as their schema marks them: `writeOnly: true`, `format: password` or `x-secret: true`.

A value is looked at together with every schema that may apply to it: properties, items, `allOf` and its kin, and
references, however often they lead back to themselves. Where alternatives disagree, the value is secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from toolscript.schema.keywords import anchors, list_of, pointed
from toolscript.tools import Schema

Place = tuple[str | int, ...]
"""Names of members and numbers of items, from the whole value on; `()` is the whole."""

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_PARTS = ("allOf", "anyOf", "oneOf")
_BRANCHES = ("if", "then", "else")


def has_secrets(schema: Schema) -> bool:
    """Whether a schema marks anything at all: one pass over the document."""
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            if _is_secret(cast("Mapping[str, Any]", node)):
                return True
            waiting.extend(cast("Mapping[str, Any]", node).values())
        elif isinstance(node, list):
            waiting.extend(cast("list[Any]", node))
    return False


def secret_places(schema: Schema, value: Any) -> tuple[Place, ...]:
    """Where in a decoded value the secrets are; within one that is secret as a whole, nothing further is named."""
    return tuple(_Reader(schema).places(value, [schema], ()))


def _is_secret(node: Mapping[str, Any]) -> bool:
    return node.get("writeOnly") is True or node.get("format") == "password" or node.get("x-secret") is True


class _Reader:
    """Walks a value, with the schemas that may apply to it."""

    def __init__(self, root: Schema) -> None:
        self._root: Mapping[str, Any] = root if isinstance(root, Mapping) else {}
        self._anchors: dict[str, Any] | None = None

    def places(self, value: Any, schemas: list[Any], place: Place) -> Iterator[Place]:
        nodes = self._applying(schemas)
        if any(map(_is_secret, nodes)):
            yield place
            return
        match value:
            case dict():
                for name, held in cast("dict[str, Any]", value).items():
                    if inner := [one for node in nodes for one in _of_member(node, name)]:
                        yield from self.places(held, inner, (*place, name))
            case list():
                for number, held in enumerate(cast("list[Any]", value)):
                    if inner := [one for node in nodes for one in _of_item(node, number)]:
                        yield from self.places(held, inner, (*place, number))
            case _:
                pass

    def _applying(self, schemas: list[Any]) -> list[Mapping[str, Any]]:
        """These schemas with all that they refer to or consist of, each once."""
        found: dict[int, Mapping[str, Any]] = {}
        waiting = [*schemas]
        while waiting:
            one = waiting.pop()
            if not isinstance(one, Mapping) or id(cast("object", one)) in found:
                continue
            node = cast("Mapping[str, Any]", one)
            found[id(node)] = node
            waiting += [self._located(node[keyword]) for keyword in _REFERENCES if keyword in node]
            waiting += [part for keyword in _PARTS for part in list_of(node.get(keyword))]
            waiting += [node[keyword] for keyword in _BRANCHES if keyword in node]
            if isinstance(dependent := node.get("dependentSchemas"), Mapping):
                waiting += cast("Mapping[str, Any]", dependent).values()
        return list(found.values())

    def _located(self, pointer: Any) -> Any:
        if pointer in ("", "#"):
            return self._root
        found = pointed(self._root, pointer)
        if isinstance(found, Mapping) and found is not self._root:
            return cast("Mapping[str, Any]", found)
        if self._anchors is None:
            self._anchors = dict(anchors(self._root))
        return self._anchors.get(pointer) if isinstance(pointer, str) else None


def _of_member(node: Mapping[str, Any], name: str) -> Iterator[Any]:
    properties = node.get("properties")
    if isinstance(properties, Mapping) and name in properties:
        yield cast("Mapping[str, Any]", properties)[name]
    else:
        yield from _held(node, "additionalProperties", "unevaluatedProperties")
    if isinstance(patterns := node.get("patternProperties"), Mapping):
        yield from cast("Mapping[str, Any]", patterns).values()


def _of_item(node: Mapping[str, Any], number: int) -> Iterator[Any]:
    for keyword in ("prefixItems", "items"):  # before 2020-12 `items` was the list
        listed = list_of(node.get(keyword))
        if number < len(listed):
            yield listed[number]
    yield from _held(node, "items", "additionalItems", "unevaluatedItems", "contains")


def _held(node: Mapping[str, Any], *keywords: str) -> Iterator[Any]:
    return (node[keyword] for keyword in keywords if isinstance(node.get(keyword), Mapping))
