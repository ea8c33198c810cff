"""Shapes and values in the words of an error message."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from toolscript.codec import Blob
from toolscript.schema.quoting import python_value
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


Follow = Callable[[Shape], Shape]
"""Resolves references."""


def _same(shape: Shape) -> Shape:
    return shape


@dataclass(frozen=True, slots=True)
class Words:
    """How a program writes kinds of values, and values."""

    null: str
    flags: tuple[str, str]
    infinite: tuple[str, str, str]
    """What is not a number, what is too large, and what is too small."""
    constant: Callable[[Constant], str]
    kinds: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other names of kinds than those of JSON Schema."""

    def kind(self, name: str) -> str:
        return self.kinds.get(name, name)

    def expected(self, shape: Shape, follow: Follow = _same) -> str:
        """What a shape asks for, such as `string`, `array of integer` or `one of "open", "closed"`."""
        match shape:
            case Anything() | Unknown() | Intersection():
                return "any value"
            case Nothing():
                return "nothing"
            case Null():
                return self.null
            case Boolean():
                return self.kind("boolean")
            case Number(integer=integer):
                return self.kind("integer" if integer else "number")
            case String():
                return self.kind("string")
            case Constant():
                return _cut(self.constant(shape))
            case Array(items=items):
                of_items = self.expected(items, follow)
                return self.kind("array") + ("" if of_items == "any value" else f" of {of_items}")
            case Tuple():
                return self.kind("array")
            case Object():
                return self.kind("object")
            case Ref():
                followed = follow(shape)
                return shape.name if isinstance(followed, Ref | Union) else self.expected(followed)
            case Union(options):
                return self._either(options, follow)

    def _either(self, options: tuple[Shape, ...], follow: Follow) -> str:
        constants = [option for option in options if isinstance(option, Constant)]
        others = (option for option in options if not isinstance(option, Constant))
        kinds = list(dict.fromkeys(self.expected(option, follow) for option in others))
        listed = ", ".join(self.expected(constant) for constant in constants[:MAX_OPTIONS])
        if len(constants) > MAX_OPTIONS:
            listed += f", … ({len(constants) - MAX_OPTIONS} more)"
        if len(constants) > 1:
            kinds.insert(0, f"one of {listed}")
        elif constants:
            kinds.insert(0, listed)
        return ", ".join(kinds[:-1]) + f" or {kinds[-1]}" if len(kinds) > 1 else kinds[0]

    def given(self, value: Any) -> str:
        """A value as a message repeats it: short ones whole, large ones by their kind."""
        match value:
            case None:
                return self.null
            case bool():
                return self.flags[value]
            case int():
                return _cut(str(value)) if abs(value) < 10**MAX_VALUE else "a huge integer"
            case float() if not math.isfinite(value):
                return self.infinite[0 if math.isnan(value) else 1 if value > 0 else 2]
            case float():
                return str(value)
            case str():
                return f"{self.kind('string')} {json.dumps(_cut(value), ensure_ascii=False)}"
            case list() | tuple():
                return f"{self.kind('array')} of {len(cast('list[Any]', value))}"
            case dict():
                return self.kind("object")
            case bytes():
                return "bytes"
            case datetime():
                return self.kind("date")
            case Blob():
                return "blob"
            case _:
                return type(value).__name__


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"


JSON = Words(
    null="null",
    flags=("false", "true"),
    infinite=("NaN", "Infinity", "-Infinity"),
    constant=lambda shape: shape.json,
)
"""The words of JSON Schema, which are those of TypeScript, too."""

PYTHON = Words(
    null="None",
    flags=("False", "True"),
    infinite=("nan", "inf", "-inf"),
    constant=lambda shape: python_value(shape.value),
    kinds={
        "boolean": "bool",
        "integer": "int",
        "number": "float",
        "string": "str",
        "array": "list",
        "object": "dict",
        "date": "datetime",
    },
)
"""The words of Python, and of the signatures that Python programs are shown."""
