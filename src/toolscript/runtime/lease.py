"""The right to drive one run, as this process knows it."""

from __future__ import annotations

import asyncio

from toolscript.errors import Conflict
from toolscript.ports import Clock, Leases
from toolscript.runs.entry import RunRecord


class Lease:
    """Valid for its length from the start of the last renewal that succeeded, by a clock that cannot be set.

    A process that was stopped for longer, or whose loop was blocked, must not act on what it decided before: another
    one may have taken the run over. The store refuses its writes, and this refuses its acts.
    """

    def __init__(self, run: RunRecord, leases: Leases, clock: Clock, length_ms: int, asked_at: float) -> None:
        """`asked_at` is the time of the event loop at which the run was asked for."""
        self._run = run
        self._leases = leases
        self._clock = clock
        self._length_ms = length_ms
        self._valid_until = asked_at + length_ms / 1_000

    def renewed(self, asked_at: float) -> None:
        """The lease was prolonged by a request that was sent at this time of the event loop."""
        self._valid_until = max(self._valid_until, asked_at + self._length_ms / 1_000)

    async def prove(self) -> None:
        """Return only while the run is still this process's; `Conflict` when it is not."""
        loop = asyncio.get_running_loop()
        while (asked_at := loop.time()) >= self._valid_until:
            until = self._clock.now() + self._length_ms
            if self._run.id not in await self._leases.renew({self._run.id: self._run.fence}, until):
                raise Conflict(f"the run {self._run.id} was taken over by another process")
            self.renewed(asked_at)
