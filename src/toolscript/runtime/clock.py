"""The real clock."""

from __future__ import annotations

import asyncio
import time

from toolscript.runs.program import Instant


class SystemClock:
    """A `Clock` that reads this machine's."""

    def now(self) -> Instant:
        return time.time_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
