"""The program in a message, as text and as syntax tree, with the way back to the author's own lines and columns.

1. No line comes or goes but that of rule 4: what is not program (prose, fences) becomes blank lines.
2. Text that is indented as a whole loses that indentation, and each line remembers how much.
3. Python's own parser judges. It is given no text that could exhaust the stack under it.
4. Imports that were forgotten stand in a line of their own before the first: `place` knows.
5. Syntax that is newer than this interpreter's own is written in an older way, of the same length, where there is one.
"""

from __future__ import annotations

import ast
import re
import sys
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from toolscript.errors import Failure, GuestError
from toolscript.guests.fence import Fences, Line, SeveralPrograms
from toolscript.guests.python import forgotten
from toolscript.guests.python.complaint import complaint, lines_of
from toolscript.guests.python.quotes import older

MAX_CHARS = 200_000  # 0.3 s of parsing, and 100 MB of tree; what is longer is data, and that is handed over as input
MAX_CHARS_OF_QUOTES = 50_000  # of a program whose f-strings are looked through a second time
_MOST_CLOSINGS = 4  # lines that are tried as a block's end
_DEEP = "nested too deeply to be parsed: split it into several statements"
_INK = re.compile(r"[^\n]")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_RUNS = re.compile(
    r"(?:(?:[-+~]|\bnot\b|\bawait\b|\blambda\b[^:\n]{0,40}+:)\s*+){100}"
    r"|(?:\*\*\s*+[\w.]++\s*+){100}"
    r"|(?:\bif\b[^\n]{1,40}?\belse\b\s*+){100}"
    r"|(?:^[ \t]*+elif\b[^\n]*+\n(?:[ \t]*+(?!elif\b)[^\n]*+\n){0,3}?){300}",
    re.MULTILINE,
)
"""What nests without a bracket, so that the parser's own limit is its stack."""
_warnings = threading.Lock()


@dataclass(frozen=True, slots=True)
class Text:
    """A program that could be parsed.

    `body` has a line for each of the author's, behind `before` lines of ours; `cut` says how many characters each of
    the author's lost at its beginning, and is empty where none did.
    """

    body: str
    tree: ast.Module
    cut: tuple[int, ...] = ()
    before: int = 0

    def place(self, line: int, column: int) -> tuple[int, int]:
        """A place in the body, 1-based, in the author's own text."""
        line -= self.before
        if line < 1:
            return 1, 1
        return line, column + (self.cut[line - 1] if 0 < line <= len(self.cut) else 0)


def read(code: str) -> Text:
    """The program in a message. Raises `GuestError` (code `syntax`) where there is none."""
    if len(code) > MAX_CHARS:
        message = (
            f"the program is too long: {len(code):,} characters (limit: {MAX_CHARS:,}); "
            "hand data over as `input`, or fetch it with a tool"
        )
        raise GuestError(Failure(kind="guest", code="limit", name="LimitError", message=message))
    text = code.replace("\r\n", "\n").replace("\r", "\n") if "\r" in code else code
    if text.startswith("\ufeff"):
        text = text[1:]
    if not text.isascii() and (lone := _LONE_SURROGATE.search(text)):
        line, column = _position(text, lone.start())
        raise complaint(code, line, column, "half of a character (a lone surrogate): write it as \\u escape")
    if deep := _RUNS.search(text):
        line, column = _position(text, deep.start())
        raise complaint(code, line, column, _DEEP)
    body = _body(code, text)
    return _with_imports(_parsed(code, *_dedented(body)))


def _with_imports(text: Text) -> Text:
    """The program with the imports that its author forgot."""
    line = forgotten.imports(text.body, text.tree)
    if not line:
        return text
    body = f"{line}\n{text.body}"
    return Text(body, _parse(body), text.cut, before=1)


def _position(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def _body(code: str, text: str) -> str:
    """The text with all that stands around the program made blank."""
    try:
        start, end = _FENCES.program_in(text)
    except SeveralPrograms as error:
        raise complaint(code, *_position(text, error.offset), str(error)) from None
    if start == 0 and end == len(text):
        return text
    before = _INK.sub("", text[: text.rfind("\n", 0, start) + 1])
    lead = start - len(text[: text.rfind("\n", 0, start) + 1])
    return before + " " * lead + text[start:end]


def _is_program(text: str) -> bool:
    try:
        _parse(_dedented(text)[0])
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def _opens(text: str, at: int, lines: Sequence[Line]) -> Line | None:
    """The first line; but none does in a text that is Python as it stands."""
    return lines[0] if lines and (at or not _is_program(text)) else None


def _closes(text: str, at: int, lines: Sequence[Line]) -> Line | None:
    """The first line that leaves Python behind, of several that could."""
    tried = lines[:_MOST_CLOSINGS] if len(lines) > 1 else ()
    return next((line for line in tried if _is_program(text[at : line.start])), None)


_FENCES = Fences(frozenset(("python", "py", "python3", "py3", "python-repl", "ipython")), _opens, _closes)


def _dedented(body: str) -> tuple[str, tuple[int, ...]]:
    """The text without the indentation that its first line has, and what each line lost."""
    first = next((line for line in body.split("\n") if line.strip()), "")
    indent = _indent(first)
    return _without(body, indent) if indent else (body, ())


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t\f"))]


def _without(body: str, indent: str, start: int = 0) -> tuple[str, tuple[int, ...]]:
    lines = body.split("\n")
    cut = [len(indent) if n >= start and line.startswith(indent) else 0 for n, line in enumerate(lines)]
    return "\n".join(line[gone:] for line, gone in zip(lines, cut, strict=True)), tuple(cut)


def _parsed(code: str, body: str, cut: tuple[int, ...]) -> Text:
    try:
        return Text(body, _parse(body), cut)
    except (MemoryError, RecursionError):
        raise complaint(code, 1, None, _DEEP) from None
    except IndentationError as error:
        again = _first_line_stripped(body, error)
        if again is not None:
            return again
        raise _refused(code, error, cut) from None
    except SyntaxError as error:
        again = _with_older_quotes(body, cut)
        if again is not None:
            return again
        raise _refused(code, error, cut) from None
    except ValueError as error:  # a null byte, in some versions
        raise complaint(code, 1, None, str(error)) from None


def _with_older_quotes(body: str, cut: tuple[int, ...]) -> Text | None:
    """A program with f-strings of Python 3.12, where the interpreter is older."""
    if sys.version_info >= (3, 12) or len(body) > MAX_CHARS_OF_QUOTES:
        return None
    text = older(body)
    try:
        return None if text == body else Text(text, _parse(text), cut)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _first_line_stripped(body: str, error: IndentationError) -> Text | None:
    """A program of which only the first line lost its indentation, as `strip()` leaves it."""
    lines = body.split("\n")
    number = (error.lineno or 0) - 1
    if not 0 < number < len(lines) or any(line.strip() for line in lines[1:number]):
        return None
    indent = _indent(lines[number])
    if any(line.strip() and not line.startswith(indent) for line in lines[number:]):
        return None
    body, cut = _without(body, indent, start=1)
    try:
        return Text(body, _parse(body), cut)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _refused(code: str, error: SyntaxError, cut: tuple[int, ...]) -> GuestError:
    lines = lines_of(code)
    line = min(max(error.lineno or 1, 1), len(lines))
    column = max(error.offset or 1, 1) + (cut[line - 1] if line <= len(cut) else 0)
    return complaint(code, line, min(column, len(lines[line - 1]) + 1), error.msg)


def _parse(body: str) -> ast.Module:
    """The tree; warnings about what is only bad style go nowhere."""
    if "\\" in body:
        return _parse_quietly(body)
    try:
        return ast.parse(body)
    except SyntaxError:
        return _parse_quietly(body)  # where warnings are errors it may have been one


def _parse_quietly(body: str) -> ast.Module:
    with _warnings, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(body)
