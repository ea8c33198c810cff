"""One live program on the event loop: each turn runs on a thread, which waits for the worker without the GIL."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from toolscript.guests.python.live import LiveProgram
from toolscript.runs.program import Instant
from toolscript.runs.turn import Settled, Turn
from toolscript.threads import Threads


class PythonSession:
    """Implements `ports.Session`."""

    def __init__(self, live: LiveProgram, threads: Threads) -> None:
        self._live = live
        self._threads = threads

    async def advance(self, answers: Sequence[Settled], now: Instant) -> Turn:
        try:
            return await self._threads.run_short(lambda: self._live.advance_blocking(answers, now))
        except asyncio.CancelledError:
            self._live.close()
            raise

    async def snapshot(self) -> bytes | None:
        return await self._threads.run_short(self._live.snapshot_blocking)

    async def close(self) -> None:
        self._live.close()
