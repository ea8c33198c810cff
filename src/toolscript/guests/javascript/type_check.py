"""The type check of a TypeScript program: what is certain to fail, and what is only suspicious.

Certain, and so reason enough not to start a program:

1. Arguments that the call itself would refuse whatever is still unknown of them: read from the text, and checked by the
   very rules of a call. For this no checker has to be installed.
2. A member that the declared type of a tool's result does not have, of an object without further members or of an
   array, where the program does not ask for it first.
3. A member of a promise, that is of a result which was not awaited. No schema has to promise anything for that.
4. A tool's result where the argument of a call takes a scalar.

Everything else that the checker says of types is advice: it is shown beside the failure, if the program fails. What
no source promised is `any`, so it is neither.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from toolscript.guests.javascript.declared import MARK, OWN, Declared, declared, module
from toolscript.guests.javascript.dissect import Dissected
from toolscript.guests.javascript.reads import Read
from toolscript.guests.javascript.tsc import Finding, TypeServer, find_tsc
from toolscript.guests.javascript.written import Written
from toolscript.runs.machine import listed
from toolscript.runs.precheck import Problem, one_a_place
from toolscript.runs.usage import expected_call, usage
from toolscript.schema.partial import UNKNOWN, PartialChecker
from toolscript.tools import Tool

MAX_TOOLS = 100  # that one program is checked against
MAX_MESSAGE = 300  # characters; the checker writes whole types out
MAX_KEPT = 500  # tools whose declarations are kept
_HEAD = f"async function program{MARK}(input: any) {{\n"
_MEMBERS = frozenset((2339, 2551))
_ARGUMENTS = frozenset((2322, 2345))
_ADVICE = _MEMBERS | _ARGUMENTS | frozenset(
    (2349, 2353, 2362, 2363, 2367, 2488, 2493, 2531, 2532, 2533, 2538, 2554, 2555, 2559, 2561, 2698, 2721, 2722, 2739,
     2740, 2741, 2769, 2820, 18047, 18048, 18049)
)  # fmt: skip
"""Codes of diagnostics (TypeScript's `diagnosticMessages.json`) that speak of values; the others are about style, or
about what is no mistake in JavaScript."""
_NAME = rf"[A-Za-z0-9_]+{MARK}\d+_\d+"
_NO_MEMBER = re.compile(rf"Property '(.+?)' does not exist on type '({_NAME})((?:\[\])*)'\.")
_OF_PROMISE = re.compile(r"Property '(.+?)' does not exist on type 'Promise<(.*?)>'\.")
_MAKES_PROMISES = re.compile(r"\bPromise\s*<|\bextends\s+Promise\b")  # types that only the program vouches for
_NOT_SCALAR = re.compile(
    rf"Type '{_NAME}(?:\[\])*' is not assignable to type '(?:string|number|boolean)(?: \| undefined)?'\."
)
_MARKED = re.compile(rf"{MARK}\d+_\d+")
_NO_TYPE = re.compile(r"on type '(?:\{\}|never|object)'")


@dataclass(frozen=True, slots=True)
class _Known:
    """A tool, and what is kept of it; the tool itself is kept so that its id stays its own."""

    tool: Tool
    text: Declared
    checker: PartialChecker


class TypeScriptChecker:
    """Checks programs, with the checker of TypeScript where there is one.

    All methods block; any thread may call them.
    """

    def __init__(self, tsc: Path | None = None) -> None:
        """Use this `tsc`, or look for one when it is first needed."""
        self._given = tsc
        self._server: TypeServer | None = None
        self._looked = False
        self._lock = threading.Lock()
        self._known: dict[int, _Known] = {}
        self._numbers = 0

    def problems(self, program: Dissected, tools: Sequence[Tool]) -> list[Problem]:
        """What is wrong with a program, in the order of its text."""
        listed_tools = [tool for tool in tools[:MAX_TOOLS] if tool.path.namespace not in OWN]
        if not listed_tools:
            return []
        known = [self._of(tool) for tool in listed_tools]
        by_path = {str(each.tool.path): each for each in known}
        refused = dict(_refused(program, by_path))
        return one_a_place([*refused.values(), *self._typed(program, known, set(refused))])

    def is_typed(self) -> bool:
        """Whether there is a checker of types: then members count, and not the arguments of calls alone."""
        return self._found() is not None

    def close(self) -> None:
        """End the checker's process; a later check starts another."""
        with self._lock:
            server = self._server
        if server is not None:
            server.close()

    def _typed(self, program: Dissected, known: Sequence[_Known], refused: set[int]) -> Iterator[Problem]:
        """What the checker of TypeScript says, without what is said of the arguments of these calls already."""
        server = self._found()
        if server is None or MARK in program.text:
            return
        text = f"{_HEAD}{program.text}\n}}\n{module([(each.tool, each.text) for each in known], OWN)}"
        lines = program.text.split("\n")
        closed = {name: members for each in known for name, members in each.text.closed.items()}
        reads = {(read.line, read.column): read for read in program.reads}
        scalars = {place for call in program.calls for place in call.scalars}  # judged by the rules of a call already
        for finding in server.findings(text) or ():
            if not 0 < finding.line <= len(lines) or finding.code not in _ADVICE or _NO_TYPE.search(finding.message):
                continue
            place = finding.line, _column(lines[finding.line - 1], finding.column)
            call = _call_at(program, place)
            if finding.code in _MEMBERS or (call not in refused and place not in scalars):
                is_argument = call is not None and call not in program.conditional
                read = reads.get(place)
                if found := _OF_PROMISE.match(finding.message):
                    vouched = _MAKES_PROMISES.search(program.text) is not None
                    certain = read is not None and read.is_once and not vouched and _is_whole(found[2])
                    shown = read.declared_line if read is not None else 0
                    yield Problem(*place, _of_promise(found[1]), certain, used_line=shown or place[0])
                    continue
                certain = _is_certain(finding, closed, read, is_argument=is_argument)
                yield Problem(*place, _words(finding, closed), certain)

    def _found(self) -> TypeServer | None:
        with self._lock:
            if not self._looked:
                self._looked = True
                tsc = find_tsc(self._given)
                self._server = None if tsc is None else TypeServer(tsc)
            return self._server

    def _of(self, tool: Tool) -> _Known:
        with self._lock:
            known = self._known.get(id(tool))
            if known is None:
                if len(self._known) >= MAX_KEPT:
                    self._known.clear()
                self._numbers += 1
                known = _Known(tool, declared(tool, self._numbers), PartialChecker(tool.input_schema))
                self._known[id(tool)] = known
            return known


def _refused(program: Dissected, tools: Mapping[str, _Known]) -> Iterator[tuple[int, Problem]]:
    """The calls, by number, that are certain to be refused for their arguments."""
    for number, call in enumerate(program.calls):
        known = tools.get(call.path)
        if known is not None and (problem := _misfit(call, known)) is not None:
            yield number, problem


def _misfit(call: Written, known: _Known) -> Problem | None:
    args: object = call.args
    if call.count > 1 or (call.count == 1 and args is not UNKNOWN and not isinstance(args, dict)):
        said = f"{call.path} takes one object with named arguments: {usage(known.tool)}"
        return Problem(call.line, call.column, said)
    if call.count < 0 or not isinstance(args, dict):
        return None
    problems = known.checker.certain(cast("dict[str, Any]", args))
    if not problems:
        return None
    line, column = call.places.get(problems[0].path, (call.line, call.column))
    return Problem(line, column, f"{call.path}: {listed(problems)} {expected_call(known.tool, 'typescript')}")


def _call_at(program: Dissected, place: tuple[int, int]) -> int | None:
    """The innermost call whose arguments stand around a place."""
    around = [(span, number) for number, span in enumerate(program.spans) if span[:2] <= place < span[2:]]
    return max(around)[1] if around else None


def _is_certain(
    finding: Finding, closed: Mapping[str, tuple[str, ...]], read: Read | None, *, is_argument: bool
) -> bool:
    if finding.code in _MEMBERS:
        found = _NO_MEMBER.match(finding.message)
        return found is not None and read is not None and read.is_plain and (bool(found[3]) or found[2] in closed)
    return finding.code in _ARGUMENTS and is_argument and _NOT_SCALAR.match(finding.message) is not None


def _words(finding: Finding, closed: Mapping[str, tuple[str, ...]]) -> str:
    """The checker's own words, without what only a machine reads."""
    first, *more = finding.message.split("\n")
    said = first
    if more and len(first) + len(more[-1]) < MAX_MESSAGE:
        said = f"{first} {more[-1].strip()}"
    found = _NO_MEMBER.match(finding.message)
    if found is not None and not found[3] and found[2] in closed and "Did you mean" not in said:
        said += f" It has: {', '.join(closed[found[2]][:12]) or 'no members'}"
    elif found is not None and found[3]:
        said += f" It is a list: take an item first, as in `[0].{found[1]}`"
    said = _MARKED.sub("", said)
    return said if len(said) <= MAX_MESSAGE else said[: MAX_MESSAGE - 1] + "…"


def _is_whole(inner: str) -> bool:
    """Whether this is all between one pair of brackets, and not the middle of `Promise<a> | Promise<b>`."""
    depth = 0
    for sign in inner.replace("=>", ""):
        depth += (sign == "<") - (sign == ">")
        if depth < 0:
            return False
    return depth == 0


def _of_promise(member: str) -> str:
    return f"`.{member}` is read from a promise, which is not the result yet: write `await` before the call"


def _column(line: str, units: int) -> int:
    """The 1-based column in characters of an offset in UTF-16 units."""
    if line.isascii():
        return min(units, len(line)) + 1
    return len(line.encode("utf-16-le")[: units * 2].decode("utf-16-le", "replace")) + 1
