"""A clock that tests own."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Generator
from contextlib import contextmanager

from toolscript.runs.program import Instant

_Sleeper = tuple[Instant, int, asyncio.Future[None]]


class FakeClock:
    """A `Clock` whose sleepers wake in the order of their deadlines, without any real waiting.

    Time moves by itself only when somebody sleeps: to the earliest deadline, once the event loop has had `patience`
    rounds to do whatever else it can, in none of which it was held. It never moves by itself to a deadline that is more
    than `horizon_s` ahead: `advance` moves it there.
    """

    def __init__(
        self, start: Instant = 1_700_000_000_000, *, patience: int = 200, horizon_s: float = 24 * 3_600
    ) -> None:
        self._now = start
        self._patience = patience
        self._horizon_ms = round(horizon_s * 1_000)
        self._sleepers: list[_Sleeper] = []
        self._numbers = itertools.count()
        self._holds = 0
        self._held_so_far = 0
        self._moving: asyncio.Task[None] | None = None

    def now(self) -> Instant:
        return self._now

    def set(self, now: Instant) -> None:
        """Move the clock, also back; nobody wakes by this."""
        self._now = now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:  # no time has to pass for it, held or not
            return await asyncio.sleep(0)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + round(seconds * 1_000), next(self._numbers), future))
        self._start()
        try:
            await future
        except asyncio.CancelledError:
            self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[2].done()]
            heapq.heapify(self._sleepers)
            raise

    async def advance(self, seconds: float) -> None:
        """Let this much time pass, and everybody wake whose deadline lies in it, one after the other."""
        until = self._now + round(seconds * 1_000)
        with self.held():
            await self._settle()
            while self._sleepers and self._sleepers[0][0] <= until:
                self._wake()
                await self._settle()
            self._now = max(self._now, until)
            await self._settle()

    @contextmanager
    def held(self) -> Generator[None]:
        """Time does not move by itself while this is entered; for what happens outside the event loop.

        Nor in the rounds right after it, however short it was: what needed no round of its own today, because a thread
        answered at once, must not count for less than what needed many.
        """
        self._holds += 1
        self._held_so_far += 1
        try:
            yield
        finally:
            self._holds -= 1
            self._start()

    def _start(self) -> None:
        if not self._holds and self._sleepers and (self._moving is None or self._moving.done()):
            self._moving = asyncio.create_task(self._move())

    async def _move(self) -> None:
        while self._sleepers and not self._holds:
            if not await self._settle():
                continue  # it was held meanwhile, and may be still
            if not self._sleepers or self._sleepers[0][0] > self._now + self._horizon_ms:
                return
            self._wake()

    async def _settle(self) -> bool:
        """Give the event loop its rounds; whether nobody held the clock in any of them."""
        held_so_far = self._held_so_far
        for _ in range(self._patience):
            await asyncio.sleep(0)
        return not self._holds and self._held_so_far == held_so_far

    def _wake(self) -> None:
        deadline, _, future = heapq.heappop(self._sleepers)
        if not future.done():
            self._now = max(self._now, deadline)
            future.set_result(None)
