"""Shapes as TypeScript: one-line signatures, and declarations with comments.

1. Text of a schema is data: a name is an identifier or a quoted string, a comment is one line without `*/`, and no
   character of either can end a line, a string or a code fence.
2. Everything is bounded. What does not fit is printed again with less detail, and `…` stands where something was cut.
3. A `$ref` prints by its name, and its definition follows once; scalars and short enumerations print in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from toolscript.schema.detail import EVERYTHING, Detail, needed_first
from toolscript.schema.fitting import Printed, fitted
from toolscript.schema.one_line import OUTLINE_CHARS, SIGNATURE_CHARS, one_line, outlined
from toolscript.schema.places import located
from toolscript.schema.printer import CUT, Printer
from toolscript.schema.quoting import comment, key_text, typescript_value
from toolscript.schema.shape import Shaped
from toolscript.schema.shapes import (
    Anything,
    Intersection,
    Object,
    Property,
    Ref,
    Shape,
    Union,
)
from toolscript.schema.type_names import TypeNames
from toolscript.tools import Schema, Tool

DECLARATION_CHARS = 40_000
MAX_PARTS = 200  # of an input schema, and references in it, that are looked through for arguments
WHOLE_CHARS = 4_000_000  # of one tool, where a checker and no model reads it

OBSERVED = "/* observed */ "
"""Before a result's type that nobody stated, but that earlier calls showed."""
SEEN = "observed in earlier calls, not promised"


def signature(tool: Tool, *, max_chars: int = SIGNATURE_CHARS) -> str:
    """The call in one line, such as `git.log({ repo: string, count?: number }): Promise<string[]>`."""
    takes = Shaped(tool.input_schema)
    gives = None if tool.output_schema is None else Shaped(tool.output_schema)
    mark = OBSERVED if tool.observed else ""

    def write(detail: Detail) -> str:
        result = "unknown" if gives is None else Printer(gives, detail, max_chars).text(gives.root, detail.depth)
        return f"{tool.path}({_arguments(takes, detail, max_chars)}): Promise<{mark}{result}>"

    return one_line(write, max_chars, f"{tool.path}({{ /* … */ }}): Promise<{CUT}>")


def type_text(schema: Schema, *, max_chars: int = SIGNATURE_CHARS) -> str:
    """The type of a schema in one line; definitions go by their names."""
    shaped = Shaped(schema)
    return type_text_of(shaped, shaped.root, max_chars)


def call_text(tool: Tool, args: Mapping[str, object]) -> str:
    """A call with these arguments as a program writes it."""
    return f"await {tool.path}({typescript_value(dict(args)) if args else ''})"


def outline(tool: Tool, *, max_chars: int = OUTLINE_CHARS) -> str:
    """The call with the names of its arguments alone, such as `git.log({ repo, count? })`."""
    shaped = Shaped(tool.input_schema)
    properties = needed_first(members_of(shaped, shaped.root))
    names = [f"{key_text(prop.name)}{'' if prop.needed else '?'}" for prop in properties]
    return outlined(names, lambda shown: f"{tool.path}({f'{{ {shown} }}' if shown else ''})", max_chars)


def declarations(tool: Tool, *, max_chars: int = DECLARATION_CHARS) -> str:
    """The call with its full input and output types, comments, and the named types that they use."""
    return Declarations(tool).text(max_chars)


class Declarations:
    """The declarations of one tool, to be printed in several lengths.

    `names` and `known` let several tools of one text share their named types: what stands in `known` is not repeated.
    """

    def __init__(self, tool: Tool, names: TypeNames | None = None, known: frozenset[str] = frozenset()) -> None:
        self._tool = tool
        self._names = TypeNames() if names is None else names
        self._known = known
        self._takes = Shaped(tool.input_schema)
        self._gives = None if tool.output_schema is None else Shaped(tool.output_schema)

    def text(self, max_chars: int = DECLARATION_CHARS) -> str:
        """As much as fits: all types in less and less detail, then the call's own types and some of those they name."""
        return self.printed(max_chars).text

    def printed(self, max_chars: int = DECLARATION_CHARS) -> Printed:
        """As `text`, with what is there and what is not."""
        return fitted(partial(self._call, max_chars=max_chars), max_chars, self._known) or Printed(
            lines=(signature(self._tool, max_chars=max(max_chars, 80)),), cut=("input", "output")
        )

    def whole(self) -> Printed:
        """Everything, however long."""
        call = partial(self._call, max_chars=WHOLE_CHARS)
        return fitted(call, WHOLE_CHARS, self._known, (EVERYTHING,)) or Printed(lines=())

    def part(self, place: str, max_chars: int = DECLARATION_CHARS) -> Printed | None:
        """One of the types: `Person`, `input.address`; None where there is no such part."""
        found = located(place, self._takes, self._gives)
        if found is None:
            return None
        shaped, shape, takes = found
        name = shape.name if isinstance(shape, Ref) else ""
        of_text = self._names.of(shaped, shape, name) if name else "Part"
        self._names.reserve(of_text)
        head = "" if name else f"// {comment(place, 120)}\n"

        def call(detail: Detail) -> tuple[str, list[Printer]]:
            printer = Printer(shaped, detail, max_chars, takes=takes, names=self._names)
            with printer.places.at(name or place):
                return f"{head}type {of_text} = {printer.body(shaped.follow(shape), name)}", [printer]

        line = f"{head}type {of_text} = {type_text_of(shaped, shaped.follow(shape), max_chars // 3)}"
        printed = fitted(call, max_chars, self._known | {of_text}) or Printed(lines=(line,), cut=(place,))
        return replace(printed, names=(of_text, *printed.names)) if name else printed

    def _call(self, detail: Detail, max_chars: int) -> tuple[str, list[Printer]]:
        """The call, and the printers that know which types it names."""
        reader = Printer(self._takes, detail, max_chars, takes=True, names=self._names)
        printers = [reader]
        members = members_of(self._takes, self._takes.root)
        arguments = ""
        if members or not _is_plain(self._takes):
            mark = "" if any(prop.needed for prop in members) else "?"
            arguments = f"input{mark}: {reader.block(self._takes.root)}"
        result, notes = "unknown", [reader.notes(self._takes.root)]
        if self._gives is not None:
            writer = Printer(self._gives, detail, max_chars, names=self._names)
            printers.append(writer)
            result = writer.whole()
            notes.append(SEEN if self._tool.observed else writer.notes(self._gives.root))
        said = [f"// {place}: {words}" for place, words in zip(("input", "output"), notes, strict=False) if words]
        return "\n".join([f"{self._tool.path}({arguments}): Promise<{result}>", *said]), printers


def type_text_of(shaped: Shaped, shape: Shape, max_chars: int) -> str:
    """The type of a shape in one line."""
    return one_line(lambda detail: Printer(shaped, detail, max_chars).text(shape, detail.depth + 1), max_chars, CUT)


def ambient(tools: Iterable[Tool]) -> str:
    """Declarations of whole namespaces that a type checker reads: nothing is cut, types are shared."""
    listed = list(tools)
    spaces: dict[str, list[str]] = {tool.path.namespace: [] for tool in listed}
    names, known = TypeNames(spaces), frozenset[str]()
    types: list[str] = []
    for tool in listed:
        call, *definitions = (printed := Declarations(tool, names, known).whole()).lines
        known |= frozenset(printed.names)
        lines = call.removeprefix(f"{tool.path.namespace}.").replace("\n", "\n  ")
        spaces[tool.path.namespace].append(f"  function {lines}")
        types += definitions
    blocks = ["\n".join([f"declare namespace {space} {{", *lines, "}"]) for space, lines in spaces.items()]
    return "\n".join([*blocks, *types])


def _arguments(shaped: Shaped, detail: Detail, max_chars: int) -> str:
    printer = Printer(shaped, detail, max_chars, takes=True)
    root = shaped.follow(shaped.root)
    if isinstance(root, Object):
        if not root.properties and not root.stated:
            return ""
        return printer.members(root, detail.depth) if root.properties or root.extra is not None else ""
    return "" if isinstance(root, Anything) else printer.text(root, detail.depth + 1)


def _is_plain(shaped: Shaped) -> bool:
    root = shaped.follow(shaped.root)
    match root:
        case Anything():
            return True
        case Object():
            return not root.stated or root.extra is None or root.extra == Anything()
        case _:
            return False


def members_of(shaped: Shaped, root: Shape) -> tuple[Property, ...]:
    """The arguments that a call may name, of a union those of its first option."""
    found: dict[str, Property] = {}
    waiting = [root]
    for _ in range(MAX_PARTS):
        if not waiting:
            break
        match shaped.follow(waiting.pop(0)):
            case Object(properties=properties):
                for prop in properties:
                    if prop.name not in found or prop.needed:
                        found[prop.name] = prop
            case Intersection(parts):
                waiting = [*parts, *waiting]
            case Union(options):
                waiting = [options[0], *waiting] if not isinstance(options[0], Union) else waiting
            case _:
                pass
    return tuple(found.values())
