"""The members of an object schema as schemas of their own, so that they can stand beside other arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from toolscript.schema.keywords import constant, list_of, types_of
from toolscript.schema.shapes import Constant

MAX_PARTS = 50  # of one object: references and parts of `allOf`; the largest of four vendors' has 6

# Keywords that say of an object no more than its members do.
_PLAIN = frozenset(
    {
        *("type", "properties", "required", "description", "title", "example", "examples", "deprecated", "default"),
        *("$ref", "allOf", "additionalProperties", "externalDocs", "xml", "readOnly", "writeOnly", "$schema", "$id"),
        *("$comment", "maxProperties", "discriminator"),
    }
)


@dataclass(slots=True)
class Fields:
    """Members by name, each with its schema, and the names of those that are required."""

    schemas: dict[str, Any] = field(default_factory=dict[str, Any])
    required: set[str] = field(default_factory=set[str])


def fields_of(schema: Any, resolve: Callable[[Any], Any]) -> Fields | None:
    """The members of a schema that is an object and nothing else; None for any other, also for an open one.

    Looks through references and `allOf`. A member that several parts describe has to satisfy all of them.
    """
    found = Fields()
    waiting: list[Any] = [schema]
    for _ in range(MAX_PARTS):
        if not waiting:
            return found
        one = waiting.pop(0)
        if not isinstance(one, dict) or not _add(found, cast("dict[str, Any]", one)):
            return None
        part = cast("dict[str, Any]", one)
        if "$ref" in part:
            waiting.append(resolve(part["$ref"]))
        waiting += list_of(part.get("allOf"))
    return None


def _add(found: Fields, part: Mapping[str, Any]) -> bool:
    """Whether a part is a plain object, whose members are added then."""
    if not all(keyword in _PLAIN or keyword.startswith("x-") for keyword in part):
        return False
    if part.get("type", "object") != "object" or part.get("additionalProperties", False) is not False:
        return False
    properties = part.get("properties", {})
    if not isinstance(properties, dict):
        return False
    for name, held in cast("dict[str, Any]", properties).items():
        known = found.schemas.get(name)
        found.schemas[name] = held if known is None or known == held else {"allOf": [known, held]}
        if isinstance(held, dict) and cast("dict[str, Any]", held).get("required") is True:
            found.required.add(name)
    found.required.update(name for name in list_of(part.get("required")) if isinstance(name, str))
    return True


def default_of(schema: Any, resolve: Callable[[Any], Any]) -> Constant | None:
    """The default that a schema gives, itself or by what it refers to."""
    for _ in range(MAX_PARTS):
        if not isinstance(schema, dict):
            return None
        node = cast("dict[str, Any]", schema)
        if node.get("default") is not None:
            return constant(node["default"])
        schema = resolve(node["$ref"]) if "$ref" in node else None
    return None


def parts_of(schema: Any, resolve: Callable[[Any], Any]) -> list[Mapping[str, Any]]:
    """A schema and all that it refers to or is made of by `allOf`, `anyOf` and `oneOf`, each once."""
    found: dict[int, Mapping[str, Any]] = {}
    waiting: list[Any] = [schema]
    while waiting and len(found) < MAX_PARTS:
        one = waiting.pop(0)
        if not isinstance(one, dict) or id(cast("object", one)) in found:
            continue
        part = cast("dict[str, Any]", one)
        found[id(part)] = part
        if "$ref" in part:
            waiting.append(resolve(part["$ref"]))
        for keyword in ("allOf", "anyOf", "oneOf"):
            waiting += list_of(part.get(keyword))
    return list(found.values())


def known_members(schema: Any, resolve: Callable[[Any], Any]) -> dict[str, Any]:
    """All members that an object may have, as far as its schema names them."""
    known: dict[str, Any] = {}
    for part in parts_of(schema, resolve):
        properties = part.get("properties")
        if isinstance(properties, dict):
            known = {**cast("dict[str, Any]", properties), **known}
    return known


def is_array(schema: Any, resolve: Callable[[Any], Any]) -> bool:
    """Whether a schema is that of a list."""
    return any("array" in types_of(part) or "items" in part for part in parts_of(schema, resolve))


def items_of(schema: Any, resolve: Callable[[Any], Any]) -> Any:
    """The schema of a list's items, None where it does not say."""
    return next((part["items"] for part in parts_of(schema, resolve) if "items" in part), None)


def is_file(schema: Any, resolve: Callable[[Any], Any]) -> bool:
    """Whether a schema stands for the bytes of a file, or for a list of such."""
    for part in parts_of(schema, resolve):
        inner = parts_of(part["items"], resolve) if "items" in part else []
        if any(_holds_bytes(one) for one in (part, *inner)):
            return True
    return False


def _holds_bytes(node: Mapping[str, Any]) -> bool:
    if node.get("format") == "binary" or node.get("type") == "file" or node.get("contentEncoding") == "binary":
        return True
    return "contentMediaType" in node and "contentEncoding" not in node


def is_objectlike(schema: Any, resolve: Callable[[Any], Any]) -> bool:
    """Whether a schema may be that of an object or of a list, and not only of a text."""
    parts = parts_of(schema, resolve)
    types = [kind for part in parts for kind in types_of(part)]
    return "object" in types or "array" in types or any("properties" in part or "items" in part for part in parts)
