"""The worker processes of one event loop: as many as asked for, each replaced when it dies."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from toolscript.errors import Fault
from toolscript.guests.lockdown import Step
from toolscript.guests.pool.worker_process import WorkerProcess

_PACKAGE = str(Path(__file__).resolve().parents[3])
_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from toolscript.guests.pool.worker import main; main()"
)
_KEPT_ENVIRONMENT = ("TOOLSCRIPT_CACHE", "XDG_CACHE_HOME", "HOME", "SYSTEMROOT")  # where the machine code is cached
_MAX_BARREN_STARTS = 3  # workers that died before they were ready, one after another


class Fleet:
    """Starts its processes when the first worker is asked for."""

    def __init__(self, count: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.workers: list[WorkerProcess] = []
        self._count = count
        self._barren = 0
        self._last_fault = ""
        self._closing = False
        self._spawning: set[asyncio.Task[None]] = set()
        self._change = asyncio.Event()

    async def worker(self) -> WorkerProcess:
        """The ready worker with the fewest sessions; starts what is missing."""
        while True:
            if self._closing:
                raise Fault("the guest is closed")
            self._fill()
            ready = [worker for worker in self.workers if worker.ready.done() and not worker.ready.exception()]
            if ready:
                return min(ready, key=lambda worker: worker.sessions)
            self._change.clear()
            await self._change.wait()
            if self._barren >= _MAX_BARREN_STARTS:
                self._barren = 0
                raise Fault(f"{self._last_fault}; programs can run on threads instead (isolation)")

    async def close(self) -> None:
        """End all processes; returns when they are gone."""
        self._closing = True
        self._change.set()
        for task in self._spawning:
            task.cancel()
        await asyncio.gather(*self._spawning, return_exceptions=True)
        await asyncio.gather(*[worker.close() for worker in list(self.workers)])

    def destroy(self) -> None:
        """End all processes of an event loop that is closed."""
        self._closing = True
        for worker in self.workers:
            worker.destroy()
        self.workers.clear()

    def _fill(self) -> None:
        for _ in range(self._count - len(self.workers) - len(self._spawning)):
            task = asyncio.create_task(self._spawn())
            self._spawning.add(task)
            task.add_done_callback(self._spawning.discard)

    async def _spawn(self) -> None:
        path = json.dumps([_PACKAGE, *(entry for entry in sys.path if entry)])
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        _, worker = await self.loop.subprocess_exec(
            lambda: WorkerProcess(loop=self.loop, ended=self._ended, ready=self.loop.create_future()),
            sys.executable, "-I", "-S", "-c", _START, path,
            env=environment, stdin=-1, stdout=-1, stderr=-3,
        )  # fmt: skip
        self.workers.append(worker)
        worker.ready.add_done_callback(self._settled)

    def _settled(self, ready: asyncio.Future[tuple[Step, ...]]) -> None:
        fault = None if ready.cancelled() else ready.exception()
        self._barren = self._barren + 1 if fault else 0
        self._last_fault = str(fault)
        self._change.set()

    def _ended(self, worker: WorkerProcess) -> None:
        if worker in self.workers:
            self.workers.remove(worker)
        if not self._closing and self._barren < _MAX_BARREN_STARTS:
            self._fill()
