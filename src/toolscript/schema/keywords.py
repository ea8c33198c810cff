"""Single keywords of a schema, read as far as they make sense. Only `shape` and `secrets` use this."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, cast
from urllib.parse import unquote

from toolscript.schema.shapes import Constant, Number

MAX_KEPT = 40  # characters of a constant that is kept for the next time
MAX_VISITED = 20_000  # nodes that are searched for anchors

# What authors write for types that JSON Schema does not have.
_ALIASES = {
    "any": "any",
    "int": "integer",
    "long": "integer",
    "float": "number",
    "double": "number",
    "decimal": "number",
    "str": "string",
    "text": "string",
    "date": "string",
    "datetime": "string",
    "file": "string",
    "bool": "boolean",
    "dict": "object",
    "map": "object",
    "hashmap": "object",
    "list": "array",
    "tuple": "array",
    "none": "null",
}
_TYPES = frozenset({"null", "boolean", "number", "integer", "string", "array", "object", "any"})
_HINTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("object", ("properties", "required", "additionalProperties", "patternProperties", "minProperties")),
    ("array", ("items", "prefixItems", "minItems", "maxItems", "uniqueItems")),
    ("string", ("pattern", "minLength", "maxLength", "format")),
    ("number", ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")),
)
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
_NUMBER_FORMATS = frozenset({"int32", "int64", "uint32", "uint64", "float", "double", "decimal"})


def pointed(root: Mapping[str, Any], ref: Any) -> Any:
    """The node that a reference within the document points at, or None."""
    if not isinstance(ref, str) or not ref.startswith("#"):
        return None
    node: Any = root
    for part in unquote(ref[1:]).split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping):
            node = cast("Mapping[str, Any]", node).get(key)
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(cast("list[Any]", node)):
            node = cast("list[Any]", node)[int(key)]
        else:
            return None
    return node


def anchors(root: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every node of the document that has a name of its own."""
    waiting: list[Any] = [root]
    left = MAX_VISITED
    while waiting and left:
        left -= 1
        node = waiting.pop()
        if isinstance(node, Mapping):
            mapping = cast("Mapping[str, Any]", node)
            for keyword in ("$anchor", "$dynamicAnchor"):
                if isinstance(mapping.get(keyword), str):
                    yield f"#{mapping[keyword]}", node
            for keyword in ("$id", "id"):
                if isinstance(mapping.get(keyword), str):
                    yield mapping[keyword], node
                    yield mapping[keyword].rsplit("/", 1)[-1], node
            waiting.extend(mapping.values())
        elif isinstance(node, list):
            waiting.extend(cast("list[Any]", node))


def types_of(node: Mapping[str, Any]) -> list[str]:
    """The types that a node names, in JSON Schema's own words as far as they are known."""
    said = node.get("type")
    listed = [said] if isinstance(said, str) else list_of(said)
    types: list[str] = []
    for each in listed:
        if isinstance(each, str):
            kind = each if each in _TYPES else _ALIASES.get(each.lower(), each.lower())
            if kind not in types:
                types.append(kind)
    if "integer" in types and "number" in types:
        types.remove("integer")
    return types


def inferred(node: Mapping[str, Any]) -> str | None:
    """The type that the other keywords of a node imply."""
    for kind, keywords in _HINTS:
        if any(keyword in node for keyword in keywords):
            if kind == "object" and node.get("required") in (True, False) and "properties" not in node:
                continue
            if kind == "string" and node.get("format") in _NUMBER_FORMATS:
                return "integer" if "int" in str(node["format"]) else "number"
            return kind
    return None


def number_of(node: Mapping[str, Any], *, integer: bool) -> Number:
    """The number that a node describes."""
    minimum, maximum = bound(node.get("minimum")), bound(node.get("maximum"))
    above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    multiple = bound(node.get("multipleOf"))
    # Draft 04 and OpenAPI 3.0 say `exclusiveMinimum: true` beside `minimum`.
    return Number(
        integer=integer,
        minimum=None if above is True else minimum,
        maximum=None if below is True else maximum,
        above=minimum if above is True else bound(above),
        below=maximum if below is True else bound(below),
        multiple_of=multiple if multiple and multiple > 0 else None,
    )


def bound(value: Any) -> float | None:
    """A number, or None for anything else."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value) else None


def count_of(value: Any) -> int | None:
    """A natural number, or None for anything else."""
    number = bound(value)
    return int(number) if number is not None and 0 <= number < 1 << 53 else None


def is_of(value: Any, kind: str) -> bool:
    """Whether a JSON value is of a type."""
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "number" | "integer":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, Mapping)
        case _:
            return True


def constant(value: Any) -> Constant:
    """A JSON value as a constant."""
    if isinstance(value, str) and len(value) <= MAX_KEPT:
        return _text_constant(value)
    return Constant(json_text(value))


@lru_cache(maxsize=4_096)
def _text_constant(text: str) -> Constant:
    """Countries and currencies come again in every second argument of an API that has them."""
    return Constant(_encode(text))


def json_text(value: Any) -> str:
    """The JSON text of a value."""
    try:
        return _encode(value)
    except (TypeError, ValueError, RecursionError):
        return "null"


def list_of(value: Any) -> list[Any]:
    """A list, empty for anything else."""
    return list(cast("list[Any]", value)) if isinstance(value, list | tuple) else []


def telling(title: Any, name: str) -> str:
    """A title, unless it only repeats the name, as generators make them."""
    same = isinstance(title, str) and _letters(title) == _letters(name)
    return "" if same else text_of(title)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def member(node: Any, keyword: str) -> Any:
    """What a node says under a keyword, if it is a node at all."""
    return cast("Mapping[str, Any]", node).get(keyword) if isinstance(node, Mapping) else None


def text_of(value: Any) -> str:
    """A text, empty for anything else."""
    return value if isinstance(value, str) else ""
