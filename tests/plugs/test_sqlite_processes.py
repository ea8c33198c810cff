"""Several processes on one SQLite file: real ones."""

import asyncio
import contextlib
import signal
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from toolscript.errors import Conflict
from toolscript.runs.entry import Parked, Turned
from toolscript.stores.sqlite import SQLiteStore
from toolscript.testing.lease_suite import APPROVED, ENDED, decided, park, taken
from toolscript.testing.store_suite import ENTRIES, RUN

PRELUDE = """
import asyncio, sys
from toolscript.stores.sqlite import SQLiteStore
from toolscript.runs.entry import Turned
from toolscript.testing.lease_suite import APPROVED, RUN, park, decided, taken

async def main(store):
"""


async def python(path: Path, body: str) -> asyncio.subprocess.Process:
    """Another process that runs this with a `store` on the file, once it is told to `go`."""
    body = f'print("ready", flush=True)\nsys.stdin.readline()\n{textwrap.dedent(body)}'
    code = PRELUDE + textwrap.indent(body, "    ") + "\nasyncio.run(main(SQLiteStore(sys.argv[1])))"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(path), stdin=pipe, stdout=pipe)
    async with asyncio.timeout(60):
        assert await line(process) == "ready"
    return process


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


def go(*processes: asyncio.subprocess.Process) -> None:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"\n")


async def silence(store: SQLiteStore) -> None:
    """Until nothing was heard for a while."""
    async with asyncio.timeout(30):
        with contextlib.suppress(TimeoutError):
            while True:
                await asyncio.wait_for(store.rung(), 0.3)


async def output(process: asyncio.subprocess.Process) -> list[str]:
    async with asyncio.timeout(60):
        text, _ = await process.communicate()
    assert process.returncode == 0
    return text.decode().split()


@pytest.fixture
async def store(tmp_path: Path):
    store = SQLiteStore(tmp_path / "runs.db")
    yield store
    await store.close()


async def test_a_second_store_sees_what_the_first_committed(store: SQLiteStore):
    second = SQLiteStore(store.path)
    await store.create(RUN, ENTRIES)
    assert (await second.read(RUN.id))[1] == list(ENTRIES)
    await second.append(RUN.id, 1, ENTRIES)
    assert len((await store.read(RUN.id))[1]) == 2 * len(ENTRIES)
    await second.close()


async def test_processes_that_open_a_new_file_at_once_agree_on_its_secret(tmp_path: Path):
    body = "print((await store.secret()).hex()); await store.close()"
    processes = [await python(tmp_path / "new" / "runs.db", body) for _ in range(5)]
    go(*processes)
    secrets = [await output(process) for process in processes]
    assert len({tuple(secret) for secret in secrets}) == 1


async def test_each_run_is_claimed_by_one_of_several_processes(store: SQLiteStore):
    names = [f"run_{number}" for number in range(150)]
    await asyncio.gather(*(store.create(replace(RUN, id=name), []) for name in names))
    body = """
        while (run := await taken(store)) is not None:
            await store.append(run.id, run.fence, [Turned(1)])
            print(run.id)
        await store.close()
    """
    processes = [await python(store.path, body) for _ in range(3)]
    go(*processes)
    claimed = [await output(process) for process in processes]
    assert sorted(name for some in claimed for name in some) == sorted(names)
    for name in names:
        record, entries = await store.read(name)
        assert (record.fence, entries) == (2, [Turned(1)])


async def test_no_decision_from_another_process_is_lost_that_races_with_parking(store: SQLiteStore):
    names = [f"run_{number}" for number in range(150)]
    await asyncio.gather(*(store.create(replace(RUN, id=name), []) for name in names))
    body = f"""
        for name in {names}:
            while not await store.amend(name, await decided(store, name), [APPROVED]):
                pass
        await store.close()
    """
    process = await python(store.path, body)
    assert await park(store, names[-1])
    go(process)
    while await store.held({names[0]: 1}) == {names[0]: 0}:
        await store.rung()
    decided_first = 0
    for name in reversed(names[:-1]):  # they come from both ends, and meet
        if not await park(store, name):
            assert await park(store, name, decisions=1)
    await output(process)
    for name in names:
        record, entries = await store.read(name)
        assert record.decisions == 1
        if entries == [APPROVED, Parked(2_000)]:
            decided_first += 1
        else:
            assert (record.wake_at, entries) == (0, [Parked(2_000), APPROVED])
    assert 0 < decided_first < len(names)


async def test_a_run_and_its_log_are_read_as_of_one_moment(store: SQLiteStore):
    await store.create(RUN, [])
    body = """
        for decisions in range(2_000):
            await store.amend(RUN.id, decisions, [APPROVED])
        await store.close()
    """
    process = await python(store.path, body)
    go(process)
    seen = 0
    async with asyncio.timeout(60):
        while seen < 2_000:
            record, entries = await store.read(RUN.id)
            assert record.decisions == len(entries)
            seen = record.decisions
    await output(process)


async def test_a_write_of_another_process_rings(store: SQLiteStore):
    await store.create(RUN, [])
    await park(store, RUN.id)
    process = await python(
        store.path, "await store.amend(RUN.id, await decided(store, RUN.id), [APPROVED])\nprint('written', flush=True)"
    )
    await silence(store)
    go(process)
    async with asyncio.timeout(30):
        assert await line(process) == "written"
        loop = asyncio.get_running_loop()
        written = loop.time()
        while await taken(store) is None:
            await store.rung()
        assert loop.time() - written < 0.1
    await output(process)


async def test_a_checkpoint_and_a_new_file_ring(store: SQLiteStore):
    await store.create(RUN, [])
    await store.close()  # the last to close moves everything into the file
    await silence(store)
    bell = asyncio.ensure_future(store.rung())
    await asyncio.sleep(0)
    other = SQLiteStore(store.path)
    await other.append(RUN.id, 1, [Turned(1)])
    await asyncio.wait_for(bell, 0.5)
    await other.close()


async def test_what_was_acknowledged_survives_a_kill(store: SQLiteStore):
    await store.create(RUN, [])
    body = """
        for now in range(100_000):
            await store.append(RUN.id, 1, [Turned(now)])
            print(now, flush=True)
    """
    process = await python(store.path, body)
    go(process)
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while await line(process) != "50":
            pass
        process.send_signal(signal.SIGKILL)
        rest = (await process.stdout.read()).split()
        await process.wait()
    last = int(rest[-1]) if rest else 50
    _, entries = await store.read(RUN.id)
    assert entries == [Turned(now) for now in range(len(entries))]
    assert last < len(entries) <= last + 2


async def test_a_process_that_was_stopped_past_its_lease_is_refused(store: SQLiteStore):
    await store.create(replace(RUN, lease_until=1_000), [])
    body = """
        run = await taken(store, now=1_000)
        print(run.fence, flush=True)
        sys.stdin.readline()
        for write in (
            store.append(run.id, run.fence, [Turned(7)]),
            store.append(run.id, run.fence, [Turned(7)], "failed"),
            park(store, run.id, run.fence),
        ):
            try:
                await write
            except Exception as error:
                print(type(error).__name__)
        print(len(await store.renew({run.id: run.fence}, 99_000)))
        await store.close()
    """
    process = await python(store.path, body)
    go(process)
    async with asyncio.timeout(30):
        assert await line(process) == "2"
    process.send_signal(signal.SIGSTOP)
    took = await taken(store, now=5_000)
    assert took is not None
    await store.append(RUN.id, took.fence, [ENDED], "completed")
    process.send_signal(signal.SIGCONT)
    go(process)
    assert await output(process) == ["Conflict"] * 3 + ["0"]
    record, entries = await store.read(RUN.id)
    assert (record.status, entries) == ("completed", [ENDED])
    with pytest.raises(Conflict):
        await store.append(RUN.id, 2, [Turned(7)])
    assert await decided(store, RUN.id) == record.decisions
