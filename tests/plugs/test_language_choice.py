"""Which guest runs a program: the one that is named, or CPython for what the small Python lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.plugs.cpython_machine import lockable

from toolscript import ConfigError, Runtime, functions, tool
from toolscript.guests.cpython.guest import CPythonGuest
from toolscript.runs.program import Language
from toolscript.runs.result import Result

CRC = "import zlib\nfound = await crm.find(name='Ada')\nreturn [zlib.crc32(b'x'), len(found)]"


class Crm:
    """Counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    @tool(effect="read")
    def find(self, name: str) -> list[str]:
        """Find people by name."""
        self.calls += 1
        return [name]


class Unlockable(CPythonGuest):
    """What the guest is on a machine that lacks its walls."""

    async def require(self) -> None:
        raise ConfigError("this machine cannot lock a CPython program down: it lacks landlock")


def runtime(crm: Crm, *languages: Language, **more: Any) -> Runtime:
    return Runtime([functions("crm", crm.find)], languages=languages, **more)


async def ran(code: str, languages: Sequence[Language], **more: Any) -> tuple[Result, Language, str, int]:
    """The result, the language and engine of the run's record, and how often the tool was called."""
    crm = Crm()
    async with runtime(crm, *languages, **more) as ours:
        result = await ours.run(code)
        (record,) = await ours.recent()
        assert (await ours.replay(result.run)) == result.outcome
    return result, record.program.language, record.engine, crm.calls


async def test_the_first_language_is_that_of_programs_of_which_none_is_said() -> None:
    async with runtime(Crm(), "python", "typescript") as ours:
        assert (await ours.run("sum([1, 2])")).value == 3
        assert (await ours.run("[1, 2].length", language="typescript")).value == 2
        assert "crm.find(*, name: str)" in (await ours.search("find")).hits[0].signature
        assert "crm.find({ name: string })" in (await ours.search("find", language="typescript")).hits[0].signature
        assert "```py" in await ours.describe(["crm.find"])
    async with runtime(Crm(), "typescript") as ours:
        assert (await ours.run("sum([1, 2])", language="python")).value == 3


@pytest.mark.parametrize("languages", [[], "python", ["ruby"], ["python", "ruby"]])
def test_languages_that_there_are_not_are_refused_at_once(languages: Any) -> None:
    with pytest.raises(ConfigError, match="it must name some of typescript, python, cpython"):
        Runtime(languages=languages)


async def test_without_cpython_a_program_that_needs_it_is_refused_before_any_call() -> None:
    result, language, _, calls = await ran(CRC, ["python"])
    assert (result.status, language, calls) == ("failed", "python", 0)
    assert "zlib" in str(result.failure)
    assert "at line 1" in str(result.failure)


@lockable
async def test_with_cpython_allowed_it_runs_there_and_the_record_says_so() -> None:
    result, language, engine, calls = await ran(CRC, ["python", "cpython"])
    assert (result.value, language, calls) == ([2363233923, 1], "cpython", 1)
    assert engine.startswith("cpython-")


@lockable
@pytest.mark.parametrize("code", ["len(await crm.find(name='Ada'))", "return [1", "await crm.fnd()"])
async def test_whatever_the_small_engine_runs_or_could_not_be_helped_stays_there(code: str) -> None:
    _, language, engine, _ = await ran(code, ["python", "cpython"])
    assert language == "python"
    assert not engine.startswith("cpython-")


@lockable
async def test_cpython_runs_what_is_meant_for_it_without_being_among_the_languages() -> None:
    async with runtime(Crm(), "typescript") as ours:
        assert (await ours.run("import zlib\nzlib.crc32(b'x')", language="cpython")).value == 2363233923


async def test_where_cpython_cannot_be_locked_down_the_small_engine_says_what_it_lacks() -> None:
    result, language, _, calls = await ran(CRC, ["python", "cpython"], guests={"cpython": Unlockable()})
    assert (result.status, language, calls) == ("failed", "python", 0)
    assert "zlib" in str(result.failure)


async def test_where_cpython_cannot_be_locked_down_a_run_in_it_is_not_even_recorded() -> None:
    async with runtime(Crm(), "python", guests={"cpython": Unlockable()}) as ours:
        with pytest.raises(ConfigError, match="cannot lock a CPython program down"):
            await ours.run("1", language="cpython")
        assert await ours.recent() == []


@lockable
async def test_a_snippet_in_python_runs_in_a_program_that_fell_back() -> None:
    async with runtime(Crm(), "python", "cpython") as ours:
        await ours.snippets.save("two", code="return 1 + input['n']", description="Add.", language="python")
        code = """
import zlib
found = await codemode.search('add')
return [found['hits'][0]['path'], await snippets.two(n=1)]"""
        assert (await ours.run(code)).value == ["snippets.two", 2]


async def test_search_leaves_out_snippets_that_a_program_cannot_run() -> None:
    async with runtime(Crm(), "typescript", "python") as ours:
        await ours.snippets.save("weekly", code="1", description="The weekly report.", language="python")
        search = "(await codemode.search('weekly report')).hits.map((one) => one.path)"
        assert "snippets.weekly" not in (await ours.run(search)).value
        python = "[one['path'] for one in (await codemode.search('weekly report'))['hits']]"
        assert "snippets.weekly" in (await ours.run(python, language="python")).value
        assert [hit.path for hit in (await ours.search("weekly report")).hits] == ["snippets.weekly"]
