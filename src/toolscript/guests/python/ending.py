"""What a program's text says of its end, for the words of a failure: its own names, and where it gives its value."""

from __future__ import annotations

import ast

from toolscript.errors import GuestError
from toolscript.guests.python.source import Read, read


def own_names(code: str) -> tuple[str, ...]:
    """The names that a program binds; none of a text that is no program."""
    program = _read(code)
    return () if program is None else tuple(sorted(program.names.bound))


def value_place(code: str) -> tuple[int, int] | None:
    """Where a program gives its value, in the author's text, if it does so in one place."""
    program = _read(code)
    if program is None:
        return None
    names = program.names
    ends: list[ast.expr] = [
        each.value for each in names.of(ast.Return) if each.value is not None and names.function(each) is None
    ]
    match names.tree.body[-1:]:
        case [ast.Expr(value=ast.expr() as value) | ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value)]:
            ends.append(value)
        case _:
            pass
    if len(ends) != 1:
        return None
    line = program.text.body.split("\n")[ends[0].lineno - 1]
    column = len(line.encode()[: ends[0].col_offset].decode("utf-8", "replace")) + 1
    return program.text.place(ends[0].lineno, column)


def _read(code: str) -> Read | None:
    try:
        return read(code)
    except GuestError:
        return None
