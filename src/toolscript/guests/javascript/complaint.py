"""The syntax error of a program, in the author's own lines and columns."""

from __future__ import annotations

import re

from toolscript.errors import Failure, GuestError

_LINE_END = re.compile(r"\r\n|\r|\n")


def position(text: str, offset: int) -> tuple[int, int]:
    """The 1-based line and column, in characters, of a character offset."""
    line, start = 1, 0
    for end in _LINE_END.finditer(text, 0, offset):
        line, start = line + 1, end.end()
    return line, offset - start + 1


def lines_of(text: str) -> list[str]:
    """The author's lines, without their ends."""
    return _LINE_END.split(text)


def complaint(text: str, offset: int, message: str) -> GuestError:
    """A syntax error at a character offset of the author's text."""
    line, column = position(text, offset)
    return GuestError(
        Failure(
            kind="guest",
            code="syntax",
            name="SyntaxError",
            message=message,
            line=line,
            column=column,
            source=lines_of(text)[line - 1],
        )
    )
