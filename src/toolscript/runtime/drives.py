"""The runs whose lease this process holds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from toolscript.errors import Fault
from toolscript.ports import Clock, Leases
from toolscript.runs.entry import Actor
from toolscript.runs.program import Language
from toolscript.runs.result import Result
from toolscript.runtime.drive import Drive, Ending

log = logging.getLogger("toolscript.drives")

MAX_TAKEN = 256  # runs driven at a time before none is taken over any more: the rest stays in the store
_AGAIN_MS = 1_000  # after a fault of the store: soon, but not in a circle

Finish = Callable[[Drive, Ending], Awaitable[Result]]


@dataclass(slots=True)
class _Held:
    """A run by its fence; `drive` is None while the log is read, or while the run is rolled back."""

    fence: int
    drive: Drive | None = None
    task: asyncio.Task[Result] | None = None


class Drives:
    """Keeps every drive with its task, and tells them what the keeper finds out."""

    def __init__(self, leases: Leases, clock: Clock, finish: Finish) -> None:
        self._leases = leases
        self._clock = clock
        self._finish = finish
        self.own: set[str] = set()
        """The runs that were begun here, or asked for: those that a client goes on with."""
        self.nudged = asyncio.Event()
        """Set when there may be a run to go on with: look at the store."""
        self._held: dict[str, _Held] = {}

    def __contains__(self, run: str) -> bool:
        return run in self._held

    @property
    def fences(self) -> Mapping[str, int]:
        """Every run that this process has the lease of."""
        return {run: held.fence for run, held in self._held.items()}

    @property
    def has_room(self) -> bool:
        return len(self._held) < MAX_TAKEN

    def task(self, run: str) -> asyncio.Task[Result] | None:
        """The task that comes to the run's result, if it is driven here."""
        held = self._held.get(run)
        return None if held is None else held.task

    def language(self, run: str) -> Language:
        """What the program of a run that is driven here is written in."""
        held = self._held.get(run)
        return "typescript" if held is None or held.drive is None else held.drive.run.program.language

    def launch(self, drive: Drive) -> None:
        """Drive a run in a task of its own."""
        self._begin(drive.run.id, drive.run.fence, self._to_result(drive)).drive = drive

    def take(self, run: str, fence: int, opening: Awaitable[Drive | Result]) -> None:
        """The same for a run that was claimed, and whose log is still to be read: it may give nothing to drive."""

        async def opened() -> Result:
            match await opening:
                case Result() as result:
                    return result
                case drive:
                    held.drive = drive
                    return await self._to_result(drive)

        held = self._begin(run, fence, opened())

    @asynccontextmanager
    async def holding(self, run: str, fence: int) -> AsyncGenerator[None]:
        """Hold the lease of a run that is not driven while this is entered."""
        self._held[run] = _Held(fence)
        try:
            yield
        finally:
            del self._held[run]

    async def cancel(self, run: str, by: Actor | None) -> bool:
        """End a run that is driven here; False if it is not, or not any more: it may just have been parked."""
        held = self._held.get(run)
        if held is None or held.drive is None or held.task is None:
            return False
        held.drive.cancel(by)
        await asyncio.wait([held.task])
        return held.drive.outcome is not None

    def renewed(self, fences: Mapping[str, int], kept: Mapping[str, int], asked_at: float) -> None:
        """The leases that were asked for at this time of the loop were renewed, but for those that are lost."""
        self.heard(fences, kept)
        for run in kept:
            if (held := self._held.get(run)) is not None and held.drive is not None:
                held.drive.lease.renewed(asked_at)

    def heard(self, fences: Mapping[str, int], kept: Mapping[str, int]) -> None:
        """Pass on how often people decided on each run; those that are missing were lost."""
        for run, fence in fences.items():
            held = self._held.get(run)
            if held is None or held.drive is None or held.fence != fence:
                continue
            if run in kept:
                held.drive.amended(kept[run])
            else:
                held.drive.lose()

    async def listen(self) -> None:
        """Tell those of what people decided that cannot look for themselves now."""
        for drive in [held.drive for held in self._held.values() if held.drive is not None and held.drive.is_deaf]:
            await drive.listen()

    async def close(self) -> None:
        """Let every run go, so that another process can go on with it at once."""
        tasks = [held.task for held in self._held.values() if held.task is not None]
        fences = dict(self.fences)
        for held in list(self._held.values()):
            if held.drive is not None:
                held.drive.let_go()
            elif held.task is not None:
                held.task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if fences:
            try:
                await self._leases.renew(fences, 0)
            except Fault as fault:
                log.error("the runs of this process can be gone on with when their leases are over: %s", fault)

    def _begin(self, run: str, fence: int, work: Coroutine[Any, Any, Result]) -> _Held:
        self.own.add(run)
        held = self._held[run] = _Held(fence)
        held.task = asyncio.create_task(work, name=run)
        held.task.add_done_callback(lambda task: self._forget(run, held, task))
        return held

    async def _to_result(self, drive: Drive) -> Result:
        try:
            return await self._finish(drive, await drive.to_end())
        except Fault:
            with suppress(Fault):  # what the store could not keep may go well in a while, here or elsewhere
                await self._leases.renew({drive.run.id: drive.run.fence}, self._clock.now() + _AGAIN_MS)
            raise

    def _forget(self, run: str, held: _Held, task: asyncio.Task[Result]) -> None:
        if self._held.get(run) is held:
            del self._held[run]
            if len(self._held) == MAX_TAKEN - 1:
                self.nudged.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the run %s is not driven any more: %s", run, error)  # whoever waits for it gets it too
