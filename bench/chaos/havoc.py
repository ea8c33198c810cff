"""The processes of a round: started, killed, paused, started again, until all runs have ended."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.chaos.plan import Plan
from bench.chaos.upstream import ask

OPEN = ("running", "parked")


@dataclass(slots=True)
class Havoc:
    """What happened to the workers; `ledger` is the upstream's own account in the end."""

    plan: Plan
    kills: int = 0
    pauses: int = 0
    seconds: float = 0.0
    graceless: int = 0
    """Workers that did not end well when they were told to."""
    ledger: dict[str, object] = field(default_factory=dict[str, object])
    _workers: dict[int, asyncio.subprocess.Process] = field(default_factory=dict[int, asyncio.subprocess.Process])
    _stopped: set[int] = field(default_factory=set[int])

    async def wreak(self, patience_s: float) -> None:
        """A whole round, until every run has ended or patience has."""
        plan = self.plan
        began = time.monotonic()
        async with AsyncExitStack() as stack:
            upstream = await self._spawn(stack, plan.command("upstream"), "upstream")
            assert upstream.stdout is not None
            await upstream.stdout.readline()
            for number in range(plan.workers):
                await self._work(stack, number, plan.havoc_s)
            people = await self._spawn(stack, plan.command("people"), "people")
            telling = asyncio.create_task(self._tell(began))
            try:
                await self._harm(stack, began)
                await self._ended(began + patience_s)
            finally:
                telling.cancel()
            self.seconds = time.monotonic() - began
            await self._dismiss(people, *self._workers.values())
            self.ledger = await ask(plan.socket, do="ledger")

    async def _harm(self, stack: AsyncExitStack, began: float) -> None:
        plan = self.plan
        random = plan.random("havoc")
        acts: list[Callable[[int], Coroutine[None, None, None]]] = [self._kill(stack, began)] * plan.kills
        acts += [self._pause] * plan.pauses
        random.shuffle(acts)
        async with asyncio.TaskGroup() as group:
            for act in acts:
                await asyncio.sleep(plan.kill_every_s * random.uniform(0.5, 1.5))
                while not (awake := self._workers.keys() - self._stopped):  # noqa: ASYNC110 - it is short
                    await asyncio.sleep(0.05)
                group.create_task(act(random.choice(sorted(awake))))
                await asyncio.sleep(0)  # it has taken its worker out of the others' reach

    def _kill(self, stack: AsyncExitStack, began: float) -> Callable[[int], Coroutine[None, None, None]]:
        async def kill(number: int) -> None:
            worker = self._workers.pop(number)
            with suppress(ProcessLookupError):  # it ended by itself, which it should not
                worker.kill()
            self.graceless += await worker.wait() != -signal.SIGKILL
            self.kills += 1
            left = max(0.1, began + self.plan.havoc_s - time.monotonic())
            await self._work(stack, number, left)

        return kill

    async def _pause(self, number: int) -> None:
        """Stop a worker for so long that others take over what it drives."""
        worker = self._workers[number]
        self._stopped.add(number)
        with suppress(ProcessLookupError):
            worker.send_signal(signal.SIGSTOP)
            await asyncio.sleep(self.plan.lease_ms / 1_000 * 1.5)
            worker.send_signal(signal.SIGCONT)
        self._stopped.discard(number)
        self.pauses += 1

    async def _work(self, stack: AsyncExitStack, number: int, over_s: float) -> None:
        command = self.plan.command("worker", str(number), str(over_s))
        self._workers[number] = await self._spawn(stack, command, f"worker-{number}")

    async def _spawn(self, stack: AsyncExitStack, command: list[str], name: str) -> asyncio.subprocess.Process:
        with (Path(self.plan.folder) / f"{name}.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=log)
        stack.push_async_callback(_reap, process)
        return process

    async def _dismiss(self, *processes: asyncio.subprocess.Process) -> None:
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                self.graceless += await asyncio.wait_for(process.wait(), 10) != 0
            except TimeoutError:
                self.graceless += 1

    async def _ended(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            counts = self._counts()
            if sum(counts.values()) == self.plan.runs and not any(counts.get(status) for status in OPEN):
                return
            await asyncio.sleep(0.1)

    async def _tell(self, began: float) -> None:
        while True:
            await asyncio.sleep(1)
            counts = " ".join(f"{status} {count}" for status, count in self._counts().items())
            text = f"{time.monotonic() - began:5.0f} s  kills {self.kills}  pauses {self.pauses}  {counts}"
            print(text, file=sys.stderr, flush=True)

    def _counts(self) -> dict[str, int]:
        if not self.plan.file.exists():
            return {}
        with closing(sqlite3.connect(f"file:{self.plan.file}?mode=ro", uri=True, timeout=10)) as db:
            try:
                return dict(db.execute("SELECT status, count(*) FROM run GROUP BY status").fetchall())
            except sqlite3.OperationalError:  # the tables are being made
                return {}


async def _reap(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()
