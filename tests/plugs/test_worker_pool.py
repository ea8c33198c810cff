"""Programs in worker processes: locked down, replaced when they die, and never in each other's way."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from toolscript.codec import Encoded
from toolscript.errors import Fault
from toolscript.guests.pool import JavaScriptWorkers
from toolscript.guests.pool.wire import (
    Frames,
    pack,
    read_boot,
    read_settled,
    read_turn,
    write_boot,
    write_settled,
    write_turn,
)
from toolscript.guests.pool.worker_process import WorkerProcess
from toolscript.runs.program import Boot, Limits, Program
from toolscript.runs.turn import Called, Crashed, Finished, Outcome, Raised, Returned, Settled, Turn, Usage
from toolscript.testing.store_suite import FAILURE

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def workers():
    guest = JavaScriptWorkers(processes=2)
    yield guest
    await guest.close()


def boot(code: str, **limits: int) -> Boot:
    return Boot(program=Program(code=code), namespaces={"t": ("get",)}, limits=Limits(**limits))


async def first_turn(guest: JavaScriptWorkers, code: str, **limits: int) -> Turn:
    session = await guest.start(boot(code, **limits))
    try:
        return await session.advance((), 1_000)
    finally:
        await session.close()


def processes_of(guest: JavaScriptWorkers) -> list[WorkerProcess]:
    return [worker for fleet in guest._fleets.values() for worker in fleet.workers]


def live_sessions(guest: JavaScriptWorkers) -> int:
    return sum(worker.sessions for worker in processes_of(guest))


async def test_a_program_calls_and_is_answered_over_the_wire(workers):
    session = await workers.start(boot("return (await t.get({ i: 1 })).v + 1"))
    turn = await session.advance((), 1_000)
    assert turn.calls == (Called(1, "t.get", Encoded('{"i":1}')),)
    turn = await session.advance([Settled(1, Returned(Encoded('{"v":41}')))], 1_001)
    assert turn.outcome == Finished(Encoded("42"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the walls are Linux's")
async def test_every_wall_that_this_kernel_has_stands(workers):
    walls = {wall.name: wall for wall in await workers.walls()}
    assert walls["seccomp"].holds, walls["seccomp"].reason
    assert walls["no_new_privs"].holds
    assert walls["rlimits"].holds


ATTEMPTS = {
    "open a file": "open('/etc/passwd')",
    "list a folder": "__import__('os').listdir('/')",
    "make a socket": "__import__('socket').socket()",
    "fork": "__import__('os').fork()",
    "execute": "__import__('os').execv('/bin/true', ['true'])",
    "signal others": "__import__('os').kill(1, 0)",
    "trace": "lockdown._check(lockdown._libc().syscall(101, 0, 1, 0, 0))",
    "unshare again": "lockdown._check(lockdown._libc().unshare(0x10000000))",
    "io_uring": "lockdown._check(lockdown._libc().syscall(425, 1, 0))",
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the walls are Linux's")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_sealed_process_cannot(attempt: str):
    code = (
        "import ctypes, os, socket, sys\n"
        "from toolscript.guests import lockdown\n"
        "lockdown.isolate()\n"
        "walls = {wall.name: wall.holds for wall in lockdown.seal()}\n"
        f"try:\n    {ATTEMPTS[attempt]}\n"
        "except OSError as error:\n    print('refused', error.errno)\n"
        "else:\n    print('done')\n"
        "sys.stdout.flush(); os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout.startswith("refused"), done


async def test_a_killed_worker_costs_its_own_programs_an_error_and_nobody_else():
    workers = JavaScriptWorkers(processes=1)
    try:
        session = await workers.start(boot("await t.get({}); return 1"))
        await session.advance((), 1_000)
        (worker,) = processes_of(workers)
        os.kill(worker.transport.get_pid(), signal.SIGKILL)
        with pytest.raises(Fault, match="worker process"):
            await session.advance([Settled(1, Returned(Encoded("1")))], 1_001)
        await session.close()
        assert (await first_turn(workers, "return 'next'")).outcome == Finished(Encoded('"next"'))
    finally:
        await workers.close()


async def test_a_worker_that_is_killed_in_mid_turn_fails_that_turn_at_once(workers):
    session = await workers.start(boot("while (true) {}", instructions=10**12, cpu_ms=60_000))
    turn = asyncio.create_task(session.advance((), 1_000))
    await asyncio.sleep(0)  # the request is on its way
    os.kill(session._worker.transport.get_pid(), signal.SIGKILL)
    with pytest.raises(Fault, match="others are not affected"):
        await turn


async def test_programs_run_beside_endless_loops_in_every_worker(workers):
    loops = [await workers.start(boot("while (true) {}", instructions=10**12, cpu_ms=60_000)) for _ in range(4)]
    turns = [asyncio.create_task(loop.advance((), 1_000)) for loop in loops]
    for number in range(20):
        assert (await first_turn(workers, f"return {number}")).outcome == Finished(Encoded(str(number)))
    for turn in turns:
        turn.cancel()
    results = await asyncio.gather(*turns, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)


async def test_a_worker_with_every_thread_busy_still_hears_that_programs_are_stopped():
    workers = JavaScriptWorkers(processes=1)
    try:
        loops = [await workers.start(boot("while (true) {}", instructions=10**12, cpu_ms=60_000)) for _ in range(70)]
        turns = [asyncio.create_task(loop.advance((), 1_000)) for loop in loops]
        await asyncio.sleep(0)  # the requests are on their way
        for turn in turns:
            turn.cancel()
        async with asyncio.timeout(10):
            assert (await first_turn(workers, "return 'next'")).outcome == Finished(Encoded('"next"'))
    finally:
        await workers.close()


async def test_limits_hold_in_a_worker(workers):
    turn = await first_turn(workers, "/^(a+)+$/.test('a'.repeat(40) + 'b')", cpu_ms=200)
    assert isinstance(turn.outcome, Crashed)
    assert turn.outcome.failure.code == "limit"


async def test_a_snapshot_wakes_in_another_worker(workers):
    others = JavaScriptWorkers(processes=1)
    program = boot("const a = await t.get({ i: 1 }); const b = await t.get({ i: 2 }); return [a, b, Math.random()]")
    first = await workers.start(program)
    await first.advance((), 1_000)
    await first.advance([Settled(1, Returned(Encoded("1")))], 1_001)
    snapshot = await first.snapshot()
    woken = await others.restore(program, snapshot)
    answer = [Settled(2, Returned(Encoded("2")))]
    assert (await woken.advance(answer, 1_002)).outcome == (await first.advance(answer, 1_002)).outcome
    with pytest.raises(ValueError, match="snapshot"):
        await workers.restore(program, b"nonsense")
    await others.close()


async def test_large_values_cross_in_both_directions(workers):
    session = await workers.start(boot("const r = await t.get({}); return r + r"))
    await session.advance((), 1_000)
    text = Encoded('"' + "é" * 1_000_000 + '"')
    turn = await session.advance([Settled(1, Returned(text))], 1_001)
    assert turn.outcome == Finished(Encoded('"' + "é" * 2_000_000 + '"'))


async def test_a_session_that_is_dropped_unclosed_frees_its_memory_in_the_worker():
    workers = JavaScriptWorkers(processes=1)
    try:
        for _ in range(20):
            session = await workers.start(boot("await t.get({})"))
            await session.advance((), 1_000)
            dropped = session._id
            del session
        await asyncio.sleep(0)  # what a destructor asks for is done by the event loop
        assert live_sessions(workers) == 0
        (worker,) = processes_of(workers)
        answer = await worker.request({"op": "snapshot", "session": dropped})
        assert answer["fault"] == "the session is gone"
    finally:
        await workers.close()


def test_event_loops_in_turn_share_a_guest_and_leave_no_process_behind():
    guest = JavaScriptWorkers(processes=1)
    pids = list[int]()

    async def once(number: int) -> None:
        assert (await first_turn(guest, f"return {number}")).outcome == Finished(Encoded(str(number)))
        pids.extend(worker.transport.get_pid() for worker in processes_of(guest))

    for number in range(3):
        asyncio.run(once(number))
    asyncio.run(guest.close())
    gc.collect()  # asyncio warns of what was left open
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_threads_with_event_loops_of_their_own_share_a_guest():
    guest = JavaScriptWorkers(processes=1)

    async def several(start: int) -> list[Outcome | None]:
        return [(await first_turn(guest, f"return {start + number}")).outcome for number in range(5)]

    with ThreadPoolExecutor(3) as threads:
        ran = threads.map(lambda start: asyncio.run(several(start)), (0, 10, 20))
        for start, outcomes in zip((0, 10, 20), ran, strict=True):
            assert outcomes == [Finished(Encoded(str(start + number))) for number in range(5)]
        asyncio.run(guest.close())
        gc.collect()


async def test_a_worker_that_says_nonsense_is_ended_and_replaced():
    workers = JavaScriptWorkers(processes=1)
    try:
        framed = (b"[]", b"{}", b"\xff", b'{"id":0}')
        for nonsense in (b"\xff\xff\xff\xff", *(len(body).to_bytes(4, "little") + body for body in framed)):
            session = await workers.start(boot("await t.get({})"))
            await session.advance((), 1_000)
            (worker,) = processes_of(workers)
            worker.pipe_data_received(1, nonsense)
            if nonsense.endswith(b"0}"):  # a second word of being ready changes nothing
                assert (await session.advance([Settled(1, Returned(Encoded("1")))], 1_001)).outcome is not None
                continue
            with pytest.raises(Fault, match="worker process"):
                await session.advance([Settled(1, Returned(Encoded("1")))], 1_001)
        assert (await first_turn(workers, "return 'next'")).outcome == Finished(Encoded('"next"'))
    finally:
        await workers.close()


async def test_a_closed_guest_starts_nothing():
    workers = JavaScriptWorkers(processes=1)
    await first_turn(workers, "return 1")
    await workers.close()
    with pytest.raises(Fault, match="closed"):
        await workers.start(boot("return 1"))


async def test_closing_leaves_no_process_behind():
    workers = JavaScriptWorkers(processes=2)
    await first_turn(workers, "return 1")
    pids = [worker.transport.get_pid() for worker in processes_of(workers)]
    await workers.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_what_goes_over_the_wire_comes_back_equal():
    boots = Boot(program=Program(code="\ud800 é", input=Encoded('{"a":1}')), namespaces={"a": ("b",)}, seed=2**63)
    assert read_boot(write_boot(boots)) == boots
    for settled in (Settled(1, Returned(Encoded("null"))), Settled(2, Raised(FAILURE))):
        assert read_settled(write_settled(settled)) == settled
    turns = (
        Turn(),
        Turn(calls=(Called(1, "a.b", Encoded("{}")),), dropped=(3,), printed=("x",), usage=Usage(cpu_us=5)),
        Turn(outcome=Finished(Encoded("null"))),
        Turn(outcome=Crashed(FAILURE)),
    )
    frames = Frames()
    stream = b"".join(pack(write_turn(turn)) for turn in turns)
    messages = [message for at in range(len(stream)) for message in frames.feed(stream[at : at + 1])]
    assert tuple(read_turn(message) for message in messages) == turns
    with pytest.raises(ValueError, match="frame"):
        frames.feed(b"\xff\xff\xff\xff1234")
