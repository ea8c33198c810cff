"""The tools that a program names, as declarations for the checker of TypeScript.

They are made for a machine, unlike those of `schema.typescript`, which a model reads:

1. What nobody promised is `any`: results without an output schema, or with one that was only observed, and what cannot
   be understood.
2. Every object of a result has a name of its own, by which a diagnostic tells that it speaks of a tool's result, and
   whether that may have further members.
3. Names are data: what is no identifier is quoted.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from toolscript.schema.quoting import key_text, literal
from toolscript.schema.shape import Shaped
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
from toolscript.tools import Tool

MARK = "ᐧ"
"""Ends the names of our types: a letter to the language, and in no program."""
MAX_CHARS = 16_000  # of one tool's declarations; definitions that are met beyond it are `any`, to be ready in time
NAME_CHARS = 100  # that a type which is only named yet counts for
MAX_DEPTH = 40
MAX_OPTIONS = 300
OWN = ("codemode", "snippets")
_NO_WORD = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Declared:
    """The declarations of one tool: its method, and the types that it names.

    `closed` are those of its result that have no further members, with the names of those that they have.
    """

    method: str
    types: tuple[str, ...] = ()
    closed: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def declared(tool: Tool, number: int) -> Declared:
    """Declare one tool; `number` tells its types from those of any other."""
    return _Writer(tool, number).declared()


def module(tools: Sequence[tuple[Tool, Declared]], spare: Iterable[str] = ()) -> str:
    """The text that declares these tools, and `spare` names as anything."""
    spaces: dict[str, list[str]] = {}
    types: list[str] = []
    for tool, text in tools:
        spaces.setdefault(tool.path.namespace, []).append(text.method)
        types += text.types
    lines = [
        f"declare const {name}: {{ {' '.join(methods)} [more: string]: any }};" for name, methods in spaces.items()
    ]
    lines += [f"declare const {name}: any;" for name in spare if name not in spaces]
    return "\n".join([*lines, *types])


def _method(tool: Tool, arguments: str, result: str) -> str:
    return f"{tool.path.method}{arguments}: Promise<{result}>;"


@dataclass(slots=True)
class _Writer:
    tool: Tool
    number: int
    types: list[str] = field(default_factory=list[str])
    closed: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    names: dict[tuple[bool, str], str] = field(default_factory=dict[tuple[bool, str], str])
    waiting: deque[_Waiting] = field(default_factory=deque["_Waiting"])
    taken: int = 0
    chars: int = 0

    def declared(self) -> Declared:
        tool = self.tool
        takes, result = Shaped(tool.input_schema), "any"
        given = _Side(self, takes, takes=True).text(takes.root, "Input", 0)
        if tool.output_schema is not None and not tool.observed:
            gives = Shaped(tool.output_schema)
            result = _Side(self, gives, takes=False).text(gives.root, _words(tool.path.method) + "Result", 0)
        while self.waiting:  # those that are near come first, and none inside another: a chain of them may be long
            side, followed, name, wanted = self.waiting.popleft()
            side.define(followed, name, wanted)
        optional = "?" if _may_be_left_out(takes) else ""
        return Declared(_method(tool, f"(input{optional}: {given})", result), tuple(self.types), self.closed)

    def name(self, wanted: str) -> str:
        """A type's name: what it is called, and what tells it from others."""
        self.taken += 1
        self.chars += NAME_CHARS
        return f"{wanted}{MARK}{self.number}_{self.taken}"

    def add(self, text: str) -> None:
        self.chars += len(text)
        self.types.append(text)


@dataclass(slots=True)
class _Side:
    """What a tool takes, or what it gives."""

    writer: _Writer
    shaped: Shaped
    takes: bool

    def text(self, shape: Shape, wanted: str, depth: int) -> str:
        """The type of a shape; `wanted` names it if it is an object."""
        if depth > MAX_DEPTH:
            return "any"
        match shape:
            case Null():
                return "null"
            case Boolean():
                return "boolean"
            case Number():
                return "number"
            case String():
                return "string"
            case Constant(json=text):
                return literal(text)
            case Nothing():
                return "never"
            case Anything() | Unknown():
                return "any"
            case Array(items=items):
                return f"Array<{self.text(items, _one_of(wanted), depth + 1)}>"
            case Tuple():
                return self.tuple(shape, wanted, depth)
            case Union(options):
                return self.joined(" | ", options, wanted, depth)
            case Intersection(parts):
                return self.joined(" & ", parts, wanted, depth)
            case Ref():
                return self.named(shape)
            case Object():
                return self.object(shape, wanted, depth)

    def joined(self, sign: str, parts: tuple[Shape, ...], wanted: str, depth: int) -> str:
        if len(parts) > MAX_OPTIONS:
            return "any"
        texts = dict.fromkeys(self.text(part, wanted, depth + 1) for part in parts)
        return "any" if "any" in texts else f"({sign.join(texts)})"

    def tuple(self, shape: Tuple, wanted: str, depth: int) -> str:
        items = [self.text(item, f"{_one_of(wanted)}{place + 1}", depth + 1) for place, item in enumerate(shape.items)]
        least = shape.min_items if shape.min_items or self.takes else len(items)
        places = [f"{text}{'?' if place >= least else ''}" for place, text in enumerate(items)]
        if shape.rest is not None:
            places.append(f"...Array<{self.text(shape.rest, _one_of(wanted), depth + 1)}>")
        return f"[{', '.join(places)}]"

    def named(self, ref: Ref) -> str:
        """A definition, by a name that is declared once: so a type may contain itself."""
        key = (self.takes, ref.name)
        known = self.writer.names.get(key)
        if known is not None:
            return known
        if self.writer.chars > MAX_CHARS:
            return "any"
        followed = self.shaped.resolve(ref)
        if not isinstance(followed, Object | Array | Tuple | Union | Intersection):
            return self.text(followed, _words(ref.name), 0)
        name = self.writer.names[key] = self.writer.name(_words(ref.name))
        self.writer.waiting.append((self, followed, name, _words(ref.name)))
        return name

    def define(self, shape: Shape, name: str, wanted: str) -> None:
        """Declare what goes by this name."""
        if isinstance(shape, Object) and not _is_record(shape):
            self.interface(shape, name, wanted, 0)
        else:
            self.writer.add(f"type {name} = {self.text(shape, wanted, 0)};")

    def object(self, shape: Object, wanted: str, depth: int) -> str:
        if _is_record(shape):
            extra = Anything() if shape.extra is None else shape.extra
            held = self.text(extra, _one_of(wanted), depth + 1)
            return "any" if held == "any" else f"{{ [key: string]: {held} }}"
        if self.takes:
            return f"{{ {' '.join(self.members(shape, wanted, depth))} }}"
        return self.interface(shape, self.writer.name(wanted), wanted, depth)

    def interface(self, shape: Object, name: str, wanted: str, depth: int) -> str:
        if not self.takes and shape.extra is None:
            self.writer.closed[name] = tuple(prop.name for prop in shape.properties)
        self.writer.add(f"interface {name} {{ {' '.join(self.members(shape, wanted, depth))} }}")
        return name

    def members(self, shape: Object, wanted: str, depth: int) -> list[str]:
        lines = [
            f"{key_text(prop.name)}{self.mark(prop)}: "
            f"{self.text(prop.shape, wanted + _words(prop.name).capitalize(), depth + 1)};"
            for prop in shape.properties
        ]
        if shape.extra is not None and (self.takes or shape.extra != Anything()):
            lines.append("[key: string]: any;")
        return lines

    def mark(self, prop: Property) -> str:
        return "" if (prop.needed if self.takes else prop.required) else "?"


def _may_be_left_out(shaped: Shaped) -> bool:
    match shaped.follow(shaped.root):
        case Object(properties=properties):
            return not any(prop.needed for prop in properties)
        case Anything() | Unknown():
            return True
        case _:
            return False


def _is_record(shape: Object) -> bool:
    """Whether nothing but further properties is said of an object."""
    return not shape.properties and (shape.extra is not None or not shape.stated)


def _one_of(wanted: str) -> str:
    return f"{wanted.removesuffix('Item')}Item"


def _words(name: str) -> str:
    text = "".join(part[:1].upper() + part[1:] for part in _NO_WORD.split(name) if part) or "Type"
    return text[:40] if text[0].isalpha() else f"T{text[:40]}"


_Waiting = tuple[_Side, Shape, str, str]
"""A definition that is named already: its side, its shape, its name, and what the types in it are called after."""
