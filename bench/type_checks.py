"""The type check of a program of 50 lines against five tools: cold, with the start of the checker, and warm."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.rows import Row, middle, timed
from toolscript.guests.javascript.dissect import dissect
from toolscript.guests.javascript.tsc import find_tsc
from toolscript.guests.javascript.type_check import TypeScriptChecker
from toolscript.guests.python.type_check import PythonTypeChecker
from toolscript.tools import Tool, ToolPath

BAR_MS = 100
PERSON = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "tags": {"type": "array", "items": {}}},
    "required": ["id", "name"],
    "additionalProperties": False,
}
TAKES = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "limit": {"type": "integer"}},
    "required": ["name"],
    "additionalProperties": False,
}


def rows() -> Iterator[Row]:
    tools = [_tool(number) for number in range(5)]
    given = os.environ.get("TOOLSCRIPT_TSC")
    tsc = find_tsc(Path(given) if given else None)
    yield Row("arguments of 50 lines, read and checked", _alone(tools), "ms", 5)
    if tsc is None:
        print("skipped: the type check of TypeScript (no tsc 7; TOOLSCRIPT_TSC names one)", file=sys.stderr)
    else:
        yield from _typescript(tsc, tools)
    yield from _python(tools)


def _tool(number: int) -> Tool:
    method = f"find_{number}"
    gives = {"type": "array", "items": PERSON}
    return Tool(path=ToolPath("crm", method), raw_name=method, description="", input_schema=TAKES, output_schema=gives)


def _typescript_program(turn: int) -> str:
    lines = [
        f"const r{line} = await crm.find_{line % 5}({{ name: 'x{turn}', limit: {line} }}); console.log(r{line}[0].name)"
        for line in range(50)
    ]
    return "\n".join(lines)


def _python_program(turn: int) -> str:
    lines = [
        f"r{line} = await crm.find_{line % 5}(name='x{turn}', limit={line}); print(r{line}[0]['name'])"
        for line in range(50)
    ]
    return "\n".join(lines)


def _alone(tools: list[Tool]) -> float:
    return _warm_typescript(TypeScriptChecker(Path("/no/checker")), tools)


def _typescript(tsc: Path, tools: list[Tool]) -> Iterator[Row]:
    first: list[float] = []
    for turn in range(5):
        checker = TypeScriptChecker(tsc)
        program = dissect(_typescript_program(turn))
        assert program is not None
        began = perf_counter()
        assert not checker.problems(program, tools)
        first.append((perf_counter() - began) * 1e3)
        checker.close()
    yield Row("type check, TypeScript, 50 lines, 5 tools, cold", median(first), "ms", BAR_MS)
    checker = TypeScriptChecker(tsc)
    yield Row("type check, TypeScript, 50 lines, 5 tools, warm", _warm_typescript(checker, tools), "ms", BAR_MS)
    checker.close()


def _warm_typescript(checker: TypeScriptChecker, tools: list[Tool]) -> float:
    turns = iter(range(1_000))

    def check() -> None:
        program = dissect(_typescript_program(next(turns)), members=checker.is_typed())
        assert program is not None
        assert not checker.problems(program, tools)

    timed(check, 5)
    return middle(timed(check, 50))


def _python(tools: list[Tool]) -> Iterator[Row]:
    first: list[float] = []
    for turn in range(5):
        checker = PythonTypeChecker()
        began = perf_counter()
        assert not checker.problems(_python_program(turn), tools)
        first.append((perf_counter() - began) * 1e3)
        checker.close()
    yield Row("type check, Python, 50 lines, 5 tools, cold", median(first), "ms", BAR_MS)
    checker, turns = PythonTypeChecker(), iter(range(1_000))

    def check() -> None:
        assert not checker.problems(_python_program(next(turns)), tools)

    timed(check, 5)
    yield Row("type check, Python, 50 lines, 5 tools, warm", middle(timed(check, 50)), "ms", BAR_MS)
    checker.close()
