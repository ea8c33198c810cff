"""A guest whose sessions live in worker processes.

A session stays with the worker that started it. A worker that dies costs its own sessions a `Fault`; a new one takes
its place. What a worker is told, and all it can tell, is in `wire`.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolscript.errors import Fault
from toolscript.guests.javascript.engine import ENGINE
from toolscript.guests.pool.lockdown import Step
from toolscript.guests.pool.wire import Frames, Message, pack, read_turn, write_boot, write_settled
from toolscript.runs.program import Boot, Instant, Language
from toolscript.runs.turn import Settled, Turn

_PACKAGE = str(Path(__file__).resolve().parents[3])
_START = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from toolscript.guests.pool.worker import main; main()"
)
_KEPT_ENVIRONMENT = ("TOOLSCRIPT_CACHE", "XDG_CACHE_HOME", "HOME", "SYSTEMROOT")  # where the machine code is cached
_MAX_BARREN_STARTS = 3  # workers that died before they were ready, one after another
_GRACE_S = 30.0  # beyond a turn's own CPU limit; a worker that is silent for longer is killed
_EXIT_S = 2.0


@dataclass(eq=False)
class _Worker(asyncio.SubprocessProtocol):
    """One worker process, seen from the pool."""

    ended: Any
    ready: asyncio.Future[tuple[Step, ...]]
    sessions: int = 0
    transport: asyncio.SubprocessTransport | None = None
    exited: asyncio.Event = field(default_factory=asyncio.Event)
    _frames: Frames = field(default_factory=Frames)
    _ids: Any = field(default_factory=lambda: itertools.count(1))
    _waiting: dict[int, asyncio.Future[Message]] = field(default_factory=dict[int, "asyncio.Future[Message]"])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self.transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        try:
            messages = self._frames.feed(data)
        except ValueError:
            self.kill()
            return
        for message in messages:
            if message["id"] == 0:
                self._started(message)
                continue
            waiting = self._waiting.pop(message["id"], None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """The process has ended, and all that it said has been read."""
        assert self.transport is not None
        words = f"a worker process ended (exit status {self.transport.get_returncode()})"
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Fault(f"{words}; the programs in it are lost, others are not affected"))
        self._waiting.clear()
        if not self.ready.done():
            self.ready.set_exception(Fault(f"{words} before it was ready"))
            self.ready.exception()  # seen: whoever waits for the pool is told by `_Pool`
        self.transport.close()
        self.exited.set()
        self.ended(self)

    def request(self, message: Message) -> asyncio.Future[Message]:
        """Send a request; its answer comes in the future."""
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        if self.exited.is_set():
            answer.set_exception(Fault("the worker process of this program has ended"))
            return answer
        number = next(self._ids)
        self._waiting[number] = answer
        self.tell({**message, "id": number})
        return answer

    def tell(self, message: Message) -> None:
        """Send a message that has no answer."""
        if self.transport is None or self.exited.is_set():
            return
        pipe = self.transport.get_pipe_transport(0)
        if isinstance(pipe, asyncio.WriteTransport):
            pipe.write(pack(message))

    def kill(self) -> None:
        if self.transport is not None and not self.exited.is_set():
            self.transport.kill()

    def _started(self, message: Message) -> None:
        if self.ready.done():
            return
        if "fault" in message:
            self.ready.set_exception(Fault(f"a worker process could not start: {message['fault']}"))
            return
        self.ready.set_result(tuple(Step(*step) for step in message["steps"]))


class JavaScriptWorkers:
    """A `Guest` for TypeScript whose programs run in warm, locked-down worker processes."""

    language: Language = "typescript"

    def __init__(self, *, processes: int | None = None) -> None:
        """Use so many processes; by default one a core. They start with the first program."""
        self._count = processes or os.cpu_count() or 1
        self._workers: list[_Worker] = []
        self._barren = 0
        self._last_fault = ""
        self._closing = False
        self._spawning: set[asyncio.Task[None]] = set()
        self._change = asyncio.Event()

    @property
    def engine(self) -> str:
        return ENGINE

    async def start(self, boot: Boot) -> WorkerSession:
        return WorkerSession(await self._worker(), boot)

    async def restore(self, boot: Boot, snapshot: bytes) -> WorkerSession:
        session = WorkerSession(await self._worker(), boot)
        await session.restore(snapshot)
        return session

    async def walls(self) -> tuple[Step, ...]:
        """What locks a worker down on this machine."""
        worker = await self._worker()
        return worker.ready.result()

    async def close(self) -> None:
        self._closing = True
        for task in self._spawning:
            task.cancel()
        await asyncio.gather(*self._spawning, return_exceptions=True)
        for worker in list(self._workers):
            if worker.transport is not None:
                worker.transport.close()  # ends its input, and with it the worker
        for worker in list(self._workers):
            try:
                await asyncio.wait_for(worker.exited.wait(), _EXIT_S)
            except TimeoutError:
                worker.kill()
                await worker.exited.wait()

    async def _worker(self) -> _Worker:
        """The ready worker with the fewest sessions; starts what is missing."""
        while True:
            self._fill()
            ready = [worker for worker in self._workers if worker.ready.done() and not worker.ready.exception()]
            if ready:
                return min(ready, key=lambda worker: worker.sessions)
            self._change.clear()
            await self._change.wait()
            if self._barren >= _MAX_BARREN_STARTS:
                self._barren = 0
                raise Fault(f"{self._last_fault}; programs can run on threads instead (isolation)")

    def _fill(self) -> None:
        for _ in range(self._count - len(self._workers) - len(self._spawning)):
            task = asyncio.create_task(self._spawn())
            self._spawning.add(task)
            task.add_done_callback(self._spawning.discard)

    async def _spawn(self) -> None:
        loop = asyncio.get_running_loop()
        path = json.dumps([_PACKAGE, *(entry for entry in sys.path if entry)])
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        _, worker = await loop.subprocess_exec(
            lambda: _Worker(ended=self._ended, ready=loop.create_future()),
            sys.executable, "-I", "-S", "-c", _START, path,
            env=environment, stdin=-1, stdout=-1, stderr=-3,
        )  # fmt: skip
        self._workers.append(worker)
        worker.ready.add_done_callback(self._settled)

    def _settled(self, ready: asyncio.Future[tuple[Step, ...]]) -> None:
        fault = None if ready.cancelled() else ready.exception()
        self._barren = self._barren + 1 if fault else 0
        self._last_fault = str(fault)
        self._change.set()

    def _ended(self, worker: _Worker) -> None:
        if worker in self._workers:
            self._workers.remove(worker)
        if not self._closing and self._barren < _MAX_BARREN_STARTS:
            self._fill()


class WorkerSession:
    """A `Session` in a worker process."""

    _ids = itertools.count(1)

    def __init__(self, worker: _Worker, boot: Boot) -> None:
        self._worker = worker
        self._boot = boot
        self._id = next(self._ids)
        self._patience_s = boot.limits.cpu_ms / 1_000 + _GRACE_S
        self._started = False
        self._open = True
        worker.sessions += 1

    async def advance(self, answers: Sequence[Settled], now: Instant) -> Turn:
        message: Message = {"op": "advance", "now": now, "answers": [write_settled(settled) for settled in answers]}
        if not self._started:
            self._started = True
            message["boot"] = write_boot(self._boot)
        turn = read_turn(await self._ask(message))
        if turn.outcome is not None:
            self._leave()
        return turn

    async def snapshot(self) -> bytes | None:
        answer = await self._ask({"op": "snapshot"})
        return base64.b64decode(answer["snapshot"]) if answer["snapshot"] is not None else None

    async def restore(self, snapshot: bytes) -> None:
        """Become the session that the snapshot was taken of; `ValueError` for one that does not fit."""
        self._started = True
        content = base64.b64encode(snapshot).decode()
        answer = await self._ask({"op": "restore", "boot": write_boot(self._boot), "snapshot": content})
        if "invalid" in answer:
            self._leave()
            raise ValueError(answer["invalid"])

    async def close(self) -> None:
        if self._open:
            self._worker.tell({"id": 0, "op": "close", "session": self._id})
            self._leave()

    def _leave(self) -> None:
        if self._open:
            self._open = False
            self._worker.sessions -= 1

    async def _ask(self, message: Message) -> Message:
        try:
            async with asyncio.timeout(self._patience_s):
                answer = await self._worker.request({**message, "session": self._id})
        except TimeoutError as error:
            self._worker.kill()
            raise Fault("a worker process did not answer and was ended; the programs in it are lost") from error
        except asyncio.CancelledError:
            await self.close()
            raise
        if "fault" in answer:
            raise Fault(f"the guest failed: {answer['fault']}")
        return answer
