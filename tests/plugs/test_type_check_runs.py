"""The type check in a run: what it stops, what it only tells, and what happens where there is no checker."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, cast

import pytest
from typed_tools import CRM, installed_tsc

from toolscript import Runtime, functions
from toolscript.guests.javascript.dissect import dissect
from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.guests.javascript.tsc import WALL_S
from toolscript.guests.pool import JavaScriptWorkers
from toolscript.guests.pool.wire import read_dissected, write_dissected
from toolscript.ports import Guest
from toolscript.runs.policy import Policy
from toolscript.runs.precheck import Problem
from toolscript.runs.program import Language
from toolscript.runtime import checking
from toolscript.tools import Tool

done: list[str] = []


class Person(TypedDict):
    id: int
    name: str


async def find(name: str, limit: int = 5) -> list[Person]:
    """Find people."""
    done.append("find")
    return [{"id": 1, "name": name}]


async def save(name: str) -> int:
    """Save."""
    done.append("save")
    return 1


def runtime(
    type_check: Literal["off", "advise", "refuse"] = "refuse",
    tsc: Path | None = None,
    isolation: Literal["threads", "workers"] = "threads",
) -> Runtime:
    done.clear()
    return Runtime([functions("crm", find, save)], type_check=type_check, tsc=tsc, isolation=isolation)


WRONG: Sequence[tuple[Language, str]] = (
    ("typescript", "await crm.save({ name: 'x' });\nreturn await crm.find({ nme: 'x' })"),
    ("python", "await crm.save(name='x')\nawait crm.find(nme='x')"),
)


@pytest.mark.parametrize(("language", "code"), WRONG, ids=["typescript", "python"])
async def test_what_is_certain_to_fail_is_not_started(language: Language, code: str):
    async with runtime() as here:
        result = await here.run(code, language=language)
        assert result.failure is not None
        assert (result.failure.code, result.failure.line) == ("check", 2)
        assert "did you mean 'name'?" in result.failure.message
        assert "nothing was called" in result.failure.message
        assert done == []
        assert await here.replay(result.run) == result.outcome


@pytest.mark.parametrize("type_check", ["off", "advise"])
@pytest.mark.parametrize(("language", "code"), WRONG, ids=["typescript", "python"])
async def test_where_it_may_only_advise_the_program_runs(
    language: Language, code: str, type_check: Literal["off", "advise"]
):
    async with runtime(type_check) as here:
        result = await here.run(code, language=language)
        assert result.failure is not None
        assert result.failure.code == "bad_arguments"
        assert done == ["save"]


@pytest.mark.parametrize("isolation", ["threads", "workers"])
async def test_what_is_suspicious_is_told_when_the_program_fails(isolation: Literal["threads", "workers"]):
    tsc = installed_tsc()
    async with runtime(tsc=tsc, isolation=isolation) as here:
        result = await here.run("const [p] = await crm.find({ name: 'x' });\nreturn p.nam.length")
        assert result.failure is not None
        assert result.failure.code == "thrown"
        assert "line 2, column 10: Property 'nam' does not exist on type 'Person'. Did you mean 'name'?" in result.hint
        result = await here.run("const [p] = await crm.find({ name: 'x' });\nreturn p.nam ?? 'none'")
        assert (result.value, result.hint) == ("none", "")
        stopped = await here.run("const all = await crm.find({ name: 'x' });\nreturn all.name")
        assert stopped.failure is not None
        assert (stopped.failure.code, stopped.failure.column) == ("check", 12)


async def test_what_would_be_refused_is_told_where_it_may_only_advise():
    code = "const all = await crm.find({ name: 'x' });\nreturn all.name.length"
    async with runtime("advise", installed_tsc()) as here:
        result = await here.run(code)
        assert result.failure is not None
        assert result.failure.code == "thrown"
        assert "line 2, column 12: Property 'name' does not exist on type 'Person[]'" in result.hint
    async with runtime("off", installed_tsc()) as here:
        assert "type check" not in (await here.run(code)).hint


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("typescript", "const all = crm.find({ name: 'x' });\nconst n = all.length;\nreturn [n, all.name, all[0]]"),
        ("python", "all = crm.find(name='x')\nn = all[0]\n[n, all[1], len(all)]"),
    ],
)
async def test_what_follows_from_a_missing_await_is_not_told_again(language: Language, code: str):
    async with runtime(tsc=installed_tsc()) as here:
        result = await here.run(code, language=language)
        assert result.failure is not None
        assert result.failure.code == "check"
        assert "problems" not in result.failure.message
        assert result.failure.line == 1
        assert result.hint == ""


async def test_what_is_suspicious_in_python_is_told_when_the_program_fails():
    pytest.importorskip("pydantic_monty", reason="the Python engine is not installed")
    async with runtime() as here:
        result = await here.run("p = (await crm.find(name='x'))[0]\np['nam']", language="python")
        assert result.failure is not None
        assert result.failure.name == "KeyError"
        assert 'Unknown key "nam" for TypedDict `Person` - did you mean "name"?' in result.hint


async def test_without_a_checker_only_literal_arguments_are_known():
    async with runtime(tsc=Path("/nowhere/tsc")) as here:
        result = await here.run("const all = await crm.find({ name: 'x' }); return all.name")
        assert (result.ok, result.value, result.hint) == (True, None, "")
        result = await here.run("return await crm.find({ name: 'x', limit: [] })")
        assert result.failure is not None
        assert result.failure.code == "check"


async def test_an_error_of_a_tool_is_not_explained_by_types():
    async def break_down() -> int:
        """Break."""
        raise ValueError("no")

    async with Runtime([functions("crm", break_down, find)], tsc=installed_tsc()) as here:
        result = await here.run("const [p] = await crm.find({ name: 'x' }); p.nam; await crm.break_down()")
        assert result.failure is not None
        assert result.hint == ""


@pytest.mark.parametrize(
    "code",
    [
        "return await crm.find({ nme: 'x' })",
        "const a = [1]; await crm.note({ text: `x`, tags: [a, 'y', null], to: { id: 1, 'd e': [undefined] } })",
        "await crm.get({ id: 'x' }, 2); await crm.get(...args); return (await crm.get({ id: 1 })).nam",
        "/* é */ await crm.get({ id: '😀' })",
        "await crm.get({ '\\0': 'unknown' })",
        "if (",
        "import x from 'y'",
    ],
)
async def test_workers_and_threads_say_the_same(code: str):
    tsc = installed_tsc()
    said: list[Sequence[Problem]] = []
    for guest in (JavaScriptGuest(tsc=tsc), JavaScriptWorkers(processes=1, tsc=tsc)):
        said.append(list(await guest.type_problems(code, CRM)))
        assert list(await guest.type_problems(code, CRM)) == said[-1]
        await guest.close()
    assert said[0] == said[1]


def test_the_parts_of_a_program_cross_between_processes():
    program = dissect("await crm.note({ text: x, tags: ['a', y], to: { id: 1 } }); await crm.get(z)")
    message: Any = json.loads(json.dumps(write_dissected(program)))
    assert read_dissected(message) == program
    assert read_dissected(write_dissected(None)) is None


LITERALS = (
    "1",
    "'x'",
    "'7'",
    "null",
    "true",
    "[]",
    "['a']",
    "{}",
    "{ id: 1 }",
    "{ id: '1' }",
    "{ id: 'x' }",
    "-1.5",
    "1e3",
    "`t`",
)


async def test_what_is_certain_is_what_the_call_would_have_said():
    """Every literal for every argument: refused before the start if, and only if, the call itself refuses it."""

    async def take(text: str = "", count: int = 0, tags: list[str] | None = None, on: bool = False) -> str:
        """Take anything."""
        return "taken"

    names = ("text", "count", "tags", "on", "nothing")
    programs = [f"return await crm.take({{ {name}: {literal} }})" for name in names for literal in LITERALS]
    programs += [f"return await crm.take({literal})" for literal in LITERALS]
    async with Runtime([functions("crm", take)], tsc=Path("/nowhere/tsc")) as here:
        refused = 0
        for code in programs:
            known = await here.run(code)
            unknown = await here.run(code.replace("take(", "take((0, ", 1)[:-1] + "))")
            assert known.ok == unknown.ok, code
            if known.failure is not None:
                refused += 1
                assert unknown.failure is not None
                assert known.failure.code == "check", code
                assert unknown.failure.code in ("bad_arguments", "thrown"), code
    assert 15 < refused < len(programs) - 15


PYTHON_LITERALS = (
    "1",
    "'x'",
    "'7'",
    "None",
    "True",
    "[]",
    "['a']",
    "('a',)",
    "{}",
    "{'id': 1}",
    "-1.5",
    "1e3",
    "b'x'",
    "10**3",
)


async def test_what_is_certain_in_python_is_what_the_call_would_have_said():
    pytest.importorskip("pydantic_monty", reason="the Python engine is not installed")

    async def take(text: str = "", count: int = 0, tags: list[str] | None = None, on: bool = False) -> str:
        """Take anything."""
        return "taken"

    names = ("text", "count", "tags", "on", "nothing")
    async with Runtime([functions("crm", take)]) as here:
        for literal in PYTHON_LITERALS:
            for name in names:
                known = await here.run(f"await crm.take({name}={literal})", language="python")
                unknown = await here.run(f"x = {literal}\nawait crm.take({name}=x)", language="python")
                assert known.ok == unknown.ok, (name, literal, known.failure, unknown.failure)
            known = await here.run(f"await crm.take({literal})", language="python")
            unknown = await here.run(f"x = {literal}\nawait crm.take(x)", language="python")
            assert known.ok == unknown.ok, (literal, known.failure, unknown.failure)


class SlowChecker:
    """A guest whose type check answers when it is told to."""

    language = "typescript"

    def __init__(self) -> None:
        self.told = asyncio.Event()

    async def type_problems(self, code: str, tools: Sequence[Tool]) -> Sequence[Problem]:
        await self.told.wait()
        return [Problem(1, 1, "a late answer", certain=True)]


async def test_a_run_does_not_wait_for_a_slow_check_and_takes_its_late_answer_as_advice(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(checking, "PATIENCE_S", 0.01)
    monkeypatch.setattr(checking, "FIRST_PATIENCE_S", 0.01)
    async with runtime() as here:
        await here.ready()
        for answers in (True, False):
            guest = SlowChecker()
            found = await checking.checked("crm.find()", cast("Guest", guest), here.catalog, Policy(), "refuse")
            assert (found.failure, found.advice) == (None, ())
            assert found.late is not None
            if answers:
                guest.told.set()
                await asyncio.wait_for(asyncio.wait((found.late,)), 5)
            found.end()
            assert [each.message for each in found.advice] == (["a late answer"] if answers else [])


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
async def test_a_run_starts_though_its_checker_hangs(tmp_path: Path):
    fake = tmp_path / "lib" / "tsc"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nsleep 100\n")
    fake.chmod(0o755)
    (tmp_path / "lib" / "lib.d.ts").write_text("")
    (tmp_path / "package.json").write_text('{"version": "7.0.0"}')
    async with runtime(tsc=fake) as here:
        assert (await here.run("return (await crm.find({ name: 'y' })).length")).value == 1
        begun = time.monotonic()
        result = await here.run("return (await crm.find({ name: 'x' })).length")
        assert result.value == 1
        assert time.monotonic() - begun < WALL_S
