"""Snippets, steps and state through a whole runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from toolscript import Runtime, functions, tool
from toolscript.errors import Conflict
from toolscript.ports import Connector
from toolscript.stores.memory import MemoryStore
from toolscript.stores.sqlite import SQLiteStore
from toolscript.tools import Schema

SCHEMA: Schema = {"type": "object", "properties": {"since": {"type": "string"}}, "required": ["since"]}
COUNT = "const found: number[] = await crm.find({ since: input.since });\nreturn found.length"


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


async def save(runtime: Runtime, name: str, code: str, **more: Any) -> None:
    await runtime.snippets.save(name, code=code, description=f"What {name} does.", **more)


async def test_a_snippet_is_saved_from_a_run_found_and_run_again():
    async with Runtime([functions("crm", find)]) as runtime:
        first = await runtime.run(COUNT, input={"since": "monday"})
        await runtime.snippets.save("count_new", run=first.run, description="Count what is new.", input_schema=SCHEMA)
        hit = (await runtime.search("count what is new")).hits[0]
        assert hit.signature == "snippets.count_new({ since: string }): Promise<unknown>"
        assert "Count what is new." in await runtime.describe(["snippets.count_new"])
        second = await runtime.run("return await snippets.count_new({ since: 'monday' })")
        assert second.value == first.value == 3
        assert [call.path for call in second.calls] == ["codemode.run", "crm.find"]


async def test_a_run_replays_exactly_after_its_snippet_changed():
    async with Runtime([functions("crm", find)]) as runtime:
        await save(runtime, "count", COUNT)
        done = await runtime.run("return await codemode.run('count', { since: 'monday' })")
        await save(runtime, "count", "return 99")
        assert await runtime.replay(done.run) == done.outcome
        assert (await runtime.run("return await codemode.run('count')")).value == 99
        await runtime.snippets.delete("count")
        assert await runtime.replay(done.run) == done.outcome


async def test_a_call_inside_a_snippet_waits_for_a_person_and_goes_on_elsewhere(tmp_path: Path):
    crm = Crm()
    code = "console.log('before'); const r = await snippets.wipe({ id: 7 }); return [r, 'after']"
    async with Runtime([crm.connector()], store=SQLiteStore(tmp_path / "runs.db")) as runtime:
        await save(runtime, "wipe", "const r = await crm.drop({ id: input.id });\nconsole.log(r);\nreturn r")
        parked = await runtime.run(code)
        assert (parked.status, [call.path for call in parked.pending]) == ("parked", ["crm.drop"])
    async with Runtime([crm.connector()], store=SQLiteStore(tmp_path / "runs.db")) as other:
        await other.snippets.delete("wipe")
        await other.approve(parked.run)
        done = await other.wait(parked.run)
        assert done.value == ["dropped 7", "after"]
        assert done.printed == ("before", "dropped 7")
        assert crm.dropped == [7]
        assert await other.replay(done.run) == done.outcome


async def test_what_another_runtime_saved_can_be_run():
    store = MemoryStore()
    async with Runtime([functions("crm", find)], store=store) as writer, Runtime([], store=store) as reader:
        await save(writer, "hello", "return 'hello ' + input.name")
        assert (await reader.run("return await codemode.run('hello', { name: 'Ada' })")).value == "hello Ada"
        await save(writer, "count", COUNT)
        refused = await reader.run("return await codemode.run('count', { since: 'x' })")
        assert refused.failure is not None
        assert "needs the namespace crm, which is not connected" in refused.failure.message
        assert [call.path for call in refused.calls] == ["codemode.run"]


async def test_a_program_that_catches_a_wrong_input_reads_what_was_expected():
    async with Runtime([functions("crm", find)]) as runtime:
        await save(runtime, "count", COUNT, input_schema=SCHEMA)
        caught = await runtime.run(
            "try { await snippets.count({ since: 5 }) } catch (e) { return [e.name, e.message] }"
        )
        name, message = caught.value
        assert name == "ToolError"
        assert message.startswith("snippets.count: since: expected string")
        assert "Expected: snippets.count({ since: string })" in message


async def test_only_where_the_developer_allows_it_a_program_saves():
    code = "return await codemode.save_snippet({ name: 'two', description: 'Two.', code: 'return 2' })"
    async with Runtime([], snippets_by="model") as runtime:
        assert (await runtime.run(code)).value["version"] == 1
        assert (await runtime.run("return await snippets.two()")).value == 2
    async with Runtime([]) as runtime:
        refused = (await runtime.run(code)).failure
        assert refused is not None
        assert refused.code == "check"
        assert "there is no tool codemode.save_snippet" in refused.message
        with pytest.raises(Conflict):
            await runtime.snippets.get("two")


async def test_the_log_says_where_steps_begin_and_end():
    code = "return await codemode.step('load', async () => (await crm.find({ since: 'x' })).length)"
    async with Runtime([functions("crm", find)]) as runtime:
        done = await runtime.run(code)
        assert done.value == 3
        assert [(call.path, call.args) for call in done.calls if call.path == "codemode.step"] == [
            ("codemode.step", '{"name":"load","mark":"begin"}'),
            ("codemode.step", '{"name":"load","mark":"end"}'),
        ]
        assert await runtime.replay(done.run) == done.outcome


async def test_state_is_shared_by_the_runs_of_a_scope(tmp_path: Path):
    async with Runtime([], store=SQLiteStore(tmp_path / "runs.db")) as runtime:
        await runtime.run("await codemode.state.set('seen', [new Date(0), 2n ** 70n])")
    async with Runtime([], store=SQLiteStore(tmp_path / "runs.db")) as runtime:
        code = "const [at, n] = await codemode.state.get('seen'); return [at.getTime(), n, await codemode.state.keys()]"
        assert (await runtime.run(code)).value == [0, 2**70, ["seen"]]
    async with Runtime([], store=SQLiteStore(tmp_path / "runs.db"), scope="other") as runtime:
        assert (await runtime.run("return await codemode.state.keys()")).value == []
