"""A runtime that is left, or a run that is cancelled, while the store is at work: nothing is lost, held or doubled."""

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from programs import Program, Speakers, Speaking, program
from worker_process import Skewed

from toolscript.connectors.functions import functions, tool
from toolscript.runs.entry import Answered, Entry, Intended, Parked, Printed, RunRecord, RunStatus
from toolscript.runs.history import history
from toolscript.stores.sqlite import SQLiteStore

HOUR_MS = 3_600_000
T = TypeVar("T")


class SlowStore(SQLiteStore):
    """Once, after the operation of this name is committed, its answer is held back until the gate is open."""

    def __init__(self, path: Path, slow: str) -> None:
        super().__init__(path)
        self.reached = asyncio.Event()
        self.gate = asyncio.Event()
        self._slow = slow

    async def claim(self, **how: Any) -> tuple[RunRecord, bytes | None] | None:
        claimed = await super().claim(**how)
        return await self._held("claim", claimed) if claimed else None

    def append(self, run: str, fence: int, entries: Sequence[Entry], status: RunStatus = "running") -> Awaitable[None]:
        done = super().append(run, fence, entries, status)
        intends = any(isinstance(entry, Intended) for entry in entries)
        return asyncio.ensure_future(self._after("append", done)) if intends else done

    async def park(self, run: str, fence: int, entries: Sequence[Entry], **how: Any) -> bool:
        return await self._after("park", super().park(run, fence, entries, **how))

    async def _after(self, name: str, done: Awaitable[T]) -> T:
        return await self._held(name, await done)

    async def _held(self, name: str, value: T) -> T:
        if name == self._slow:
            self._slow = ""
            self.reached.set()
            await self.gate.wait()
        return value


@tool
async def write() -> str:
    return "written"


@tool(destructive=True)
async def drop() -> str:
    return "dropped"


TOOLS = [functions("w", write, drop)]
DROP = program("return await w.drop({})", "return await w.drop()")
SLEEP = program("console.log('once'); await codemode.sleep({ seconds: 60 })", "print('once')\nawait asyncio.sleep(60)")


@pytest.fixture
async def store(tmp_path: Path):
    store = SQLiteStore(tmp_path / "runs.db")
    yield store
    await store.close()


async def left(runtime: Speaking, slow: SlowStore) -> None:
    """Leave a runtime while its store holds back an answer, which then comes."""
    await slow.reached.wait()
    leaving = asyncio.create_task(runtime.__aexit__(None, None, None))
    for _ in range(50):
        await asyncio.sleep(0)
    slow.gate.set()
    await leaving


async def test_a_run_that_is_being_claimed_while_the_runtime_is_left_is_let_go(store: SQLiteStore, speaking: Speakers):
    async with speaking(TOOLS, store=SQLiteStore(store.path), role="client") as person:
        run = (await person.run(DROP)).run
    async with speaking(TOOLS, store=SQLiteStore(store.path), role="client") as person:
        await person.approve(run)
    slow = SlowStore(store.path, "claim")
    runtime = await speaking(TOOLS, store=slow, lease_ms=HOUR_MS).__aenter__()
    async with asyncio.timeout(20):
        await left(runtime, slow)
        async with speaking(TOOLS, store=SQLiteStore(store.path)) as other:
            assert (await other.wait(run)).value == "dropped"


async def test_a_run_that_is_resumed_by_somebody_who_gives_up_is_let_go(store: SQLiteStore, speaking: Speakers):
    async with speaking(TOOLS, store=SQLiteStore(store.path), role="client") as person:
        run = (await person.run(DROP)).run
    slow = SlowStore(store.path, "claim")
    async with asyncio.timeout(20), speaking(TOOLS, store=slow, role="client", lease_ms=HOUR_MS) as client:
        resuming = asyncio.create_task(client.resume(run))
        await slow.reached.wait()
        resuming.cancel()
        await asyncio.sleep(0)
        slow.gate.set()
        await asyncio.gather(resuming, return_exceptions=True)
        async with speaking(TOOLS, store=SQLiteStore(store.path)) as other:
            await other.approve(run)
            assert (await other.wait(run)).value == "dropped"


async def test_a_call_whose_intent_is_being_written_as_its_run_is_cancelled_is_recorded(
    store: SQLiteStore, speaking: Speakers
):
    slow = SlowStore(store.path, "append")
    code = program(
        "return await Promise.all([w.write({}), w.write({})])", "return await asyncio.gather(w.write(), w.write())"
    )
    async with asyncio.timeout(20), speaking(TOOLS, store=slow) as runtime:
        run = await runtime.start(code)
        await slow.reached.wait()
        cancelling = asyncio.create_task(runtime.cancel(run))
        for _ in range(50):
            await asyncio.sleep(0)
        slow.gate.set()
        result = await cancelling
        assert result.status == "cancelled"
        assert [call.answer is not None for call in result.calls] == [True, True]


@pytest.mark.parametrize("code", [DROP, SLEEP], ids=["an approval", "a sleep"])
async def test_a_run_that_is_being_parked_while_the_runtime_is_left_has_one_log(
    store: SQLiteStore, code: Program, speaking: Speakers
):
    slow = SlowStore(store.path, "park")
    runtime = await speaking(TOOLS, store=slow, lease_ms=HOUR_MS).__aenter__()
    async with asyncio.timeout(20):
        run = await runtime.start(code)
        await left(runtime, slow)
    record, entries = await store.read(run)
    assert record.status == "parked"
    assert [sum(isinstance(entry, kind) for entry in entries) for kind in (Intended, Parked)] == [1, 1]
    assert sum(isinstance(entry, Printed) for entry in entries) == (code is SLEEP)


async def test_a_run_that_is_being_parked_as_it_is_cancelled_is_cancelled_once(store: SQLiteStore, speaking: Speakers):
    slow = SlowStore(store.path, "park")
    async with asyncio.timeout(20), speaking(TOOLS, store=slow) as runtime:
        run = await runtime.start(SLEEP)
        await slow.reached.wait()
        cancelling = asyncio.create_task(runtime.cancel(run))
        for _ in range(50):
            await asyncio.sleep(0)
        slow.gate.set()
        result = await cancelling
        assert (result.status, result.printed) == ("cancelled", ("once",))
    _, entries = await store.read(run)
    assert history(entries).ended is not None
    assert [sum(isinstance(entry, kind) for entry in entries) for kind in (Intended, Answered)] == [1, 1]


async def test_a_cancel_that_reaches_a_stale_driver_reaches_the_one_that_took_over(
    store: SQLiteStore, speaking: Speakers
):
    hanging: list[asyncio.Event] = []

    @tool(effect="read")
    async def hang() -> None:
        hanging.append(asyncio.Event())
        entered.set()
        await hanging[-1].wait()

    entered = asyncio.Event()
    tools = [functions("w", hang)]
    async with asyncio.timeout(20), speaking(tools, store=SQLiteStore(store.path), lease_ms=HOUR_MS) as stale:
        run = await stale.start(program("await w.hang({})", "await w.hang()"))
        await entered.wait()
        entered.clear()
        async with speaking(tools, store=SQLiteStore(store.path), clock=Skewed(2 * HOUR_MS)) as other:
            await entered.wait()
            assert (await stale.cancel(run)).status == "cancelled"
            assert (await other.wait(run)).status == "cancelled"
