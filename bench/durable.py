"""Runs that wait: what parking and waking cost, how soon another process goes on, what ten thousand of them hold."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median
from time import perf_counter, time

from bench.programs import CALLS, WRITES, keep, samples_of
from bench.rows import Row, middle
from toolscript import Runtime, SQLiteStore, functions, tool

SMALL = "const names = ['a', 'b']; const at = await desk.decide({ name: names[0] }); return { at, count: names.length }"
MANY = 10_000


@tool(destructive=True)
def decide(name: str) -> float:
    """Something that a person must approve; says when it acted."""
    return time()


async def rows() -> AsyncIterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async for row in _one_process(Path(folder) / "one.db"):
            yield row
        yield await _other_process(Path(folder) / "two.db")
        yield await _at_power_failure(Path(folder) / "three.db")
        async for row in _many(Path(folder) / "many.db"):
            yield row


async def _one_process(path: Path) -> AsyncIterator[Row]:
    async with Runtime([functions("desk", decide)], store=SQLiteStore(path)) as runtime:
        parking: list[float] = []
        waking: list[float] = []
        for _ in range(100):
            began = perf_counter()
            run = (await runtime.run(SMALL)).run
            parked = perf_counter()
            await runtime.approve(run)
            (await runtime.wait(run)).value  # noqa: B018 - raises if the run failed
            parking.append((parked - began) * 1e3)
            waking.append((perf_counter() - parked) * 1e3)
        yield Row("start a program until it is parked, SQLite", middle(parking), "ms")
        yield Row("approve a parked program until it has ended, SQLite", middle(waking), "ms", 5)


async def _other_process(path: Path) -> Row:
    """From the approval in this process to the tool's act in another one."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.durable", str(path), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    await worker.stdout.readline()
    took: list[float] = []
    for _ in range(30):
        async with Runtime([functions("desk", decide)], store=SQLiteStore(path), role="client", scope="desk") as person:
            run = (await person.run(SMALL)).run
        async with Runtime(store=SQLiteStore(path), role="client", scope="other") as approver:
            approved = time()
            await approver.approve(run)
            took.append(((await approver.wait(run)).value["at"] - approved) * 1e3)
    worker.kill()
    await worker.wait()
    return Row("approve in one process until the tool acts in another", median(took), "ms", 100)


async def _at_power_failure(path: Path) -> Row:
    async with Runtime([functions("bench", keep)], store=SQLiteStore(path, durability="power")) as runtime:
        one = middle(await samples_of(runtime, WRITES, 20)) / CALLS
    return Row("one sequential write, SQLite, synchronous=FULL", one, "ms")


async def _many(path: Path) -> AsyncIterator[Row]:
    before = 0
    async with Runtime([functions("desk", decide)], store=SQLiteStore(path)) as runtime:
        for round in range(MANY // 50 + 4):
            if round == 4:  # by then the process has the memory that fifty programs at a time need
                before = _resident()
            await asyncio.gather(*(runtime.run(SMALL) for _ in range(50)))
        yield Row(f"memory that {MANY:,} parked runs hold", (_resident() - before) / 2**20, "MiB", 30)
    yield Row("stored for one parked program, SQLite", _size(path) / (MANY + 200) / 1024, "KiB", 20)


def _size(path: Path) -> int:
    """Bytes of a database, with what it had in its log."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def _resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def work(path: Path) -> None:
    """Be the other process."""
    async with Runtime([functions("desk", decide)], store=SQLiteStore(path), scope="desk"):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1])))
