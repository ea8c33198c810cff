"""Annotations of plain JSON types: their schemas, and how their values arrive, without a library.

1. Plain are `Any`, `object`, None, bool, int, float, str, literals of texts or of integers, lists, dicts with text
   keys, and unions of these but for `Any`; at any depth, with words around them (`Annotated[int, "words"]`) or not.
2. The schema is the one that pydantic gives, letter for letter.
3. A value is taken where nothing is to be decided: it is of the annotated type exactly, or one kind of number for the
   other without loss, and arrives as pydantic would hand it over. Any other (a text for an integer) raises `NotPlain`:
   pydantic decides.

A test holds both roads against each other. Loading pydantic costs 60 ms, most of what a program's first result takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

EXACT = 1 << 53  # the largest integer below which a float holds each

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """How an annotation reads. `convert` is None where a decoded value is what the function wants already."""

    schema: dict[str, Any]
    defs: dict[str, Any]
    convert: Convert | None


class NotPlain(Exception):
    """The value is not taken here."""


class Mismatch(ValueError):
    """A value that is not of the annotated type: `where` in it, as a path, and why."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(why)
        self.where = where


_AS_IT_IS = (Any, object, str, bool, list, dict, None, NoneType)


def read_plain(annotation: Any) -> Reading | None:
    """The schema of a plain annotation and what takes its values; None for one that is not plain."""
    found = _read(annotation)
    if found is None:
        return None
    schema, take = found
    if (words := words_of(annotation)) and "description" not in schema:
        schema = schema | {"description": words}
    return Reading(schema, {}, None if any(annotation is one for one in _AS_IT_IS) else take)


def words_of(annotation: Any) -> str:
    """`Annotated[T, "words"]` and `Annotated[T, Doc("words")]`, which pydantic does not read."""
    if get_origin(annotation) is not Annotated:
        return ""
    for extra in annotation.__metadata__:
        text = extra if isinstance(extra, str) else getattr(extra, "documentation", None)
        if isinstance(text, str):
            return text
    return ""


def _read(annotation: Any) -> tuple[dict[str, Any], Convert] | None:
    if annotation is Any or annotation is object:
        return {}, _anything
    if annotation is None:
        annotation = NoneType
    if annotation in _ATOMS:
        name, take = _ATOMS[annotation]
        return {"type": name}, take
    origin, arguments = get_origin(annotation) or annotation, get_args(annotation)
    if origin is list:
        return _list(arguments[0] if arguments else Any)
    if origin is dict:
        return _dict(arguments)
    if origin is Literal:
        return _literal(arguments)
    if origin is Union or origin is UnionType:
        return _union(arguments)
    if origin is Annotated and all(isinstance(extra, str) for extra in annotation.__metadata__):
        return _read(arguments[0])
    return None


def _anything(value: Any) -> Any:
    return value


def _atom(kind: type) -> Convert:
    def take(value: Any) -> Any:
        if type(value) is kind:
            return value
        raise NotPlain

    return take


def _int(value: Any) -> Any:
    """An integer, also one written as `3.0`, which JSON schemas take for one."""
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer() and abs(value) <= EXACT:
        return int(value)
    raise NotPlain


def _float(value: Any) -> Any:
    if type(value) is float:
        return value
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            pass
    raise NotPlain


_ATOMS: dict[Any, tuple[str, Convert]] = {
    NoneType: ("null", _atom(NoneType)),
    bool: ("boolean", _atom(bool)),
    int: ("integer", _int),
    float: ("number", _float),
    str: ("string", _atom(str)),
}
_KINDS = {take: frozenset((kind,)) for kind, (_, take) in _ATOMS.items()}


def _list(item: Any) -> tuple[dict[str, Any], Convert] | None:
    found = _read(item)
    if found is None:
        return None
    schema, take = found
    kinds = _KINDS.get(take)

    def take_list(value: Any) -> Any:
        if type(value) is not list:
            raise NotPlain
        items = cast("list[Any]", value)
        if take is _anything:
            return items.copy()
        if kinds is not None and kinds.issuperset(map(type, items)):  # in C: long lists of numbers and texts are common
            return items.copy()
        return [take(one) for one in items]

    return {"items": schema, "type": "array"}, take_list


def _dict(arguments: tuple[Any, ...]) -> tuple[dict[str, Any], Convert] | None:
    key, item = arguments or (Any, Any)
    if arguments and key is not str:
        return None
    found = _read(item)
    if found is None:
        return None
    schema, take = found

    def take_dict(value: Any) -> Any:
        if type(value) is not dict:
            raise NotPlain
        members = cast("dict[Any, Any]", value)
        if arguments and not _TEXT.issuperset(map(type, members)):
            raise NotPlain
        return members.copy() if take is _anything else {name: take(one) for name, one in members.items()}

    return {"additionalProperties": schema or True, "type": "object"}, take_dict


_TEXT = frozenset((str,))


def _literal(values: tuple[Any, ...]) -> tuple[dict[str, Any], Convert] | None:
    kinds = set(map(type, values))
    if kinds not in ({str}, {int}):
        return None
    name = "string" if kinds == {str} else "integer"
    schema: dict[str, Any] = {"const": values[0]} if len(values) == 1 else {"enum": list(values)}

    def take(value: Any) -> Any:
        if type(value) in kinds and value in values:
            return value
        raise NotPlain

    return schema | {"type": name}, take


def _union(members: tuple[Any, ...]) -> tuple[dict[str, Any], Convert] | None:
    """Null comes last. A value goes to the one member of its type; where there are several, pydantic decides."""
    schemas: list[dict[str, Any]] = []
    takers: dict[Any, list[Convert]] = {}
    for member in sorted(members, key=lambda one: one is NoneType or one is None):
        found, kind = _read(member), _kind(member)
        if found is None or kind is None:
            return None
        schemas += [found[0]] if found[0] not in schemas else []
        takers.setdefault(kind, []).append(found[1])
    by_kind = {kind: takes[0] for kind, takes in takers.items() if len(takes) == 1}
    if any(_is_number_literal(member) for member in members):  # for pydantic, False is in Literal[0]
        by_kind.pop(bool, None)
        by_kind.pop(float, None)
    if float in by_kind and not {int, bool} & takers.keys():
        by_kind[int] = _float

    def take(value: Any) -> Any:
        if (one := by_kind.get(type(value))) is None:
            raise NotPlain
        return one(value)

    return {"anyOf": schemas} if len(schemas) > 1 else schemas[0], take


def _is_number_literal(member: Any) -> bool:
    while get_origin(member) is Annotated:
        member = get_args(member)[0]
    return get_origin(member) is Literal and type(get_args(member)[0]) is int


def _kind(member: Any) -> Any:
    """The type of a union member's values; None for `Any` and for what is a union again."""
    if member is None:
        return NoneType
    if member in _ATOMS:
        return member
    match get_origin(member) or member:
        case kind if kind is list or kind is dict:
            return kind
        case kind if kind is Literal:
            return str if type(get_args(member)[0]) is str else int
        case kind if kind is Annotated:
            return _kind(get_args(member)[0])
        case _:
            return None
