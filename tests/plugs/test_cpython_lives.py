"""CPython programs through their lives: what they see, what they may use, and what happens when something dies."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.plugs.cpython_machine import lockable

from toolscript.codec import Encoded
from toolscript.errors import ConfigError, Failure, Fault, GuestError
from toolscript.guests.cpython.checkup import checkup
from toolscript.guests.cpython.guest import CPythonGuest
from toolscript.guests.cpython.spawner import ProgramProcess, require
from toolscript.guests.lockdown import Step
from toolscript.runs.program import Limits
from toolscript.runs.turn import Crashed, Finished, Raised, Returned, Settled
from toolscript.testing.guest_suite import START, boot, play

pytestmark = [lockable, pytest.mark.timeout(60)]


@pytest.fixture
async def guest() -> AsyncIterator[CPythonGuest]:
    guest = CPythonGuest()
    yield guest
    await guest.close()


async def value(guest: CPythonGuest, code: str, **more: Any) -> Any:
    return (await play(guest, boot(guest, code, **more))).value


async def failure(guest: CPythonGuest, code: str, **limits: int) -> Failure:
    return (await play(guest, boot(guest, code, limits=Limits(**limits)))).failure


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    async with asyncio.timeout(10):
        while os.path.exists(f"/proc/{pid}"):  # noqa: ASYNC110, ASYNC240 - nobody tells of others' processes
            await asyncio.sleep(0.01)


async def settled(guest: CPythonGuest) -> None:
    """Run a program, and wait for the process that is started ahead of the next."""
    await value(guest, "1")
    spare = guest.spawner._spare
    assert spare is not None
    await asyncio.shield(spare)


def host_pid(process: ProgramProcess) -> int:
    process.cpu_ns()
    assert process._host_pid
    return process._host_pid


WORLD = """
import time, datetime, random, uuid, secrets, os, sys, locale, asyncio, logging
a = [time.time(), time.monotonic(), time.strftime("%F %T"), time.time_ns(), time.localtime().tm_hour, time.ctime()]
a += [datetime.datetime.now().isoformat(), datetime.datetime.utcnow().isoformat(), str(datetime.date.today())]
a += [datetime.datetime.now(datetime.timezone.utc).isoformat(), datetime.datetime.today().isoformat()]
a += [random.random(), random.Random().random(), random.SystemRandom().random(), random.choice(range(10**9))]
a += [str(uuid.uuid4()), str(uuid.uuid1()), secrets.token_hex(), secrets.randbelow(10**9), os.urandom(8).hex()]
a += [hash("text"), list({"a", "b", "c", "d"}), os.getpid(), os.uname().nodename]
a += [type(asyncio.get_running_loop()).__name__, asyncio.get_running_loop().time(), sys.version_info[:2]]
tasks = [asyncio.create_task(crm.find(id=n), name=str(n)) for n in range(9)]
done, _ = await asyncio.wait(tasks)
a += [[task.get_name() for task in done]]
a += [time.time(), random.random(), str(uuid.uuid4())]
a
"""


async def test_two_zygotes_give_a_program_the_same_world(guest: CPythonGuest) -> None:
    other = CPythonGuest()
    first, again, elsewhere = [await value(each, WORLD) for each in (guest, guest, other)]
    await other.close()
    assert first == again == elsewhere
    assert first[0] == START / 1000
    assert first[6] == first[10] == "2026-09-21T14:13:20"
    assert first[9] == "2026-09-21T14:13:20+00:00"
    assert first[-3] == (START + 1) / 1000


async def test_another_seed_is_another_chance(guest: CPythonGuest) -> None:
    code = "import random, uuid\nreturn [random.random(), str(uuid.uuid4())]"
    one, two = await value(guest, code, seed=1), await value(guest, code, seed=2)
    assert one[0] != two[0]
    assert one[1] != two[1]


async def test_time_passes_for_sleepers_of_every_kind(guest: CPythonGuest) -> None:
    code = """
import asyncio, time
started = time.time()
time.sleep(5)
await asyncio.sleep(2)
async with asyncio.timeout(60):
    await asyncio.gather(asyncio.sleep(1), asyncio.sleep(3))
return round((time.time() - started) * 1000)
"""
    played = await play(guest, boot(guest, code), order="last")
    assert [call.args for call in played.calls] == [Encoded(f'{{"seconds":{s}}}') for s in (5, 2, 60, 1, 3)]
    assert played.value == 4, "a turn is a millisecond"


async def test_all_of_asyncio_is_there(guest: CPythonGuest) -> None:
    code = """
import asyncio
log = []
async def fetch(n, gate):
    async with gate:
        return (await crm.find(id=n))["id"]
gate = asyncio.Semaphore(2)
async with asyncio.TaskGroup() as group:
    tasks = [group.create_task(fetch(n, gate)) for n in range(4)]
log.append([task.result() for task in tasks])
log.append(sorted([await each for each in asyncio.as_completed([crm.find(id=7), fetch(8, gate)])], key=str)[0])
done, waiting = await asyncio.wait([asyncio.create_task(crm.find(id=9))])
log.append(done.pop().result()["id"])
queue = asyncio.Queue()
await queue.put(5)
log.append(await queue.get())
try:
    await asyncio.wait_for(asyncio.Event().wait(), 1)
except asyncio.TimeoutError:
    log.append("late")
log.append([str(each) for each in await asyncio.gather(crm.fail(why="no"), crm.find(id=1), return_exceptions=True)][0])
log.append(await asyncio.to_thread(lambda: 6))
log.append(asyncio.run(fetch(3, gate)))
log.append(asyncio.get_event_loop().run_until_complete(fetch(4, gate)))
log.append(await asyncio.shield(crm.find(id=2)))
try:
    async with asyncio.TaskGroup() as group:
        group.create_task(crm.fail(why="in a group"))
except* RuntimeError as several:
    log.append([str(each) for each in several.exceptions])
async def numbers():
    for n in range(3):
        yield (await crm.find(id=n))["id"]
log.append([n async for n in numbers()])
log
"""
    found = await value(guest, code)
    assert found[0] == [0, 1, 2, 3]
    assert found[2:7] == [9, 5, "late", "no", 6]
    assert found[7:9] == [3, 4]
    assert found[10:] == [["in a group"], [0, 1, 2]]


async def test_a_task_that_nobody_awaits_and_fails_is_told(guest: CPythonGuest) -> None:
    code = """
import asyncio
async def lost(): raise ValueError("lost")
asyncio.create_task(lost())
await asyncio.sleep(1)
return 1
"""
    played = await play(guest, boot(guest, code))
    assert played.printed == ["warning: nobody awaited a task that failed: ValueError: lost"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import requests", "No module named 'requests': the standard library is here; tools are in scope"),
        ("open('x')", "a program has no files"),
        ("import socket; socket.socket()", "no network"),
        ("import threading; threading.Thread(target=print).start()", "await asyncio.gather"),
        ("crn.find(id=1)", "did you mean crm?"),
        ("crm.find = 1", "crm is read-only"),
    ],
)
async def test_what_is_not_there_is_told_in_plain_words(guest: CPythonGuest, code: str, words: str) -> None:
    assert words in (await failure(guest, code)).message


@pytest.mark.parametrize(
    ("code", "limits", "words"),
    [
        ("while True: pass", {"cpu_ms": 200}, "used up its computing time (limit: 200 ms); look for an endless loop"),
        ("x = bytearray(99 << 20)", {}, "used up its memory (limit: 67,108,864 bytes); handle less at a time"),
        ("for _ in range(200): crm.find(id=1)", {"calls": 20}, "made too many calls (limit: 20 calls)"),
        ("return 'x' * 2000", {"output_bytes": 1000}, "the returned value is too large (limit: 1,000 bytes)"),
        ("1  # " + "x" * 2000, {"source_bytes": 1000}, "the program is too long (limit: 1,000 bytes)"),
    ],
)
async def test_a_limit_is_told_with_its_number(
    guest: CPythonGuest, code: str, limits: dict[str, int], words: str
) -> None:
    found = await failure(guest, code, **limits)
    assert (found.code, found.name) == ("limit", "LimitError")
    assert words in found.message


async def test_printing_is_cut_at_its_limit(guest: CPythonGuest) -> None:
    code = "import sys\nfor _ in range(99): print('x' * 9)\nsys.stderr.write('y')"
    played = await play(guest, boot(guest, code, limits=Limits(printed_bytes=100)))
    assert played.printed == ["x" * 9] * 11 + ["(output cut: over the limit of 100 bytes)"]


async def test_memory_is_the_programs_own_and_not_that_of_what_is_loaded(guest: CPythonGuest) -> None:
    assert await value(guest, "return len(bytearray(50 << 20))", limits=Limits(memory_bytes=64 << 20)) == 50 << 20


async def test_a_failure_names_the_line_in_the_authors_own_text(guest: CPythonGuest) -> None:
    code = "Here it is:\n```python\n    def half(n):\n        return ä / n\n    ä = 1\n    half(0)\n```"
    found = await failure(guest, code)
    assert (found.name, found.line, found.column) == ("ZeroDivisionError", 4, 16)
    assert found.stack == ("half (line 4, column 16)", "main (line 6, column 5)")
    assert "/" not in "".join(found.stack)


@pytest.mark.parametrize("name", ["Odd", "KeyboardInterrupt", "GeneratorExit", "asyncio.CancelledError"])
async def test_what_is_no_exception_is_told_as_one(guest: CPythonGuest, name: str) -> None:
    code = f"import asyncio\nclass Odd(BaseException): pass\nawait crm.find(id=1)\nraise {name}('enough')"
    found = await failure(guest, code)
    assert (found.name, found.message, found.line) == (name.rpartition(".")[2], "enough", 4)


async def test_a_snippet_that_cannot_be_parsed_is_refused(guest: CPythonGuest) -> None:
    with pytest.raises(GuestError, match="SyntaxError"):
        await guest.compiled("def broken(:")
    assert await guest.compiled("return input") == "return input"


async def test_a_cancelled_turn_ends_the_process(guest: CPythonGuest) -> None:
    session = await guest.start(boot(guest, "await crm.find(id=1)\nwhile True: pass"))
    await session.advance((), START)
    process = session._process
    assert process is not None
    pid = host_pid(process)
    turn = asyncio.create_task(session.advance([Settled(1, Returned(Encoded("1")))], START))
    await asyncio.sleep(0)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    await gone(pid)
    with pytest.raises(Fault, match="closed"):
        await session.advance((), START)


async def test_a_session_that_is_closed_in_the_midst_of_a_turn_ends_it(guest: CPythonGuest) -> None:
    session = await guest.start(boot(guest, "await crm.find(id=1)\nwhile True: pass"))
    await session.advance((), START)
    turn = asyncio.create_task(session.advance([Settled(1, Returned(Encoded("1")))], START))
    await asyncio.sleep(0)
    await session.close()
    async with asyncio.timeout(5):
        ended = await turn
    assert isinstance(ended.outcome, Crashed)
    assert ended.outcome.failure.code == "cancelled"


async def test_a_session_that_is_dropped_unclosed_ends_its_process(guest: CPythonGuest) -> None:
    session = await guest.start(boot(guest, "await crm.find(id=1)"))
    await session.advance((), START)
    assert session._process is not None
    pid = host_pid(session._process)
    del session
    gc.collect()
    await gone(pid)


async def test_a_process_that_is_killed_from_outside_costs_its_own_program_only(guest: CPythonGuest) -> None:
    one, two = [await guest.start(boot(guest, "return (await crm.find(id=1))['id']")) for _ in range(2)]
    for session in (one, two):
        await session.advance((), START)
    assert one._process is not None
    os.kill(host_pid(one._process), signal.SIGKILL)
    answer = [Settled(1, Returned(Encoded('{"id":1}')))]
    assert isinstance((await one.advance(answer, START)).outcome, Crashed)
    assert (await two.advance(answer, START)).outcome == Finished(Encoded("1"))


async def test_a_zygote_that_dies_takes_its_programs_along_and_is_replaced(guest: CPythonGuest) -> None:
    session = await guest.start(boot(guest, "await crm.find(id=1)"))
    await session.advance((), START)
    assert session._process is not None
    pid = host_pid(session._process)
    first = guest.spawner
    first._process.kill()
    await gone(pid)
    with pytest.raises(Fault, match="has ended"):
        await session.advance([Settled(1, Returned(Encoded("1")))], START)
    assert await value(guest, "1 + 1") == 2
    assert guest.spawner is not first


HOST = """
import asyncio, sys
from toolscript.guests.cpython.guest import CPythonGuest
from toolscript.testing.guest_suite import boot
async def main():
    guest = CPythonGuest()
    session = await guest.start(boot(guest, "await crm.find(id=1)\\nwhile True: pass"))
    await session.advance((), 0)
    session._process.cpu_ns()
    print(session._process._host_pid, guest.spawner._process.pid, flush=True)
    from toolscript.runs.turn import Settled, Returned
    await session.advance([Settled(1, Returned("1"))], 0)
asyncio.run(main())
"""


async def test_programs_die_with_their_host() -> None:
    host = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOST, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert host.stdout is not None
    program, zygote = map(int, (await host.stdout.readline()).split())
    assert os.path.exists(f"/proc/{program}")  # noqa: ASYNC240 - at once
    host.kill()
    await host.wait()
    await gone(program)
    await gone(zygote)


async def test_fifty_programs_at_the_same_time(guest: CPythonGuest) -> None:
    code = "return [(await crm.find(id=n))['id'] for n in range(input)]"
    found = await asyncio.gather(*[value(guest, code, value=n) for n in range(50)])
    assert found == [list(range(n)) for n in range(50)]


async def test_no_file_descriptor_is_left(guest: CPythonGuest) -> None:
    await settled(guest)
    before = len(os.listdir("/proc/self/fd"))
    for code in ["1"] * 5 + ["import os; os._exit(1)"] * 5:
        await play(guest, boot(guest, code))
    await settled(guest)
    assert len(os.listdir("/proc/self/fd")) == before


def test_each_event_loop_has_a_zygote_of_its_own() -> None:
    guest = CPythonGuest()
    found: list[Any] = []

    def in_thread() -> None:
        found.append(asyncio.run(value(guest, "1 + 1")))

    threads = [threading.Thread(target=in_thread) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2, 2, 2]
    asyncio.run(guest.close())


async def test_there_is_no_snapshot(guest: CPythonGuest) -> None:
    session = await guest.start(boot(guest, "await crm.find(id=1)"))
    await session.advance((), START)
    assert await session.snapshot() is None
    with pytest.raises(ValueError, match="no snapshots"):
        await guest.restore(boot(guest, "1"), b"")


async def test_the_checkup_names_every_wall() -> None:
    found = await checkup()
    assert found.problem is None
    assert found.landlock >= 1
    assert {wall.name for wall in found.walls} == {"namespaces", "no_new_privs", "landlock", "rlimits", "seccomp"}


async def test_a_library_that_is_not_there_is_told() -> None:
    guest = CPythonGuest(("no_such_library",))
    with pytest.raises(ConfigError, match="No module named 'no_such_library'"):
        await guest.start(boot(guest, "1"))
    await guest.close()


def test_a_machine_without_a_wall_is_refused() -> None:
    walls = [Step("namespaces", holds=False, reason="x"), Step("landlock", holds=False, reason="not in this kernel")]
    with pytest.raises(ConfigError, match=r"it lacks landlock \(not in this kernel\)") as refused:
        require(walls)
    assert "namespaces" not in str(refused.value)


async def test_an_answered_failure_stays_what_it_was(guest: CPythonGuest) -> None:
    told = Failure(kind="tool", code="timeout", name="ToolError", message="too slow", content=Encoded('{"s":1}'))
    session = await guest.start(boot(guest, "\nawait crm.find(id=1)"))
    await session.advance((), START)
    turn = await session.advance([Settled(1, Raised(told))], START)
    assert isinstance(turn.outcome, Crashed)
    found = turn.outcome.failure
    assert (found.kind, found.code, found.content, found.line) == ("tool", "timeout", Encoded('{"s":1}'), 2)


def test_a_guest_that_was_never_used_closes() -> None:
    asyncio.run(CPythonGuest().close())


CROWD = """
import asyncio, resource
from toolscript.errors import Fault
from toolscript.guests.cpython.guest import CPythonGuest
from toolscript.testing.guest_suite import boot, play
async def main():
    guest = CPythonGuest()
    await guest.walls()
    code = "return (await crm.find(id=input))['id']"
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
    crowd = [play(guest, boot(guest, code, value=n)) for n in range(150)]
    ended = await asyncio.gather(*crowd, return_exceptions=True)
    good = sum(not isinstance(each, Exception) and each.value == n for n, each in enumerate(ended))
    faults = sum(isinstance(each, Fault) for each in ended)
    again = (await play(guest, boot(guest, "1 + 1"))).value
    await guest.close()
    print(good > 10, good + faults, again)
asyncio.run(main())
"""


async def test_a_host_that_has_no_file_left_says_so_and_recovers() -> None:
    host = await asyncio.create_subprocess_exec(sys.executable, "-c", CROWD, stdout=subprocess.PIPE)
    told, _ = await host.communicate()
    assert told.split() == [b"True", b"150", b"2"]
