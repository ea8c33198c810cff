"""The definitions of a schema: where a reference points, and the name that the definition goes by.

A reference is looked up when it is met, and a definition is read when it is asked for: a document that is large costs
only what of it is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote, unquote

from toolscript.schema.keywords import anchors, pointed
from toolscript.schema.names import type_name
from toolscript.schema.shapes import Ref, Unknown
from toolscript.tools import Schema

_breaks = re.compile(r"[\W_]+")

# Types that the languages have already, beyond the globals that `namespace_names` keeps clear of.
_TAKEN = """Any Awaited Exclude Extract Final Literal Never NoReturn NonNullable NotRequired Omit Optional Parameters
Partial Pick Protocol Readonly ReadonlyArray Record Required ReturnType Self TypeAlias TypedDict Union Unpack"""
_TYPE_NAMES = frozenset(_TAKEN.split())

_KEYWORD_SEGMENTS = frozenset(
    {"$defs", "definitions", "properties", "items", "components", "schemas", "anyOf", "oneOf", "allOf", "schema"}
)
_DEFINITIONS = ("#/$defs", "#/definitions", "#/components/schemas")

# Keywords beside which a node with properties is an object and nothing else.
_PLAIN = frozenset(
    {"properties", "required", "description", "title", "example", "examples", "type", "additionalProperties"}
)


class Definitions:
    """What the references of one schema stand for, each by a name of its own."""

    def __init__(self, root: Schema) -> None:
        self._root: Mapping[str, Any] = root if isinstance(root, Mapping) else {}
        self._nodes: dict[str, Any] = {}
        self._names: dict[str, str] = {}
        self._anchors: dict[str, Any] | None = None

    def at(self, pointer: Any) -> Ref | Unknown:
        """The definition that a reference points at, or why there is none."""
        if not isinstance(pointer, str):
            return Unknown("a reference that is no text")
        if pointer not in self._names:
            found = self._located(pointer)
            if found is None:
                return Unknown(f"reference to {pointer[:80]}, which is not in the schema")
            name = base = _name(pointer, found)
            number = 1
            while name in self._nodes and self._nodes[name] is not found:
                number += 1
                name = f"{base}_{number}"
            self._names[pointer] = name
            self._nodes[name] = found
        return Ref(self._names[pointer])

    def has(self, ref: Ref) -> bool:
        """Whether a definition has been pointed at."""
        return ref.name in self._nodes

    def node(self, ref: Ref) -> Any:
        """The schema of a definition, None where nothing pointed at it."""
        return self._nodes.get(ref.name)

    def named(self, name: str) -> Ref | None:
        """The definition that goes by a name, whether or not anything has pointed at it yet."""
        if name in self._nodes:
            return Ref(name)
        bare = _breaks.sub("", name).casefold()
        for place in _DEFINITIONS:
            held = pointed(self._root, place)
            for key in cast("Mapping[Any, Any]", held) if isinstance(held, Mapping) else ():
                if _breaks.sub("", str(key)).casefold() == bare:
                    found = self.at(f"{place}/{_pointer_part(str(key))}")
                    if isinstance(found, Ref) and found.name == name:
                        return found
        return None

    def _located(self, pointer: str) -> Any:
        root = self._root
        if not root:
            return None
        if pointer in {"", "#"} or pointer == root.get("$id"):
            return root
        if pointer.startswith("#/"):
            return pointed(root, pointer)
        if self._anchors is None:
            self._anchors = dict(anchors(root))
        base, _, fragment = pointer.partition("#")
        if not base:
            return self._anchors.get(f"#{fragment}")
        node = self._anchors.get(base, self._anchors.get(base.rsplit("/", 1)[-1]))
        return (
            pointed(cast("Mapping[str, Any]", node), f"#{fragment}") if fragment and isinstance(node, Mapping) else node
        )


def _name(pointer: str, node: Any) -> str:
    segments = [part for part in unquote(pointer).replace("~1", "_").replace("~0", "_").split("/") if part]
    telling = [part for part in segments if part not in _KEYWORD_SEGMENTS and not part.isdecimal() and part != "#"]
    title = cast("Any", node).get("title") if isinstance(node, Mapping) else None
    raw = telling[-1] if telling else title if isinstance(title, str) else "Root"
    name = type_name("".join(part[:1].upper() + part[1:] for part in _breaks.split(raw)))
    return f"{name}_" if name in _TYPE_NAMES else name


def _pointer_part(key: str) -> str:
    return quote(key.replace("~", "~0").replace("/", "~1"), safe="~", errors="replace")


def is_plain_object(node: Any) -> bool:
    """Whether a schema is an object with properties and nothing else, as far as can be seen without building it."""
    if not isinstance(node, Mapping):
        return False
    said = cast("Mapping[str, Any]", node)
    properties = said.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        return False
    return said.get("type", "object") == "object" and all(key in _PLAIN or key[:2] == "x-" for key in said)
