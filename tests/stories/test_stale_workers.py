"""Workers that were stopped, are slow, or are wrong about the time: others go on with their runs; they are refused."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from places import IN_PYTHON, IN_TYPESCRIPT
from processes import Wire, Worker, end, here, wired, working
from programs import Speakers, program

from toolscript.connectors.functions import functions, tool
from toolscript.ports import Guest
from toolscript.runs.entry import Entry, RunRecord
from toolscript.stores.sqlite import SQLiteStore

WRITE = program("return await w.write({ i: 1 })", "return await w.write(i=1)")
TWICE = program(
    "const a = await w.write({ i: 1 }); return [a, await w.write({ i: 2 })]",
    "a = await w.write(i=1)\nreturn [a, await w.write(i=2)]",
)


@pytest.fixture
async def wire(tmp_path: Path, guest: Guest) -> AsyncGenerator[Wire]:
    async with wired(tmp_path, guest) as wire:
        yield wire


@pytest.mark.parametrize(("place", "keyed"), [(IN_TYPESCRIPT, True), (IN_PYTHON, False)], ids=str, indirect=["place"])
async def test_a_worker_stopped_between_intent_and_act_does_not_act_when_it_wakes(wire: Wire, keyed: bool):
    async with here(wire, keyed=keyed) as other, working(wire, keyed=keyed, hold="intended") as stale:
        run = await stale.do("start", WRITE)
        held = await wire.attempt("held")
        await stale.stop()
        if not keyed:
            assert [call.status for call in (await end(other, run)).pending] == ["uncertain"]
            await other.settle(run, 1, "retry")
        (await wire.attempt("write")).answer("written")
        assert (await end(other, run)).value == "written"
        before = await other.audit(run)
        held.answer()
        stale.go_on()
        assert await stale.do("wait", run) == {"run": run, "status": "completed"}
        await is_sane(stale, wire)
        assert [attempt.pid for attempt in wire.made("write")[:1]] != [stale.pid]
        assert len(wire.made("write")) == 2  # the other's, and that of the run which shows that it is sane
        assert await other.audit(run) == before
    assert stale.complaints() == ""


@pytest.mark.parametrize(("place", "keyed"), [(IN_TYPESCRIPT, False), (IN_PYTHON, True)], ids=str, indirect=["place"])
async def test_a_worker_stopped_during_a_write_is_refused_when_it_wakes(wire: Wire, keyed: bool):
    async with here(wire, keyed=keyed) as other, working(wire, keyed=keyed) as stale:
        run = await stale.do("start", TWICE)
        its = await wire.attempt("write")
        await stale.stop()
        if keyed:
            again = await wire.attempt("write")
            assert (again.key, again.args) == (its.key, its.args)
            again.answer("first")
        else:
            assert [call.status for call in (await end(other, run)).pending] == ["uncertain"]
            await other.settle(run, 1, "done", value="first")
        second = await wire.attempt("write")
        assert second.args == {"i": 2}
        second.answer("second")
        assert (await end(other, run)).value == ["first", "second"]
        before = await other.audit(run)
        its.answer("too late")
        stale.go_on()
        assert await stale.do("wait", run) == {"run": run, "status": "completed"}
        await is_sane(stale, wire)
        assert await other.audit(run) == before
        assert {attempt.pid for attempt in wire.made("write") if attempt.args["i"] == 2} != {stale.pid}
    assert stale.complaints() == ""


async def is_sane(worker: Worker, wire: Wire) -> None:
    """The worker can start and drive another run."""
    worker.tell("run", program("return await w.write({ i: 9 })", "return await w.write(i=9)"))
    attempt = await wire.attempt("write")
    assert attempt.args == {"i": 9}
    attempt.answer("fine")
    assert (await worker.said())["status"] == "completed"


class GatedStore(SQLiteStore):
    """A store whose reads of logs can be held up."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.reading = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, run: str) -> tuple[RunRecord, list[Entry]]:
        self.reading.set()
        await self.gate.wait()
        return await super().read(run)


async def test_a_run_that_is_taken_over_before_its_new_driver_has_read_the_log_is_let_be(
    tmp_path: Path, speaking: Speakers
):
    """Else both would drive it with the same fence, and the store could not tell them apart."""
    acted: list[str] = []

    @tool(destructive=True)
    async def write() -> str:
        acted.append("write")
        return "written"

    tools = [functions("w", write)]
    async with speaking(tools, store=SQLiteStore(tmp_path / "runs.db")) as first:
        run = (await first.run(program("return await w.write({})", "return await w.write()"))).run
    async with speaking(tools, store=SQLiteStore(tmp_path / "runs.db"), role="client") as person:
        await person.approve(run)
    store = GatedStore(tmp_path / "runs.db")
    store.gate.clear()
    async with asyncio.timeout(20), speaking(tools, store=store) as slow:
        await store.reading.wait()
        other = SQLiteStore(tmp_path / "runs.db")
        claimed = await other.claim(scope="", now=1 << 50, until=1 << 51, run=run)
        before = await other.read(run)
        store.gate.set()
        while run in slow._parts.drives:  # noqa: ASYNC110 - whether it has let go is to be seen nowhere else
            await asyncio.sleep(0)
        assert claimed is not None
        assert await other.read(run) == before
        await other.close()
    assert acted == []


@pytest.mark.parametrize(
    ("place", "skew_ms"), [(IN_TYPESCRIPT, -8_000), (IN_PYTHON, 8_000)], ids=str, indirect=["place"]
)
async def test_workers_whose_clocks_differ_by_seconds_make_no_write_twice(wire: Wire, skew_ms: int):
    """The one whose clock is ahead takes over what the other still drives; the fence keeps them apart."""
    async with here(wire, keyed=True) as other, working(wire, keyed=True, skew_ms=skew_ms) as skewed:
        run = await skewed.do("start", TWICE)
        done: dict[str, str] = {}

        async def honour_keys() -> None:
            while True:
                attempt = await wire.attempt("write")
                attempt.answer(done.setdefault(attempt.key, f"{attempt.args['i']}"))

        honouring = asyncio.create_task(honour_keys())
        result = await end(other, run)
        honouring.cancel()
        assert result.value == ["1", "2"]
        assert len(done) == 2
        assert await other.replay(run) == result.outcome
    assert skewed.complaints() == ""
