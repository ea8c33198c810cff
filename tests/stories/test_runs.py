"""Journeys of single runs: limits, cancellation, failures, order, and what is in the log afterwards."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from house import House
from programs import Speakers, Speaking, only, program, text

from toolscript.codec import Blob
from toolscript.connectors.functions import functions, tool
from toolscript.errors import Conflict, Fault, GuestError, ToolError
from toolscript.ports import CallEnded, CallProgressed, CallStarted, Event, RunEnded, RunStarted
from toolscript.runs.entry import Answered, Ended, Intended, Turned
from toolscript.runs.policy import Policy
from toolscript.runs.program import Limits
from toolscript.runtime.clock import SystemClock
from toolscript.stores.memory import MemoryStore
from toolscript.stores.sqlite import SQLiteStore
from toolscript.testing.clock import FakeClock
from toolscript.tools import CallContext, Media, Progress

WRITE = program("return await w.write({ i: 1 })", "return await w.write(i=1)")
HANG = program("await w.hang({})", "await w.hang()")
HANG_WRITE = program("await w.hang_write({})", "await w.hang_write()")


@dataclass
class World:
    """Tools whose behaviour the test holds in its hands, and a record of what they did."""

    done: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0

    def connector(self):
        return functions(
            "w",
            self.read,
            self.write,
            self.hang,
            self.hang_write,
            self.boom,
            self.refuse,
            self.big,
            self.image,
            self.progress,
            self.busy,
            self.echo,
        )

    @tool(effect="read")
    async def read(self, i: int = 0) -> int:
        self.done.append(f"read {i}")
        return i

    async def write(self, i: int = 0) -> int:
        self.done.append(f"write {i}")
        return i

    @tool(effect="read")
    async def hang(self) -> None:
        self.entered.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.done.append("hang cancelled")
            raise

    async def hang_write(self) -> str:
        self.entered.set()
        await self.gate.wait()
        self.done.append("hang_write done")
        return "written"

    @tool(effect="read")
    async def boom(self) -> None:
        raise RuntimeError("it broke")

    @tool(effect="read")
    async def refuse(self) -> None:
        raise ToolError("not today", content='{"retry":"tomorrow"}')

    @tool(effect="read")
    async def big(self, bytes: int) -> str:
        return "x" * bytes

    @tool(effect="read")
    async def image(self) -> dict[str, Any]:
        return {"name": "dot", "image": Media(b"\x89PNG....", "image/png")}

    @tool(effect="read")
    async def progress(self, context: CallContext) -> str:
        context.report(Progress(1, 2, "half"))
        return context.idempotency_key

    @tool(effect="read")
    async def busy(self) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        for _ in range(3):
            await asyncio.sleep(0)
        self.at_once -= 1

    @tool(effect="read")
    async def echo(self, value: Any) -> Any:
        return value


@dataclass
class Watcher:
    events: list[Event] = field(default_factory=list)

    def observed(self, event: Event) -> None:
        self.events.append(event)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def runtime(house: House, world: World):
    async with house.process(connectors=[world.connector()], policy=Policy(), clock=SystemClock()) as runtime:
        yield runtime


async def test_a_value_comes_back_with_its_calls_and_what_was_printed(runtime: Speaking):
    code = program(
        "console.log('hi', { a: 1 }); return [await w.read({ i: 2 }), input.x]",
        "print('hi', {'a': 1})\nreturn [await w.read(i=2), input['x']]",
    )
    result = await runtime.run(code, input={"x": "y"})
    assert result.value == [2, "y"]
    assert result.ok
    assert result.status == "completed"
    assert len(result.printed) == 1
    assert [(call.seq, call.path, json.loads(call.args), call.effect, call.status) for call in result.calls] == [
        (1, "w.read", {"i": 2}, "read", "returned")
    ]


async def test_a_failed_program_is_a_result_and_its_value_raises(runtime: Speaking):
    result = await runtime.run(program("const x = null;\nreturn x.name;", "x = None\nreturn x + 1"))
    assert result.status == "failed"
    source = program("return x.name;", "return x + 1")
    assert (result.failure.name, result.failure.line) == ("TypeError", 2)
    assert result.failure.source == text(source, runtime.language)
    with pytest.raises(GuestError, match="line 2"):
        result.value  # noqa: B018


async def test_a_tools_own_words_and_content_reach_the_program(runtime: Speaking):
    code = program(
        "try { await w.refuse({}) } catch (e) { return [e.name, e.message, e.content, e instanceof ToolError] }",
        """
        try:
            await w.refuse()
        except Exception as e:
            known = codemode.failure(e)
            return [known['name'], str(e), known['content'], isinstance(e, ToolError)]""",
    )
    assert (await runtime.run(code)).value == ["ToolError", "not today", {"retry": "tomorrow"}, True]
    with pytest.raises(ToolError, match="not today"):
        (await runtime.run(program("await w.refuse({})", "await w.refuse()"))).value  # noqa: B018


async def test_an_exception_of_a_tool_becomes_words_without_a_traceback(
    runtime: Speaking, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING):
        result = await runtime.run(program("await w.boom({})", "await w.boom()"))
    assert "it broke" in result.failure.message
    assert "Traceback" not in str(result.failure)
    assert ".py" not in str(result.failure)


async def test_wrong_names_and_wrong_arguments_fail_before_anything_happens(runtime: Speaking, world: World):
    result = await runtime.run(program("await w.wrte({ i: 1 })", "await w.wrte(i=1)"))
    assert result.failure.code == "check"
    assert "Did you mean w.write(" in result.failure.message
    result = await runtime.run(program("await w['wrte']({ i: 1 })", "await getattr(w, 'wrte')(i=1)"))
    assert result.failure.code == "unknown_tool"
    assert "Did you mean w.write(" in result.failure.message
    result = await runtime.run(
        program("const i = ['one'][0]; await w.write({ i })", "i = ['one'][0]\nawait w.write(i=i)")
    )
    assert result.failure.code == "bad_arguments"
    assert "w.write: i: " in result.failure.message
    assert "Expected: w.write(" in result.failure.message
    assert world.done == []


async def test_a_tool_that_never_returns_is_cancelled_at_its_limit(runtime: Speaking, world: World):
    code = program(
        "try { await w.hang({}) } catch (e) { return [e.code, e.message] }",
        """
        try:
            await w.hang()
        except Exception as e:
            return [codemode.failure(e)['code'], str(e)]""",
    )
    code, message = (await runtime.run(code, limits=Limits(call_ms=50))).value
    assert code == "timeout"
    assert message.startswith("w.hang did not answer within 0.05 s (call_ms)")
    assert world.done == ["hang cancelled"]


async def test_a_run_that_takes_too_long_ends_and_says_what_it_waited_for(runtime: Speaking, world: World):
    result = await runtime.run(HANG, limits=Limits(wall_ms=300))
    assert result.failure.code == "limit"
    assert "0.3 s (wall_ms)" in result.failure.message
    assert world.done == ["hang cancelled"]


async def test_more_calls_than_the_limit_end_the_run_even_if_the_program_catches_all(runtime: Speaking, world: World):
    code = program(
        "for (let i = 0; ; i++) { try { await w.read({ i }) } catch {} }",
        """
        i = 0
        while True:
            try:
                await w.read(i=i)
            except:
                pass
            i += 1""",
    )
    result = await runtime.run(code, limits=Limits(calls=7))
    assert result.failure.code == "limit"
    assert "7 calls" in result.failure.message
    assert len(world.done) == 7


async def test_at_most_so_many_calls_act_at_once_and_the_others_wait(runtime: Speaking, world: World):
    code = program(
        "return (await Promise.all(Array.from({ length: 50 }, () => w.busy({})))).length",
        "return len(await asyncio.gather(*(w.busy() for _ in range(50))))",
    )
    assert (await runtime.run(code, limits=Limits(concurrent_calls=4))).value == 50
    assert world.most_at_once == 4


async def test_an_answer_over_the_limit_is_a_failure_that_names_its_size(runtime: Speaking):
    code = program(
        "try { await w.big({ bytes: 50_000_000 }) } catch (e) { return [e.code, e.message] }",
        """
        try:
            await w.big(bytes=50_000_000)
        except Exception as e:
            return [codemode.failure(e)['code'], str(e)]""",
    )
    code, message = (await runtime.run(code)).value
    assert code == "too_large"
    assert "50,000,000 bytes, over the limit of 8,388,608" in message


async def test_media_stay_in_the_store_and_cross_as_a_handle(world: World, speaking: Speakers):
    store = MemoryStore()
    async with speaking([world.connector()], store=store) as runtime:
        code = program(
            """
            const { image } = await w.image({});
            codemode.show(image);
            return [image.type, image.size, await image.bytes(), image]""",
            """
            image = (await w.image())['image']
            await codemode.show(image)
            return [image.media_type, image.size, await image.bytes(), image]""",
        )
        result = await runtime.run(code)
        kind, size, content, handle = result.value
        assert (kind, size, content) == ("image/png", 8, b"\x89PNG....")
        assert isinstance(handle, Blob)
        assert await store.get_blob(handle.id) == (b"\x89PNG....", "image/png")
        assert len(result.shown) == 1


async def test_values_keep_their_type_to_a_tool_and_back(runtime: Speaking):
    code = program(
        "return await w.echo({ value: [new Date(0), 2n ** 70n, new Uint8Array([1, 2]), { $bytes: 'x' }] })",
        """
        from datetime import datetime, timezone
        date = datetime(1970, 1, 1, tzinfo=timezone.utc)
        return await w.echo(value=[date, 2 ** 70, bytes.fromhex('0102'), {'$bytes': 'x'}])""",
    )
    result = await runtime.run(code)
    assert result.value == [datetime.fromtimestamp(0, UTC), 2**70, b"\x01\x02", {"$bytes": "x"}]
    odd = program("return await w.echo({ value: [NaN, -0] })", "return await w.echo(value=[float('nan'), -0.0])")
    assert str((await runtime.run(odd)).value) == "[nan, -0.0]"


async def test_cancelling_ends_the_run_cancels_its_calls_and_starts_no_more(runtime: Speaking, world: World):
    waiting = asyncio.create_task(
        runtime.run(program("await w.hang({}); await w.write({ i: 1 })", "await w.hang(); await w.write(i=1)"))
    )
    await world.entered.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    (run,) = await runtime.recent()
    result = await runtime.result(run.id)
    assert result.status == "cancelled"
    assert [call.status for call in result.calls] == ["raised"]
    assert world.done == ["hang cancelled"]


@pytest.mark.parametrize("steps", range(12))
async def test_cancelling_at_any_step_leaves_no_run_that_never_ends(
    world: World, tmp_path: Path, steps: int, speaking: Speakers
):
    """However far a start has come, in the store's threads or our tasks, its run is recorded as ended."""
    store = SQLiteStore(tmp_path / "runs.db")
    async with speaking([world.connector()], store=store) as runtime:
        await runtime.run("1")
        waiting = asyncio.create_task(runtime.run(HANG, key="k"))
        for _ in range(steps):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        waiting.cancel()
        for run in await runtime.recent():
            assert run.status in ("completed", "cancelled")
            assert (await runtime.result(run.id)).outcome is not None


async def test_cancelling_twice_still_records_the_end(runtime: Speaking, world: World):
    run = await runtime.start(HANG_WRITE)
    await world.entered.wait()
    first, second = await asyncio.gather(runtime.cancel(run), runtime.cancel(run))
    assert first.status == second.status == "cancelled"
    world.gate.set()


async def test_cancelling_an_endless_loop_stops_it(runtime: Speaking):
    endless = program("while (true) {}", "while True: pass")
    run = await runtime.start(endless, limits=Limits(instructions=10**15, cpu_ms=100_000))
    result = await asyncio.wait_for(runtime.cancel(run), 5)
    assert result.status == "cancelled"
    assert (await runtime.run("1 + 1")).value == 2


async def test_a_write_that_the_end_overtook_is_uncertain(runtime: Speaking, world: World):
    run = await runtime.start(HANG_WRITE)
    await world.entered.wait()
    result = await runtime.cancel(run)
    (call,) = result.calls
    assert call.status == "uncertain"
    assert "whether it took effect is not known" in call.answer.failure.message


async def test_a_write_in_flight_when_the_program_fails_is_awaited_and_recorded(runtime: Speaking, world: World):
    code = program(
        "const p = w.hang_write({}); await w.read({}); throw new Error('mine')",
        "p = asyncio.create_task(w.hang_write())\nawait w.read()\nraise ValueError('mine')",
    )
    run = await runtime.start(code)
    await world.entered.wait()
    world.gate.set()
    result = await runtime.wait(run)
    assert result.failure.message == "mine"
    assert world.done[-1] == "hang_write done"
    assert [call.status for call in result.calls] == ["returned", "returned"]


async def test_un_awaited_calls_are_drained_before_the_end(runtime: Speaking, world: World):
    code = program(
        "w.write({ i: 1 }); w.write({ i: 2 }); return 'done'",
        "asyncio.create_task(w.write(i=1)); asyncio.create_task(w.write(i=2))\nreturn 'done'",
    )
    assert (await runtime.run(code)).value == "done"
    assert sorted(world.done) == ["write 1", "write 2"]


async def test_a_known_key_gives_the_run_that_exists(runtime: Speaking, world: World):
    first = await runtime.run(WRITE, key="order-1")
    again = await runtime.run(program("return 2", "return 2"), key="order-1")
    assert (again.run, again.value) == (first.run, 1)
    assert world.done == ["write 1"]


async def test_many_starts_with_one_key_at_once_run_once(runtime: Speaking, world: World):
    results = await asyncio.gather(*(runtime.run(WRITE, key="k") for _ in range(10)))
    assert {result.run for result in results} == {results[0].run}
    assert world.done == ["write 1"]
    assert (await runtime.result(results[0].run)).value == 1


async def test_observers_hear_of_everything_in_order(world: World, speaking: Speakers):
    watcher = Watcher()
    async with speaking([world.connector()]) as runtime:
        result = await runtime.run(
            program("return await w.progress({})", "return await w.progress()"), observer=watcher
        )
    assert result.value == f"{result.run}:1"
    assert [type(event) for event in watcher.events] == [RunStarted, CallStarted, CallProgressed, CallEnded, RunEnded]
    assert watcher.events[2].progress == Progress(1, 2, "half")


async def test_the_intent_of_a_write_is_on_disk_before_its_tool_acts(speaking: Speakers):
    store = MemoryStore()
    seen: list[Mapping[str, Any]] = []

    async def create(context: CallContext) -> int:
        _, entries = await store.read(context.run)
        seen.append({type(entry).__name__: entry for entry in entries})
        return 7

    async with speaking([functions("db", create)], store=store) as runtime:
        result = await runtime.run(program("return await db.create({})", "return await db.create()"))
    assert seen[0]["Intended"].path == "db.create"
    _, entries = await store.read(result.run)
    assert [type(entry) for entry in entries] == [Turned, Intended, Answered, Turned, Ended]


async def test_sleeping_costs_no_time_on_the_programs_own_clock(world: World, speaking: Speakers):
    async with speaking([world.connector()], clock=FakeClock(0)) as runtime:
        code = program(
            "const a = Date.now(); await codemode.sleep(90); return [Date.now() - a, new Date().toISOString()]",
            """
            from datetime import datetime, timezone
            a = datetime.now(timezone.utc)
            await codemode.sleep(90)
            b = datetime.now(timezone.utc)
            return [round((b - a).total_seconds() * 1000), b.strftime('%Y-%m-%dT%H:%M:%S.000Z')]""",
        )
        assert (await runtime.run(code)).value == [90_000, "1970-01-01T00:01:30.000Z"]


@only("typescript", because="there are no timers in Python, and a task that is cancelled is a story of its own")
async def test_a_timer_that_was_cleared_is_not_waited_for(runtime: Speaking):
    code = "const id = setTimeout(() => 0, 100_000); clearTimeout(id); return await w.read({ i: 3 })"
    assert (await asyncio.wait_for(runtime.run(code), 10)).value == 3
    code = "const id = setTimeout(() => 0, 100_000); await w.read({}); clearTimeout(id); return await w.read({ i: 4 })"
    assert (await asyncio.wait_for(runtime.run(code), 10)).value == 4


async def test_a_clock_that_jumps_back_does_not_jump_back_for_the_program(speaking: Speakers):
    clock = FakeClock(1_000_000)

    @tool(effect="read")
    async def turn_back() -> None:
        clock.set(5)

    async with speaking([functions("c", turn_back)], clock=clock) as runtime:
        code = program(
            "const a = Date.now(); await c.turn_back({}); return Date.now() - a",
            "import time\na = time.time()\nawait c.turn_back()\nreturn time.time() - a",
        )
        result = await runtime.run(code)
        assert result.value == 0


class BrokenStore(MemoryStore):
    """Fails the second append, as a full disk would."""

    appends = 0

    def append(self, run, fence, entries, status="running"):
        self.appends += 1
        if self.appends == 2:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            future.set_exception(Fault("the store is full"))
            return future
        return super().append(run, fence, entries, status)


async def test_a_fault_of_the_store_stops_the_run_before_it_acts_again(world: World, speaking: Speakers):
    store = BrokenStore()
    async with speaking([world.connector()], store=store) as runtime:
        run = await runtime.start(
            program("await w.write({ i: 1 }); await w.write({ i: 2 })", "await w.write(i=1); await w.write(i=2)")
        )
        with pytest.raises(Fault, match="full"):
            await runtime.wait(run)
        assert world.done == ["write 1"]
        record, entries = await store.read(run)
        assert record.status == "running"
        assert [entry.seq for entry in entries if isinstance(entry, Intended)] == [1]
    async with speaking([world.connector()], store=store) as runtime:
        uncertain = (await runtime.resume(run)).pending
        assert [(call.seq, call.status) for call in uncertain] == [(1, "uncertain")]
        await runtime.settle(run, 1, "done", value=1)
        assert (await runtime.wait(run)).status == "completed"
        assert world.done == ["write 1", "write 2"]


async def test_an_unknown_run_is_a_conflict(runtime: Speaking):
    with pytest.raises(Conflict, match="no run run_0"):
        await runtime.result("run_0")


async def test_leaving_the_runtime_lets_its_runs_go_and_another_goes_on_at_once(world: World, speaking: Speakers):
    store = MemoryStore()
    async with speaking([world.connector()], store=store) as runtime:
        run = await runtime.start(program("await w.hang({}); return 'after'", "await w.hang(); return 'after'"))
        await world.entered.wait()
    assert world.done == ["hang cancelled"]
    assert (await store.read(run))[0].status == "running"
    world.gate.set()
    async with speaking([world.connector()], store=store) as runtime:
        assert (await runtime.wait(run, timeout_s=5)).value == "after"


async def test_an_earlier_result_can_be_read_on(runtime: Speaking):
    first = await runtime.run(program("return { rows: [...Array(100).keys()] }", "return {'rows': list(range(100))}"))
    more = program(
        f"const r = await codemode.result('{first.run}'); return r.rows.slice(98)",
        f"r = await codemode.result('{first.run}')\nreturn r['rows'][98:]",
    )
    again = await runtime.run(more)
    assert again.value == [98, 99]
    missing = await runtime.run("return await codemode.result('run_nope')")
    assert "no run run_nope" in missing.failure.message


async def test_a_misspelt_namespace_is_answered_with_the_near_one(runtime: Speaking):
    misspelt = await runtime.run(program("return await W.read({ i: 1 })", "return await W.read(i=1)"))
    assert misspelt.failure.message.startswith("there is no namespace W: did you mean w?")
    bare = await runtime.run(program("return await read({ i: 1 })", "return await read(i=1)"))
    assert bare.failure.message.startswith("read is not defined. Tools are called with their namespace: w.read(")


async def test_a_misspelt_namespace_that_is_met_while_running_gets_a_hint(runtime: Speaking):
    made = program("globalThis.made = 1;", "exec('made = 1')")
    misspelt = program("return await W.read({ i: 1 })", "return await W.read(i=1)")
    assert (await runtime.run(made + misspelt)).hint == "Did you mean the namespace w?"
    bare = await runtime.run(made + program("return await read({ i: 1 })", "return await read(i=1)"))
    assert bare.hint == "Tools are called with their namespace: w.read."
