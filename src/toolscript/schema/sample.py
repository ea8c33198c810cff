"""Plausible arguments for a call: what is required, with a value that the schema itself accepts.

A sample is only given when it passes the tool's own check: an example that fails teaches nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from toolscript.schema.pattern_text import matching
from toolscript.schema.shape import Shaped
from toolscript.schema.shapes import (
    Array,
    Boolean,
    Constant,
    Intersection,
    Null,
    Number,
    Object,
    Property,
    Ref,
    Shape,
    String,
    Tuple,
    Union,
)
from toolscript.tools import Schema

MAX_DEPTH = 6  # of objects in objects; an example that is deeper shows nothing
MAX_TRIED = 12  # options of a union that are tried
MAX_TEXT = 200
_FILLER = "…"

_FORMATS = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "uri": "https://…",
    "url": "https://…",
    "email": "a@b.c",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "ipv4": "192.0.2.1",
    "hostname": "example.com",
}


def sample_arguments(schema: Schema, fits: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any] | None:
    """Arguments that pass the schema's check: the required ones, in short; None where none were found."""
    shaped = Shaped(schema)
    for choice in range(3):
        value = _Sampler(shaped, choice).value(shaped.root, 0)
        if not isinstance(value, dict):
            value = {}
        args = cast("dict[str, Any]", value)
        if fits(args):
            return args
    return None


class _Sampler:
    """Makes values of one schema; a higher `choice` prefers what authors gave as examples, then further options."""

    def __init__(self, shaped: Shaped, choice: int) -> None:
        self._shaped = shaped
        self._choice = choice

    def value(self, shape: Shape, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return None
        match shape:
            case Ref():
                return self.value(self._shaped.resolve(shape), depth + 1)
            case Constant():
                return shape.value
            case Number():
                return _number(shape)
            case Boolean():
                return True
            case String():
                return _string(shape)
            case Array():
                count = shape.min_items if shape.unique or shape.min_items > 1 else 1
                count = min(count, shape.max_items if shape.max_items is not None else count, 3)
                values = [self.value(shape.items, depth + 1) for _ in range(count)]
                return list(_distinct(values)) if shape.unique else values
            case Tuple(items=items):
                return [self.value(item, depth + 1) for item in items]
            case Object():
                return self._object(shape, depth)
            case Union(options):
                return self._option(options, depth)
            case Intersection(parts):
                values = [self.value(part, depth) for part in parts]
                objects = [cast("dict[str, Any]", value) for value in values if isinstance(value, dict)]
                return {name: held for each in objects for name, held in each.items()} if objects else values[0]
            case Null():
                return None
            case _:
                return _FILLER

    def _object(self, shape: Object, depth: int) -> dict[str, Any]:
        return {prop.name: self._member(prop, depth) for prop in shape.properties if prop.needed}

    def _member(self, prop: Property, depth: int) -> Any:
        given = prop.example if self._choice == 1 else None
        if given is not None and len(given) <= MAX_TEXT:
            return json.loads(given)
        return self.value(prop.shape, depth + 1)

    def _option(self, options: tuple[Shape, ...], depth: int) -> Any:
        others = [option for option in options if not isinstance(option, Null)] or list(options)
        return self.value(others[min(self._choice // 2, len(others) - 1, MAX_TRIED)], depth + 1)


def _distinct(values: list[Any]) -> Iterator[Any]:
    for number, value in enumerate(values):
        if number and isinstance(value, str):
            yield f"{value}{number + 1}"
        elif number and isinstance(value, int):
            yield value + number
        else:
            yield value


def _number(shape: Number) -> int | float:
    step = shape.multiple_of
    low = shape.minimum if shape.minimum is not None else shape.above
    high = shape.maximum if shape.maximum is not None else shape.below
    value: float = 1
    if low is not None and math.isfinite(low) and (low > value or (shape.above is not None and low >= value)):
        value = math.floor(low) + 1 if shape.above is not None else math.ceil(low)
    elif high is not None and math.isfinite(high) and high <= value:
        value = math.ceil(high) - 1 if shape.below is not None and high <= value else min(1, math.floor(high))
    if step:
        value = math.ceil(value / step) * step
    if low is not None and high is not None and not shape.integer and not _is_between(shape, value):
        value = (low + high) / 2
    return int(value) if float(value).is_integer() else value


def _is_between(shape: Number, value: float) -> bool:
    return (
        (shape.minimum is None or value >= shape.minimum)
        and (shape.maximum is None or value <= shape.maximum)
        and (shape.above is None or value > shape.above)
        and (shape.below is None or value < shape.below)
    )


def _string(shape: String) -> str:
    if shape.pattern:
        return matching(shape.pattern) or _FILLER
    text = _FORMATS.get(shape.format or "", _FILLER)
    if len(text) < shape.min_length:
        text = "a" * min(shape.min_length, MAX_TEXT)
    return text if shape.max_length is None else text[: shape.max_length]
