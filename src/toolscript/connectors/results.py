"""What Python functions return, as values that the codec takes."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date, datetime, time
from enum import Enum
from typing import Any, cast

from toolscript.codec import Blob
from toolscript.errors import ToolError
from toolscript.runtime.plugs import load
from toolscript.tools import Media

_jsonable = "pydantic_core:to_jsonable_python"  # loaded at the first value that needs it: it takes 12 ms
_ATOMS = frozenset((type(None), bool, int, float, str, bytes, datetime, date, time, Blob, Media))


def crossing(value: Any) -> Any:
    """The value with models, dataclasses, enums, sets and the like turned into plain data.

    What the codec keeps stays as it is: bytes, dates, integers of any size, blobs and media. Raises `ToolError` for
    what has no plain form.
    """
    try:
        return _crossing(value)
    except RecursionError:
        raise ToolError("The tool's result is nested too deeply, or contains itself.") from None


def _crossing(value: Any) -> Any:
    kind = cast("type[Any]", type(value))
    if kind in _ATOMS:
        return value
    if kind is list or kind is tuple:
        items = cast("Sequence[Any]", value)
        return value if all(type(item) in _ATOMS for item in items) else [_crossing(item) for item in items]
    if kind is dict:
        members = cast("dict[Any, Any]", value)
        return {_key(key): item if type(item) in _ATOMS else _crossing(item) for key, item in members.items()}
    return _unusual(value)


def _unusual(value: Any) -> Any:
    serializer = getattr(cast("type[Any]", type(value)), "__pydantic_serializer__", None)
    if serializer is not None:
        plain = serializer.to_python(value, by_alias=True)
        if type(plain) is not type(value):  # as a secret is, of which only a mask may cross
            return _crossing(plain)
    match value:
        case Enum():
            return _crossing(value.value)
        case _ if dataclasses.is_dataclass(value):
            return {one.name: _crossing(getattr(value, one.name)) for one in dataclasses.fields(value)}
        case bytearray() | memoryview():
            return bytes(cast("bytearray", value))
        case Set():
            return _ordered([_crossing(item) for item in cast("Set[Any]", value)])
        case Mapping():
            return {_key(key): _crossing(item) for key, item in cast("Mapping[Any, Any]", value).items()}
        case list() | tuple() | deque() | Iterator():
            return [_crossing(item) for item in cast("Sequence[Any]", value)]
        case str() | int() | float() | datetime() | date() | time():
            return value
        case _:
            return _last_resort(value)


def _last_resort(value: Any) -> Any:
    try:
        return load(_jsonable)(value)  # Decimal, UUID, Path, timedelta, addresses, URLs
    except ValueError as error:
        raise ToolError(
            f"The tool returned a value of type {type(value).__name__}, which cannot cross; "
            "it must return plain data, a dataclass or a pydantic model."
        ) from error


def _key(key: Any) -> Any:
    if isinstance(key, Enum):
        key = key.value
    if isinstance(key, str | int) and not isinstance(key, bool):
        return key
    plain = _last_resort(key)
    return plain if isinstance(plain, str) else str(plain)


def _ordered(items: list[Any]) -> list[Any]:
    """A set has no order of its own, and text's changes with every process: sort where that is possible."""
    try:
        return sorted(items)
    except TypeError:
        return items
