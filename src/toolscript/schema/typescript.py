"""Shapes as TypeScript: one-line signatures, and declarations with comments.

1. Text of a schema is data: a name is an identifier or a quoted string, a comment is one line without `*/`, and no
   character of either can end a line, a string or a code fence.
2. Everything is bounded. What does not fit is printed again with less detail, and `…` stands where something was cut.
3. A `$ref` prints by its name, and its definition follows once; scalars and short enumerations print in place.
"""

from __future__ import annotations

import re

from toolscript.schema.printer import Detail, Printer, needed_first
from toolscript.schema.quoting import key_text, literal
from toolscript.schema.shape import Shaped
from toolscript.schema.shapes import (
    Anything,
    Array,
    Boolean,
    Constant,
    Intersection,
    Null,
    Number,
    Object,
    Property,
    Shape,
    String,
    Union,
)
from toolscript.tools import Schema, Tool

SIGNATURE_CHARS = 220
DECLARATION_CHARS = 40_000
WHOLE = 5  # degrees of detail in which all types are tried before some are left out

_LINE = (
    Detail(depth=2, properties=24, options=8),
    Detail(depth=1, properties=16, options=8),
    Detail(depth=1, properties=12, options=5),
    Detail(depth=0, properties=12, options=4),
    Detail(depth=0, properties=6, options=3),
    Detail(depth=0, properties=3, options=2),
)
_BLOCK = (
    Detail(depth=12, properties=400, options=200, about=1000),
    Detail(depth=10, properties=300, options=60, about=240),
    Detail(depth=8, properties=300, options=40, about=120),
    Detail(depth=6, properties=300, options=20, about=60),
    Detail(depth=6, properties=300, options=12),
    Detail(depth=4, properties=100, options=8, about=40),
    Detail(depth=3, properties=60, options=8),
    Detail(depth=2, properties=24, options=8),
    Detail(depth=1, properties=24, options=6),
    Detail(depth=0, properties=24, options=4),
    Detail(depth=0, properties=8, options=3),
)


def signature(tool: Tool, *, max_chars: int = SIGNATURE_CHARS) -> str:
    """The call in one line, such as `git.log({ repo: string, count?: number }): Promise<string[]>`."""
    takes = Shaped(tool.input_schema)
    gives = None if tool.output_schema is None else Shaped(tool.output_schema)
    text = ""
    for detail in _LINE:
        result = "unknown" if gives is None else Printer(gives, detail, max_chars).text(gives.root, detail.depth)
        text = f"{tool.path}({_arguments(takes, detail, max_chars)}): Promise<{result}>"
        if len(text) <= max_chars:
            return text
    return text if len(text) <= max_chars * 2 else f"{outline(tool)}: Promise<…>"


def type_text(schema: Schema, *, max_chars: int = SIGNATURE_CHARS) -> str:
    """The type of a schema in one line; definitions go by their names."""
    shaped = Shaped(schema)
    text = ""
    for detail in _LINE:
        text = Printer(shaped, detail, max_chars).text(shaped.root, detail.depth + 1)
        if len(text) <= max_chars:
            return text
    return text if len(text) <= max_chars * 2 else "unknown"


def outline(tool: Tool, *, max_chars: int = 110) -> str:
    """The call with the names of its arguments alone, such as `git.log({ repo, count? })`."""
    shaped = Shaped(tool.input_schema)
    properties = needed_first(_members(shaped, shaped.root))
    names = [f"{key_text(prop.name)}{'' if prop.needed else '?'}" for prop in properties]
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
        spare: list[str] | None = None
        for detail in _BLOCK[1:]:
            lines, left_out = self._lines(detail, int(max_chars * 0.9))
            if left_out:
                lines.append(_not_shown(left_out, max_chars - _length(lines)))
            if _length(lines) > max_chars:
                continue
            if not any(re.search(rf"\b{name}\b", lines[0]) for name in left_out):
                return "\n".join(lines)
            spare = spare or lines  # the call's own types are missing: rather in less detail, if that helps
        return signature(self._tool, max_chars=max(max_chars, 80)) if spare is None else "\n".join(spare)

    def _lines(self, detail: Detail, max_chars: int) -> tuple[list[str], list[str]]:
        """The call, the definitions that fit, and the names of those that do not."""
        reader = Printer(self._takes, detail, max_chars * 2, takes=True)
        members = _members(self._takes, self._takes.root)
        arguments = ""
        if members or not _is_plain(self._takes):
            mark = "" if any(prop.needed for prop in members) else "?"
            arguments = f"input{mark}: {reader.block(self._takes.root)}"
        writer = None if self._gives is None else Printer(self._gives, detail, max_chars * 2)
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
        f"{key_text(prop.name)}: {_sample(shaped, prop.shape, prop.name, 0)}"
        for prop in _members(shaped, shaped.root)
        if prop.needed
    ]
    return f"await {tool.path}({{ {', '.join(parts)} }})" if parts else f"await {tool.path}()"


def _not_shown(names: list[str], max_chars: int) -> str:
    shown = list(names)
    while len(", ".join(shown)) + 24 > max_chars and len(shown) > 1:
        shown.pop()
    return f"// … not shown: {', '.join(shown)}{', …' if len(shown) < len(names) else ''}"


def _length(lines: list[str]) -> int:
    return sum(map(len, lines)) + len(lines) - 1


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


def _sample(shaped: Shaped, shape: Shape, name: str, depth: int) -> str:
    match shaped.follow(shape):
        case Constant(json=text):
            return literal(text)
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
            parts = [
                f"{key_text(p.name)}: {_sample(shaped, p.shape, p.name, depth + 1)}" for p in properties if p.needed
            ]
            return f"{{ {', '.join(parts[:8])} }}" if parts else "{}"
        case Union(options) | Intersection(options):
            return _sample(shaped, options[0], name, depth + 1)
        case Null():
            return "null"
        case _:
            return '"…"'


_SAMPLES = {"date-time": '"2026-01-31T12:00:00Z"', "date": '"2026-01-31"', "uri": '"https://…"', "email": '"a@b.c"'}
