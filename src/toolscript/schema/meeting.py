"""What satisfies several shapes at once, as far as that is one shape.

1. Options of a type that another part excludes go: `type: [object, null]` beside `anyOf` of objects leaves objects.
2. A part that says no more than another one goes; bounds of strings and numbers are put together.
3. Where nothing would be left, all parts stay: the source knows what was meant.
4. `spread` goes on to what has no `&`: a union of whole objects, or one object that is wide enough for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import TypeVar

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
    Property,
    Ref,
    Shape,
    String,
    Tuple,
    Union,
    Unknown,
)

_Bound = TypeVar("_Bound", int, float)
Follow = Callable[[Shape], Shape]

MAX_SPREAD = 12  # combinations of options that are written out as objects of their own

_ALL = frozenset({"null", "boolean", "number", "string", "array", "object"})
_KINDS = {"n": "null", "t": "boolean", "f": "boolean", '"': "string", "[": "array", "{": "object"}


def met(parts: Sequence[Shape], follow: Follow) -> list[Shape]:
    """The parts without what cannot hold in all of them, and without what is said twice."""
    common = frozenset(_ALL)
    for part in parts:
        common &= _kinds(part, follow, 0)
    pruned = list(dict.fromkeys(_pruned(part, common, follow) for part in parts)) if common else list(parts)
    telling = [part for part in pruned if not _says_kinds_only(part)] if common else pruned
    kept: list[Shape] = []
    for part in telling or pruned:
        for place, other in enumerate(kept):
            joined = _joined(other, part) or _shared(other, part, follow)
            if joined is not None:
                kept[place] = joined
                break
        else:
            kept.append(part)
    return kept


def _kinds(shape: Shape, follow: Follow, depth: int) -> frozenset[str]:
    match shape:
        case Null():
            return frozenset({"null"})
        case Boolean():
            return frozenset({"boolean"})
        case Number():
            return frozenset({"number"})
        case String():
            return frozenset({"string"})
        case Array() | Tuple():
            return frozenset({"array"})
        case Object():
            return frozenset({"object"})
        case Constant(json=text):
            return frozenset({_KINDS.get(text[:1], "number") if text != "NaN" else "number"})
        case Union(options):
            return frozenset(kind for option in options for kind in _kinds(option, follow, depth + 1))
        case Ref() if depth < 4:  # noqa: PLR2004 - a chain of unions of references
            return _kinds(follow(shape), follow, depth + 1)
        case _:
            return _ALL


def _pruned(shape: Shape, common: frozenset[str], follow: Follow) -> Shape:
    if not isinstance(shape, Union):
        return shape
    kept = [option for option in shape.options if _kinds(option, follow, 0) & common]
    return kept[0] if len(kept) == 1 else Union(tuple(kept)) if kept else shape


def _joined(left: Shape, right: Shape) -> Shape | None:
    """Both as one, where that is as simple as either."""
    for bare, other in ((left, right), (right, left)):
        if _is_bare(bare) and _is_within(other, type(bare)):
            return other
        if _is_loose(bare) and _is_kept(other, Array, Tuple):
            return other
    match left, right:
        case String(), String():
            if left.pattern and right.pattern and left.pattern != right.pattern:
                return None
            return String(
                min_length=max(left.min_length, right.min_length),
                max_length=_least(left.max_length, right.max_length),
                pattern=left.pattern or right.pattern,
                format=left.format or right.format,
            )
        case Number(), Number():
            if left.multiple_of and right.multiple_of and left.multiple_of != right.multiple_of:
                return None
            return Number(
                integer=left.integer or right.integer,
                minimum=_most(left.minimum, right.minimum),
                maximum=_least(left.maximum, right.maximum),
                above=_most(left.above, right.above),
                below=_least(left.below, right.below),
                multiple_of=left.multiple_of or right.multiple_of,
            )
        case _:
            return None


def arrays_joined(left: Array, right: Array, items: Shape) -> Array:
    """What is both arrays, given what their items are."""
    return Array(
        items=items,
        min_items=max(left.min_items, right.min_items),
        max_items=_least(left.max_items, right.max_items),
        unique=left.unique or right.unique,
    )


def _shared(left: Shape, right: Shape, follow: Follow) -> Shape | None:
    """The constants that both allow, where both are constants."""
    mine, theirs = _constants(follow(left)), _constants(follow(right))
    both = [each for each in mine if each in theirs]
    return united(both) if both else None


def _constants(shape: Shape) -> tuple[Constant, ...]:
    match shape:
        case Constant():
            return (shape,)
        case Union(options):
            constants = tuple(option for option in options if isinstance(option, Constant))
            return constants if len(constants) == len(options) else ()
        case _:
            return ()


def _is_bare(shape: Shape) -> bool:
    return shape in (String(), Number(), Number(integer=True), Boolean(), Array(items=Anything()))


def _says_kinds_only(shape: Shape) -> bool:
    """Whether a shape only names types: the other parts hold nothing else any more."""
    if isinstance(shape, Union):
        return all(_says_kinds_only(option) for option in shape.options)
    return shape in (Null(), Boolean(), Number(), String(), Object(), Array(items=Anything()))


def _is_loose(shape: Shape) -> bool:
    """Whether a shape says no more of its items than how many there are."""
    if isinstance(shape, Union):
        return all(_is_loose(option) for option in shape.options)
    return isinstance(shape, Array) and isinstance(shape.items, Anything)


def _is_kept(shape: Shape, *kinds: type) -> bool:
    """Whether everything in the shape is of these kinds."""
    if isinstance(shape, Union | Intersection):
        return all(_is_kept(part, *kinds) for part in (shape.options if isinstance(shape, Union) else shape.parts))
    return isinstance(shape, kinds)


def _is_within(shape: Shape, kind: type) -> bool:
    """Whether everything in the shape is of a kind already."""
    match shape:
        case Constant(json=text):
            wanted = {String: "string", Number: "number", Boolean: "boolean"}.get(kind)
            return wanted is not None and _KINDS.get(text[:1], "number") == wanted
        case Union(options):
            return all(_is_within(option, kind) for option in options)
        case Tuple():
            return kind is Array
        case Boolean() | Array():
            return isinstance(shape, kind)
        case _:
            return False


def _least(left: _Bound | None, right: _Bound | None) -> _Bound | None:
    return min((each for each in (left, right) if each is not None), default=None)


def _most(left: float | None, right: float | None) -> float | None:
    return max((each for each in (left, right) if each is not None), default=None)


def spread(shape: Shape, follow: Follow) -> Shape:
    """An intersection without `&`; any other shape as it is."""
    if not isinstance(shape, Intersection):
        return shape
    choices = [_choices(part, follow) for part in shape.parts]
    count = 1
    for options in choices:
        count *= len(options)
    if not all(isinstance(option, Object) for options in choices for option in options):
        constants = [part for part in shape.parts if _is_within(part, String) or _is_within(part, Number)]
        return (constants or [part for part in shape.parts if not isinstance(part, Unknown)] or [Anything()])[0]
    objects = [[option for option in options if isinstance(option, Object)] for options in choices]
    if count > MAX_SPREAD:
        return united([together(*(widest(options) for options in objects))])
    return united([together(*combination) for combination in product(*objects)])


def united(options: Sequence[Shape]) -> Shape:
    """One of the options; those that only ask for less than another are folded into it."""
    distinct = list(dict.fromkeys(options))
    return distinct[0] if len(distinct) == 1 else Union(tuple(distinct))


def once(shape: Shape, follow: Follow) -> Follow:
    """For what lies in a definition: it is not followed again, as it says nothing new the second time."""
    return (lambda inner: inner if inner == shape else follow(inner)) if isinstance(shape, Ref) else follow


def _choices(part: Shape, follow: Follow) -> list[Shape]:
    followed, follow = follow(part), once(part, follow)
    if isinstance(followed, Intersection):
        followed = spread(followed, follow)
    if isinstance(followed, Union):
        return [each for option in followed.options for each in _choices(option, follow)][: MAX_SPREAD * 4]
    return [followed]


def together(*objects: Object) -> Object:
    """One object that has the properties of all, the better known shape of each."""
    properties: dict[str, Property] = {}
    for each in objects:
        for prop in each.properties:
            mine = properties.get(prop.name)
            if mine is None:
                properties[prop.name] = prop
                continue
            shape = prop.shape if isinstance(mine.shape, Anything | Unknown) or _is_narrower(prop.shape) else mine.shape
            properties[prop.name] = replace(
                mine,
                shape=shape,
                required=mine.required or prop.required,
                about=mine.about or prop.about,
                default=mine.default or prop.default,
            )
    extras = [each.extra for each in objects]
    extra = next((extra for extra in extras if extra is not None and extra != Anything()), None)
    return Object(
        properties=tuple(properties.values()),
        extra=extra if extra is not None else None if all(each is None for each in extras) else Anything(),
        stated=all(each.stated for each in objects),
        notes=tuple(dict.fromkeys(note for each in objects for note in each.notes)),
    )


def _is_narrower(shape: Shape) -> bool:
    return isinstance(shape, Constant | Nothing)


def widest(objects: Sequence[Object]) -> Object:
    """One object that any of these fits: what not all of them ask for is optional."""
    properties: dict[str, Property] = {}
    seen: dict[str, int] = {}
    for each in objects:
        for prop in each.properties:
            seen[prop.name] = seen.get(prop.name, 0) + 1
            mine = properties.get(prop.name)
            if mine is None:
                properties[prop.name] = prop
            else:
                shapes = [
                    option
                    for shape in (mine.shape, prop.shape)
                    for option in (shape.options if isinstance(shape, Union) else (shape,))
                ]
                open_ended = any(isinstance(option, Anything) for option in shapes)
                shape = Anything() if open_ended else united(shapes)
                properties[prop.name] = replace(mine, shape=shape, required=mine.required and prop.required)
    listed = tuple(
        prop if seen[name] == len(objects) else replace(prop, required=False) for name, prop in properties.items()
    )
    stated = all(each.stated for each in objects)
    return Object(
        properties=listed, extra=None if all(each.extra is None for each in objects) else Anything(), stated=stated
    )
