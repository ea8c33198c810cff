"""Snippets, steps and state through a whole runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from programs import Program, Speakers, Speaking, program, text, tried

from toolscript import functions, tool
from toolscript.errors import Conflict
from toolscript.ports import Connector
from toolscript.stores.memory import MemoryStore
from toolscript.stores.sqlite import SQLiteStore
from toolscript.tools import Schema

SCHEMA: Schema = {"type": "object", "properties": {"since": {"type": "string"}}, "required": ["since"]}
COUNT = program(
    "const found: number[] = await crm.find({ since: input.since });\nreturn found.length",
    "found: list[int] = await crm.find(since=input['since'])\nreturn len(found)",
)


@tool(effect="read")
async def find(since: str) -> list[int]:
    """Find what is new."""
    return [1, 2, 3]


class Crm:
    """A tool that destroys, and what it destroyed."""

    def __init__(self) -> None:
        self.dropped: list[int] = []

    def connector(self) -> Connector:
        return functions("crm", find, tool(self.drop, effect="write", destructive=True))

    async def drop(self, id: int) -> str:
        """Drop a record."""
        self.dropped.append(id)
        return f"dropped {id}"


async def save(runtime: Speaking, name: str, code: Program | str, **more: Any) -> None:
    told = text(code, runtime.language)
    await runtime.snippets.save(name, code=told, description=f"What {name} does.", language=runtime.language, **more)


async def test_a_snippet_is_saved_from_a_run_found_and_run_again(speaking: Speakers):
    async with speaking([functions("crm", find)]) as runtime:
        first = await runtime.run(COUNT, input={"since": "monday"})
        await runtime.snippets.save("count_new", run=first.run, description="Count what is new.", input_schema=SCHEMA)
        hit = (await runtime.search("count what is new")).hits[0]
        assert hit.path == "snippets.count_new"
        assert "Count what is new." in await runtime.describe(["snippets.count_new"])
        again = program(
            "return await snippets.count_new({ since: 'monday' })", "return await snippets.count_new(since='monday')"
        )
        second = await runtime.run(again)
        assert second.value == first.value == 3
        assert [call.path for call in second.calls] == ["codemode.run", "crm.find"]


async def test_a_run_replays_exactly_after_its_snippet_changed(speaking: Speakers):
    async with speaking([functions("crm", find)]) as runtime:
        await save(runtime, "count", COUNT)
        code = program(
            "return await codemode.run('count', { since: 'monday' })",
            "return await codemode.run('count', {'since': 'monday'})",
        )
        done = await runtime.run(code)
        await save(runtime, "count", "return 99")
        assert await runtime.replay(done.run) == done.outcome
        assert (await runtime.run("return await codemode.run('count')")).value == 99
        await runtime.snippets.delete("count")
        assert await runtime.replay(done.run) == done.outcome


async def test_a_call_inside_a_snippet_waits_for_a_person_and_goes_on_elsewhere(tmp_path: Path, speaking: Speakers):
    crm = Crm()
    code = program(
        "console.log('before'); const r = await snippets.wipe({ id: 7 }); return [r, 'after']",
        "print('before')\nr = await snippets.wipe(id=7)\nreturn [r, 'after']",
    )
    wipe = program(
        "const r = await crm.drop({ id: input.id });\nconsole.log(r);\nreturn r",
        "r = await crm.drop(id=input['id'])\nprint(r)\nreturn r",
    )
    async with speaking([crm.connector()], store=SQLiteStore(tmp_path / "runs.db")) as runtime:
        await save(runtime, "wipe", wipe)
        parked = await runtime.run(code)
        assert (parked.status, [call.path for call in parked.pending]) == ("parked", ["crm.drop"])
    async with speaking([crm.connector()], store=SQLiteStore(tmp_path / "runs.db")) as other:
        await other.snippets.delete("wipe")
        await other.approve(parked.run)
        done = await other.wait(parked.run)
        assert done.value == ["dropped 7", "after"]
        assert done.printed == ("before", "dropped 7")
        assert crm.dropped == [7]
        assert await other.replay(done.run) == done.outcome


async def test_what_another_runtime_saved_can_be_run(speaking: Speakers):
    store = MemoryStore()
    async with speaking([functions("crm", find)], store=store) as writer, speaking([], store=store) as reader:
        await save(writer, "hello", program("return 'hello ' + input.name", "return 'hello ' + input['name']"))
        hello = program(
            "return await codemode.run('hello', { name: 'Ada' })",
            "return await codemode.run('hello', {'name': 'Ada'})",
        )
        assert (await reader.run(hello)).value == "hello Ada"
        await save(writer, "count", COUNT)
        count = program(
            "return await codemode.run('count', { since: 'x' })", "return await codemode.run('count', {'since': 'x'})"
        )
        refused = await reader.run(count)
        assert refused.failure is not None
        assert "needs the namespace crm, which is not connected" in refused.failure.message
        assert [call.path for call in refused.calls] == ["codemode.run"]


async def test_a_program_that_catches_a_wrong_input_reads_what_was_expected(speaking: Speakers):
    async with speaking([functions("crm", find)]) as runtime:
        await save(runtime, "count", COUNT, input_schema=SCHEMA)
        caught = await runtime.run(tried("snippets.count({ since: 5 })", "snippets.count(since=5)"))
        name, message = caught.value
        assert name == "ToolError"
        assert message.startswith("snippets.count: since: expected string")
        shown = program("snippets.count({ since: string })", "snippets.count(*, since: str)")
        assert f"Expected: {text(shown, runtime.language)}" in message


async def test_only_where_the_developer_allows_it_a_program_saves(speaking: Speakers):
    code = program(
        "return await codemode.save_snippet({ name: 'two', description: 'Two.', code: 'return 2' })",
        "return await codemode.save_snippet(name='two', description='Two.', code='return 2')",
    )
    async with speaking([], snippets_by="model") as runtime:
        assert (await runtime.run(code)).value["version"] == 1
        assert (await runtime.run("return await snippets.two()")).value == 2
    async with speaking([]) as runtime:
        refused = (await runtime.run(code)).failure
        assert refused is not None
        assert refused.code == "check"
        assert "there is no tool codemode.save_snippet" in refused.message
        with pytest.raises(Conflict):
            await runtime.snippets.get("two")


async def test_the_log_says_where_steps_begin_and_end(speaking: Speakers):
    code = program(
        "return await codemode.step('load', async () => (await crm.find({ since: 'x' })).length)",
        """
        async def load():
            return len(await crm.find(since='x'))
        return await codemode.step('load', load)""",
    )
    async with speaking([functions("crm", find)]) as runtime:
        done = await runtime.run(code)
        assert done.value == 3
        assert [(call.path, call.args) for call in done.calls if call.path == "codemode.step"] == [
            ("codemode.step", '{"name":"load","mark":"begin"}'),
            ("codemode.step", '{"name":"load","mark":"end"}'),
        ]
        assert await runtime.replay(done.run) == done.outcome


async def test_state_is_shared_by_the_runs_of_a_scope(tmp_path: Path, speaking: Speakers):
    async with speaking([], store=SQLiteStore(tmp_path / "runs.db")) as runtime:
        code = program(
            "await codemode.state.set('seen', [new Date(0), 2n ** 70n])",
            """
            from datetime import datetime, timezone
            await codemode.state.set('seen', [datetime(1970, 1, 1, tzinfo=timezone.utc), 2 ** 70])""",
        )
        assert (await runtime.run(code)).ok
    async with speaking([], store=SQLiteStore(tmp_path / "runs.db")) as runtime:
        code = program(
            "const [at, n] = await codemode.state.get('seen'); return [at.getTime(), n, await codemode.state.keys()]",
            """
            at, n = await codemode.state.get('seen')
            return [at.year - 1970, n, await codemode.state.keys()]""",
        )
        assert (await runtime.run(code)).value == [0, 2**70, ["seen"]]
    async with speaking([], store=SQLiteStore(tmp_path / "runs.db"), scope="other") as runtime:
        assert (await runtime.run("return await codemode.state.keys()")).value == []
