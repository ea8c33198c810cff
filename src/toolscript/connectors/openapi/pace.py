"""How fast an API is called: so many calls at once, and so many a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager


class Pace:
    """Lets calls through in the order in which they come.

    `rate_per_s` spreads them: after a pause a second's worth may go at once.
    """

    def __init__(
        self,
        concurrency: int,
        rate_per_s: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._gap_s = 1 / rate_per_s if rate_per_s else 0.0
        self._clock = clock
        self._pause = pause
        self._next = 0.0

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None]:
        """One call's turn."""
        async with self._slots:
            if self._gap_s:
                now = self._clock()
                self._next = max(self._next, now - 1.0) + self._gap_s
                if self._next > now:
                    await self._pause(self._next - now)
            yield
