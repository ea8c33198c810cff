"""A clock that tests own."""

from __future__ import annotations

import asyncio
import heapq
import itertools

from toolscript.runs.program import Instant


class FakeClock:
    """A `Clock` whose sleepers wake in the order of their deadlines, without any real waiting.

    Time moves only when somebody sleeps: to the earliest deadline, once the event loop has had `patience` rounds to
    do whatever else it can.
    """

    def __init__(self, start: Instant = 1_700_000_000_000, *, patience: int = 200) -> None:
        self._now = start
        self._patience = patience
        self._sleepers: list[tuple[Instant, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._moving: asyncio.Task[None] | None = None

    def now(self) -> Instant:
        return self._now

    def set(self, now: Instant) -> None:
        """Move the clock, also back."""
        self._now = now

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + round(seconds * 1_000), next(self._numbers), future))
        if self._moving is None or self._moving.done():
            self._moving = asyncio.create_task(self._move())
        await future

    async def _move(self) -> None:
        while self._sleepers:
            for _ in range(self._patience):
                await asyncio.sleep(0)
            deadline, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                self._now = max(self._now, deadline)
                future.set_result(None)
