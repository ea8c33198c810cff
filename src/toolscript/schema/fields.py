"""The members of an object schema as schemas of their own, so that they can stand beside other arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from toolscript.schema.keywords import list_of

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
