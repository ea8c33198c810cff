"""Parts of a tool's types by their places: `Person`, `Person.address`, `input.address`, `output["a-b"].x`.

A place begins with `input`, `output` or the name of a type, and goes on with members. Arrays, unions and tuples are
looked through: of several that have the member, all count.
"""

from __future__ import annotations

import json
import re

from toolscript.schema.shape import Shaped
from toolscript.schema.shapes import (
    Object,
    Ref,
    Shape,
    Union,
    parts_of,
)

MAX_STEPS = 30  # members of a place
MAX_LOOKED_AT = 2_000  # shapes that a search for one member or type looks at

_step = re.compile(r"\.?([^.\[\]\"]+)|\[(\"(?:[^\"\\]|\\.)*\")\]")


def located(place: str, takes: Shaped, gives: Shaped | None) -> tuple[Shaped, Shape, bool] | None:
    """The shape at a place, the schema it is of, and whether that is the input; None where there is none."""
    root, *members = _steps(place) or [""]
    sides = [(takes, True), *([] if gives is None else [(gives, False)])]
    for shaped, is_input in sides:
        if root in ("input", "output"):
            start: Shape | None = shaped.root if (root == "input") is is_input else None
        else:
            start = _named(shaped, root)
        for member in members:
            start = None if start is None else _member(shaped, start, member)
        if start is not None:
            return shaped, start, is_input
    return None


def _steps(place: str) -> list[str]:
    steps: list[str] = []
    position = 0
    while position < len(place):
        match = _step.match(place, position)
        if match is None or len(steps) > MAX_STEPS:
            return []
        try:
            steps.append(match[1] if match[1] is not None else str(json.loads(match[2])))
        except ValueError:
            return []
        position = match.end()
    return steps


def _named(shaped: Shaped, name: str) -> Ref | None:
    """The definition of this name; a `_2` that tells it from another schema's is no part of it."""
    bare = re.sub(r"_\d+$", "", name)
    found = shaped.named(name) or shaped.named(bare)
    if found is None:
        _look_through(shaped, shaped.root)
        found = shaped.named(name) or shaped.named(bare)
    return found


def _look_through(shaped: Shaped, shape: Shape) -> None:
    """Reads what a shape refers to, so that its definitions are known by their names."""
    waiting, seen = [shape], set[str]()
    for _ in range(MAX_LOOKED_AT):
        if not waiting:
            return
        waiting += _inner(shaped, waiting.pop(0), seen)


def _inner(shaped: Shaped, shape: Shape, seen: set[str]) -> list[Shape]:
    match shape:
        case Ref(name):
            if name in seen:
                return []
            seen.add(name)
            return [shaped.resolve(shape)]
        case _:
            return parts_of(shape)


def _member(shaped: Shaped, shape: Shape, name: str) -> Shape | None:
    """The shape of a member, looked for through arrays, unions and references."""
    waiting, seen = [shape], set[str]()
    found: dict[Shape, None] = {}
    for _ in range(MAX_LOOKED_AT):
        if not waiting:
            break
        match waiting.pop(0):
            case Object(properties=properties, extra=extra):
                held = [prop.shape for prop in properties if prop.name == name]
                if not held and extra is not None and name == "*":
                    held = [extra]
                found.update(dict.fromkeys(held))
            case other:
                waiting += _inner(shaped, other, seen)
    return None if not found else next(iter(found)) if len(found) == 1 else Union(tuple(found))
