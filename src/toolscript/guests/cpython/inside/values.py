"""Values as they leave a program: what the codec has, and what is read as one of those.

A tuple is a list, a set is a sorted list, a Decimal a number where a float holds its digits and else text, a timedelta
is seconds, a UUID, a path or a range is what its reader expects, an exception is its name and message, an object is its
attributes, an array or a table is its rows.
"""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import inspect
import types
import uuid
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence, Set, ValuesView
from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any, cast

from toolscript.codec import MAX_DEPTH, CodecError, Encoded, TooLarge, encode
from toolscript.guests.python.plain import in_order, plain

_MISSING = ("NaTType", "NAType")  # what pandas has for a time, or a value, that is not there
_FUNCTIONS = (types.FunctionType, types.MethodType, types.BuiltinFunctionType, type)


class Uncrossable(TypeError):
    """A value that cannot cross; the message names its place in the whole."""

    code = "bad_value"


Uncrossable.__name__ = Uncrossable.__qualname__ = "TypeError"


def outward(value: Any, *, max_bytes: int) -> Encoded:
    """The text form of a value; raises `Uncrossable`, and `TooLarge`."""
    try:
        return encode(value, max_bytes=max_bytes)
    except TooLarge:
        raise
    except CodecError:
        pass  # told below, in words that fit
    try:
        return encode(_crossing(value, "$", ()), max_bytes=max_bytes)
    except TooLarge:
        raise
    except CodecError as error:
        raise Uncrossable(f"{error.path}: {error.reason}") from None


def _crossing(value: Any, path: str, holders: tuple[int, ...]) -> Any:
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if type(value).__name__ in _MISSING and type(value).__module__.startswith("pandas."):
        return None
    if id(value) in holders:
        raise CodecError(path, "it contains itself")
    if len(holders) > MAX_DEPTH:
        raise CodecError(path[:60] + "…", f"nested deeper than {MAX_DEPTH} levels")
    value = _simple(value, path)
    within = (*holders, id(value))
    if isinstance(value, Mapping):
        members = cast("Mapping[Any, Any]", value)
        return {key: _crossing(item, f"{path}.{key}", within) for key, item in members.items()}
    if isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        return [_crossing(item, f"{path}[{index}]", within) for index, item in enumerate(items)]
    if isinstance(value, Set):
        return in_order([_crossing(item, f"{path}[…]", within) for item in cast("Set[Any]", value)])
    return value


def _simple(value: Any, path: str) -> Any:
    """What a value is read as, one level deep."""
    match value:
        case Decimal() | timedelta() | BaseException():
            return plain(value)
        case enum.Enum():
            return value.value
        case Fraction() | uuid.UUID() | PurePath():
            return str(value)
        case complex():
            raise CodecError(path, "a complex number cannot cross; pass its parts")
        case bytearray() | memoryview():
            return bytes(cast("bytearray", value))
        case range() | ValuesView() | Iterator():
            return list(cast("Iterator[Any]", value))
        case Coroutine():
            raise CodecError(path, "a coroutine cannot cross; did you forget await?")
        case asyncio.Future():
            raise CodecError(path, "a task cannot cross; did you forget await?")
        case _ if isinstance(value, _FUNCTIONS):
            kind = "function or class" if isinstance(value, type) else "function"
            raise CodecError(path, f"a {kind} cannot cross; pass plain data")
        case types.ModuleType():
            raise CodecError(path, "a module cannot cross; pass plain data")
        case _:
            return _attributes(value, path)


def _attributes(value: Any, path: str) -> Any:
    kind = type(cast("object", value))
    if reason := getattr(kind, "cannot_cross", None):
        raise CodecError(path, str(reason))
    if isinstance(value, Mapping | list | tuple | Set | date | time):
        return cast("Any", value)
    if (plain := _rows(value)) is not None:
        return plain
    if dataclasses.is_dataclass(kind):
        return value if kind.__name__ == "Blob" else {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Sequence):
        return list(cast("Sequence[Any]", value))
    members = getattr(cast("object", value), "__dict__", None)
    if members is not None and not inspect.isroutine(value):
        return {name: item for name, item in members.items() if not name.startswith("_")}
    if isinstance(value, Iterable):  # a deque, an array
        return list(cast("Iterable[Any]", value))
    raise CodecError(path, f"a value of type {kind.__name__} cannot cross; pass plain data")


def _rows(value: Any) -> Any:
    """Arrays, series and tables by their own methods: a table's rows, a list of the rest."""
    if type(cast("object", value)).__module__.partition(".")[0] not in ("numpy", "pandas"):
        return None
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return value.to_dict("records")
    for name in ("tolist", "isoformat"):
        if hasattr(value, name):
            return getattr(value, name)()
    return None
