"""What a runtime does beside its runs: renews leases, hears of decisions, takes over what is due, clears away.

1. Every lease that this process holds is renewed at a third of its length; what is lost is let be at once.
2. Whenever the store rings, decisions on runs that are driven here are passed on, and due runs are taken over: those
   of the runtime's scope if it is a worker, those that it started or was asked for if it is a client.
3. Deadlines of parked runs are waited for on the runtime's clock; everything else by the event loop's.
4. A store that fails now may work again later, and a run that is gone concerns no other: what was raised is logged,
   and the next round tries again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Literal

from toolscript.errors import Conflict, Fault
from toolscript.ports import Bell, Clock, RunStore
from toolscript.runs.program import Instant
from toolscript.runs.retention import Retention
from toolscript.runtime.launcher import Launcher

log = logging.getLogger("toolscript.keeper")

Role = Literal["worker", "client"]

POLL_S = 1.0  # between two looks at a store that cannot ring
REST_S = 0.02  # between two looks at one that does: a busy store rings at every turn of every run
PRUNE_S = 60.0


class Keeper:
    """The housekeeping of one runtime, in one task."""

    def __init__(
        self,
        *,
        store: RunStore,
        clock: Clock,
        launcher: Launcher,
        scope: str,
        role: Role,
        lease_ms: int,
        retention: Retention | None,
    ) -> None:
        self._store = store
        self._bell = store if isinstance(store, Bell) else None
        self._clock = clock
        self._launcher = launcher
        self._drives = launcher.drives
        self._scope = scope
        self._role: Role = role
        self._lease_ms = lease_ms
        self._retention = retention
        self._news = asyncio.Event()
        self._renewed_at: Instant | None = None
        self._prune_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; `close` ends it."""
        self._task = asyncio.create_task(self._keep(), name="toolscript-keeper")
        self._task.add_done_callback(_said)

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def nudge(self) -> None:
        """Look at the store now: this process has just written what may be due."""
        self._drives.nudged.set()

    async def news(self, timeout_s: float | None) -> None:
        """Until the next look at the store is done, or the time is over."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return

    async def _keep(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._renewing())
            while True:
                self._drives.nudged.clear()
                try:
                    due = await self._look()
                except (Conflict, Fault) as error:
                    log.error("%s", error)
                    due = None
                    await asyncio.sleep(POLL_S)
                news, self._news = self._news, asyncio.Event()
                news.set()
                await self._until_news(due)

    async def _renewing(self) -> None:
        while True:
            await asyncio.sleep(self._lease_ms / 3_000)
            try:
                await self._renew(self._clock.now())
            except Fault as fault:
                log.error("%s", fault)

    async def _renew(self, now: Instant) -> None:
        asked_at = asyncio.get_running_loop().time()
        fences = self._drives.fences
        if fences:
            held = await self._store.renew(fences, now + self._lease_ms)
            self._drives.renewed(fences, held, asked_at)
        self._renewed_at = now

    async def _look(self) -> Instant | None:
        """Do all that can be done now; gives when the next run is due."""
        now = self._clock.now()
        if self._renewed_at is None or now >= self._renewed_at + self._lease_ms // 3:
            await self._renew(now)  # the clock may have jumped: what is ours must not look as if it were nobody's
        elif fences := self._drives.fences:
            self._drives.heard(fences, await self._store.held(fences))
        await self._drives.listen()
        await self._prune(now)
        return await (self._take_due(now) if self._role == "worker" else self._take_own(now))

    async def _take_due(self, now: Instant) -> Instant | None:
        self._drives.own.clear()  # a worker makes no difference between its own runs and others'
        while self._drives.has_room:
            if not await self._launcher.claim(self._scope, now):
                return await self._store.due(self._scope)
        return None

    async def _take_own(self, now: Instant) -> Instant | None:
        due: list[Instant] = []
        for run in [run for run in self._drives.own if run not in self._drives]:
            try:
                record, _ = await self._store.read(run)
            except Conflict:  # it was deleted
                self._drives.own.discard(run)
                continue
            if record.status not in ("parked", "running"):
                self._drives.own.discard(run)
                continue
            at = record.wake_at if record.status == "parked" else record.lease_until
            if at > now:
                due.append(at)
            else:
                await self._launcher.claim(record.scope, now, run)
        return min(due, default=None)

    async def _prune(self, now: Instant) -> None:
        loop_now = asyncio.get_running_loop().time()
        if self._retention is None or loop_now < self._prune_at:
            return
        self._prune_at = loop_now + PRUNE_S
        age_ms = self._retention.max_age_ms
        await self._store.prune(keep=self._retention.keep, before=None if age_ms is None else now - age_ms)

    async def _until_news(self, due: Instant | None) -> None:
        """Until somebody nudges, the store rings, or a run is due."""
        waits: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._drives.nudged.wait()),
            asyncio.create_task(self._rung()),
        ]
        if due is not None:
            seconds = max(0.0, (due - self._clock.now()) / 1_000)
            waits.append(asyncio.create_task(self._clock.sleep(seconds)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _rung(self) -> None:
        if self._bell is not None:
            looked_at = asyncio.get_running_loop().time()
            await self._bell.rung()
            await asyncio.sleep(looked_at + REST_S - asyncio.get_running_loop().time())
        else:
            await asyncio.sleep(POLL_S)


def _said(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("leases are not renewed any more, and nothing is taken over", exc_info=error)
