"""What a schema says that no type can: conditions, dependencies, names of keys. Only `shape` uses this.

Every note is a short piece of text with words of the schema in it: whoever prints one treats it as data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from toolscript.schema.keywords import count_of, json_text, list_of, member

MAX_NAMES = 6  # names of properties that a note lists
MAX_NOTES = 6  # notes of one schema

_KEYWORDS = frozenset(
    """allOf contains contentEncoding contentMediaType dependencies dependentRequired dependentSchemas if maxProperties
    minProperties not patternProperties propertyNames""".split()  # noqa: SIM905 - a list would be a page
)


def beyond(node: Mapping[str, Any]) -> tuple[str, ...]:
    """The notes on one schema, without those on its parts."""
    if _KEYWORDS.isdisjoint(node):
        return ()
    found: list[str] = []
    for note in _notes(node):
        if note not in found:
            found.append(note)
        if len(found) == MAX_NOTES:
            break
    return tuple(found)


def _notes(node: Mapping[str, Any]) -> Iterator[str]:
    patterns = node.get("patternProperties")
    if isinstance(patterns, Mapping) and patterns:
        keys = " or ".join(str(key) for key in list(cast("Mapping[Any, Any]", patterns))[:MAX_NAMES])
        closed = node.get("additionalProperties") is False and not node.get("properties")
        yield f"keys match {keys}" if closed else f"typed keys match {keys}"
    names = node.get("propertyNames")
    if isinstance(pattern := member(names, "pattern"), str):
        yield f"keys match {pattern}"
    if listed := list_of(member(names, "enum")):
        yield f"keys are {_list(listed)}"
    least, most = count_of(node.get("minProperties")), count_of(node.get("maxProperties"))
    if least or most is not None:
        yield f"{least or 0} to {most} keys" if most is not None else f"at least {least} key{'s' if least != 1 else ''}"
    yield from _dependencies(node)
    yield from _conditions(node)
    if "contains" in node and (times := _times(node)) is not None:
        yield f"contains {_what(node['contains'])}{times}"
    if "not" in node:
        yield f"not {_what(node['not'])}"
    for keyword in ("contentEncoding", "contentMediaType"):
        if isinstance(node.get(keyword), str):
            yield str(node[keyword])


def _times(node: Mapping[str, Any]) -> str | None:
    """How often `contains` has to hold, None where it need not."""
    least, most = count_of(node.get("minContains")), count_of(node.get("maxContains"))
    least = 1 if least is None else least
    if most is None:
        return None if least == 0 else "" if least == 1 else f", at least {least} times"
    return f", {most} times" if least == most else f", {least} to {most} times" if least else f", at most {most} times"


def _dependencies(node: Mapping[str, Any]) -> Iterator[str]:
    for keyword in ("dependentRequired", "dependencies", "dependentSchemas"):
        held = node.get(keyword)
        if not isinstance(held, Mapping):
            continue
        for name, needs in list(cast("Mapping[Any, Any]", held).items())[:MAX_NAMES]:
            yield f"with {name}: {_what({'required': needs} if isinstance(needs, list) else needs)}"


def _conditions(node: Mapping[str, Any]) -> Iterator[str]:
    for part in [node, *list_of(node.get("allOf"))]:
        condition = member(part, "if")
        if condition is None:
            continue
        text = f"if {_what(condition)}"
        if (then := member(part, "then")) is not None:
            text += f" then {_what(then)}"
        if (otherwise := member(part, "else")) is not None:
            text += f" else {_what(otherwise)}"
        yield text


def _what(schema: Any) -> str:
    """A schema in a few words."""
    if not isinstance(schema, Mapping):
        return "anything" if schema is True else "nothing"
    node = cast("Mapping[str, Any]", schema)
    said: list[str] = []
    properties = node.get("properties")
    if isinstance(properties, Mapping):
        for name, held in list(cast("Mapping[Any, Any]", properties).items())[:MAX_NAMES]:
            inner = _value(held)
            if inner:
                said.append(f"{name} {inner}")
    if required := [name for name in list_of(node.get("required")) if isinstance(name, str)]:
        stated = {name for name in required if any(part.startswith(f"{name} ") for part in said)}
        if names := [name for name in required if name not in stated]:
            said.append(f"{_list(names, plain=True)} required")
    if own := _value(node):
        said.append(own)
    return " and ".join(said) or "more rules that the tool checks itself"


def _value(held: Any) -> str:
    node: Any = held
    if isinstance(member(node, "const"), str | int | float | bool):
        return f"= {json_text(node['const'])}"
    if listed := list_of(member(node, "enum")):
        return f"one of {_list(listed)}"
    if isinstance(pattern := member(node, "pattern"), str):
        return f"matches {pattern}"
    kind = member(node, "type")
    return kind if isinstance(kind, str) and member(node, "properties") is None else ""


def _list(values: list[Any], *, plain: bool = False) -> str:
    shown = [str(value) if plain else json_text(value) for value in values[:MAX_NAMES]]
    return ", ".join(shown) + (", …" if len(values) > MAX_NAMES else "")
