"""A guest whose sessions live in worker processes.

A session stays with the worker that started it. A worker that dies costs its own sessions a `Fault`; a new one takes
its place. Each event loop has workers of its own. What a worker is told, and all it can tell, is in `wire`.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from toolscript.errors import Fault, GuestError
from toolscript.guests.javascript.engine import ENGINE
from toolscript.guests.javascript.type_check import TypeScriptChecker
from toolscript.guests.lockdown import Step
from toolscript.guests.pool.fleet import Fleet
from toolscript.guests.pool.wire import Message, read_dissected, read_facts, read_turn, write_boot, write_settled
from toolscript.guests.pool.worker_process import WorkerProcess
from toolscript.guests.remembered import Remembered
from toolscript.runs.inspected import Inspected
from toolscript.runs.ledger import read_failure
from toolscript.runs.precheck import Problem
from toolscript.runs.program import Boot, Instant, Language
from toolscript.runs.turn import Settled, Turn
from toolscript.threads import Threads
from toolscript.tools import Tool

MOST_CHECKS = 8  # type checks that wait for the one process that makes them
_GRACE_S = 30.0  # beyond a turn's own CPU limit; a worker that is silent for longer is killed
_T = TypeVar("_T")


class JavaScriptWorkers:
    """A `Guest` for TypeScript whose programs run in warm, locked-down worker processes."""

    language: Language = "typescript"

    def __init__(self, *, processes: int | None = None, tsc: Path | None = None) -> None:
        """Use so many processes an event loop; by default one a core. They start with the first program.

        `tsc` checks types, in a process of its own; without one it is looked for.
        """
        self._types = TypeScriptChecker(tsc)
        self._checked = Remembered()
        self._threads = Threads(most=MOST_CHECKS)
        self._count = processes or os.cpu_count() or 1
        self._fleets: dict[asyncio.AbstractEventLoop, Fleet] = {}
        self._lock = threading.Lock()
        self._closed = False

    @property
    def engine(self) -> str:
        return ENGINE

    async def start(self, boot: Boot) -> WorkerSession:
        return WorkerSession(await self._fleet().worker(), boot)

    async def restore(self, boot: Boot, snapshot: bytes) -> WorkerSession:
        session = WorkerSession(await self._fleet().worker(), boot)
        await session.restore(snapshot)
        return session

    async def compiled(self, code: str) -> str:
        """Implements `ports.Compiler`."""
        worker = await self._fleet().worker()
        answer = await _asked(worker, {"op": "compile", "session": 0, "code": code}, _GRACE_S)
        if "failure" in answer:
            raise GuestError(read_failure(answer["failure"]))
        return answer["script"]

    async def inspect(self, code: str) -> Inspected | None:
        """Implements `ports.Inspector`."""
        worker = await self._fleet().worker()
        answer = await _asked(worker, {"op": "inspect", "session": 0, "code": code}, _GRACE_S)
        return _read(worker, lambda: read_facts(answer["facts"]))

    async def type_problems(self, code: str, tools: Sequence[Tool]) -> Sequence[Problem]:
        """Implements `ports.TypeChecker`: a worker takes the program apart, the checker has a process of its own."""
        return await self._checked.problems(code, tools, lambda: self._type_problems(code, tools))

    async def _type_problems(self, code: str, tools: Sequence[Tool]) -> Sequence[Problem]:
        worker = await self._fleet().worker()
        members = await self._threads.run(self._types.is_typed)
        answer = await _asked(worker, {"op": "dissect", "session": 0, "code": code, "members": members}, _GRACE_S)
        program = _read(worker, lambda: read_dissected(answer["parts"]))
        return [] if program is None else await self._threads.run(lambda: self._types.problems(program, tools))

    async def walls(self) -> tuple[Step, ...]:
        """What locks a worker down on this machine."""
        worker = await self._fleet().worker()
        return worker.ready.result()

    async def close(self) -> None:
        self._types.close()
        self._threads.close()
        with self._lock:
            self._closed = True
            fleets, self._fleets = list(self._fleets.values()), {}
        here = asyncio.get_running_loop()
        for fleet in fleets:
            if fleet.loop is here:
                await fleet.close()
            elif fleet.loop.is_running():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(fleet.close(), fleet.loop))
            else:
                fleet.destroy()

    def _fleet(self) -> Fleet:
        """The workers of the running event loop. Those of loops that are closed by now are ended."""
        with self._lock:
            if self._closed:
                raise Fault("the guest is closed")
            for loop in [loop for loop in self._fleets if loop.is_closed()]:
                self._fleets.pop(loop).destroy()
            here = asyncio.get_running_loop()
            fleet = self._fleets.get(here)
            if fleet is None:
                fleet = self._fleets[here] = Fleet(self._count)
            return fleet


class WorkerSession:
    """A `Session` in a worker process."""

    _ids = itertools.count(1)

    def __init__(self, worker: WorkerProcess, boot: Boot) -> None:
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
        answer = await self._ask(message)
        turn = _read(self._worker, lambda: read_turn(answer))
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

    def __del__(self) -> None:
        """A session that was dropped unclosed still has its memory in the worker."""
        if self._open:
            self._worker.forget(self._id)

    def _leave(self) -> None:
        if self._open:
            self._open = False
            self._worker.sessions -= 1

    async def _ask(self, message: Message) -> Message:
        try:
            return await _asked(self._worker, {**message, "session": self._id}, self._patience_s)
        except asyncio.CancelledError:
            await self.close()
            raise


async def _asked(worker: WorkerProcess, message: Message, patience_s: float) -> Message:
    try:
        async with asyncio.timeout(patience_s):
            answer = await worker.request(message)
    except TimeoutError as error:
        worker.kill()
        raise Fault("a worker process did not answer and was ended; the programs in it are lost") from error
    if "fault" in answer:
        raise Fault(f"the guest failed: {answer['fault']}")
    return answer


def _read(worker: WorkerProcess, read: Callable[[], _T]) -> _T:
    """What was read of an answer; a worker that answers what cannot be read is ended."""
    try:
        return read()
    except (KeyError, TypeError, ValueError) as error:
        worker.kill()
        raise Fault("a worker process answered what cannot be read and was ended") from error
