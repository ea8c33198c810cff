"""What a type cannot say, in a few words for the comment beside it: the description, bounds, patterns, conditions."""

from __future__ import annotations

from collections.abc import Callable

from toolscript.schema.meeting import once
from toolscript.schema.quoting import comment, escaped
from toolscript.schema.shapes import (
    Array,
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
    Unknown,
)

MAX_NOTE = 60  # characters of one note that a schema wrote
MAX_BOUND = 12  # characters of a bound: those of the machine's integers are no news to a reader

Follow = Callable[[Shape], Shape]


def note(prop: Property, follow: Follow, about_chars: int, *, integers: bool) -> str:
    """The comment on a property; `integers`: say which numbers are whole, because the type cannot."""
    notes = [comment(prop.about, about_chars).rstrip(" .")] if prop.about else []
    notes += shape_notes(prop.shape, follow, integers=integers)
    notes += [comment(each, MAX_NOTE) for each in prop.notes]
    if prop.default is not None and prop.default not in {"null", '""', "[]", "{}"}:
        notes.append(f"default {comment(escaped(prop.default), 40)}")
    if prop.deprecated:
        notes.append("deprecated")
    return "; ".join(dict.fromkeys(each for each in notes if each))


def shape_notes(shape: Shape, follow: Follow, *, integers: bool) -> list[str]:
    """What a type cannot say of a shape, and why a part of it is unknown."""
    followed, follow = follow(shape), once(shape, follow)
    match followed:
        case Unknown(reason):
            return [f"unknown: {comment(reason, 120)}"]
        case Number():
            return _of_number(followed, integers=integers)
        case String():
            return _of_string(followed)
        case Array():
            count = _count(followed.min_items, followed.max_items, "item")
            inner = [] if isinstance(followed.items, Ref) else shape_notes(followed.items, follow, integers=integers)
            if isinstance(followed.items, Object) and followed.items.properties and not integers:
                inner = []  # they stand at its class
            return [*count, *(["unique"] if followed.unique else []), *(_each(word) for word in inner)]
        case Tuple(items=items):
            return [
                word for item in items for word in shape_notes(item, follow, integers=integers) if "unknown:" in word
            ]
        case Object() if shape is followed:
            return [comment(each, MAX_NOTE) for each in followed.notes]
        case Union(options):
            return _of_union(options, follow, integers=integers)
        case Intersection(parts):
            return [word for part in parts for word in shape_notes(part, follow, integers=integers)]
        case _:
            return []


def _each(word: str) -> str:
    return word if word == "integer" or word.startswith(("unknown:", "each ")) else f"each {word}"


def _of_union(options: tuple[Shape, ...], follow: Follow, *, integers: bool) -> list[str]:
    others = [option for option in options if not isinstance(option, Null)]
    if len(others) == 1:
        return shape_notes(others[0], follow, integers=integers)
    unknown = [option for option in others if isinstance(option, Unknown)]
    scalars = [option for option in others if isinstance(option, String | Number)]
    if len(scalars) == len(others):  # such as a date or a number of seconds
        plain = any(not shape_notes(option, follow, integers=True) for option in scalars)
        # Where text may come as well, that numbers are whole would be read of the text.
        words = [" ".join(shape_notes(option, follow, integers=integers and not plain)) for option in scalars]
        return [" or ".join(dict.fromkeys(word for word in words if word))] if any(words) else []
    return shape_notes(unknown[0], follow, integers=integers) if unknown else []


def _of_number(shape: Number, *, integers: bool) -> list[str]:
    words = ["integer"] if shape.integer and integers else []
    low = f">={shape.minimum}" if shape.minimum is not None else f">{shape.above}" if shape.above is not None else ""
    high = f"<={shape.maximum}" if shape.maximum is not None else f"<{shape.below}" if shape.below is not None else ""
    words += [bound for bound in (low, high) if bound and len(bound) < MAX_BOUND]
    if shape.multiple_of is not None and shape.multiple_of != 1:
        words.append(f"multiple of {shape.multiple_of}")
    return words


def _of_string(shape: String) -> list[str]:
    words = [comment(shape.format, 30)] if shape.format else []
    if shape.pattern:
        words.append(f"matches {comment(shape.pattern, MAX_NOTE)}")
    return words + _count(shape.min_length, shape.max_length, "character")


def _count(least: int, most: int | None, noun: str) -> list[str]:
    if most is None:
        return [f"at least {least} {noun}s"] if least > 1 else ["not empty"] if least else []
    if least == most:
        return [f"{most} {noun}{'' if most == 1 else 's'}"]
    if len(str(most)) > 6:  # noqa: PLR2004 - a million is as good as no bound
        return _count(least, None, noun)
    return [f"{least} to {most} {noun}s" if least else f"at most {most} {noun}s"]
