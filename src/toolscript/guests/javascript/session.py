"""One live program on the event loop: each turn runs on a thread, because the engine lets go of the GIL."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from toolscript.guests.javascript.live import LiveProgram
from toolscript.runs.program import Instant
from toolscript.runs.turn import Settled, Turn
from toolscript.threads import Threads


class JavaScriptSession:
    """Implements `ports.Session`."""

    def __init__(self, live: LiveProgram, threads: Threads) -> None:
        self._live = live
        self._threads = threads
        self._run = threads.run  # the first turn parses and boots; those after it are mostly short

    async def advance(self, answers: Sequence[Settled], now: Instant) -> Turn:
        try:
            turn = await self._run(lambda: self._live.advance_blocking(answers, now))
        except asyncio.CancelledError:
            self._live.close()
            raise
        self._run = self._threads.run_short
        return turn

    async def snapshot(self) -> bytes | None:
        return await self._threads.run(self._live.snapshot_blocking)

    async def close(self) -> None:
        self._live.close()
