"""A program for CPython is checked before it starts, by the same rules as one for the small engine."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

import pytest
from tests.plugs.cpython_machine import lockable
from typed_tools import CRM

from toolscript import Runtime, functions
from toolscript.guests.cpython.guest import CPythonGuest
from toolscript.guests.python.arguments import ArgumentChecker
from toolscript.runs.precheck import Problem

pytestmark = lockable


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[CPythonGuest]:
    guest = CPythonGuest()
    yield guest
    await guest.close()


WRONG: dict[str, tuple[str, str]] = {
    "an argument of another type": ("x = 1\nawait crm.get(id='abc')", "2:15: crm.get: id: expected int"),
    "a misspelt argument": ("await crm.find(nmae='x')", "1:16: crm.find: .*did you mean 'name'"),
    "an argument that is missing": ("await crm.find()", "1:7: crm.find: .*missing required argument 'name'"),
    "arguments by position": ("await crm.find('Ada')", "1:16: crm.find takes .*named arguments"),
    "in a program that the small engine cannot run": (
        "import threading\n\ndef numbers():\n    x = yield 1\n\nlist(numbers())\nawait crm.get(id='abc')",
        "7:15: crm.get: id: expected int",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
async def test_arguments_that_a_call_would_refuse_are_told(guest: CPythonGuest, name: str) -> None:
    code, said = WRONG[name]
    (found,) = await guest.type_problems(code, CRM)
    assert found.certain
    assert re.match(said, _told([found])[0]), found


RIGHT = (
    "await crm.get(id=1)",
    "await crm.get(id='1')",
    "await crm.find({'name': 'x'}, limit='3')",
    "args = {'name': 'x'}\nawait crm.find(**args)",
    "try:\n    await crm.get(id='abc')\nexcept ToolError:\n    pass",
    "class P(dict):\n    def __getattr__(self, key): return self[key]\np = P(await crm.get(id=1))\np.name",
    "p = await crm.get(id=1)\nvars(p) if hasattr(p, 'x') else p['name']",
    "import operator\np = await crm.get(id=1)\noperator.setitem(p, 'score', 1)\np['score']",
    "p = await crm.get(id=1)\np.__setitem__('score', 1)\np['score']",
    "import inspect\nx = crm.get(id=1)\nif inspect.isawaitable(x): x = await x\nx['name']",
    "import asyncio\nts: list[asyncio.Task] = []\nts.append(crm.get(id=1))\nawait asyncio.gather(*ts)",
    "import asyncio\nasync with asyncio.TaskGroup() as g:\n    t = g.create_task(crm.get(id=1))\nt.result()['id']",
)


@pytest.mark.parametrize("code", RIGHT)
async def test_what_may_work_is_not_told(guest: CPythonGuest, code: str) -> None:
    assert await guest.type_problems(code, CRM) == []


def test_arguments_are_judged_alike_with_the_checker_and_without() -> None:
    type_check = pytest.importorskip("toolscript.guests.python.type_check", reason="the small engine is not installed")
    checker = type_check.PythonTypeChecker()
    try:
        for code, _ in WRONG.values():
            assert _told(checker.problems(code, CRM)) == _told(ArgumentChecker().problems(code, CRM))
    finally:
        checker.close()


async def test_members_of_declared_results_are_checked_where_the_checker_is_installed(guest: CPythonGuest) -> None:
    pytest.importorskip("pydantic_monty", reason="the small engine is not installed")
    code = "import pandas as pd\nframe = pd.DataFrame([await crm.get(id=1)])\n(await crm.get(id=1))['nam']"
    (found,) = await guest.type_problems(code, CRM)
    assert (found.certain, found.line, 'did you mean "name"' in found.message) == (True, 3, True)


async def test_what_the_checker_says_of_a_smaller_library_is_not_told(guest: CPythonGuest) -> None:
    code = (
        "import asyncio, collections\nasync with asyncio.timeout(5):\n    collections.ChainMap({}, await crm.get(id=1))"
    )
    assert await guest.type_problems(code, CRM) == []


def _told(problems: Sequence[Problem]) -> list[str]:
    return [f"{each.line}:{each.column}: {each.message}" for each in problems]


class Books:
    """A tool that notes what it did."""

    def __init__(self) -> None:
        self.made: list[int] = []

    async def add(self, id: int) -> dict[str, Any]:
        """Add a book."""
        self.made.append(id)
        return {"id": id}


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
async def run(books: Books) -> AsyncIterator[Callable[..., Any]]:
    async with Runtime([functions("books", books.add)]) as runtime:
        yield partial(runtime.run, language="cpython")


async def test_a_program_that_would_fail_half_way_calls_nothing(books: Books, run: Callable[..., Any]) -> None:
    result = await run("await books.add(id=1)\nawait books.add(id='abc')")
    assert (result.failure.code, result.failure.line, books.made) == ("check", 2, [])
    assert 'id: expected int, got str "abc"' in result.failure.message
