"""What models write in Python becomes a script that the engine runs, and its errors lead back to the author's text."""

from __future__ import annotations

import ast
import re
import sys
import time
import traceback
import warnings
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toolscript.codec import decode, encode
from toolscript.errors import Failure, GuestError
from toolscript.guests.python.check import inspect
from toolscript.guests.python.guest import PythonGuest
from toolscript.guests.python.source import prepare
from toolscript.guests.python.text import MAX_CHARS, read
from toolscript.guests.python.verbose import plain
from toolscript.runs.program import Boot, Program
from toolscript.runs.turn import Crashed, Finished


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[PythonGuest]:
    guest = PythonGuest()
    yield guest
    await guest.close()


async def outcome_of(guest: PythonGuest, code: str, value: Any = None) -> Any:
    program = Program(code=code, language="python", input=encode(value))
    session = await guest.start(Boot(program=program))
    try:
        turn = await session.advance((), 0)
    finally:
        await session.close()
    match turn.outcome:
        case Finished(value):
            return decode(value)
        case Crashed(failure):
            return failure
        case None:
            raise AssertionError("the program did not end")


VALUES: dict[str, tuple[str, Any]] = {
    "a bare expression": ("1 + 1", 2),
    "a return": ("x = 3\nif x:\n    return x\n4", 3),
    "a fenced block": ("```python\nx = 1\nx + 1\n```", 2),
    "a fenced block with prose": ("Here it is:\n\n```py\n5\n```\nIt gives five.", 5),
    "a fence that never closes": ("```python\n6\n", 6),
    "a closing fence alone": ("x = 7\nx\n```", 7),
    "the only block that is Python": ("```json\n{}\n```\n```python\n8\n```", 8),
    "a fence in a string": ("s = '''\n```\n'''\nlen(s)", 5),
    "a fence in a string in a fence": ("```python\ns = '''\n```\n'''\nlen(s)\n```", 5),
    "a block on one line": ("```python x = 1```", 1),
    "indented as a whole": ("    x = 1\n    if x:\n        x = 2\n    x", 2),
    "indented with tabs": ("\tx = 1\n\ty = 2\n\tx + y", 3),
    "indented but for the first line": ("x = 1\n    y = 2\n    x + y", 3),
    "Windows newlines": ("x = 5\r\nx # five\r\n", 5),
    "old newlines": ("x = 5\rx", 5),
    "a byte order mark": ("\ufeffx = 1\nx", 1),
    "trailing comments": ("4\n# done\n\n", 4),
    "main": ("def main():\n    return 5", 5),
    "an async main": ("async def main():\n    return 5\n", 5),
    "a main that takes the input": ("def main(given):\n    return given", "in"),
    "main below an assignment": ("LIMIT = 3\ndef main():\n    return LIMIT", 3),
    "main that is called without await": ("async def main():\n    return 6\nmain()", 6),
    "asyncio.run": ("import asyncio\nasync def main():\n    return 5\nasyncio.run(main())", 5),
    "the main block": ("import asyncio\nasync def f():\n  return 5\nif __name__ == '__main__':\n  asyncio.run(f())", 5),
    "the only function": ("def solve():\n    return 4", 4),
    "the name of a function": ("async def f():\n    return 2\nf", 2),
    "an assignment": ("x = 1\nresult = (x +\n 1)  # two", 2),
    "an annotated assignment": ("x: int = 4", 4),
    "print only": ("print('a')", None),
    "an assignment that is printed": ("result = 1\nprint(result)", None),
    "nothing": ("", None),
    "a comment": ("# nothing", None),
    "quotes in an f-string": ('d = {"a": 1}\nf"{d["a"]:>{len("ab")}} {{x}} {"y"}" + f\'{d[\'a\']}\'', " 1 {x} y1"),
    "an invalid escape": (r"len('\d')", 2),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
async def test_a_program_as_models_write_it(name: str, guest: PythonGuest) -> None:
    code, value = VALUES[name]
    assert await outcome_of(guest, code, "in") == value


REFUSED: dict[str, tuple[str, int, int | None, str]] = {
    "a bracket": ("x = 1\ny = (2", 2, 5, "never closed"),
    "a bracket in a fence": ("Look:\n```python\n  x = (2\n```", 3, 7, "never closed"),
    "an indentation": ("x = 1\n  y = 2\nz", 2, None, "unexpected indent"),
    "several programs": ("```\n1\n```\n```\n2\n```", 4, 1, "several fenced blocks"),
    "half a character": ("x = '\ud800'", 1, 6, "lone surrogate"),
    "too deep": ("-" * 5000 + "1", 1, 1, "nested too deeply"),
    "a long chain": ("1" + "+1" * 900, 1, None, "nested too deeply"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_a_program_is_told_with_its_place(name: str, guest: PythonGuest) -> None:
    code, line, column, words = REFUSED[name]
    failure = await outcome_of(guest, code)
    assert isinstance(failure, Failure)
    assert (failure.code, failure.line) == ("syntax", line)
    assert column is None or failure.column == column
    assert words in failure.message


def test_a_program_of_a_megabyte_is_no_program() -> None:
    with pytest.raises(GuestError, match="too long"):
        prepare("x = 1\n" * (MAX_CHARS // 5))


PLACES = {
    "plain": ("x = 1\nboom(1)", 2, 1),
    "in a fence": ("Prose.\n```python\nboom(1)\n```", 3, 1),
    "indented": ("    x = 1\n    boom(x)", 2, 5),
    "behind other characters": ("é = '😀'; boom(é)", 1, 10),
    "behind an edit": ("d = {'a': 1}\ndel d['a']; boom(d)", 2, 13),
    "in an edit": ("s = 'a'\nx = [s.translate(boom(1))]", 2, 18),
    "below an inserted line": ("def f():\n    yield 1\n    for x in [1]:\n        yield x\nlist(f())\nboom(1)", 6, 1),
    "behind a prelude": ("import statistics\nx = statistics.mean([1, 2])\nboom(x)", 3, 1),
    "in a function": ("def f():\n    if 1:\n        boom(1)\nf()", 3, 9),
}


@pytest.mark.parametrize("name", PLACES)
async def test_an_error_leads_to_the_author_s_own_line(name: str, guest: PythonGuest) -> None:
    code, line, column = PLACES[name]
    failure = await outcome_of(guest, code.replace("boom(", "int('x') and ("))
    assert isinstance(failure, Failure)
    assert (failure.line, failure.column) == (line, column)


GAPS = st.sampled_from(["", "\n", "# é\n", "\n\n# 😀 x\n"])
STATEMENTS = [
    "del d['a']",
    "x = next(i for i in [1])",
    "y = 'a'.translate({97: 'b'})",
    "k = max(d, key=d.get)",
    "z = round(1.5, 1)",
]


@given(gaps=st.lists(GAPS, min_size=5, max_size=5), indent=st.sampled_from(["", "  ", "\t"]))
@settings(max_examples=60, deadline=None)
def test_every_place_of_a_script_leads_back(gaps: list[str], indent: str) -> None:
    body = "d = {'a': 1, 'b': 2}\n" + "".join(gap + line + "\n" for gap, line in zip(gaps, STATEMENTS, strict=True))
    code = "".join(indent + line + "\n" for line in body.split("\n"))
    prepared = prepare(code)
    for number, line in enumerate(code.split("\n"), 1):
        name = line.strip().split(" ")[0]
        if not name.isidentifier() or name == "del":
            continue
        written = prepared.script.split("\n")
        at = next(n for n, text in enumerate(written, 1) if text.startswith(f"{name} = ") and n >= number)
        assert prepared.place(at, 1) == (number, len(indent) + 1)


HOSTILE = {
    "brackets": "(" * 100_000, "not": "not " * 25_000, "minus": "-" * 100_000, "plus": "1" + "+1" * 50_000,
    "attributes": "a" + ".a" * 30_000, "calls": "a" + "()" * 30_000, "lambdas": "lambda: " * 12_000 + "1",
    "conditions": "1 if 1 else " * 8_000 + "1", "powers": "1" + "**1" * 30_000, "strings": '"a" ' * 25_000,
    "elifs": "if 1: pass\n" + "elif 1: pass\n" * 7_000, "indentation": "\n".join(" " * n + "if 1:" for n in range(400)),
    "newlines": "\n" * 100_000, "spaces": " " * 100_000, "fences": "```\n" * 25_000,
    "blocks": "```python\n1\n```\n" * 6_000,
    "numbers": "9" * 100_000, "deletions": "del x\n" * 16_000, "awaits": "await x\n" * 12_000,
    "tasks": "import asyncio\n" + "asyncio.create_task(f())\n" * 4_000,
    "classes": "".join(f"class A{n}(A{n - 1}):\n x = 1\n" for n in range(3_000)),
    "a circle": "class A(B): pass\nclass B(A): pass",
    "diamonds": "".join(f"class {c}{n}(A{n - 1}, B{n - 1}): pass\n" for n in range(800) for c in "AB"),
    "generators": "def f():\n yield 1\n" * 5_000, "methods": "a.translate(b)\n" * 6_000, "f-strings": 'f"{' * 30_000,
    "comprehensions": "[x" + " for x in y" * 9_000 + "]", "a null": "a\0b", "backslashes": "\\" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_in_bounded_time_and_harms_nobody(name: str) -> None:
    started = time.perf_counter()
    inspect(HOSTILE[name])
    with suppress(GuestError):
        prepare(HOSTILE[name])
    assert time.perf_counter() - started < 5  # 1 s where nothing else runs


def test_a_tree_as_deep_as_may_be_does_not_reach_the_interpreter_s_limit() -> None:
    limit = sys.getrecursionlimit()
    try:
        sys.setrecursionlimit(len(list(traceback.walk_stack(None))) + 650)
        with suppress(GuestError):
            prepare("x = " + "+".join(["a.b"] * 110) + "\nfor i in [1]:\n del x")
    finally:
        sys.setrecursionlimit(limit)


def test_a_text_that_warns_is_parsed_where_warnings_are_errors() -> None:
    assert isinstance(read(r"'\d' if 1else 2").tree, ast.Module)


PATTERNS = st.text(alphabet="ab[]\\ #\n|^(?:)*\t", max_size=12)


@given(PATTERNS)
@example("[#[]#")
@settings(max_examples=400, deadline=None)
def test_a_pattern_without_spaces_matches_what_the_verbose_one_matches(pattern: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            verbose = re.compile(pattern, re.VERBOSE)
        except (re.error, RecursionError, OverflowError):
            return
        stripped = re.compile(plain(pattern))
    for text in ("", "a", "b", "ab", " ", "#", "a b", "]", "\\", "aab#"):
        assert bool(verbose.search(text)) == bool(stripped.search(text)), pattern
