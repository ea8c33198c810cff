"""Shapes as TypeScript: one-line signatures, and declarations with comments.

1. Text of a schema is data: a name is an identifier or a quoted string, a comment is one line without `*/`, and no
   character of either can end a line, a string or a code fence.
2. Everything is bounded. What does not fit is printed again with less detail, and `…` stands where something was cut.
3. A `$ref` prints by its name, and its definition follows once; scalars and short enumerations print in place.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from toolscript.schema.names import is_identifier
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
)
from toolscript.tools import Schema, Tool

SIGNATURE_CHARS = 220
DECLARATION_CHARS = 40_000
WHOLE = 6  # degrees of detail in which all types are tried before some are left out
MAX_CONSTANT = 80  # characters of one allowed value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Detail:
    """How much to print: levels of nested objects, members of each, characters of a comment (0 prints none)."""

    depth: int
    properties: int
    options: int
    about: int = 0


_LINE = (
    _Detail(depth=2, properties=24, options=8),
    _Detail(depth=1, properties=16, options=8),
    _Detail(depth=1, properties=12, options=5),
    _Detail(depth=0, properties=12, options=4),
    _Detail(depth=0, properties=6, options=3),
    _Detail(depth=0, properties=3, options=2),
)
_BLOCK = (
    _Detail(depth=12, properties=400, options=200, about=1000),
    _Detail(depth=10, properties=200, options=60, about=240),
    _Detail(depth=8, properties=100, options=40, about=120),
    _Detail(depth=6, properties=60, options=20, about=80),
    _Detail(depth=4, properties=40, options=12, about=60),
    _Detail(depth=3, properties=24, options=8, about=40),
    _Detail(depth=2, properties=24, options=8),
    _Detail(depth=1, properties=24, options=6),
    _Detail(depth=0, properties=24, options=4),
    _Detail(depth=0, properties=8, options=3),
)


def signature(tool: Tool, *, max_chars: int = SIGNATURE_CHARS) -> str:
    """The call in one line, such as `git.log({ repo: string, count?: number }): Promise<string[]>`."""
    takes = Shaped(tool.input_schema)
    gives = None if tool.output_schema is None else Shaped(tool.output_schema)
    text = ""
    for detail in _LINE:
        result = "unknown" if gives is None else _Printer(gives, detail, max_chars).text(gives.root, detail.depth)
        text = f"{tool.path}({_arguments(takes, detail, max_chars)}): Promise<{result}>"
        if len(text) <= max_chars:
            return text
    return text if len(text) <= max_chars * 2 else f"{outline(tool)}: Promise<…>"


def type_text(schema: Schema, *, max_chars: int = SIGNATURE_CHARS) -> str:
    """The type of a schema in one line; definitions go by their names."""
    shaped = Shaped(schema)
    text = ""
    for detail in _LINE:
        text = _Printer(shaped, detail, max_chars).text(shaped.root, detail.depth + 1)
        if len(text) <= max_chars:
            return text
    return text if len(text) <= max_chars * 2 else "unknown"


def outline(tool: Tool, *, max_chars: int = 110) -> str:
    """The call with the names of its arguments alone, such as `git.log({ repo, count? })`."""
    shaped = Shaped(tool.input_schema)
    properties = _sorted(_members(shaped, shaped.root))
    names = [f"{_key(prop.name)}{'' if prop.needed else '?'}" for prop in properties]
    shown = list(names)
    while shown:
        more = [f"…{len(names) - len(shown)} more"] if len(shown) < len(names) else []
        text = f"{tool.path}({{ {', '.join(shown + more)} }})"
        if len(text) <= max_chars or len(shown) == 1:
            return text
        shown.pop()
    return f"{tool.path}()"


def declarations(tool: Tool, *, max_chars: int = DECLARATION_CHARS) -> str:
    """The call with its full input and output types, comments, and the named types that they use."""
    return Declarations(tool).text(max_chars)


class Declarations:
    """The declarations of one tool, to be printed in several lengths."""

    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self._takes = Shaped(tool.input_schema)
        self._gives = None if tool.output_schema is None else Shaped(tool.output_schema)

    def text(self, max_chars: int = DECLARATION_CHARS) -> str:
        """As much as fits: all types in less and less detail, then the call's own types and some of those they name."""
        for detail in _BLOCK[:WHOLE]:
            lines, left_out = self._lines(detail, max_chars)
            if not left_out and _length(lines) <= max_chars:
                return "\n".join(lines)
        for detail in _BLOCK[1:]:
            lines, left_out = self._lines(detail, int(max_chars * 0.9))
            if left_out and _length(lines) <= max_chars * 0.9:
                lines.append(f"// … not shown: {', '.join(left_out)}")
                while _length(lines) > max_chars and len(left_out) > 1:
                    left_out.pop()
                    lines[-1] = f"// … not shown: {', '.join(left_out)}, …"
            if _length(lines) <= max_chars:
                return "\n".join(lines)
        return signature(self._tool, max_chars=max(max_chars, 80))

    def _lines(self, detail: _Detail, max_chars: int) -> tuple[list[str], list[str]]:
        """The call, the definitions that fit, and the names of those that do not."""
        reader = _Printer(self._takes, detail, max_chars * 2, takes=True)
        members = _members(self._takes, self._takes.root)
        arguments = ""
        if members or not _is_plain(self._takes):
            mark = "" if any(prop.needed for prop in members) else "?"
            arguments = f"input{mark}: {reader.block(self._takes.root)}"
        writer = None if self._gives is None else _Printer(self._gives, detail, max_chars * 2)
        result = "unknown" if writer is None or self._gives is None else writer.block(self._gives.root)
        lines = [f"{self._tool.path}({arguments}): Promise<{result}>"]
        left_out: list[str] = []
        for printer in (reader, writer):
            if printer is not None:
                found, missing = printer.definitions(max_chars - _length(lines))
                lines += [line for line in found if line not in lines]
                left_out += [name for name in missing if name not in left_out]
        return lines, left_out


def example(tool: Tool) -> str:
    """A call with a plausible value for every required argument."""
    shaped = Shaped(tool.input_schema)
    parts = [
        f"{_key(prop.name)}: {_sample(shaped, prop.shape, prop.name, 0)}"
        for prop in _members(shaped, shaped.root)
        if prop.needed
    ]
    return f"await {tool.path}({{ {', '.join(parts)} }})" if parts else f"await {tool.path}()"


def comment(text: str, max_chars: int) -> str:
    """Text of a schema on one line, as it may stand in a comment or a listing."""
    line = _spaces.sub(" ", text).replace("*/", "*\\/").replace("```", "'''").strip()
    if len(line) <= max_chars:
        return line
    cut = line[: max_chars - 1]
    return cut[: cut.rfind(" ") if " " in cut[max_chars // 2 :] else None].rstrip(" ,;:.") + "…"


def _length(lines: list[str]) -> int:
    return sum(map(len, lines)) + len(lines) - 1


def _arguments(shaped: Shaped, detail: _Detail, max_chars: int) -> str:
    printer = _Printer(shaped, detail, max_chars, takes=True)
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


def _members(shaped: Shaped, root: Shape) -> tuple[Property, ...]:
    match shaped.follow(root):
        case Object(properties=properties):
            return properties
        case Intersection(parts):
            return tuple(prop for part in parts for prop in _members(shaped, part))
        case Union(options) if len(options) > 0:
            return _members(shaped, options[0]) if not isinstance(options[0], Union) else ()
        case _:
            return ()


def _sorted(properties: tuple[Property, ...]) -> list[Property]:
    return sorted(properties, key=lambda prop: not prop.needed)


class _Printer:
    """Prints the shapes of one schema in one degree of detail, and collects the definitions that it named."""

    def __init__(self, shaped: Shaped, detail: _Detail, max_chars: int, *, takes: bool = False) -> None:
        self._shaped = shaped
        self._detail = detail
        self._takes = takes  # whether the type is of what a caller gives: then a default makes optional
        self._left = max_chars * 4  # what is printed beyond this is thrown away anyhow
        self._named: dict[str, None] = {}

    def text(self, shape: Shape, depth: int, tight: bool = False) -> str:
        """The type on one line; `tight` asks for brackets around what binds less than `[]` does."""
        if self._left <= 0:
            return "…"
        match shape:
            case Union(options):
                printed = self._union(options, depth)
                text = f"({printed})" if tight and " | " in printed else printed
            case Intersection(parts):
                printed = " & ".join(dict.fromkeys(self.text(part, depth, tight=True) for part in parts))
                text = f"({printed})" if tight and " & " in printed else printed
            case Array(items=items):
                text = f"{self.text(items, depth, tight=True)}[]"
            case Tuple(items=items, rest=rest):
                places = [self.text(item, depth) for item in items[: self._detail.properties]]
                if rest is not None and rest != Anything():
                    places.append(f"...{self.text(rest, depth, tight=True)}[]")
                text = f"[{', '.join(places)}]"
            case Object():
                text = self.members(shape, depth - 1) if depth > 0 else _closed(shape)
            case Ref():
                text = self._ref(shape, depth, tight)
            case _:
                text = _scalar(shape)
        self._left -= len(text)
        return text

    def members(self, shape: Object, depth: int) -> str:
        """An object on one line, with the required properties first, so that a cut takes optional ones."""
        properties = _sorted(shape.properties)
        shown = properties[: self._detail.properties]
        parts = [f"{_key(p.name)}{self._mark(p)}: {self.text(p.shape, depth)}" for p in shown]
        if len(shown) < len(properties):
            parts.append(f"…{len(properties) - len(shown)} more")
        if not properties:
            return self._record(shape, depth)
        if shape.stated and shape.extra is not None:
            parts.append(f"[key: string]: {self.text(shape.extra, depth)}")
        return f"{{ {', '.join(parts)} }}"

    def block(self, shape: Shape, level: int = 0) -> str:
        """The type over several lines, one property and its comment each."""
        if self._left <= 0:
            return "…"
        match shape:
            case Object(properties=properties) if properties and level <= self._detail.depth:
                return self._lines(shape, level)
            case Array(items=Object(properties=properties) as items) if properties:
                return f"{self.block(items, level)}[]"
            case Union(options) if any(isinstance(option, Object | Array) for option in options):
                shown = [self.block(option, level) for option in options[: self._detail.options]]
                more = [f"…{len(options) - len(shown)} more"] if len(shown) < len(options) else []
                return " | ".join(dict.fromkeys(shown + more))
            case Intersection(parts):
                return " & ".join(
                    f"({self.block(part, level)})" if isinstance(part, Union) else self.block(part, level)
                    for part in parts
                )
            case _:
                return self.text(shape, self._detail.depth - level)

    def definitions(self, max_chars: int) -> tuple[list[str], list[str]]:
        """The named types that were printed, with those that they name in turn, and the names of what does not fit."""
        lines: list[str] = []
        missing: list[str] = []
        done: set[str] = set()
        self._left = max(max_chars, 0) * 2
        while waiting := [name for name in self._named if name not in done]:
            for name in waiting:
                done.add(name)
                if missing:
                    missing.append(name)
                    continue
                before = list(self._named)
                line = f"type {name} = {self.block(self._shaped.resolve(Ref(name)))}"
                max_chars -= len(line) + 1
                if max_chars < 0:
                    missing.append(name)
                    self._named = dict.fromkeys(before)
                else:
                    lines.append(line)
        return lines, missing

    def _lines(self, shape: Object, level: int) -> str:
        properties = _sorted(shape.properties)
        shown = properties[: self._detail.properties]
        indent = "  " * (level + 1)
        lines: list[str] = []
        for prop in shown:
            note = self._note(prop)
            line = f"{indent}{_key(prop.name)}{self._mark(prop)}: {self.block(prop.shape, level + 1)}"
            if note and "\n" in line:
                head, _, rest = line.partition("\n")
                line = f"{head}  // {note}\n{rest}"
            elif note:
                line += f"  // {note}"
            lines.append(line)
            self._left -= len(line)
        if len(shown) < len(properties):
            lines.append(f"{indent}// …{len(properties) - len(shown)} more")
        if shape.stated and shape.extra is not None:
            lines.append(f"{indent}[key: string]: {self.text(shape.extra, self._detail.depth - level)}")
        return "{\n" + "\n".join(lines) + f"\n{'  ' * level}}}"

    def _mark(self, prop: Property) -> str:
        return "" if (prop.needed if self._takes else prop.required) else "?"

    def _note(self, prop: Property) -> str:
        if not self._detail.about:
            return ""
        notes = [comment(prop.about, self._detail.about).rstrip(" .")] if prop.about else []
        notes += _constraints(self._shaped.follow(prop.shape))
        if prop.default is not None and prop.default not in {"null", '""', "[]", "{}"}:
            notes.append(f"default {comment(_escaped(prop.default), 40)}")
        if prop.deprecated:
            notes.append("deprecated")
        return "; ".join(notes)

    def _union(self, options: tuple[Shape, ...], depth: int) -> str:
        # A null goes last, and never falls to a cut.
        null = [option for option in options if isinstance(option, Null)]
        others = [option for option in options if not isinstance(option, Null)]
        shown = others[: self._detail.options]
        printed = [self.text(option, depth, tight=isinstance(option, Intersection)) for option in shown]
        if len(shown) < len(others):
            printed.append(f"…{len(others) - len(shown)} more")
        return " | ".join(dict.fromkeys(printed + ["null" for _ in null]))

    def _ref(self, ref: Ref, depth: int, tight: bool) -> str:
        followed = self._shaped.resolve(ref)
        match followed:
            case Object(properties=()) if not followed.stated:
                return "object"
            case Object() | Tuple() | Intersection():
                pass
            case Union(options) if any(isinstance(each, Object | Ref | Array | Tuple) for each in options):
                pass
            case Array(items=Object() | Union() | Ref() | Array()):
                pass
            case _:
                return self.text(followed, depth, tight)
        self._named[ref.name] = None
        return ref.name

    def _record(self, shape: Object, depth: int) -> str:
        if shape.extra is None:
            return "{}"
        if isinstance(shape.extra, Anything):
            return "Record<string, unknown>" if shape.stated else "object"
        return f"Record<string, {self.text(shape.extra, depth)}>"


def _scalar(shape: Shape) -> str:
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
            return _literal(text)
        case Nothing():
            return "never"
        case _:
            return "unknown"


def _closed(shape: Object) -> str:
    return "{…}" if shape.properties else "object"


def _constraints(shape: Shape) -> list[str]:
    match shape:
        case Number():
            words = ["integer"] if shape.integer else []
            low = (
                f">={shape.minimum}"
                if shape.minimum is not None
                else f">{shape.above}"
                if shape.above is not None
                else ""
            )
            high = (
                f"<={shape.maximum}"
                if shape.maximum is not None
                else f"<{shape.below}"
                if shape.below is not None
                else ""
            )
            # Bounds of the machine's integers are no news to a reader.
            return words + [bound for bound in (low, high) if bound and len(bound) < 12]  # noqa: PLR2004
        case String(format=form) if form:
            return [comment(form, 30)]
        case Union(options) if sum(not isinstance(option, Null) for option in options) == 1:
            return _constraints(next(option for option in options if not isinstance(option, Null)))
        case _:
            return []


def _literal(text: str) -> str:
    """A constant as a literal type; a long or structured one by its kind."""
    if text[:1] in {"{", "["}:
        return "object" if text[0] == "{" else "unknown[]"
    if len(text) > MAX_CONSTANT:
        return "string" if text[0] == '"' else "number"
    return _escaped(text)


def _key(name: str) -> str:
    name = name if len(name) <= 120 else name[:119] + "…"  # noqa: PLR2004 - longer than any sane property
    return name if is_identifier(name) else _escaped(json.dumps(name, ensure_ascii=False))


def _escaped(text: str) -> str:
    """JSON text that also keeps within its line and within a code fence."""
    return _unsafe.sub(lambda match: f"\\u{ord(match[0]):04x}", text).replace("*/", "*\\/")


def _sample(shaped: Shaped, shape: Shape, name: str, depth: int) -> str:
    match shaped.follow(shape):
        case Constant(json=text):
            return _literal(text)
        case Number(minimum=minimum):
            return str(int(minimum)) if minimum is not None and minimum > 1 else "1"
        case Boolean():
            return "true"
        case String(format=form):
            return _SAMPLES.get(form or "", '"…"')
        case Array(items=items):
            return f"[{_sample(shaped, items, name, depth + 1)}]" if depth < 3 else "[]"  # noqa: PLR2004 - an example
        case Object(properties=properties):
            if depth > 2:  # noqa: PLR2004 - an example
                return "{}"
            parts = [f"{_key(p.name)}: {_sample(shaped, p.shape, p.name, depth + 1)}" for p in properties if p.needed]
            return f"{{ {', '.join(parts[:8])} }}" if parts else "{}"
        case Union(options) | Intersection(options):
            return _sample(shaped, options[0], name, depth + 1)
        case Null():
            return "null"
        case _:
            return '"…"'


_SAMPLES = {"date-time": '"2026-01-31T12:00:00Z"', "date": '"2026-01-31"', "uri": '"https://…"', "email": '"a@b.c"'}
_spaces = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b\ufeff\ud800-\udfff]+")
_unsafe = re.compile(r"[\x00-\x1f\x7f-\x9f`\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
