"""Values as text in a URL, a header, a cookie or a form: the parameter styles of OpenAPI 3, over RFC 6570.

1. Whatever is not unreserved (RFC 3986, 2.3) is percent-encoded, also the delimiters of a style where they stand in a
   value. `allow_reserved` lets reserved characters through, but none that would end a value or begin another one.
2. null is left out, wherever it stands: RFC 6570 calls it undefined. An empty list or object is left out as well.
3. What a style has no form for (an object inside a list) is written as JSON.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, cast
from urllib.parse import quote, quote_plus, unquote

from toolscript.tools import Media

_RESERVED = ":/?#[]@!$&'()*+,;="
_RESERVED_IN_QUERY = ":/?@!$'()*,;="  # without what ends a query, a pair or a name, and `+`, which is read as a space
_DELIMITERS = {"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C", "tabDelimited": "%09"}

Quote = Callable[[str], str]


class Unwritable(ValueError):
    """A value that has no text: the message says why, without naming the parameter."""


def percent(text: str) -> str:
    """Percent-encoded but for what is unreserved."""
    return quote(_bytes(text), safe="~")


def reserved_in_query(text: str) -> str:
    """Percent-encoded but for what is unreserved, and what is reserved and harmless in a query."""
    return quote(_bytes(text), safe="~" + _RESERVED_IN_QUERY)


def reserved_in_path(text: str) -> str:
    """Percent-encoded but for what is unreserved or reserved, without `?` and `#`, which end a path."""
    return quote(_bytes(text), safe="~" + _RESERVED.replace("?", "").replace("#", ""))


def plus(text: str) -> str:
    """As forms are encoded: with `+` for a space."""
    return quote_plus(_bytes(text), safe="")


def as_it_is(text: str) -> str:
    """The text itself, for headers."""
    return text


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def text_of(value: Any) -> str:
    """The text of a value that is no list and no object."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            if not math.isfinite(value):
                raise Unwritable("is not a finite number")
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)  # noqa: PLR2004
        case datetime():
            return iso(value)
        case date() | time():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case Media():
            return base64.b64encode(value.content).decode()
        case _:
            return json_text(value)


def iso(value: datetime) -> str:
    """ISO 8601, with `Z` for UTC."""
    return value.isoformat() if value.tzinfo is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def json_text(value: Any) -> str:
    """Compact JSON; bytes are base64, dates ISO 8601."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=text_of)
    except ValueError as error:
        raise Unwritable("holds a number that JSON does not have (NaN or an infinity)") from error
    except RecursionError as error:
        raise Unwritable("is nested too deeply") from error
    return text


def pairs(name: str, value: Any, style: str, explode: bool, written: Quote = percent) -> list[str]:
    """The `name=value` texts of a query, a form or cookies, encoded; none where nothing is to be sent."""
    label = written(name) if written is plus else percent(name)
    if style == "deepObject":
        return [f"{_label(keys, written)}={written(text)}" for keys, text in _deep((name,), value)]
    match value:
        case None:
            return []
        case dict():
            members = _members(cast("Mapping[str, Any]", value))
            if explode:
                return [f"{written(key) if written is plus else percent(key)}={written(text)}" for key, text in members]
            parts = [written(part) for member in members for part in member]
        case list() | tuple():
            parts = [written(text) for text in _items(cast("Sequence[Any]", value))]
            if explode:
                return [f"{label}={part}" for part in parts]
        case _:
            return [f"{label}={written(text_of(value))}"]
    return [f"{label}={_DELIMITERS.get(style, ',').join(parts)}"] if parts else []


def _label(keys: tuple[str, ...], written: Quote) -> str:
    name = keys[0] + "".join(f"[{key}]" for key in keys[1:])
    return written(name) if written is plus else percent(name)


def _deep(keys: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """The leaves of a nested value with the keys that lead there; items of lists are numbered."""
    match value:
        case None:
            return
        case dict():
            for key, held in cast("Mapping[str, Any]", value).items():
                yield from _deep((*keys, str(key)), held)
        case list() | tuple():
            for index, held in enumerate(cast("Sequence[Any]", value)):
                yield from _deep((*keys, str(index)), held)
        case _:
            yield keys, text_of(value)


def in_path(name: str, value: Any, style: str, explode: bool, written: Quote = percent) -> str:
    """What stands in a path for a variable; empty where there is nothing to write."""
    match value:
        case None:
            return ""
        case dict():
            members = [(written(key), written(text)) for key, text in _members(cast("Mapping[str, Any]", value))]
            parts = [f"{key}={text}" for key, text in members] if explode else [part for one in members for part in one]
            named = False
        case list() | tuple():
            parts, named = [written(text) for text in _items(cast("Sequence[Any]", value))], explode
        case _:
            parts, named = [written(text_of(value))], True
    if not parts:
        return ""
    match style:
        case "label":
            return "." + ("." if explode else ",").join(parts)
        case "matrix":
            return _matrix(percent(name), parts, named=named, split=explode)
        case _:
            return _DELIMITERS.get(style, ",").join(parts)


def _matrix(name: str, parts: Sequence[str], *, named: bool, split: bool) -> str:
    if named:
        return "".join(f";{name}={part}" if part else f";{name}" for part in parts)
    return ";" + ";".join(parts) if split else f";{name}={','.join(parts)}"


def in_header(value: Any, style: str, explode: bool) -> str:
    """The text of a header: never percent-encoded."""
    text = in_path("", value, "simple", explode, as_it_is)
    if style in _DELIMITERS and isinstance(value, list | tuple):
        text = unquote(_DELIMITERS[style]).join(_items(cast("Sequence[Any]", value)))
    return text


def _members(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(key), text_of(held)) for key, held in value.items() if held is not None]


def _items(value: Sequence[Any]) -> list[str]:
    return [text_of(item) for item in value if item is not None]
