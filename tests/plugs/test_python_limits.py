"""The Python guest's limits, and that a program that loops holds up nobody."""

# ruff: noqa: E501, ASYNC110 - a program stands on one line; a test must look at what other processes do

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator

import pytest

from toolscript.codec import Encoded
from toolscript.errors import Failure, Fault
from toolscript.guests.python.guest import PythonGuest
from toolscript.runs.program import Limits
from toolscript.runs.turn import Crashed, Finished, Raised, Returned, Settled
from toolscript.testing.guest_suite import START, boot, play

LOOP = "while True: pass"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[PythonGuest]:
    guest = PythonGuest()
    yield guest
    await guest.close()


async def failure_of(guest: PythonGuest, code: str, limits: Limits) -> Failure:
    return (await play(guest, boot(guest, code, limits=limits))).failure


@pytest.mark.parametrize(
    ("code", "limits", "says"),
    [
        (LOOP, Limits(cpu_ms=50), "computing time (limit: 50 ms); look for an endless loop"),
        ("try:\n    while True: pass\nfinally:\n    while True: pass", Limits(cpu_ms=50), "computing time (limit: 50 ms)"),
        ("while True:\n    try:\n        while True: pass\n    except BaseException: pass", Limits(cpu_ms=50), "computing time (limit: 50 ms)"),
        ("import time\nwhile True: time.time()", Limits(cpu_ms=50), "computing time (limit: 50 ms)"),
        ("while True:\n    try:\n        missing\n    except NameError: pass", Limits(cpu_ms=50), "computing time (limit: 50 ms)"),
        ("while True: print('x' * 1000)", Limits(cpu_ms=50), "computing time (limit: 50 ms)"),
        ("return sum(range(10**12))", Limits(cpu_ms=50), "computing time (limit: 50 ms)"),
        ("a = []\nwhile True: a.append('x' * 10000 + str(len(a)))", Limits(memory_bytes=16 << 20), "memory (limit: 16,777,216 bytes)"),
        ("try:\n    'x' * 10**9\nexcept BaseException: pass", Limits(memory_bytes=16 << 20), "memory (limit: 16,777,216 bytes)"),
        ("return 10 ** 10 ** 9", Limits(memory_bytes=16 << 20), "memory (limit: 16,777,216 bytes)"),
        ("return 'x' * 2000", Limits(output_bytes=1000), "returned value is too large (limit: 1,000 bytes)"),
        ("# " + "x" * 2000 + "\nreturn 1", Limits(source_bytes=1000), "the program is too long: 2,011 bytes (limit: 1,000)"),
        ("for i in range(200): crm.find()\nawait crm.find()", Limits(calls=10), "too many calls (limit: 10 calls)"),
    ],
)  # fmt: skip
async def test_a_limit_names_itself(guest: PythonGuest, code: str, limits: Limits, says: str) -> None:
    failure = await failure_of(guest, code, limits)
    assert (failure.kind, failure.code, failure.name) == ("guest", "limit", "LimitError"), str(failure)
    assert says in failure.message


async def test_arguments_over_the_limit_are_refused_at_the_call(guest: PythonGuest) -> None:
    failure = await failure_of(guest, "\nawait crm.find(x='x' * 2000)", Limits(answer_bytes=1000))
    assert (failure.code, failure.line) == ("bad_value", 2)
    assert "over the limit of 1000 bytes" in failure.message


async def test_printing_stops_at_its_limit_and_says_so(guest: PythonGuest) -> None:
    code = "for i in range(1000): print('line', i)\nreturn 'done'"
    played = await play(guest, boot(guest, code, limits=Limits(printed_bytes=100)))
    assert played.value == "done"
    assert played.printed[0] == "line 0"
    assert played.printed[-1] == "(output cut: over the limit of 100 bytes)"
    assert sum(map(len, played.printed[:-1])) <= 100


async def test_a_line_without_an_end_is_printed_within_the_limit(guest: PythonGuest) -> None:
    code = "for i in range(1000): print('x' * 100, end='')\nreturn 'done'"
    played = await play(guest, boot(guest, code, limits=Limits(printed_bytes=1000)))
    assert played.printed == ["(output cut: over the limit of 1,000 bytes)"]


async def test_a_deeper_stack_goes_deeper(guest: PythonGuest) -> None:
    code = "n = 0\ndef f():\n    global n\n    n += 1\n    f()\ntry:\n    f()\nexcept RecursionError: pass\nreturn n"
    shallow = (await play(guest, boot(guest, code, limits=Limits(stack_bytes=32 << 10)))).value
    deep = (await play(guest, boot(guest, code, limits=Limits(stack_bytes=128 << 10)))).value
    assert shallow < deep / 2
    assert deep > 900


async def test_computing_time_counts_over_all_turns_and_through_sleep(guest: PythonGuest) -> None:
    code = "for i in range(1000):\n    await crm.find()\n    for k in range(20000): pass"
    start = boot(guest, code, limits=Limits(cpu_ms=60))
    played = await play(guest, start, sleeping=True)
    assert "computing time" in played.failure.message
    assert len(played.turns) > 3


async def test_computing_time_counts_over_snippets(guest: PythonGuest) -> None:
    code = "for i in range(1000):\n    await codemode.run('double', {'n': i})\n    for k in range(20000): pass"
    failure = await failure_of(guest, code, Limits(cpu_ms=60, calls=10_000))
    assert "computing time" in failure.message


async def test_after_a_limit_the_outcome_stays(guest: PythonGuest) -> None:
    session = await guest.start(boot(guest, LOOP, limits=Limits(cpu_ms=20)))
    first = await session.advance([], START)
    assert isinstance(first.outcome, Crashed)
    assert (await session.advance([Settled(1, Returned(Encoded("1")))], START)).outcome == first.outcome
    assert await session.snapshot() is None


async def test_a_cancelled_program_stops_at_once(guest: PythonGuest) -> None:
    for code in (
        LOOP,
        "return sum(range(10**12))",
        "while True:\n    try:\n        while True: pass\n    finally: pass",
    ):
        session = await guest.start(boot(guest, code))
        turn = asyncio.create_task(session.advance([], START))
        while not guest.workers.computing:
            assert not turn.done(), (code, turn.result())
            await asyncio.sleep(0.001)
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        cancelled = time.monotonic()
        while guest.workers.computing:
            assert time.monotonic() - cancelled < 1, "it still runs"
            await asyncio.sleep(0.001)
        assert time.monotonic() - cancelled < 0.2
        assert await session.snapshot() is None
        await session.close()


async def test_loops_hold_up_neither_the_event_loop_nor_other_programs(guest: PythonGuest) -> None:
    loops = [asyncio.create_task(play(guest, boot(guest, LOOP, limits=Limits(cpu_ms=300)))) for _ in range(8)]
    waits: list[float] = []
    while not all(task.done() for task in loops):
        started = time.monotonic()
        assert (await play(guest, boot(guest, "return (await crm.add(a=1, b=2))['sum']"))).value == 3
        waits.append(time.monotonic() - started)
    assert len(waits) > 20
    assert statistics.median(waits) < 0.05, "programs wait for the loops of others"
    assert all("computing time" in task.result().failure.message for task in loops)


async def test_programs_that_wait_for_a_worker_can_be_cancelled() -> None:
    guest = PythonGuest(most_workers=2)
    sessions = [await guest.start(boot(guest, LOOP, limits=Limits(cpu_ms=60_000))) for _ in range(6)]
    turns = [asyncio.create_task(session.advance([], START)) for session in sessions]
    while guest.workers.computing < 2:
        assert not any(turn.done() for turn in turns)
        await asyncio.sleep(0.001)
    for turn in turns:
        turn.cancel()
    patience = time.monotonic() + 1
    while guest.workers.computing:
        assert time.monotonic() < patience, "some still run"
        await asyncio.sleep(0.001)
    assert (await play(guest, boot(guest, "return 1 + 1"))).value == 2
    await guest.close()


async def test_waiting_for_a_worker_is_no_computing_time() -> None:
    guest = PythonGuest(most_workers=1)
    loop = asyncio.create_task(play(guest, boot(guest, LOOP, limits=Limits(cpu_ms=300))))
    while not guest.workers.computing:
        await asyncio.sleep(0.001)
    waited = await play(guest, boot(guest, "return 1", limits=Limits(cpu_ms=100)))
    assert waited.value == 1
    assert "computing time" in (await loop).failure.message
    await guest.close()


async def test_a_thousand_programs_that_wait_need_no_thousand_processes() -> None:
    guest = PythonGuest()
    code = "x = await crm.find(id=1)\ny = await crm.find(id=2)\nreturn [x, y, input]"
    sessions = [await guest.start(boot(guest, code, value=number)) for number in range(1000)]
    for session in sessions:
        assert len((await session.advance([], START)).calls) == 1
    assert len(guest.workers.pids) < 64
    for session in sessions:
        assert len((await session.advance([Settled(1, Returned(Encoded("5")))], START)).calls) == 1
    for number, session in enumerate(sessions):
        turn = await session.advance([Settled(2, Returned(Encoded("6")))], START)
        assert turn.outcome == Finished(Encoded(f"[5,6,{number}]"))
        await session.close()
    assert guest.workers.pids == []
    await guest.close()


async def test_a_program_whose_worker_was_killed_fails_alone() -> None:
    guest = PythonGuest()
    code = "x = await crm.find(id=1)\nreturn x"
    first = await guest.start(boot(guest, code))
    await first.advance([], START)
    (pid,) = guest.workers.pids
    second = await guest.start(boot(guest, code))
    await second.advance([], START)
    os.kill(pid, 9)
    dead = await first.advance([Settled(1, Returned(Encoded("5")))], START)
    assert isinstance(dead.outcome, Crashed)
    assert "broke off" in dead.outcome.failure.message
    assert (await second.advance([Settled(1, Returned(Encoded("5")))], START)).outcome == Finished(Encoded("5"))
    await guest.close()


async def test_a_program_whose_worker_died_while_it_waited_harms_nobody() -> None:
    guest = PythonGuest(most_workers=1)
    code = "x = await crm.find(id=1)\nreturn x"
    first, second = [await guest.start(boot(guest, code)) for _ in range(2)]
    await first.advance([], START)
    (pid,) = guest.workers.pids
    os.kill(pid, 9)
    assert await first.snapshot() is None
    assert len((await second.advance([], START)).calls) == 1  # which puts the first one to sleep
    with pytest.raises(Fault, match="died while the program waited"):
        await first.advance([Settled(1, Returned(Encoded("5")))], START)
    assert (await second.advance([Settled(1, Returned(Encoded("5")))], START)).outcome == Finished(Encoded("5"))
    await guest.close()


async def test_closing_the_guest_stops_what_computes_and_leaves_no_process() -> None:
    guest = PythonGuest()
    session = await guest.start(boot(guest, LOOP))
    turn = asyncio.create_task(session.advance([], START))
    while not guest.workers.computing:
        await asyncio.sleep(0.001)
    (pid,) = guest.workers.pids
    began = time.monotonic()
    await guest.close()
    outcome = (await turn).outcome
    assert isinstance(outcome, Crashed)
    assert outcome.failure.code == "cancelled"
    assert time.monotonic() - began < 2
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    await session.close()


async def test_other_seeds_give_other_randomness(guest: PythonGuest) -> None:
    code = "import random\nreturn [random.random(), random.randint(0, 10**9), random.Random().random()]"
    values = [(await play(guest, boot(guest, code, seed=seed))).value for seed in (1, 1, 2, 2**64 - 1, 0)]
    assert values[0] == values[1]
    assert len({repr(value) for value in values}) == 4


async def test_no_words_of_ours_reach_a_program(guest: PythonGuest) -> None:
    failure = Failure(kind="tool", code="timeout", name="TimeoutError", message="too slow")
    session = await guest.start(boot(guest, "try:\n    await crm.find()\nexcept TimeoutError as e:\n    return str(e)"))
    await session.advance([], START)
    turn = await session.advance([Settled(1, Raised(failure))], START)
    assert turn.outcome == Finished(Encoded('"too slow"'))
    await session.close()
