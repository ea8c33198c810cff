"""The log of one run while it is driven: what is noted, what is under way to the store, what is durable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from toolscript.errors import Conflict, Fault
from toolscript.ports import Clock, RunStore
from toolscript.runs.entry import Entry, RunRecord, RunStatus, latest_instant
from toolscript.runs.program import Instant
from toolscript.threads import Steadfast

_T = TypeVar("_T")


class Logbook:
    """Notes entries in order, and commits them; every commit carries the run's fence."""

    def __init__(self, run: RunRecord, store: RunStore, clock: Clock, entries: Sequence[Entry]) -> None:
        self.entries = list(entries)
        """What is in the store, or under way to it."""
        self._run = run
        self._store = store
        self._clock = clock
        self._noted: list[Entry] = []
        self._sent: asyncio.Future[None] | None = None
        self.broken = False
        """Whether the store failed: then what it holds is the log, and nothing may be added to it from here."""
        self._now = latest_instant(entries, run.created)

    def instant(self) -> Instant:
        """The time now; never before a time that the run has seen."""
        self._now = max(self._now, self._clock.now())
        return self._now

    def note(self, *entries: Entry) -> None:
        """Keep entries for the next commit."""
        self._noted.extend(entries)

    def send(self, status: RunStatus = "running") -> None:
        """Hand what is noted to the store; `durable` waits for it."""
        if not self._noted and status == "running":
            return
        noted, self._noted = self._noted, []
        self.entries.extend(noted)
        self._sent = asyncio.ensure_future(self._store.append(self._run.id, self._run.fence, noted, status))

    async def durable(self) -> None:
        """Wait until what was sent is committed; `Conflict` if the run was taken over.

        Whoever is stopped here hears of it at the next call: nothing may be written behind lines that were not.
        """
        sent = self._sent
        if sent is None:
            return
        try:
            await self._sound(sent if sent.done() or isinstance(sent, Steadfast) else asyncio.shield(sent))
        except (Conflict, Fault):
            self._sent = None
            raise
        self._sent = None

    def abandon(self) -> None:
        """Let what is under way to the store be: whoever was stopped does not wait for its answer."""
        sent, self._sent = self._sent, None
        if sent is not None:
            sent.add_done_callback(_heard)

    async def commit(self, status: RunStatus = "running") -> None:
        """Commit all that is noted."""
        await self.durable()
        self.send(status)
        await self.durable()

    async def park(self, last: Entry, *, decisions: int, wake_at: Instant, snapshot: bytes | None) -> bool:
        """Commit all that is noted and park the run, unless somebody decided meanwhile; then nothing is changed."""
        await self.durable()
        entries = [*self._noted, last]
        parking = asyncio.ensure_future(
            self._store.park(
                self._run.id, self._run.fence, entries, decisions=decisions, wake_at=wake_at, snapshot=snapshot
            )
        )
        try:
            await asyncio.wait([parking])
        finally:  # whoever is stopped meanwhile must know all the same which lines are in the log
            parked = await self._sound(parking)
            if parked:
                self._noted = []
                self.entries.extend(entries)
        return parked

    async def read(self) -> RunRecord:
        """Read the log again, with what people added to it; gives the record as it is now."""
        await self.durable()
        record, self.entries = await self._sound(self._store.read(self._run.id))
        return record

    async def _sound(self, answer: Awaitable[_T]) -> _T:
        try:
            return await answer
        except Fault:
            self.broken = True
            raise


def _heard(sent: asyncio.Future[None]) -> None:
    """Look at what came of a write that nobody waits for, or asyncio would log it as forgotten."""
    if not sent.cancelled():
        sent.exception()
