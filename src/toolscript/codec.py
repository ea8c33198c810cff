"""The one form in which values cross: JSON, with tags for what JSON lacks.

A tag is an object with exactly one key, and that key begins with `$`:

=============  ===========================================  ==================  ====================
tag            holds                                        Python              JavaScript
=============  ===========================================  ==================  ====================
`$bytes`       base64                                       `bytes`             `Uint8Array`
`$date`        ISO 8601, `Z` for UTC                        `datetime`          `Date`
`$bigint`      decimal digits                               `int` over 2**53    `BigInt`
`$number`      `NaN`, `Infinity`, `-Infinity`, `-0`         `float`             `number`
`$blob`        `{id, media_type, size}`                     `Blob`              `Blob`
=============  ===========================================  ==================  ====================

An object of the user's own that has the form of a tag gets one more `$` on its key, so user data never forges a tag.
Integers beyond 2**53 stand for themselves only inside `$bigint`; elsewhere they came from a float and are read as one.
Text is valid UTF-8: lone surrogates are written as `\\u` escapes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, NewType, cast

from toolscript.errors import ToolscriptError

Encoded = NewType("Encoded", str)
"""A value in the codec's text form."""

SAFE_INTEGER = 2**53 - 1  # the largest integer that a JavaScript number holds exactly (ECMA-262)
MAX_DEPTH = 400  # below CPython's recursion limit of 1,000 with room for the caller's own frames

_long_number = re.compile("[0-9]{16}")  # a class of its own is twice as fast as an alternative or `\\d`


@dataclass(frozen=True, slots=True)
class Blob:
    """A handle on bytes that stay in the store; `id` is their SHA-256 in hexadecimal, `size` is in bytes."""

    id: str
    media_type: str
    size: int


class CodecError(ToolscriptError):
    """A value cannot cross; `path` names the part that cannot, such as `$.users[3].born`."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class TooLarge(CodecError):
    """A value's text form is larger than it may be."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__("$", f"{size:,} bytes, over the limit of {limit:,}")


NULL = Encoded("null")
TAGGED_JSON = "application/json; tags=toolscript"
"""The media type of a blob that holds a value in the text form, and not JSON of somebody else's."""


def encode(value: Any, *, max_bytes: int | None = None) -> Encoded:
    """The text form of None, bool, int, float, str, bytes, datetime, Blob, and of lists, tuples and dicts of these.

    Raises `CodecError` for anything else and for cycles, and `TooLarge` for what is over `max_bytes`.
    """
    if max_bytes is not None and isinstance(value, str) and len(value) > max_bytes:
        raise TooLarge(len(value.encode("utf-8", "surrogatepass")), max_bytes)
    try:
        text = _plain_text(value)
        if max_bytes is not None and text is not None:
            _check_size(text, max_bytes)
        if text is None or '"$' in text or _is_odd(text):
            text = json.dumps(_tagged(value, "$", 0), ensure_ascii=False, separators=(",", ":"))
            if max_bytes is not None:
                _check_size(text, max_bytes)
    except RecursionError:
        raise CodecError("$", f"nested deeper than {MAX_DEPTH} levels, or contains itself") from None
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(json.loads(text), ensure_ascii=True, separators=(",", ":"))
    return Encoded(text)


def _plain_text(value: Any) -> str | None:
    """The text of a value that JSON itself can write, else None."""
    try:
        return _plain_encoder(value)
    except (TypeError, ValueError):
        return None


def _is_odd(text: str) -> bool:
    """Whether plain JSON may have changed a number: one with many digits, or minus zero."""
    return "-0.0" in text or _long_number.search(text) is not None


def _check_size(text: str, max_bytes: int) -> None:
    if len(text) * 4 > max_bytes:
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > max_bytes:
            raise TooLarge(size, max_bytes)


def _tagged(value: Any, path: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise CodecError(path[:60] + "…", f"nested deeper than {MAX_DEPTH} levels, or contains itself")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value) if abs(value) <= SAFE_INTEGER else {"$bigint": str(value)}
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value) if value or math.copysign(1, value) > 0 else {"$number": "-0"}
        return {"$number": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, dict):
        return _tagged_object(cast("dict[Any, Any]", value), path, depth)
    if isinstance(value, list | tuple):
        return [_tagged(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(cast("list[Any]", value))]
    if isinstance(value, bytes | bytearray):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"$date": _iso(value)}
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Blob):
        return {"$blob": {"id": value.id, "media_type": value.media_type, "size": value.size}}
    raise CodecError(path, f"a value of type {type(value).__name__} cannot cross; return plain data instead")


def _tagged_object(value: dict[Any, Any], path: str, depth: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            if key is not None and not isinstance(key, bool | int | float):
                raise CodecError(path, f"the key {key!r} is of type {type(key).__name__}; keys are strings")
            key = json.dumps(key)  # noqa: PLW2901 - what JSON itself does with such keys
        result[key] = _tagged(item, f"{path}.{key}", depth + 1)
    if len(result) == 1:
        (key,) = result
        if key.startswith("$"):
            return {"$" + key: result[key]}
    return result


def _iso(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def decode(text: Encoded) -> Any:
    """The value of a text form; raises `CodecError` if it is not one."""
    odd = _is_odd(text)
    try:
        value = (_odd_decoder if odd else _plain_decoder)(text)
        return _untagged(value) if '"$' in text else value
    except json.JSONDecodeError as error:
        raise CodecError("$", f"not JSON: {error}") from error
    except RecursionError:
        raise CodecError("$", "nested too deeply") from None


def _no_constant(name: str) -> Any:
    raise CodecError("$", f"{name} is not JSON")


def _whole(digits: str) -> int | float:
    value = int(digits) if len(digits) < 400 else math.inf  # noqa: PLR2004 - a float ends at 309 digits
    return value if abs(value) <= SAFE_INTEGER else float(digits)


# Made once: `json.dumps` and `json.loads` with options make a new encoder or decoder on every call.
_plain_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_plain_decoder = json.JSONDecoder(parse_constant=_no_constant).decode
_odd_decoder = json.JSONDecoder(parse_constant=_no_constant, parse_int=_whole).decode


def _untagged(value: Any) -> Any:
    if isinstance(value, list):
        return [_untagged(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    members = cast("dict[str, Any]", value)
    if len(members) == 1:
        ((key, held),) = members.items()
        if key.startswith("$$"):
            return {key[1:]: _untagged(held)}
        if key.startswith("$"):
            return _of_tag(key, held)
    return {key: _untagged(item) for key, item in members.items()}


def _of_tag(tag: str, held: Any) -> Any:
    try:
        match tag:
            case "$bytes":
                return base64.b64decode(held, validate=True)
            case "$date":
                return datetime.fromisoformat(held)
            case "$bigint":
                return int(held)
            case "$number":
                return float(held)
            case "$blob":
                return Blob(id=held["id"], media_type=held["media_type"], size=held["size"])
            case _:
                raise CodecError("$", f"unknown tag {tag}")
    except (ValueError, TypeError, KeyError) as error:
        raise CodecError("$", f"damaged {tag}: {error}") from error


def plain(value: Any) -> Any:
    """The nearest plain JSON of a decoded value, for wires and readers that know no tags.

    Bytes become base64, dates ISO 8601 text, NaN and the infinities null, a blob its handle as an object.
    """
    match value:
        case dict():
            return {key: plain(item) for key, item in cast("dict[str, Any]", value).items()}
        case list() | tuple():
            return [plain(item) for item in cast("list[Any]", value)]
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return _iso(value)
        case float() if not math.isfinite(value):
            return None
        case Blob():
            return {"blob": value.id, "media_type": value.media_type, "size": value.size}
        case _:
            return value


def digest(text: str | bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
