"""Parking and waking: a run that waits is nowhere but in the store, and goes on wherever it is woken."""

import asyncio
import gc
import logging
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from house import House, ends, reaches
from programs import Lent, program, unless

from toolscript.errors import Conflict
from toolscript.ports import Guest, RunEnded, RunParked
from toolscript.runs.entry import Claimed, Parked
from toolscript.runs.program import Limits
from toolscript.stores.sqlite import SQLiteStore

DAY_S = 86_400
DROP = program(
    "const before = await w.read({ i: 1 }); return [before, await w.drop({ name: 'a' })]",
    "before = await w.read(i=1)\nreturn [before, await w.drop(name='a')]",
)


class Heard:
    def __init__(self) -> None:
        self.events: list[Any] = []

    def observed(self, event: Any) -> None:
        if isinstance(event, RunParked | RunEnded):
            self.events.append(event)


async def test_a_long_sleep_parks_the_run_and_wakes_it_by_itself(house: House):
    heard = Heard()
    code = program(
        "const t = Date.now(); await codemode.sleep(3600); return [(Date.now() - t) / 1000, await w.read({ i: 1 })]",
        """
        from datetime import datetime
        t = datetime.now()
        await codemode.sleep(3600)
        return [round((datetime.now() - t).total_seconds()), await w.read(i=1)]""",
    )
    async with house.process(observers=[heard]) as runtime:
        result = await runtime.run(code)
        assert result.value == [3600, 10]
        assert [type(event) for event in heard.events] == [RunParked, RunEnded]
        assert sum(isinstance(entry, Parked) for entry in await house.log(result.run)) == 1


async def test_a_short_sleep_is_waited_for(house: House):
    async with house.process() as runtime:
        result = await runtime.run(program("await codemode.sleep(4); return 1", "await asyncio.sleep(4); return 1"))
        assert not any(isinstance(entry, Parked) for entry in await house.log(result.run))


async def test_a_run_sleeps_for_a_week_and_the_clock_has_to_get_there(house: House):
    async with house.process() as runtime:
        run = await runtime.start(f"await codemode.sleep({7 * DAY_S}); return 'awake'")
        asleep = await reaches(runtime, run, "parked")
        assert (asleep.status, asleep.pending, asleep.settled) == ("parked", (), False)
        await house.clock.advance(7 * DAY_S - 1)
        assert await house.status(run) == "parked"
        await house.clock.advance(1)
        assert (await ends(runtime, run)).value == "awake"


async def test_a_run_wakes_at_its_first_timer_while_a_person_still_thinks(house: House):
    code = program(
        """
        const asked = w.drop({ name: 'a' });
        const first = await Promise.race([asked, codemode.sleep(60).then(() => 'a minute')]);
        console.log(first);
        return [first, await asked]""",
        """
        async def minute():
            await asyncio.sleep(60)
            print('a minute')
            return 'a minute'
        dropped, first = await asyncio.gather(w.drop(name='a'), minute())
        return [first, dropped]""",
    )
    async with house.process() as runtime:
        run = (await runtime.run(code)).run
        await house.clock.advance(61)
        parked = await reaches(runtime, run, lambda result: result.printed and result.status == "parked")
        assert (parked.printed, [call.seq for call in parked.pending]) == (("a minute",), [1])
        await runtime.approve(run)
        assert (await ends(runtime, run)).value == ["a minute", "dropped a"]


async def test_a_parked_run_goes_on_in_another_process(house: House):
    async with house.process() as first:
        run = (await first.run(DROP)).run
        assert run not in first._parts.drives
    async with house.process() as second:
        assert [call.path for call in (await second.wait(run)).pending] == ["w.drop"]
        await second.approve(run)
        assert (await ends(second, run)).value == [10, "dropped a"]
        assert house.done == ["read 1", "drop a"]
        assert [entry.fence for entry in await house.log(run) if isinstance(entry, Claimed)] == [2]


async def test_a_decision_in_another_process_wakes_the_run_in_this_one(house: House):
    async with house.process() as worker, house.process(role="client") as operator:
        run = (await worker.run(DROP)).run
        waiting = asyncio.create_task(worker.wait(run))
        await operator.approve(run)
        assert (await ends(operator, run)).value == [10, "dropped a"]
        await waiting
        assert worker._parts.keeper is not operator._parts.keeper


async def test_a_client_leaves_the_runs_of_others_alone_until_it_is_asked(house: House):
    async with house.process() as worker:
        run = (await worker.run(DROP)).run
    async with house.process(role="client") as client:
        await client.approve(run)
        assert (await client.wait(run, timeout_s=0.1)).status == "parked"
        assert house.done == ["read 1"]
        assert (await asyncio.wait_for(client.resume(run), 20)).value == [10, "dropped a"]


async def test_a_run_of_another_scope_is_left_alone(house: House):
    async with house.process(scope="one") as one:
        run = (await one.run(DROP)).run
        async with house.process(scope="two") as two:
            await one._parts.keeper.close()
            await two.approve(run)
            assert (await two.wait(run, timeout_s=0.1)).status == "parked"
            with pytest.raises(Conflict, match="belongs to one"):
                await two.resume(run)


async def test_a_known_key_gives_the_run_that_is_parked(house: House):
    async with house.process() as runtime:
        first = await runtime.run(DROP, key="k")
        again = await runtime.run(DROP, key="k")
        assert (again.run, again.status, house.done) == (first.run, "parked", ["read 1"])


class Damaged(Lent):
    """A store whose snapshots come back otherwise than they were kept."""

    def __init__(self, store: Any, damage: Any) -> None:
        super().__init__(store)
        self._damage = damage

    async def claim(self, **asked: Any) -> Any:
        taken = await self._lent.claim(**asked)
        return taken and (taken[0], self._damage(taken[1]))


DAMAGES = {
    "lost": lambda sealed: None,
    "empty": lambda sealed: b"",
    "cut_short": lambda sealed: sealed[: len(sealed) // 2],
    "a_flipped_bit_at_the_end": lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
    "a_flipped_bit_in_the_number_of_turns": lambda sealed: bytes([sealed[0] ^ 1]) + sealed[1:],
    "a_flipped_bit_in_the_seal": lambda sealed: sealed[:9] + bytes([sealed[9] ^ 4]) + sealed[10:],
    "noise": lambda sealed: bytes(range(256)) * 40,
}


@unless("cpython", because="its programs have no snapshots")
@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_snapshot_is_passed_over_and_the_run_replayed(
    house: House, damage: str, caplog: pytest.LogCaptureFixture
):
    async with house.process() as runtime:
        run = (await runtime.run(DROP)).run
    async with house.process(store=Damaged(house.store, DAMAGES[damage])) as runtime:
        with caplog.at_level(logging.WARNING, "toolscript.resume"):
            await runtime.approve(run)
            assert (await ends(runtime, run)).value == [10, "dropped a"]
        assert house.done == ["read 1", "drop a"]
        assert ("is replayed" in caplog.text) == (damage != "lost")


@unless("cpython", because="its programs have no snapshots")
async def test_a_snapshot_of_another_run_is_passed_over(house: House, caplog: pytest.LogCaptureFixture):
    kept: list[bytes] = []
    async with house.process(store=Damaged(house.store, lambda sealed: kept.append(sealed) or sealed)) as runtime:
        other = (await runtime.run(DROP)).run
        await runtime.approve(other)
        await ends(runtime, other)
        run = (await runtime.run(DROP)).run
    async with house.process(store=Damaged(house.store, lambda sealed: kept[0])) as runtime:
        await runtime.approve(run)
        assert (await ends(runtime, run)).value == [10, "dropped a"]
        assert "seal is broken" in caplog.text


async def test_time_in_which_a_run_is_parked_does_not_count(house: House):
    code = program(
        "await w.drop({ name: 'a' }); await codemode.sleep(600)", "await w.drop(name='a'); await codemode.sleep(600)"
    )
    async with house.process(limits=Limits(wall_ms=5_000)) as runtime:
        run = (await runtime.run(code)).run
        await house.clock.advance(3 * DAY_S)
        await runtime.approve(run)
        assert (await ends(runtime, run)).status == "completed"


async def test_time_before_a_pause_does_count(house: House):
    code = program(
        "await w.hang({}); await w.drop({ name: 'a' }); await w.hang({})",
        "await w.hang(); await w.drop(name='a'); await w.hang()",
    )
    async with house.process(limits=Limits(wall_ms=60_000)) as runtime:
        run = await runtime.start(code)
        await asyncio.wait_for(house.upstream.entered.wait(), 20)
        house.clock.set(house.clock.now() + 59_900)
        house.upstream.gate.set()
        await ends(runtime, run)
        house.upstream.gate.clear()
        await house.clock.advance(DAY_S)
        await runtime.approve(run)
        result = await asyncio.wait_for(runtime.wait(run), 10)
        assert result.status == "failed"
        assert result.failure is not None
        assert "wall_ms" in result.failure.message


async def test_a_run_that_nobody_decides_on_expires(house: House):
    code = program(
        "try { await w.drop({ name: 'a' }) } catch { return 'caught' }",
        """
        try:
            await w.drop(name='a')
        except BaseException:
            return 'caught'""",
    )
    async with house.process() as runtime:
        run = (await runtime.run(code)).run
        await house.clock.advance(7 * DAY_S - 1)
        assert await house.status(run) == "parked"
        await house.clock.advance(1)
        result = await reaches(runtime, run, "expired")
        assert (result.status, result.pending, house.done) == ("expired", (), [])
        assert result.failure is not None
        assert "nobody decided on w.drop within 7 days" in result.failure.message
        assert result.calls[0].answer is not None
        with pytest.raises(Conflict, match="has ended"):
            await runtime.approve(run)


async def test_a_decision_in_the_last_second_counts(house: House):
    async with house.process(limits=Limits(parked_ms=60_000)) as runtime:
        run = (await runtime.run(DROP)).run
        await house.clock.advance(59)
        await runtime.approve(run)
        assert (await ends(runtime, run)).status == "completed"


async def test_a_run_expires_while_no_process_looks(house: House):
    async with house.process(limits=Limits(parked_ms=60_000)) as runtime:
        run = (await runtime.run(DROP)).run
    house.clock.set(house.clock.now() + 61_000)
    async with house.process() as runtime:
        await reaches(runtime, run, "expired")


async def test_a_timer_does_not_put_off_the_end_of_a_call_that_waits(house: House):
    code = program(
        "const asked = w.drop({ name: 'a' }); await codemode.sleep(100_000); await asked",
        "await asyncio.gather(w.drop(name='a'), codemode.sleep(100_000))",
    )
    async with house.process(limits=Limits(parked_ms=60_000)) as runtime:
        run = (await runtime.run(code)).run
        await house.clock.advance(61)
        await reaches(runtime, run, "expired")


async def test_a_clock_that_was_set_back_neither_loses_a_run_nor_turns_its_time_back(house: House):
    code = program(
        """
        await codemode.sleep(3000);
        const t = Date.now(); await w.drop({ name: 'a' }); await codemode.sleep(60); return Date.now() - t""",
        """
        import time
        await codemode.sleep(3000)
        t = time.time()
        await w.drop(name='a')
        await codemode.sleep(60)
        return (time.time() - t) * 1000""",
    )
    async with house.process() as runtime:
        run = (await runtime.run(code)).run
        house.clock.set(house.clock.now() - 3_600_000)
        await runtime.approve(run)
        assert (await ends(runtime, run)).value >= 60_000


@pytest.mark.parametrize("rounds", [0, 1, 2, 4, 7, 12, 20, 35, 60])
async def test_a_decision_that_comes_while_the_run_is_being_parked_is_not_lost(house: House, rounds: int):
    async with house.process() as runtime:
        run = await runtime.start(program("return await w.drop({ name: 'a' })", "return await w.drop(name='a')"))
        async with asyncio.timeout(20):
            while not (await runtime.result(run)).calls:  # noqa: ASYNC110 - as closely as can be
                await asyncio.sleep(0)
            for _ in range(rounds):
                await asyncio.sleep(0)
            await runtime.approve(run)
        while (result := await ends(runtime, run)).outcome is None:
            pass
        assert (result.value, house.done) == ("dropped a", ["drop a"])


@unless("cpython", because="a process for each of so many runs takes long, and nothing of it is kept")
async def test_parked_runs_cost_next_to_no_memory_and_few_bytes(tmp_path: Path, guest: Guest):
    """Of 10,000, each takes 0.6 KB of memory and 7.6 KB of the file; a few hundred tell as much."""
    runs = 200
    house = House(SQLiteStore(tmp_path / "runs.db"), guest)
    code = program(
        "const rows = await w.echo({ value: [...Array(20).keys()] }); return await w.drop({ name: 'a' + rows.length })",
        "rows = await w.echo(value=list(range(20)))\nreturn await w.drop(name=f'a{len(rows)}')",
    )
    async with house.process() as runtime:
        for _ in range(20):
            await runtime.run(code)
        gc.collect()
        size = (tmp_path / "runs.db").stat().st_size + (tmp_path / "runs.db-wal").stat().st_size
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(runs):
            assert (await runtime.run(code)).status == "parked"
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (after - before) / runs < 2_000
    await house.store.close()
    grown = (tmp_path / "runs.db").stat().st_size - size
    assert grown / runs < 20_000
