"""Shapes as Python: one-line signatures, declarations with comments, and stubs that a type checker reads.

1. A tool takes keyword arguments. One whose name Python keeps for itself, or cannot write, has another name here
   (`from_`, `sort_by`); `wire_names` leads back. Keys below that level keep their own names, quoted where they must be.
2. Objects are `TypedDict`s with names made from where they stand; definitions keep the names that they have.
3. What Python cannot say is said wider, never narrower: an intersection becomes one object, or a union of them.
4. Text of a schema is data here as well; see `typescript`, whose bounds and cuts are the same. `...` marks a cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from toolscript.schema.detail import EVERYTHING, Detail, needed_first
from toolscript.schema.fitting import Printed, fitted
from toolscript.schema.meeting import spread, widest
from toolscript.schema.names import argument_names
from toolscript.schema.one_line import OUTLINE_CHARS, SIGNATURE_CHARS, one_line, outlined
from toolscript.schema.places import located
from toolscript.schema.python_printer import TYPE_WORDS, PythonPrinter, hint_of
from toolscript.schema.quoting import comment, python_literal, python_value
from toolscript.schema.shape import Shaped
from toolscript.schema.shapes import (
    Anything,
    Boolean,
    Constant,
    Null,
    Number,
    Object,
    Property,
    Ref,
    Shape,
    String,
    Union,
)
from toolscript.schema.type_names import TypeNames
from toolscript.schema.typescript import DECLARATION_CHARS, SEEN, WHOLE_CHARS
from toolscript.tools import Schema, Tool

MAX_WAYS = 6  # to call one tool, that are told apart
MAX_WAY = 80  # characters of what one of them needs
MAX_DEFAULT = 24  # characters of a default that a signature shows

_BUILTINS = frozenset({"bool", "dict", "float", "int", "list", "str", "tuple"})
_HEADER = """from __future__ import annotations
import builtins as _builtins
import typing as _typing
from typing import Any, Literal, Never, NotRequired, TypeAlias, TypedDict"""


def signature(tool: Tool, *, max_chars: int = SIGNATURE_CHARS) -> str:
    """The call in one line, such as `git.log(*, repo: str, count: int = 10) -> list[str]`."""
    takes = _Parameters(Shaped(tool.input_schema))
    gives = None if tool.output_schema is None else Shaped(tool.output_schema)
    owner = _owner(tool)

    def write(detail: Detail) -> str:
        reader = PythonPrinter(takes.shaped, detail, max_chars, takes=True, inline=True)
        arguments = takes.line(reader, owner, detail)
        result = "Any"
        if gives is not None:
            result = PythonPrinter(gives, detail, max_chars, inline=True).text(gives.root, owner, detail.depth)
        return f"{tool.path}({arguments}) -> {result}{'  # observed' if tool.observed else ''}"

    return one_line(write, max_chars, f"{tool.path}(**arguments: Any) -> Any")


def type_text(schema: Schema, *, max_chars: int = SIGNATURE_CHARS) -> str:
    """The type of a schema in one line; definitions go by their names, objects are written out."""
    shaped = Shaped(schema)
    return _line(shaped, shaped.root, max_chars)


def _line(shaped: Shaped, shape: Shape, max_chars: int) -> str:
    def write(detail: Detail) -> str:
        return PythonPrinter(shaped, detail, max_chars, inline=True).text(shape, "Item", detail.depth + 1)

    return one_line(write, max_chars, "Any")


def outline(tool: Tool, *, max_chars: int = OUTLINE_CHARS) -> str:
    """The call with the names of its arguments alone, such as `git.log(repo, count=...)`."""
    takes = _Parameters(Shaped(tool.input_schema))
    names = [f"{takes.names[prop.name]}{'' if prop.needed else '=...'}" for prop in takes.properties]
    return outlined(names, lambda shown: f"{tool.path}({shown})", max_chars)


def declarations(tool: Tool, *, max_chars: int = DECLARATION_CHARS) -> str:
    """The call with its full argument and result types, comments, and the named types that they use."""
    return Declarations(tool).printed(max_chars).text


def wire_names(schema: Schema) -> Mapping[str, str]:
    """From the names of keyword arguments in Python to the names on the wire, for all arguments of a tool."""
    takes = _Parameters(Shaped(schema))
    return {python: raw for raw, python in takes.names.items()}


def call_text(tool: Tool, args: Mapping[str, object]) -> str:
    """A call with these arguments as a program writes it."""
    names = argument_names(args.keys() | _Parameters(Shaped(tool.input_schema)).names.keys())
    return f"await {tool.path}({', '.join(f'{names[name]}={python_value(held)}' for name, held in args.items())})"


def stub(tools: Iterable[Tool]) -> str:
    """A module that declares namespaces for a type checker: a class with methods for each, nothing is cut."""
    spaces: dict[str, list[Tool]] = {}
    for tool in tools:
        spaces.setdefault(tool.path.namespace, []).append(tool)
    methods = {tool.path.method for listed in spaces.values() for tool in listed}
    names = TypeNames({*spaces, *(f"_{space}" for space in spaces), *methods, *TYPE_WORDS})
    known = frozenset[str]()
    types: list[str] = []
    classes: list[str] = []
    for space, listed in spaces.items():
        words = _hidden({tool.path.method for tool in listed})
        lines = [f"class _{space}:"]
        for tool in listed:
            call, *definitions = (printed := Declarations(tool, names, known, words).whole()).lines
            known |= frozenset(printed.names)
            types += definitions
            lines += [f"    {line}" for line in call.split("\n")]
        classes.append("\n".join(lines))
    bound = [f"{space}: _{space}" for space in spaces]
    return "\n\n".join([_HEADER, *types, *classes, *bound])


def _hidden(methods: set[str]) -> dict[str, str]:
    """What to write for the names of types that methods of a class hide in it."""
    return {word: f"_builtins.{word}" if word in _BUILTINS else f"_typing.{word}" for word in TYPE_WORDS & methods}


class Declarations:
    """The declarations of one tool, to be printed in several lengths; as `typescript.Declarations`."""

    def __init__(
        self,
        tool: Tool,
        names: TypeNames | None = None,
        known: frozenset[str] = frozenset(),
        words: Mapping[str, str] | None = None,
    ) -> None:
        self._tool = tool
        self._names = TypeNames(TYPE_WORDS) if names is None else names
        self._known = known
        self._words = words
        self._takes = _Parameters(Shaped(tool.input_schema))
        self._gives = None if tool.output_schema is None else Shaped(tool.output_schema)

    def printed(self, max_chars: int = DECLARATION_CHARS) -> Printed:
        """As much as fits, with what is there and what is not."""
        return fitted(partial(self._call, max_chars=max_chars), max_chars, self._known) or Printed(
            lines=(signature(self._tool, max_chars=max(max_chars, 80)),), cut=("input", "output")
        )

    def whole(self) -> Printed:
        """Everything, however long, with the call as a method of a class."""
        call = partial(self._call, max_chars=WHOLE_CHARS, method=True)
        return fitted(call, WHOLE_CHARS, self._known, (EVERYTHING,)) or Printed(lines=())

    def part(self, place: str, max_chars: int = DECLARATION_CHARS) -> Printed | None:
        """One of the types: `Person`, `input.address`; None where there is no such part."""
        found = located(place, self._takes.shaped, self._gives)
        if found is None:
            return None
        shaped, shape, takes = found
        name = shape.name if isinstance(shape, Ref) else ""
        of_text = self._names.of(shaped, shape, name) if name else "Part"
        self._names.reserve(of_text)
        head = "" if name else f"# {comment(place, 120)}\n"

        def call(detail: Detail) -> tuple[str, list[PythonPrinter]]:
            printer = PythonPrinter(shaped, detail, max_chars, takes=takes, names=self._names)
            return head + printer.define(shaped.follow(shape), of_text, name or place), [printer]

        line = f"{head}{of_text}: TypeAlias = {_line(shaped, shaped.follow(shape), max_chars // 3)}"
        printed = fitted(call, max_chars, self._known | {of_text}) or Printed(lines=(line,), cut=(place,))
        return replace(printed, names=(of_text, *printed.names)) if name else printed

    def _call(self, detail: Detail, max_chars: int, method: bool = False) -> tuple[str, list[PythonPrinter]]:
        """The call, and the printers that know which types it names."""
        reader = PythonPrinter(self._takes.shaped, detail, max_chars, takes=True, names=self._names, words=self._words)
        printers, owner = [reader], _owner(self._tool)
        arguments = self._takes.block(reader, owner, detail, method=method)
        result, notes = reader.word("Any"), [""]
        if self._gives is not None:
            writer = PythonPrinter(self._gives, detail, max_chars, names=self._names, words=self._words)
            printers.append(writer)
            result = writer.whole(f"{owner}Result")
            notes.append(SEEN if self._tool.observed else writer.notes(self._gives.root))
        notes[0] = "; ".join(filter(None, [reader.notes(self._takes.shaped.root), self._takes.choice]))
        said = [f"# {place}: {words}" for place, words in zip(("input", "output"), notes, strict=False) if words]
        head = f"async def {self._tool.path.method}" if method else str(self._tool.path)
        call = "\n".join([f"{head}({arguments}) -> {result}{': ...' if method else ''}", *said])
        return call, printers


@dataclass(frozen=True, slots=True, init=False)
class _Parameters:
    """The arguments of a tool, whatever its input schema looks like."""

    shaped: Shaped
    properties: list[Property]
    names: Mapping[str, str]
    extra: Shape | None
    choice: str

    def __init__(self, shaped: Shaped) -> None:
        root = spread(shaped.follow(shaped.root), shaped.follow)
        ways = _ways(shaped, root)
        whole = widest(ways) if len(ways) > 1 else ways[0] if ways else Object()
        properties = needed_first(whole.properties)
        object.__setattr__(self, "shaped", shaped)
        object.__setattr__(self, "properties", properties)
        object.__setattr__(self, "names", argument_names(prop.name for prop in properties))
        unclear = not isinstance(root, Object | Anything) and not properties
        takes_more = unclear or (whole.stated and whole.extra != Anything())
        object.__setattr__(self, "choice", _choice(ways, self.names))
        object.__setattr__(self, "extra", whole.extra if takes_more else None)

    def line(self, printer: PythonPrinter, owner: str, detail: Detail) -> str:
        shown = self.properties[: detail.properties]
        parts = [self._argument(printer, prop, owner, detail.depth) for prop in shown]
        if len(shown) < len(self.properties):
            parts.append("**more: Any")
        elif self.extra is not None:
            parts.append(f"**more: {printer.text(self.extra, owner, detail.depth)}")
        return f"{'*, ' if shown else ''}{', '.join(parts)}"

    def block(self, printer: PythonPrinter, owner: str, detail: Detail, *, method: bool) -> str:
        shown = self.properties[: detail.properties]
        lines: list[str] = []
        noted = False
        for prop in shown:
            argument = self._argument(printer, prop, owner, detail.depth - 1, plain=method)
            said = printer.note(prop if argument.endswith("...") else replace(prop, default=None))
            noted = noted or bool(said)
            lines.append(f"    {argument},  # {said}" if said else f"    {argument},")
        if len(shown) < len(self.properties):
            printer.places.note()
            lines.append(f"    **more: {printer.word('Any')},  # …{len(self.properties) - len(shown)} more")
            noted = True
        elif self.extra is not None:
            lines.append(f"    **more: {printer.text(self.extra, owner, detail.depth - 1)},")
        first = (["    self,"] if method else []) + (["    *,"] if shown else [])
        if noted or sum(map(len, lines)) > 100:  # noqa: PLR2004 - a line of code
            return "\n".join(["", *first, *lines, ""])
        return ", ".join(line.strip().rstrip(",") for line in [*first, *lines])

    def _argument(self, printer: PythonPrinter, prop: Property, owner: str, depth: int, *, plain: bool = False) -> str:
        text = f"{self.names[prop.name]}: {printer.member(prop, owner, depth)}"
        return text if prop.needed else f"{text} = {'...' if plain else self._default(prop)}"

    def _default(self, prop: Property) -> str:
        shape = self.shaped.follow(prop.shape)
        scalar = isinstance(shape, Boolean | Number | String | Constant) or (
            isinstance(shape, Union)
            and all(isinstance(each, Boolean | Number | String | Constant | Null) for each in shape.options)
        )
        if prop.default is None or not scalar or len(prop.default) > MAX_DEFAULT or prop.default[:1] in {"{", "["}:
            return "..."
        return python_value(Constant(prop.default).value)


def _choice(ways: Sequence[Object], names: Mapping[str, str]) -> str:
    """Which arguments go together, where each of several ways to call needs some."""
    told = list(dict.fromkeys(_way(each, names) for each in ways))
    if len(told) < 2 or "" in told:  # noqa: PLR2004 - one way needs no telling apart
        return ""
    more = [f"…{len(told) - MAX_WAYS} more"] if len(told) > MAX_WAYS else []
    return f"needs {' or '.join([*(f'({way})' for way in told[:MAX_WAYS]), *more])}"


def _way(way: Object, names: Mapping[str, str]) -> str:
    """The arguments that a way to call needs, with those values that are its own."""
    needed = [
        f"{names[prop.name]}={constant}" if (constant := _constant_of(prop)) else names[prop.name]
        for prop in way.properties
        if prop.needed
    ]
    return comment(", ".join(needed), MAX_WAY)


def _constant_of(prop: Property) -> str:
    text = python_literal(prop.shape.json) if isinstance(prop.shape, Constant) else None
    return text if text is not None and len(text) <= MAX_DEFAULT else ""


def _ways(shaped: Shaped, root: Shape) -> list[Object]:
    """The objects that the arguments of a call may be."""
    if isinstance(root, Object):
        return [root]
    if not isinstance(root, Union):
        return []
    followed = [spread(shaped.follow(option), shaped.follow) for option in root.options]
    inner = [each for option in followed for each in (option.options if isinstance(option, Union) else (option,))]
    return [each for each in inner if isinstance(each, Object)]


def _owner(tool: Tool) -> str:
    made = hint_of("", tool.path.method)
    return made if made[:1].isalpha() else f"T{made}"
