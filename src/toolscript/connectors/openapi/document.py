"""`Document`: one description of an API with all that it refers to, and the definitions that a schema needs of it.

A schema of a tool keeps its references as they are, and holds beside itself what they point at, under the same
pointers: `{"$ref": "#/components/schemas/User", "components": {"schemas": {"User": ..., "Team": ...}}}`. Definitions
are shared by all schemas that reach them, and what several schemas reach alike is one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from toolscript.connectors.openapi.operation import Finding
from toolscript.connectors.openapi.pointers import located, members, pointer_parts, text
from toolscript.connectors.openapi.references import Load, bundled
from toolscript.connectors.openapi.survey import as_plain, path_of, surveyed
from toolscript.connectors.openapi.yaml_text import parse
from toolscript.errors import ConfigError
from toolscript.schema.one_way import Side, for_side

MAX_HOPS = 20  # references that lead to references


class Document:
    """A document, read and brought together; `findings` says what is odd about it. Raises `ConfigError` for none."""

    def __init__(
        self,
        source: Mapping[str, Any] | str | bytes,
        *,
        base: str = "",
        load: Load | None = None,
        is_allowed: Callable[[str], bool] = lambda place: False,
    ) -> None:
        value, odd = parse(source) if isinstance(source, str | bytes) else (source, ())
        value, more = as_plain(value)
        if not isinstance(value, dict):
            raise ConfigError("this is no OpenAPI document: it is no object")
        root = cast("dict[str, Any]", value)
        self.root, survey = bundled(root, surveyed(root), base, load, is_allowed)
        self.base = base
        self.is_swagger = text(self.root.get("swagger")) == "2.0" or (
            "swagger" in self.root and "openapi" not in self.root
        )
        if not any(key in self.root for key in ("openapi", "swagger", "paths", "webhooks", "components")):
            raise ConfigError('this is no OpenAPI document: it has neither "openapi" nor "swagger"')
        self.has_sides = survey.has_sides
        self._resolved: dict[str, Any] = {}
        self._anchors: dict[str, list[str]] | None = None
        self.findings = [*odd, *more, *survey.findings]
        for node, where in survey.references:
            if self.resolve(node["$ref"]) is None:
                said = f"its reference {node['$ref'][:200]} points at nothing; taken as anything"
                self.findings.append(Finding("warning", path_of(where), said))

    def resolve(self, reference: Any) -> Any:
        """What a reference stands for, None where it stands for nothing."""
        if not isinstance(reference, str):
            return None
        if reference not in self._resolved:
            parts = self.parts_of(reference)
            self._resolved[reference] = None if parts is None else located(self.root, parts)
        return self._resolved[reference]

    def follow(self, node: Any) -> Any:
        """The node itself, or what it refers to in the end; what stands beside a reference is kept."""
        beside: list[Mapping[str, Any]] = []
        for _ in range(MAX_HOPS):
            if not isinstance(node, dict) or "$ref" not in node:
                break
            known = members(cast("Any", node))
            beside.append(known)
            node = self.resolve(known["$ref"])
        else:
            return None
        if not isinstance(node, dict) or all(len(each) == 1 for each in beside):
            return cast("Any", node)
        whole = dict(members(cast("Any", node)))
        for each in reversed(beside):
            whole |= {key: held for key, held in each.items() if key != "$ref"}
        return whole

    def parts_of(self, reference: str) -> list[str] | None:
        """The parts of the pointer to what a reference names; None for one that leads elsewhere."""
        if reference.startswith("#/"):
            return pointer_parts(reference[1:])
        if self._anchors is None:
            self._anchors = _anchors(self.root)
        base, _, fragment = reference.partition("#")
        if base:
            known = self._anchors.get(base)
            return None if known is None else [*known, *(pointer_parts(fragment) if fragment else ())]
        return self._anchors.get(f"#{fragment}") if fragment else None


class Definitions:
    """The definitions of a document as one side of a call sees them."""

    def __init__(self, document: Document, side: Side) -> None:
        self._document = document
        self._side: Side = side
        self._nodes: dict[str, Any] = {}
        self._homes: dict[str, tuple[str, ...]] = {}
        self._direct: dict[str, frozenset[str]] = {}
        self._reached: dict[frozenset[str], Mapping[str, Any]] = {}

    def side(self, schema: Any) -> Any:
        """The schema without what this side does not see."""
        return for_side(schema, self._side, self._document.resolve) if self._document.has_sides else schema

    def closed(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The schema, which this side sees already, with the definitions that it reaches beside it."""
        return {**schema, **self._tree(references_of(schema))}

    def _tree(self, named: frozenset[str]) -> Mapping[str, Any]:
        known = self._reached.get(named)
        if known is None:
            everything = frozenset(self._reach(named))
            known = self._reached.get(everything)
            if known is None:
                known = self._reached[everything] = self._built(everything)
            self._reached[named] = known
        return known

    def _reach(self, named: Iterable[str]) -> set[str]:
        reached: set[str] = set()
        waiting = list(named)
        while waiting:
            reference = waiting.pop()
            if reference not in reached:
                reached.add(reference)
                waiting += self._refers_to(reference)
        return reached

    def _refers_to(self, reference: str) -> frozenset[str]:
        known = self._direct.get(reference)
        if known is None:
            known = self._direct[reference] = references_of(self._node(reference))
        return known

    def _node(self, reference: str) -> Any:
        if reference not in self._nodes:
            self._nodes[reference] = self.side(self._document.resolve(reference))
        return self._nodes[reference]

    def _built(self, references: Iterable[str]) -> Mapping[str, Any]:
        """The definitions under their pointers. One that lies in another one, or in a list, comes with that."""
        groups: dict[tuple[str, ...], dict[str, Any]] = {}
        for reference in sorted(references):
            node, home = self._node(reference), self._home(reference)
            if node is not None and home:
                groups.setdefault(home[:-1], {})[home[-1]] = node
        tree: dict[str, Any] = {}
        for place in sorted(groups, key=len):  # outer ones before those that lie in them
            self._plant(tree, place, groups)
        return tree

    def _plant(
        self, tree: dict[str, Any], place: tuple[str, ...], groups: Mapping[tuple[str, ...], dict[str, Any]]
    ) -> None:
        at, inside = tree, self._document.root
        for depth, part in enumerate(place):
            if part in groups.get(place[:depth], {}):
                return
            inner: Any = inside[part]
            if not isinstance(inner, dict):
                at[part] = inner
                return
            at, inside = at.setdefault(part, {}), cast("dict[str, Any]", inner)
        at.update(groups[place])

    def _home(self, reference: str) -> tuple[str, ...]:
        known = self._homes.get(reference)
        if known is None:
            known = self._homes[reference] = tuple(self._document.parts_of(reference) or ())
        return known


def references_of(schema: Any) -> frozenset[str]:
    """Every reference in a schema, also those that are written in an example."""
    found: set[str] = set()
    waiting: list[Any] = [schema] if type(schema) in _HOLDERS else []
    while waiting:
        node = waiting.pop()
        if type(node) is dict:
            for key, held in cast("dict[str, Any]", node).items():
                if type(held) in _HOLDERS:
                    waiting.append(held)
                elif key in _REFERENCES and isinstance(held, str):
                    found.add(held)
        else:
            waiting += [held for held in cast("list[Any]", node) if type(held) in _HOLDERS]
    return frozenset(found)


_HOLDERS = frozenset({dict, list})
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})


def _anchors(root: Any) -> dict[str, list[str]]:
    """The places that have names of their own: `$id`s, and anchors with `#` before them."""
    found: dict[str, list[str]] = {}
    waiting: list[tuple[Any, list[str]]] = [(root, [])]
    while waiting:
        node, parts = waiting.pop()
        if isinstance(node, list):
            held = enumerate(cast("list[Any]", node))
            waiting += [(each, [*parts, str(index)]) for index, each in held if type(each) in _HOLDERS]
            continue
        known = members(node)
        for keyword, mark in (("$anchor", "#"), ("$dynamicAnchor", "#"), ("$id", "")):
            if isinstance(known.get(keyword), str):
                found.setdefault(f"{mark}{known[keyword]}", parts)
        waiting += [(each, [*parts, key]) for key, each in known.items() if type(each) in _HOLDERS]
    return found
