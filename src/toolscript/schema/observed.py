"""The schema of what a tool was seen to return, for tools that do not say it themselves.

1. What is kept is of the form of a value, and never the value: types, names of properties, and which are always there.
2. Every schema has one form, `type` with what belongs to it beside: `properties`, `required` (seen in every object),
   `additionalProperties`, `items`, and for text `format` or `contentEncoding` of tagged values. A union of types is a
   list of them, so of objects there is one form, and of arrays too. Joining two takes the union of both.
3. Keys that look like data (ids, numbers, addresses, paths, tokens) are no properties but those of a map. An object is
   a map altogether, and stays one, when few of its many keys are always there, or none is and several hold objects with
   a member in common. What made it one never goes away when more is seen, so that rule 4 holds.
4. Joining is commutative, idempotent and associative, so the order of calls does not matter; only what goes beyond
   `MAX_NODES` is cut at a depth that may depend on it.
5. `True` says that anything may be there: what lies deeper than is kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, reduce
from typing import Any, cast

from toolscript.codec import Blob
from toolscript.tools import Schema

MAX_DEPTH = 8  # levels of objects and arrays; an issue of GitHub has 4
MAX_NODES = 600  # types in one schema; a repository of GitHub has 140
MAX_PROPERTIES = 200  # of one object; what has more is a map
MAP_PROPERTIES = 32  # above which an object whose keys come and go is a map
MAP_SHARE = 4  # "come and go": fewer than one in so many is always there
LOOSE_PROPERTIES = 6  # as many keys without any that is always there make a map
ALIKE_PROPERTIES = 3  # as many do whose objects have a member in common; two may be the kinds of a result
MAX_KEY_CHARS = 64
SAMPLED = (32, 12, 6, 3)  # items that are looked at in an array, in one in it, and so on; the rest: 2
MAPPED = 32  # values that are looked at in a map
MAX_LOOKED = 3_000  # parts of one value that are looked at: 5 ms

_FORMS = ("format", "contentEncoding")
_TEXT: dict[str, Any] = {"type": "string"}
_BOOLEAN: dict[str, Any] = {"type": "boolean"}
_INTEGER: dict[str, Any] = {"type": "integer"}
_NUMBER: dict[str, Any] = {"type": "number"}
_NULL: dict[str, Any] = {"type": "null"}
_BYTES: dict[str, Any] = {"type": "string", "contentEncoding": "base64"}
_DATE: dict[str, Any] = {"type": "string", "format": "date-time"}
_BLOB: dict[str, Any] = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "media_type": {"type": "string"}, "size": {"type": "integer"}},
    "required": ["id", "media_type", "size"],
}
_data_key = re.compile(
    r"^\d"  # numbers, dates, most UUIDs
    r"|.@."  # addresses
    r"|[/\\]"  # paths, URLs, media types
    r"|[0-9]{4}"  # years, numbered names
    r"|(?=[a-f-]*[0-9])[0-9a-f-]{12,}"  # hexadecimal
    r"|[\x00-\x1f\[\]{}<>]"
    r"|[:#]\d"  # user:42
    r"|^(?!(?:AES|BASE|ISO|RFC|RSA|SHA|UTF)\d*-)[A-Z][A-Z\d]+-\d+$"  # INV-42
    # Keys that open something, as their makers mark them.
    r"|^(?:sk|pk|rk)_(?:live|test)_|^sk-\w+-|^whsec_\w{8}|^gh[oprsu]_\w{8}|^github_pat_|^glpat-|^npm_\w{20}"
    r"|^xox[a-z]-|^(?:AKIA|ASIA)[A-Z\d]{8}|^AIza\w{8}|^eyJ\w{8}"
)
_change = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[0-9]|(?<=[0-9])[A-Za-z]")

_Node = dict[str, Any]
_Seen = _Node | bool


def observe(known: Schema | None, value: Any) -> Schema:
    """The schema of what was seen so far and of one more value; None is nothing seen."""
    return merge(known, _Look().at(value, 0, 0))


def merge(known: Schema | None, other: Schema) -> Schema:
    """The schema of what either says was seen."""
    joined = other if known is None else _join(cast("_Seen", known), cast("_Seen", other))
    return _bounded(cast("_Seen", joined))


class _Look:
    """One look at one value; of what lies beyond `MAX_LOOKED` parts, one item of an array stands for all."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_LOOKED

    def at(self, value: Any, depth: int, arrays: int) -> _Seen:
        """The schema of a part, which lies so deep and in so many arrays."""
        self.left -= 1
        match value:
            case str():
                return _TEXT
            case bool():
                return _BOOLEAN
            case int():
                return _INTEGER
            case None:
                return _NULL
            case float():
                return _NUMBER
            case bytes():
                return _BYTES
            case datetime():
                return _DATE
            case Blob():
                return _BLOB
            case _ if depth >= MAX_DEPTH:
                return True
            case list() | tuple():
                items = cast("Sequence[Any]", value)
                most = 1 if self.left <= 0 else SAMPLED[arrays] if arrays < len(SAMPLED) else 2
                seen = _joined(self.at(item, depth + 1, arrays + 1) for item in _sample(items, most))
                return {"type": "array"} if seen is None else {"type": "array", "items": seen}
            case dict():
                return self._at_members(cast("dict[str, Any]", value), depth, arrays)
            case _:
                return True

    def _at_members(self, members: dict[str, Any], depth: int, arrays: int) -> _Node:
        if len(members) > MAX_PROPERTIES:
            held = (self.at(member, depth + 1, arrays) for member in _sample(list(members.values()), MAPPED))
            return {"type": "object", "additionalProperties": _joined(held)}
        properties: dict[str, _Seen] = {}
        others: list[Any] = []
        for name in sorted(members):
            if is_data_key(name):
                others.append(members[name])
            else:
                properties[name] = self.at(members[name], depth + 1, arrays)
        extra = _joined(self.at(member, depth + 1, arrays) for member in _sample(others, MAPPED))
        return {"type": "object", **_members(properties, list(properties), extra)}


@lru_cache(maxsize=4_096)
def is_data_key(name: str) -> bool:
    """Whether a key looks like data, and not like a name that somebody gave a property."""
    if not name or len(name) > MAX_KEY_CHARS or _data_key.search(name):
        return True
    # Ids such as cus_NffrFeUfNV2Hib: letters and digits change places more often than in words.
    changes = len(_change.findall(name))
    return changes > 2 and changes * 4 >= len(name) and any(char.isdigit() for char in name)  # noqa: PLR2004


def _sample(items: Sequence[Any], most: int) -> Iterable[Any]:
    """Items spread evenly, the first and the last among them."""
    if len(items) <= most or most == 1:
        return items[:most]
    return (items[place * (len(items) - 1) // (most - 1)] for place in range(most))


def _joined(seen: Iterable[_Seen]) -> _Seen | None:
    result: _Seen | None = None
    for each in seen:
        result = each if result is None else _join(result, each)
    return result


def _members(properties: Mapping[str, _Seen], required: Collection[str], extra: _Seen | None) -> _Node:
    """The members that a schema of objects has beside its type: rule 3."""
    size = len(properties)
    if (
        size > MAX_PROPERTIES
        or (size > MAP_PROPERTIES and len(required) * MAP_SHARE < size)
        or (not required and (size >= LOOSE_PROPERTIES or _are_alike(properties.values())))
    ):
        extra = _joined([*([] if extra is None else [extra]), *properties.values()])
        properties, required = {}, ()
    node: _Node = {}
    if properties:
        node["properties"] = {name: properties[name] for name in sorted(properties)}
    if required:
        node["required"] = sorted(required)
    if extra is not None:
        node["additionalProperties"] = extra
    return node


def _are_alike(held: Iterable[_Seen]) -> bool:
    """Whether several of these hold objects with a member in common; of a map, or of anything, it may be any."""
    members: Counter[str] = Counter()
    open_ended = 0
    for each in held:
        if isinstance(each, bool) or ("additionalProperties" in each and "properties" not in each):
            open_ended += 1
        else:
            members.update(each.get("properties", {}).keys())
    return max(members.values(), default=0) + open_ended >= ALIKE_PROPERTIES


def _join(left: _Seen, right: _Seen) -> _Seen:
    if left is right or left == right:
        return left
    if isinstance(left, bool) or isinstance(right, bool):
        return True
    types = _types(left) | _types(right)
    if "number" in types:
        types.discard("integer")
    node: _Node = {"type": next(iter(types)) if len(types) == 1 else sorted(types)}
    node |= _form(left, right)
    if "object" in types:
        node |= _join_objects(left, right)
    items = [each["items"] for each in (left, right) if "items" in each]
    if items:
        node["items"] = reduce(_join, items)
    return node


def _types(node: _Node) -> set[str]:
    held: str | list[str] = node["type"]
    return {held} if isinstance(held, str) else set(held)


def _form(left: _Node, right: _Node) -> _Node:
    """What is said of text: nothing, unless all of it was of one tag."""
    forms = [
        {name: each[name] for name in _FORMS if name in each} for each in (left, right) if "string" in _types(each)
    ]
    return forms[0] if forms and all(each == forms[0] for each in forms) else {}


def _join_objects(left: _Node, right: _Node) -> _Node:
    sides = [each for each in (left, right) if "object" in _types(each)]
    if len(sides) == 1:
        return {name: sides[0][name] for name in ("properties", "required", "additionalProperties") if name in sides[0]}
    extras: list[_Seen] = [each["additionalProperties"] for each in sides if "additionalProperties" in each]
    properties: dict[str, _Seen] = {}
    for each in sides:
        for name, held in each.get("properties", {}).items():
            properties[name] = _join(properties[name], held) if name in properties else held
    required = set(left.get("required", ())) & set(right.get("required", ()))
    if any("additionalProperties" in each and "properties" not in each for each in sides):  # a map stays one
        return _members({}, (), _joined([*extras, *properties.values()]))
    return _members(properties, required, _joined(extras))


def _bounded(seen: _Seen) -> _Seen:
    """The schema with as many levels as fit into `MAX_NODES`."""
    depth = MAX_DEPTH
    while depth and _size(seen) > MAX_NODES:
        depth -= 1
        seen = _cut(seen, depth)
    return seen


def _size(seen: _Seen) -> int:
    return 1 + sum(map(_size, _parts(seen)))


def _parts(seen: _Seen) -> list[_Seen]:
    if isinstance(seen, bool):
        return []
    return [
        *seen.get("properties", {}).values(),
        *(seen[name] for name in ("additionalProperties", "items") if name in seen),
    ]


def _cut(seen: _Seen, depth: int) -> _Seen:
    """The schema without what lies deeper."""
    if isinstance(seen, bool) or not _parts(seen):
        return seen
    if depth == 0:
        return True
    node = dict(seen)
    if "properties" in node:
        node["properties"] = {name: _cut(held, depth - 1) for name, held in node["properties"].items()}
    for name in ("additionalProperties", "items"):
        if name in node:
            node[name] = _cut(node[name], depth - 1)
    return node
