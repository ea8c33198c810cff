"""What others do between a look at the store and the act that relies on it; and tools and stores that fail oddly."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from house import House, ends
from programs import Lent, Program, program

from toolscript.errors import Conflict, Fault
from toolscript.runs.entry import Entry, RunRecord, RunStatus
from toolscript.runs.history import history
from toolscript.runtime.runtime import Runtime
from toolscript.stores.memory import MemoryStore
from toolscript.tools import CallContext, Tool

DROP = program("return await w.drop({ name: 'a' })", "return await w.drop(name='a')")


class Before(Lent):
    """A store with which something happens right before the first claim of a certain run."""

    def __init__(self, lent: Any, happens: Callable[[], Awaitable[Any]]) -> None:
        super().__init__(lent)
        self._happens: Callable[[], Awaitable[Any]] | None = happens

    async def claim(self, *, run: str | None = None, **how: Any) -> tuple[RunRecord, bytes | None] | None:
        happens, self._happens = (self._happens, None) if run else (None, self._happens)
        if happens is not None:
            await happens()
        return await self._lent.claim(run=run, **how)


@pytest.mark.parametrize("way", ["cancel", "resume"])
async def test_a_run_that_ends_elsewhere_as_it_is_claimed_stays_as_it_ended(home: House, way: str):
    async with home.process(role="client") as first:
        run = (await first.run(DROP)).run

        async def ended() -> None:
            await first.approve(run)
            assert (await ends(first, run)).status == "completed"

        async with home.process(role="client", store=Before(home.store, ended)) as second:
            async with asyncio.timeout(20):
                result = await (second.cancel(run) if way == "cancel" else second.resume(run))
        assert result.status == "completed"
    assert await home.status(run) == "completed"
    assert sum(type(entry).__name__ == "Ended" for entry in await home.log(run)) == 1


async def test_a_run_that_moves_on_elsewhere_as_it_is_cancelled_has_every_answer_once(home: House):
    code = program(
        "await w.drop({ name: 'a' }); return await w.drop({ name: 'b' })",
        "await w.drop(name='a')\nreturn await w.drop(name='b')",
    )
    async with home.process(role="client") as first:
        run = (await first.run(code)).run

        async def moved_on() -> None:
            await first.approve(run, 1)
            while [call.seq for call in (await ends(first, run)).pending] != [2]:  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(0)

        async with home.process(role="client", store=Before(home.store, moved_on)) as second:
            async with asyncio.timeout(20):
                assert (await second.cancel(run)).status == "cancelled"
    answered = [entry.seq for entry in await home.log(run) if type(entry).__name__ == "Answered"]
    assert answered == [1, 2]


class Odd(Lent):
    """A connector whose reads wait for what is cancelled."""

    async def call(self, tool: Tool, args: dict[str, Any], context: CallContext) -> Any:
        raise asyncio.CancelledError("the connection was given up")


@pytest.mark.parametrize(
    "code",
    [
        program("return await w.read({})", "return await w.read()"),
        program(
            "return await Promise.any([w.read({}), w.read({})])", "return await asyncio.gather(w.read(), w.read())"
        ),
    ],
    ids=str,
)
async def test_a_connector_that_is_cancelled_by_itself_fails_like_any_other(home: House, code: Program):
    async with home.process(connectors=[Odd(home.upstream.connector())]) as runtime:
        result = await asyncio.wait_for(runtime.run(code), 10)
    assert [call.status for call in result.calls] == ["raised"] * len(result.calls)
    assert result.failure is not None


class Broken(Lent):
    """A store whose leases cannot be written any more, and that cannot keep values."""

    closed = False

    async def renew(self, fences: Any, until: int) -> Any:
        raise Fault("the store /secret/place failed: the disk is full")

    async def set_cell(self, scope: str, name: str, value: Any) -> None:
        raise Fault("the store /secret/place failed: the disk is full")

    async def close(self) -> None:
        self.closed = True


async def test_leaving_a_runtime_closes_everything_though_its_store_fails(home: House):
    store = Broken(home.store)
    async with home.process(store=store, role="client") as runtime:
        await runtime.start(program("await new Promise((done) => setTimeout(done, 4000))", "await asyncio.sleep(4)"))
    assert store.closed


class Stuck(Lent):
    """A guest that cannot be closed."""

    async def close(self) -> None:
        raise OSError("it does not close")


async def test_leaving_a_runtime_closes_its_store_though_a_guest_fails_to_close(home: House):
    store = Broken(home.store)
    guests: Any = {home.language: Stuck(home.guest)}
    runtime = Runtime(store=store, guests=guests, clock=home.clock)
    await runtime.__aenter__()
    with pytest.raises(OSError, match="does not close"):
        await runtime.__aexit__(None, None, None)
    assert store.closed


async def test_a_fault_of_the_store_is_nothing_that_a_program_can_catch_or_read(home: House):
    async with home.process(store=Broken(home.store), role="client") as runtime:
        code = program(
            "try { await codemode.state.set('a', 1) } catch (error) { return error.message }",
            """
            try:
                await codemode.state.set('a', 1)
            except BaseException as error:
                return str(error)""",
        )
        run = await runtime.start(code)
        with pytest.raises(Fault):
            await ends(runtime, run)
    result_status = await home.status(run)
    assert result_status == "failed"


class Forgetful(MemoryStore):
    """Fails to write once, as soon as it is told to, and says so only after a while."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()
        self.gate = asyncio.Event()

    def append(self, run: str, fence: int, entries: Sequence[Entry], status: RunStatus = "running") -> Awaitable[None]:
        if self.reached.is_set() or not any(type(entry).__name__ == "Intended" for entry in entries):
            return super().append(run, fence, entries, status)
        self.reached.set()
        return asyncio.ensure_future(self._failed())

    async def _failed(self) -> None:
        await self.gate.wait()
        raise Fault("the disk is full")


@pytest.mark.parametrize("way", ["cancel", "leave"])
async def test_a_write_to_the_log_that_fails_as_the_run_is_stopped_is_not_passed_over(home: House, way: str):
    home.store = store = Forgetful()
    runtime = await home.process(role="client").__aenter__()
    async with asyncio.timeout(20):
        run = await runtime.start(program("return await w.write({ key: 'a' })", "return await w.write(key='a')"))
        await store.reached.wait()
        leaving = runtime.__aexit__(None, None, None)
        stopping = asyncio.create_task(runtime.cancel(run) if way == "cancel" else leaving)
        for _ in range(20):
            await asyncio.sleep(0)
        store.gate.set()
        if way == "cancel":
            with pytest.raises(Fault):
                await runtime.wait(run)
            home.clock.set(home.clock.now() + 2_000)  # then it can be claimed, and is ended
            await stopping
            await leaving
        else:
            await stopping
    log = history(await home.log(run))  # raises where a line is missing
    assert (log.ended is not None) == (way == "cancel")
    assert home.done == []


class Gone(Lent):
    """A store that says once that a run is not there any more."""

    refusals = 1

    async def due(self, scope: str) -> int | None:
        self.refusals, refuses = 0, self.refusals
        if refuses:
            raise Conflict("there is no such run")
        return await self._lent.due(scope)


async def test_the_keeper_lives_through_a_run_that_is_not_there_any_more(home: House):
    async with home.process(role="client") as person:
        run = (await person.run(DROP)).run
        async with home.process(store=Gone(home.store)) as worker:
            await person.approve(run)
            assert (await ends(worker, run)).status == "completed"
