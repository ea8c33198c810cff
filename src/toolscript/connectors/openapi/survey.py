"""One look at all of a document: whether it is plain JSON of bearable size, what it refers to, what is odd about it.

Names that an author chose (of properties, definitions, paths) are told from keywords, and examples and defaults from
schemas: a property that is called `enum` is none, and a `$ref` in an example refers to nothing.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from toolscript.connectors.openapi.operation import Finding
from toolscript.connectors.openapi.pointers import pointer_text
from toolscript.connectors.openapi.yaml_text import MAX_DEPTH, MAX_NODES
from toolscript.errors import ConfigError

Link = tuple["Link", str] | None
"""Where a node is: where its parent is, and its own key."""

# Keywords whose members are named by the author.
_NAMED = frozenset(
    """properties patternProperties definitions $defs dependentSchemas schemas responses parameters requestBodies
    headers securitySchemes securityDefinitions links callbacks pathItems paths content encoding variables scopes
    mapping webhooks""".split()  # noqa: SIM905 - a list would be a page
)
# Keywords that hold values.
_VALUES = frozenset({"example", "examples", "default", "enum", "const", "value", "required", "tags", "security"})


@dataclass(slots=True)
class Survey:
    """What was seen: nodes with a `$ref`, whether members are for one side only, what is odd."""

    references: list[tuple[dict[str, Any], Link]] = field(default_factory=list[tuple[dict[str, Any], Link]])
    has_sides: bool = False
    findings: list[Finding] = field(default_factory=list[Finding])


def surveyed(root: Any, *, is_library: bool = False) -> Survey:
    """Looks at a document; `is_library` is one whose topmost keys are names of what it holds."""
    survey = Survey()
    if not isinstance(root, dict):
        return survey
    for node, where, is_named, is_member in _nodes(root, is_library=is_library):
        if is_named:
            continue
        if "$ref" in node:
            if isinstance(node["$ref"], str):
                survey.references.append((node, where))
            else:
                survey.findings.append(Finding("warning", path_of(where), "its `$ref` is no text; it is ignored"))
        if "readOnly" in node or "writeOnly" in node:
            survey.has_sides = True
        if node.get("enum") == []:
            survey.findings.append(Finding("warning", path_of(where), "an empty `enum` allows nothing; it is ignored"))
        if is_member and isinstance(node.get("required"), bool):
            said = "`required` of a schema lists names; read as a statement on this member"
            survey.findings.append(Finding("warning", path_of(where), said))
    return survey


def _nodes(root: Any, *, is_library: bool) -> Iterator[tuple[dict[str, Any], Link, bool, bool]]:
    """Every object: where it is, whether its keys are names, and whether it is a member of `properties`."""
    waiting: list[tuple[Any, Link, bool, bool]] = [(root, None, is_library, False)]
    while waiting:
        held, where, is_named, is_member = waiting.pop()
        if isinstance(held, list):
            inner = enumerate(cast("list[Any]", held))
            waiting += [(each, (where, str(index)), False, False) for index, each in inner if type(each) in _HOLDERS]
            continue
        node = cast("dict[str, Any]", held)
        yield node, where, is_named, is_member
        holders = [(key, each) for key, each in node.items() if type(each) in _HOLDERS]
        if is_named:
            in_properties = where is not None and where[1] == "properties"
            waiting += [(each, (where, key), False, in_properties) for key, each in holders]
        else:
            waiting += [
                (each, (where, key), key in _NAMED and type(each) is dict, False)
                for key, each in holders
                if key not in _VALUES and key[:2] != "x-"
            ]


def path_of(where: Link) -> str:
    """The JSON pointer of a place."""
    parts: list[str] = []
    while where is not None:
        where, part = where
        parts.append(part)
    return pointer_text(reversed(parts))


def as_plain(value: Any, name: str = "") -> tuple[Any, tuple[Finding, ...]]:
    """The value as JSON has it: itself, if it is so already, else a copy, with what had to be changed.

    Raises `ConfigError` for one of unbearable size, such as one that holds itself.
    """
    if _is_plain(value):
        return value, ()
    copier = _Copier(f"{name}: " if name else "")
    copied = copier.copy(value, None, 0)
    if copier.keys:
        said = f"{len(copier.keys)} times a key is no text, first here; read as text"
        copier.findings.append(Finding("warning", path_of(copier.keys[0]), said))
    return copied, tuple(copier.findings)


def _is_plain(root: Any) -> bool:
    waiting: list[Any] = [root]
    seen, depth = 0, 0
    while waiting:  # level by level, so that nothing is too deep to ask
        depth += 1
        inner: list[Any] = []
        for node in waiting:
            if type(node) is dict:
                for key, held in cast("dict[Any, Any]", node).items():
                    if type(key) is not str:
                        return False
                    if type(held) not in _SCALARS:
                        inner.append(held)
            elif type(node) is list:
                inner += [held for held in cast("list[Any]", node) if type(held) not in _SCALARS]
            elif type(node) is float:
                if not math.isfinite(node):
                    return False
            elif type(node) not in _SCALARS:
                return False
        seen += len(inner)
        if seen > MAX_NODES or depth > MAX_DEPTH:
            return False
        waiting = inner
    return True


_SCALARS = frozenset({str, int, bool, type(None)})
_HOLDERS = frozenset({dict, list})


class _Copier:
    """Copies a value into plain JSON."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._left = MAX_NODES
        self.findings: list[Finding] = []
        self.keys: list[Link] = []

    def copy(self, value: Any, where: Link, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ConfigError(f"{self._where}it has more than {MAX_NODES:,} nodes, or holds itself")
        match value:
            case None | bool() | str():
                return value if value is None or isinstance(value, bool) else str(value)
            case int():
                return int(value)
            case float() if math.isfinite(value):
                return float(value)
            case dict() | list() | tuple() if depth >= MAX_DEPTH:
                self._said(where, f"nested deeper than {MAX_DEPTH} levels; what lies further down is left out")
                return {}
            case dict():
                return self._members(cast("dict[Any, Any]", value), where, depth)
            case list() | tuple():
                held = cast("list[Any]", value)
                return [self.copy(each, (where, str(index)), depth + 1) for index, each in enumerate(held)]
            case datetime.date() | datetime.time():
                self._said(where, "a date where JSON has text; read as text")
                return value.isoformat()
            case _:
                self._said(where, f"a value of type {type(value).__name__}, which JSON does not have; left out")
                return None

    def _members(self, value: dict[Any, Any], where: Link, depth: int) -> dict[str, Any]:
        copied: dict[str, Any] = {}
        for key, held in value.items():
            name = key if isinstance(key, str) else "null" if key is None else str(key).lower()
            if not isinstance(key, str):
                self.keys.append((where, name))
            copied[name] = self.copy(held, (where, name), depth + 1)
        return copied

    def _said(self, where: Link, message: str) -> None:
        self.findings.append(Finding("warning", path_of(where), message))
