"""The arguments of a program's calls, as far as its text gives them, held against the very rules of a call.

No checker of types is needed for it, and no engine: it serves every guest whose programs are Python.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from toolscript.errors import GuestError
from toolscript.guests.python.names import Names, TooDeep, read
from toolscript.guests.python.text import Text
from toolscript.guests.python.text import read as read_text
from toolscript.guests.python.written import Written, calls, handles_failures
from toolscript.runs.machine import listed
from toolscript.runs.precheck import Problem, one_a_place
from toolscript.runs.usage import expected_call
from toolscript.schema.partial import PartialChecker
from toolscript.schema.python import wire_names
from toolscript.schema.words import PYTHON
from toolscript.tools import Tool

MAX_CHARS = 50_000  # of a program that is checked; what is longer is data
MAX_TOOLS = 100
MAX_KEPT = 200  # tools
_OWN = frozenset(("codemode", "snippets"))

Span = tuple[int, int, int, int]
"""From where to where: lines and columns, 1-based."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A program's text and tree, as its checks look at them; `handles`: it handles failures somewhere."""

    text: Text
    names: Names
    handles: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """A tool, and what is kept of it; the tool itself is kept so that its id stays its own."""

    tool: Tool
    checker: PartialChecker
    respelt: Mapping[str, str]


class ArgumentChecker:
    """Judges arguments by the rules of a call. Any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, _Known] = {}

    def problems(self, code: str, tools: Sequence[Tool]) -> list[Problem]:
        """What is wrong with the arguments in a program, in the order of its text."""
        meant = checkable(tools)
        program = parsed(code) if meant else None
        return [] if program is None else one_a_place(self.refused(program, meant).values())

    def refused(self, program: Parsed, tools: Sequence[Tool]) -> dict[ast.Call, Problem]:
        """The calls that are certain to be refused for their arguments."""
        known = {str(tool.path): self._of(tool) for tool in tools}
        found: dict[ast.Call, Problem] = {}
        for call in calls(program.names):
            tool = known.get(call.path)
            wrong = None if tool is None else _misfit(call, tool)
            if wrong is not None:
                node, message = wrong
                found[call.node] = Problem(*start_of(program, node), message)
        return found

    def close(self) -> None:
        """There is nothing to end; what also asks a checker has processes."""

    def _of(self, tool: Tool) -> _Known:
        with self._lock:
            known = self._known.get(id(tool))
            if known is None:
                if len(self._known) >= MAX_KEPT:
                    self._known.clear()
                known = _Known(tool, PartialChecker(tool.input_schema, PYTHON), wire_names(tool.input_schema))
                self._known[id(tool)] = known
            return known


def checkable(tools: Sequence[Tool]) -> list[Tool]:
    """The tools whose calls are judged before a program starts."""
    return [tool for tool in tools[:MAX_TOOLS] if tool.path.namespace not in _OWN]


def parsed(code: str) -> Parsed | None:
    """The program in a message; None where there is none, or one that is too long to be looked at."""
    if len(code) > MAX_CHARS:
        return None
    try:
        text = read_text(code)
        names = read(text.tree)
    except (GuestError, TooDeep):
        return None
    return Parsed(text, names, handles_failures(names))


def span_of(node: ast.expr | ast.stmt | ast.keyword, lines: Sequence[str]) -> Span:
    """Where a node stands, in characters."""
    last, end = node.end_lineno or node.lineno, (node.end_col_offset or 0) + 1
    return node.lineno, _column(lines[node.lineno - 1], node.col_offset + 1), last, _column(lines[last - 1], end)


def start_of(program: Parsed, node: ast.AST) -> tuple[int, int]:
    """Where a node begins, in the author's own text."""
    assert isinstance(node, ast.expr | ast.stmt | ast.keyword)
    line, column, *_ = span_of(node, program.text.body.split("\n"))
    return program.text.place(line, column)


def _column(line: str, column: int) -> int:
    return column if line.isascii() else len(line.encode()[: column - 1].decode("utf-8", "replace")) + 1


def _misfit(call: Written, known: _Known) -> tuple[ast.AST, str] | None:
    """What is wrong with the arguments of a call, and where."""
    if call.positional:
        said = f"{call.path} takes named arguments: {call.path}(name=value), or one dict."
        return call.node.args[0], f"{said} {expected_call(known.tool, 'python')}"
    if call.args is None:
        return None
    problems = known.checker.certain({known.respelt.get(name, name): held for name, held in call.args.items()})
    if not problems:
        return None
    respelt = {raw: python for python, raw in known.respelt.items()}
    place = respelt.get(problems[0].path, problems[0].path)
    return call.places.get(place, call.node), f"{call.path}: {listed(problems)} {expected_call(known.tool, 'python')}"
