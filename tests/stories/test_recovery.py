"""Runs whose process is gone: real processes on one file, killed at every point that matters."""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from places import IN_PYTHON, IN_TYPESCRIPT
from processes import LEASE_S, Wire, end, here, rings, wired, working
from programs import program, tried

from toolscript.errors import Conflict
from toolscript.ports import Guest
from toolscript.runtime.runtime import Runtime

HOUR_MS = 3_600_000
READ = program("return await w.read({ i: 1 })", "return await w.read(i=1)")
DROP = program("return await w.drop({ i: 1 })", "return await w.drop(i=1)")


@pytest.fixture
async def wire(tmp_path: Path, guest: Guest) -> AsyncGenerator[Wire]:
    async with wired(tmp_path, guest) as wire:
        yield wire


async def test_a_read_cut_off_by_a_kill_runs_again_within_a_second_of_its_lease(wire: Wire):
    async with here(wire) as other, working(wire) as victim:
        run = await victim.do("start", READ)
        await wire.attempt("read")
        await victim.kill()
        killed = time.monotonic()
        (await wire.attempt("read")).answer("seen")
        assert time.monotonic() - killed < LEASE_S + 1.0
        assert (await end(other, run)).value == "seen"
        assert await other.replay(run) == (await other.result(run)).outcome


@pytest.mark.parametrize(
    ("place", "choice"),
    [(IN_TYPESCRIPT, "retry"), (IN_PYTHON, "retry"), (IN_PYTHON, "done"), (IN_TYPESCRIPT, "fail")],
    ids=str,
    indirect=["place"],
)
async def test_a_write_cut_off_by_a_kill_is_uncertain_and_ends_as_a_person_says(wire: Wire, choice: Any):
    code = tried("w.write({ i: 1 })", "w.write(i=1)")
    async with here(wire) as other, working(wire) as victim:
        run = await victim.do("start", code)
        await wire.attempt("write")
        await victim.kill()
        result = await end(other, run)
        assert (result.status, [call.status for call in result.pending]) == ("parked", ["uncertain"])
        assert wire.quiet
        with pytest.raises(Conflict, match="not pending: it is uncertain"):
            await other.approve(run, 1)
        await other.settle(run, 1, choice, value="it was" if choice == "done" else None, reason="it says no")
        if choice == "retry":
            again = await wire.attempt("write")
            assert again.key == wire.attempts[0].key
            again.answer("again")
        came_to = {"retry": "again", "done": "it was"}
        said = ["ToolError", "w.write was cut off, and a person said that it failed: it says no"]
        assert (await end(other, run)).value == came_to.get(choice, said)
        assert len(wire.made("write")) == (2 if choice == "retry" else 1)
        assert await other.replay(run) == (await other.result(run)).outcome


async def test_an_uncertain_call_is_offered_while_others_still_act(wire: Wire):
    code = program(
        "return await Promise.all([w.write({ i: 1 }), w.read({ i: 2 })])",
        "return await asyncio.gather(w.write(i=1), w.read(i=2))",
    )
    async with here(wire) as other, working(wire) as victim:
        run = await victim.do("start", code)
        assert {(await wire.attempt("read", "write")).name for _ in range(2)} == {"read", "write"}
        await victim.kill()
        read = await wire.attempt("read")
        result = await other.result(run)
        assert [(call.seq, call.status) for call in result.pending] == [(1, "uncertain")]
        await other.settle(run, 1, "done", value="it was")
        read.answer("seen")
        assert (await end(other, run)).value == ["it was", "seen"]


async def test_a_keyed_write_cut_off_by_a_kill_is_made_again_with_its_key(wire: Wire):
    code = program(
        "return await Promise.all([w.write({ i: 1 }), w.write({ i: 2 })])",
        "return await asyncio.gather(w.write(i=1), w.write(i=2))",
    )
    async with here(wire, keyed=True) as other, working(wire, keyed=True) as victim:
        run = await victim.do("start", code)
        first = [await wire.attempt("write"), await wire.attempt("write")]
        await victim.kill()
        again = [await wire.attempt("write"), await wire.attempt("write")]
        assert {attempt.key: attempt.args for attempt in again} == {attempt.key: attempt.args for attempt in first}
        for attempt in again:
            attempt.answer(attempt.args["i"])
        assert (await end(other, run)).value == [1, 2]


@pytest.mark.parametrize(("place", "keyed"), [(IN_TYPESCRIPT, True), (IN_PYTHON, False)], ids=str, indirect=["place"])
async def test_a_kill_between_approval_and_act_leaves_no_doubt_unless_the_tool_was_asked(wire: Wire, keyed: bool):
    async with working(wire, keyed=keyed, hold="attempted") as victim:
        run = (await victim.do("run", DROP))["run"]
        await victim.do("approve", run)
        await wire.attempt("held")  # the attempt is in the log, and the tool was not asked yet
        await victim.kill()
    async with here(wire, keyed=keyed) as other:
        if not keyed:
            assert [call.status for call in (await end(other, run)).pending] == ["uncertain"]
            await other.settle(run, 1, "retry")
        (await wire.attempt("drop")).answer("dropped")
        result = await end(other, run)
        assert result.value == "dropped"
        assert len(wire.made("drop")) == 1


async def test_an_approval_that_nobody_heard_is_carried_out_once_by_the_next_worker(wire: Wire):
    async with working(wire) as victim:
        run = (await victim.do("run", DROP))["run"]
        await victim.kill()
    async with here(wire, role="client") as person:
        await person.approve(run, args={"i": 2})
    async with here(wire) as other:
        attempt = await wire.attempt("drop")
        assert attempt.args == {"i": 2}
        attempt.answer("dropped")
        assert (await end(other, run)).value == "dropped"
    assert wire.quiet


async def test_answers_that_were_committed_and_not_handed_over_are_handed_over_by_the_next(wire: Wire):
    code = program(
        "const a = await w.write({ i: 1 }); return [a, await w.write({ i: 2 })]",
        "a = await w.write(i=1)\nreturn [a, await w.write(i=2)]",
    )
    async with here(wire) as other, working(wire, hold="answered") as victim:
        run = await victim.do("start", code)
        (await wire.attempt("write")).answer("first")
        await wire.attempt("held")
        await victim.kill()
        second = await wire.attempt("write")
        assert second.args == {"i": 2}
        second.answer("second")
        assert (await end(other, run)).value == ["first", "second"]
        assert len(wire.made("write")) == 2


async def test_a_sleeping_run_whose_process_was_killed_wakes_elsewhere_when_it_is_time(wire: Wire):
    code = program(
        "await codemode.sleep({ seconds: 60 }); return await w.read({ i: 1 })",
        "await asyncio.sleep(60)\nreturn await w.read(i=1)",
    )
    async with working(wire) as victim:
        victim.tell("run", code)
        async with here(wire, role="client") as watching:
            run = await parked(watching, wire)
        await victim.kill()
    async with here(wire, skew_ms=50_000) as early:
        assert (await early.wait(run, timeout_s=0)).status == "parked"
        assert wire.quiet
    async with here(wire, skew_ms=61_000) as other:
        (await wire.attempt("read")).answer("seen")
        assert (await end(other, run)).value == "seen"


async def parked(runtime: Runtime, wire: Wire) -> str:
    """The one run of the store, once it is parked."""
    async for _ in rings(wire):
        if runs := await runtime.recent(status="parked"):
            return runs[0].id
    raise AssertionError


async def reaches(runtime: Runtime, wire: Wire, run: str, status: str) -> None:
    """Wait until the run has this status."""
    async for _ in rings(wire):
        if (await runtime.result(run)).status == status:
            return


@pytest.mark.parametrize(
    ("place", "keyed", "role"),
    [
        (IN_TYPESCRIPT, True, "worker"),
        (IN_PYTHON, True, "client"),
        (IN_PYTHON, False, "worker"),
        (IN_TYPESCRIPT, False, "client"),
    ],
    ids=str,
    indirect=["place"],
)
async def test_a_rollback_cut_off_by_a_kill_is_not_repeated_blindly(wire: Wire, keyed: bool, role: Any):
    code = program("await w.write({ i: 1 }); await w.write({ i: 2 })", "await w.write(i=1); await w.write(i=2)")
    async with working(wire, keyed=keyed) as victim:
        victim.tell("run", code)
        for value in ("one", "two"):
            (await wire.attempt("write")).answer(value)
        run = (await victim.said())["run"]
        victim.tell("rollback", run)
        cut_off = await wire.attempt("undo")
        assert cut_off.args == {"result": "two"}
        await victim.kill()
    async with here(wire, keyed=keyed, role=role, skew_ms=5_000) as other:  # its lease is over
        if role == "worker":  # which notes that nobody rolls it back any more
            await reaches(other, wire, run, "rolled_back")
        rolling = asyncio.create_task(other.rollback(run))
        if keyed:
            again = await wire.attempt("undo")
            assert (again.args, again.key) == (cut_off.args, cut_off.key)
            again.answer()
        first = await wire.attempt("undo")
        assert first.args == {"result": "one"}
        first.answer()
        rollback = await rolling
        assert [call.seq for call in rollback.reverted] == ([2, 1] if keyed else [1])
        assert [standing.seq for standing in rollback.standing] == ([] if keyed else [2])
        assert (await other.result(run)).status == "rolled_back"


async def test_a_client_takes_over_nobody_elses_runs(wire: Wire):
    async with working(wire) as victim:
        run = await victim.do("start", READ)
        await wire.attempt("read")
        await victim.kill()
    passives: list[dict[str, Any]] = [{"role": "client"}, {"scope": "another"}]
    for how in passives:
        async with here(wire, skew_ms=HOUR_MS, **how) as passive:
            await looks(passive, wire)
            assert (await passive.wait(run, timeout_s=0)).status == "running"
    async with here(wire, role="client", skew_ms=HOUR_MS) as asked:
        resuming = asyncio.create_task(asked.resume(run))
        (await wire.attempt("read")).answer("seen")
        assert (await resuming).value == "seen"


async def looks(runtime: Runtime, wire: Wire) -> None:
    """The runtime has looked at the store for what is due: a run of its own was parked and woken meanwhile."""
    mine = await runtime.run(DROP)
    await runtime.approve(mine.run)
    (await wire.attempt("drop")).answer("dropped")
    assert (await end(runtime, mine.run)).value == "dropped"


async def test_a_run_of_another_scope_is_not_resumed(wire: Wire):
    async with working(wire, scope="a") as victim:
        run = await victim.do("start", READ)
        await wire.attempt("read")
        await victim.kill()
    async with here(wire, scope="b", skew_ms=HOUR_MS) as other:
        with pytest.raises(Conflict, match="belongs to a"):
            await other.resume(run)
    async with here(wire, scope="a", skew_ms=HOUR_MS) as other:
        (await wire.attempt("read")).answer("seen")
        assert (await end(other, run)).value == "seen"


@pytest.mark.parametrize(
    ("place", "name"), [(IN_TYPESCRIPT, "read"), (IN_PYTHON, "write")], ids=str, indirect=["place"]
)
async def test_a_worker_that_is_told_to_end_hands_its_runs_over_at_once(wire: Wire, name: str):
    code = program(
        f"return [await w.{name}({{ i: 1 }}), await w.read({{ i: 2 }})]",
        f"return [await w.{name}(i=1), await w.read(i=2)]",
    )
    async with here(wire) as other, working(wire, lease_ms=HOUR_MS) as leaving:
        run = await leaving.do("start", code)
        attempt = await wire.attempt(name)
        leaving.terminate()
        if name == "write":  # it is waited for, so that nobody need doubt it
            attempt.answer("written")

        async def answer_reads() -> None:
            while True:
                (await wire.attempt("read")).answer("seen")

        answering = asyncio.create_task(answer_reads())
        assert (await end(other, run)).value == ["written" if name == "write" else "seen", "seen"]
        answering.cancel()
        assert await leaving.ended() == 0
        assert len(wire.made("write")) == (name == "write")
    assert leaving.complaints() == ""


async def test_what_a_person_approves_acts_in_another_process_within_a_tenth_of_a_second(wire: Wire):
    took: list[float] = []
    async with here(wire, role="client") as person, working(wire) as worker:
        for i in range(15):
            run = (
                await worker.do("run", program(f"return await w.drop({{ i: {i} }})", f"return await w.drop(i={i})"))
            )["run"]
            await person.approve(run)
            approved = time.monotonic()
            attempt = await wire.attempt("drop")
            took.append(time.monotonic() - approved)
            assert attempt.pid == worker.pid
            attempt.answer("dropped")
            assert (await end(person, run)).value == "dropped"
    print(f"approve → acts elsewhere: {statistics.median(took) * 1e3:.1f} ms median, {max(took) * 1e3:.1f} ms at most")
    assert statistics.median(took) < 0.1
