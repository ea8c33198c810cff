"""The syntax error of a program, in the author's own lines and columns."""

from __future__ import annotations

import re

from toolscript.errors import Failure, GuestError

_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_JAVASCRIPT = re.compile(r"\s*(?:export\s+)?(?:(?:const|let|var)\s+[\w$\[{]|(?:async\s+)?function\b)")
_LINE_END = re.compile(r"\r\n|\r|\n")


def lines_of(text: str) -> list[str]:
    """The author's lines, without their ends; only what ends a line for Python does so here."""
    return _LINE_END.split(text)


def complaint(code: str, line: int, column: int | None, message: str) -> GuestError:
    """A syntax error at a place, 1-based, of the author's text."""
    lines = lines_of(code)
    source = _LONE_SURROGATE.sub("\ufffd", lines[line - 1]) if 0 < line <= len(lines) else None
    if message == "invalid syntax" and _JAVASCRIPT.match(source or ""):
        message = "invalid syntax: this looks like JavaScript, and the program is read as Python"
    return GuestError(
        Failure(
            kind="guest", code="syntax", name="SyntaxError", message=message, line=line, column=column, source=source
        )
    )
