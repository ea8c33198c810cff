"""Shapes and values in the words of an error message."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from toolscript.codec import Blob
from toolscript.schema.shapes import (
    Anything,
    Array,
    Boolean,
    Constant,
    Intersection,
    Nothing,
    Null,
    Number,
    Object,
    Ref,
    Shape,
    String,
    Tuple,
    Union,
    Unknown,
)

MAX_OPTIONS = 12  # allowed values that a message lists
MAX_VALUE = 40  # characters of a given value that a message repeats


def expected(shape: Shape, follow: Callable[[Shape], Shape] = lambda shape: shape) -> str:
    """What a shape asks for, such as `string`, `array of integer` or `one of "open", "closed"`."""
    match shape:
        case Anything() | Unknown() | Intersection():
            return "any value"
        case Nothing():
            return "nothing"
        case Null():
            return "null"
        case Boolean():
            return "boolean"
        case Number(integer=integer):
            return "integer" if integer else "number"
        case String():
            return "string"
        case Constant(json=text):
            return _cut(text)
        case Array(items=items):
            of_items = expected(items, follow)
            return "array" if of_items == "any value" else f"array of {of_items}"
        case Tuple():
            return "array"
        case Object():
            return "object"
        case Ref():
            followed = follow(shape)
            return shape.name if isinstance(followed, Ref | Union) else expected(followed)
        case Union(options):
            return _either(options, follow)


def _either(options: tuple[Shape, ...], follow: Callable[[Shape], Shape]) -> str:
    constants = [option for option in options if isinstance(option, Constant)]
    kinds = list(dict.fromkeys(expected(option, follow) for option in options if not isinstance(option, Constant)))
    listed = ", ".join(expected(constant) for constant in constants[:MAX_OPTIONS])
    if len(constants) > MAX_OPTIONS:
        listed += f", … ({len(constants) - MAX_OPTIONS} more)"
    if len(constants) > 1:
        kinds.insert(0, f"one of {listed}")
    elif constants:
        kinds.insert(0, listed)
    return ", ".join(kinds[:-1]) + f" or {kinds[-1]}" if len(kinds) > 1 else kinds[0]


def given(value: Any) -> str:
    """A value as a message repeats it: short ones whole, large ones by their kind."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return _cut(str(value)) if abs(value) < 10**MAX_VALUE else "a huge integer"
        case float():
            return (
                ("NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")
                if not math.isfinite(value)
                else str(value)
            )
        case str():
            return f"string {json.dumps(_cut(value), ensure_ascii=False)}"
        case list() | tuple():
            return f"array of {len(cast('list[Any]', value))}"
        case dict():
            return "object"
        case bytes():
            return "bytes"
        case datetime():
            return "date"
        case Blob():
            return "blob"
        case _:
            return type(value).__name__


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
