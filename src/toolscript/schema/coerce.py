"""Arguments that do not fit, read in the one way in which they do.

1. Only what a schema refuses is read otherwise, and only if there is exactly one reading that it takes: of a union that
   takes the value as it is, nothing is changed; of one that takes two readings, nothing either.
2. Readings are: digits for a number (`"30"`, `"-1.5"`; not `"007"`, `" 1"`, `"1e3"`), `"true"` and `"false"` for a
   boolean, a number for text (`5` is `"5"`), and one value for an array of it.
3. Not read otherwise: null (it may mean "clear this"), JSON in a text, numbers with more digits than a float holds,
   names, and letters in another case. There a problem says what is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, cast

from toolscript.codec import SAFE_INTEGER
from toolscript.schema.shapes import Array, Boolean, Constant, Number, Object, Shape, String, Tuple, Union

MAX_DEPTH = 60  # as deep as a value is checked
_numeral = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?", re.ASCII)


def coerced(
    value: Any, shape: Shape, *, follow: Callable[[Shape], Shape], takes: Callable[[Shape, Any], bool], depth: int = 0
) -> Any:
    """The value as the shape takes it, where there is one way to read it so; itself where there is nothing to change.

    `follow` resolves references, and `takes` says whether a value fits.
    """
    shape = follow(shape)
    if depth > MAX_DEPTH:
        return value

    def into(part: Any, of_part: Shape) -> Any:
        return coerced(part, of_part, follow=follow, takes=takes, depth=depth + 1)

    match shape:
        case Number() if isinstance(value, str):
            return _number(value, shape)
        case Boolean() if isinstance(value, str):
            return {"true": True, "false": False}.get(value, value)
        case String() if isinstance(value, int | float):
            return _text(value)
        case Constant():
            return _constant(value, shape)
        case Array(items=items):
            if isinstance(value, list | tuple):
                return _all(cast("Sequence[Any]", value), lambda place, item: into(item, items))
            return _wrapped(value, items, into, takes)
        case Tuple(items=items, rest=rest) if isinstance(value, list | tuple):
            return _all(
                cast("Sequence[Any]", value),
                lambda place, item: (
                    into(item, items[place]) if place < len(items) else into(item, rest) if rest else item
                ),
            )
        case Object() if isinstance(value, dict):
            return _members(cast("dict[str, Any]", value), shape, into)
        case Union(options) if not takes(shape, value):
            return _only(value, [into(value, option) for option in options], options, takes)
        case _:
            return value


def _number(text: str, shape: Number) -> Any:
    found = _numeral.fullmatch(text)
    if found is None or text == "-0":
        return text
    if found[2] is None:
        return int(text)
    return text if shape.integer else float(text)


def _text(value: float) -> Any:
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) > SAFE_INTEGER):
        return value
    if isinstance(value, float) and (not math.isfinite(value) or value.is_integer() or "e" in repr(value)):
        return value  # 5.0 may be meant as 5, and languages write 1e21 in different ways
    return str(value)


def _constant(value: Any, shape: Constant) -> Any:
    held = shape.value
    if isinstance(value, str) and isinstance(held, bool):
        return held if value == ("true" if held else "false") else value
    if isinstance(value, str) and isinstance(held, int | float):
        return held if _number(value, Number()) == held else value
    if isinstance(held, str) and isinstance(value, int | float):
        return held if _text(value) == held else value
    return value


def _wrapped(value: Any, items: Shape, into: Callable[[Any, Shape], Any], takes: Callable[[Shape, Any], bool]) -> Any:
    """One value as an array; of text that looks like JSON nobody knows how it is meant."""
    if value is None or (isinstance(value, str) and value.lstrip()[:1] in ("[", "{")):
        return value
    item = into(value, items)
    return [item] if takes(items, item) else value


def _all(items: Sequence[Any], into: Callable[[int, Any], Any]) -> Any:
    new = [into(place, item) for place, item in enumerate(items)]
    return new if any(now is not was for now, was in zip(new, items, strict=True)) else items


def _members(members: dict[str, Any], shape: Object, into: Callable[[Any, Shape], Any]) -> Any:
    shapes = {prop.name: prop.shape for prop in shape.properties}
    new: dict[str, Any] = {}
    for name, held in members.items():
        of_name = shapes.get(name, shape.extra)
        new[name] = held if of_name is None else into(held, of_name)
    return new if any(new[name] is not held for name, held in members.items()) else members


def _only(value: Any, readings: list[Any], options: Sequence[Shape], takes: Callable[[Shape, Any], bool]) -> Any:
    """The one reading that an option takes."""
    fitting = [
        reading
        for reading, option in zip(readings, options, strict=True)
        if reading is not value and takes(option, reading)
    ]
    if not fitting or any(_differ(other, fitting[0]) for other in fitting[1:]):
        return value
    return fitting[0]


def _differ(one: Any, other: Any) -> bool:
    return type(one) is not type(other) or one != other
