"""The JavaScript guest's limits, and that a program that loops holds up nobody."""

# ruff: noqa: E501, ASYNC110 - a program stands on one line; a test must look at what other threads do

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import pytest

from toolscript.codec import Encoded
from toolscript.errors import Failure
from toolscript.guests.javascript import vm
from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.runs.program import Limits
from toolscript.runs.turn import Crashed, Returned, Settled
from toolscript.testing.guest_suite import START, boot, play

LOOP = "while (true) {}"
MANY_STEPS = 10**12


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[JavaScriptGuest]:
    guest = JavaScriptGuest()
    yield guest
    await guest.close()


async def failure_of(guest: JavaScriptGuest, code: str, limits: Limits) -> Failure:
    return (await play(guest, boot(guest, code, limits=limits))).failure


@pytest.mark.parametrize(
    ("code", "limits", "says"),
    [
        (LOOP, Limits(instructions=1_000_000), "ran too long (limit: 1,000,000 steps)"),
        (LOOP, Limits(instructions=MANY_STEPS, cpu_ms=50), "computing time (limit: 50 ms)"),
        ("const a = []; while (true) a.push('x'.repeat(1e4) + a.length)", Limits(memory_bytes=16 << 20), "memory (limit: 16,777,216 bytes)"),
        ("return 'x'.repeat(2000)", Limits(output_bytes=1000), "returned value is too large (limit: 1,000 bytes)"),
        ("/* " + "x" * 2000 + " */ return 1", Limits(source_bytes=1000), "the program is too long: 2,015 bytes (limit: 1,000)"),
        ("for (let i = 0; i < 200; i++) crm.find({}); await null", Limits(calls=10), "too many calls (limit: 10 calls)"),
    ],
)  # fmt: skip
async def test_a_limit_names_itself(guest: JavaScriptGuest, code: str, limits: Limits, says: str) -> None:
    failure = await failure_of(guest, code, limits)
    assert (failure.kind, failure.code, failure.name) == ("guest", "limit", "LimitError")
    assert says in failure.message


async def test_arguments_over_the_limit_are_refused_at_the_call(guest: JavaScriptGuest) -> None:
    failure = await failure_of(guest, "\nawait crm.find({x: 'x'.repeat(2000)})", Limits(answer_bytes=1000))
    assert (failure.code, failure.line) == ("bad_value", 2)
    assert "over the limit of 1000 bytes" in failure.message


async def test_printing_stops_at_its_limit_and_says_so(guest: JavaScriptGuest) -> None:
    code = "for (let i = 0; i < 1000; i++) console.log('line ' + i); return 'done'"
    played = await play(guest, boot(guest, code, limits=Limits(printed_bytes=100)))
    assert played.value == "done"
    assert played.printed[0] == "line 0"
    assert played.printed[-1] == "(output cut: over the limit of 100 bytes)"
    assert sum(map(len, played.printed[:-1])) <= 100


async def test_a_deeper_stack_goes_deeper(guest: JavaScriptGuest) -> None:
    code = "let n = 0; const f = () => { n++; f() }; try { f() } catch {} return n"
    shallow = (await play(guest, boot(guest, code, limits=Limits(stack_bytes=32 << 10)))).value
    deep = (await play(guest, boot(guest, code, limits=Limits(stack_bytes=128 << 10)))).value
    assert shallow < deep / 2
    assert deep > 300


async def test_instructions_count_over_all_turns(guest: JavaScriptGuest) -> None:
    code = "for (let i = 0; i < 100; i++) { await crm.find({}); for (let k = 0; k < 1e5; k++); } return 1"
    failure = await failure_of(guest, code, Limits(instructions=2_000_000))
    assert "ran too long" in failure.message


async def test_instructions_are_the_same_every_time(guest: JavaScriptGuest) -> None:
    code = "let s = 0; for (let i = 0; i < 3e6; i++) s += i; await crm.find({}); return s"
    used = [(await play(guest, boot(guest, code))).turns[-1].usage.instructions for _ in range(3)]
    assert used[0] == used[1] == used[2] >= 3_000_000


async def test_computing_time_counts_over_all_turns_and_through_sleep(guest: JavaScriptGuest) -> None:
    code = "for (let i = 0; i < 1000; i++) { await crm.find({}); const t = 'a'.repeat(3e4); for (let k = 0; k < 9; k++) t.indexOf('b') }"
    start = boot(guest, code, limits=Limits(cpu_ms=60, instructions=MANY_STEPS))
    played = await play(guest, start, sleeping=True)
    assert "computing time" in played.failure.message
    assert len(played.turns) > 3


async def test_after_a_trap_the_outcome_stays(guest: JavaScriptGuest) -> None:
    session = await guest.start(boot(guest, LOOP, limits=Limits(cpu_ms=20, instructions=MANY_STEPS)))
    first = await session.advance([], START)
    assert isinstance(first.outcome, Crashed)
    assert (await session.advance([Settled(1, Returned(Encoded("1")))], START)).outcome == first.outcome
    assert await session.snapshot() is None


async def test_a_cancelled_program_stops_at_once(guest: JavaScriptGuest) -> None:
    for code in (
        LOOP,
        "/^(a+)+$/.test('a'.repeat(60) + 'b')",
        "while (true) { try { while (true) {} } finally { continue } }",
    ):
        session = await guest.start(boot(guest, code, limits=Limits(instructions=MANY_STEPS)))
        turn = asyncio.create_task(session.advance([], START))
        while not vm.running:
            await asyncio.sleep(0)
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        cancelled = time.monotonic()
        while vm.running:
            assert time.monotonic() - cancelled < 1, "it still runs"
            await asyncio.sleep(0.001)
        assert time.monotonic() - cancelled < 0.2
        assert await session.snapshot() is None
        await session.close()


async def test_loops_hold_up_neither_the_event_loop_nor_other_programs(guest: JavaScriptGuest) -> None:
    limits = Limits(instructions=MANY_STEPS, cpu_ms=300)
    loops = [asyncio.create_task(play(guest, boot(guest, LOOP, limits=limits))) for _ in range(8)]
    waits: list[float] = []
    while not all(task.done() for task in loops):
        started = time.monotonic()
        assert (await play(guest, boot(guest, "return (await crm.add({a: 1, b: 2})).sum"))).value == 3
        waits.append(time.monotonic() - started)
    assert len(waits) > 20
    assert statistics.median(waits) < 0.05, "programs wait for the loops of others"
    assert all("computing time" in task.result().failure.message for task in loops)


async def test_a_cleared_timer_is_reported_as_dropped(guest: JavaScriptGuest) -> None:
    code = "const t = setTimeout(() => {}, 5e3); const r = await crm.find({}); clearTimeout(t); return r.id"
    played = await play(guest, boot(guest, code), order="last")
    assert [call.path for call in played.calls] == ["codemode.sleep", "crm.find"]
    assert played.turns[-1].dropped == (1,)


async def test_other_seeds_give_other_randomness(guest: JavaScriptGuest) -> None:
    code = "return [Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(4))]]"
    values = [(await play(guest, boot(guest, code, seed=seed))).value for seed in (1, 1, 2, 2**64 - 1, 0)]
    assert values[0] == values[1]
    assert len({repr(value) for value in values}) == 4


async def test_programs_that_wait_for_their_turn_to_compute_can_be_cancelled(guest: JavaScriptGuest) -> None:
    limits = Limits(instructions=MANY_STEPS, cpu_ms=60_000)
    sessions = [await guest.start(boot(guest, LOOP, limits=limits)) for _ in range(6)]
    turns = [asyncio.create_task(session.advance([], START)) for session in sessions]
    while len(vm.running) < len(turns):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    for turn in turns:
        turn.cancel()
    patience = time.monotonic() + 1
    while vm.running:
        assert time.monotonic() < patience, "some still run"
        await asyncio.sleep(0.001)
    assert (await play(guest, boot(guest, "return 1 + 1"))).value == 2
