"""What a schema says, as values: the union `Shape` and its records. Printers and checkers read these, no keywords."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Anything:
    """Any value. It stands for `true`, `{}` and what is not said."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No value at all: the schema `false`."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Any value, because the schema could not be understood; `reason` says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Null:
    pass


@dataclass(frozen=True, slots=True)
class Boolean:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number; `above` and `below` are the exclusive bounds."""

    integer: bool = False
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    multiple_of: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class String:
    min_length: int = 0
    max_length: int | None = None
    pattern: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """One value, held as its JSON text so that `1` and `true` are not the same."""

    json: str

    @property
    def value(self) -> Any:
        return json.loads(self.json)


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    items: Shape
    min_items: int = 0
    max_items: int | None = None
    unique: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuple:
    """An array whose first places have shapes of their own; `rest` is None where no more may follow.

    `stated`: the schema says itself what may follow; most that do not, mean nothing.
    """

    items: tuple[Shape, ...]
    rest: Shape | None
    min_items: int = 0
    stated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property of an object; `default` and `example` are JSON text, `notes` is what no type can say of it."""

    name: str
    shape: Shape
    required: bool = False
    about: str = ""
    default: str | None = None
    deprecated: bool = False
    example: str | None = field(default=None, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def needed(self) -> bool:
        """Whether a caller has to give it: generators call a property with a default required all the same."""
        return self.required and self.default is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """An object. `extra` is the shape of further properties, None where none may be; `stated`: the schema says so.

    `notes` is what no type can say of it, such as "keys match ^x-".
    """

    properties: tuple[Property, ...] = ()
    extra: Shape | None = Anything()
    stated: bool = False
    notes: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Union:
    options: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Intersection:
    parts: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Ref:
    """A named definition; `Shaped.resolve` gives its shape."""

    name: str


Shape = (
    Anything
    | Nothing
    | Unknown
    | Null
    | Boolean
    | Number
    | String
    | Constant
    | Array
    | Tuple
    | Object
    | Union
    | Intersection
    | Ref
)


def parts_of(shape: Shape) -> list[Shape]:
    """The shapes that a shape consists of, one level down; of a reference none, as only its document knows them."""
    match shape:
        case Array(items=items):
            return [items]
        case Tuple(items=items, rest=rest):
            return [*items, *([] if rest is None else [rest])]
        case Union(options):
            return list(options)
        case Intersection(parts):
            return list(parts)
        case Object(properties=properties, extra=extra):
            return [prop.shape for prop in properties] + ([] if extra is None else [extra])
        case _:
            return []
