"""How a run comes to be driven: started, taken over, and what becomes of it when its drive stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import cast

from toolscript.catalog.catalog import Catalog
from toolscript.errors import ConfigError, Conflict, Fault, GuestError
from toolscript.ports import Compiler, Demanding, Guest, Observer, RunEnded, RunParked, RunStarted
from toolscript.runs.closing import CANCELLED
from toolscript.runs.complaint import expected
from toolscript.runs.entry import Ended, RunRecord, Turned
from toolscript.runs.forms import forms
from toolscript.runs.hints import hint_of, noticed_of
from toolscript.runs.history import History, history
from toolscript.runs.program import Instant, Limits, Program, syntax_of
from toolscript.runs.result import Result, result_of
from toolscript.runs.reuse import Reuse
from toolscript.runs.visible import mentioned, visible
from toolscript.runtime.drive import Drive, Ending
from toolscript.runtime.drives import Drives
from toolscript.runtime.guests import Guests
from toolscript.runtime.surroundings import Surroundings
from toolscript.runtime.upstreams import Upstreams

log = logging.getLogger("toolscript.launcher")


class Launcher:
    """Makes drives, of new runs and of claimed ones."""

    def __init__(
        self,
        around: Surroundings,
        *,
        guests: Guests,
        upstreams: Upstreams,
        scope: str,
        observers: Sequence[Observer],
        entropy: Callable[[int], bytes],
        connect_timeout_s: float,
        catalog: Callable[[], Catalog],
        falls_back: bool,
    ) -> None:
        """`catalog` is what hints may speak of.

        `falls_back`: a Python program that needs more than the small guest has runs in CPython.
        """
        self.drives = Drives(around.store, around.clock, self._finish)
        self._around = around
        self._store = around.store
        self._guests = guests
        self._upstreams = upstreams
        self._scope = scope
        self._observers = observers
        self._entropy = entropy
        self._connect_timeout_s = connect_timeout_s
        self._catalog = catalog
        self._falls_back = falls_back

    async def start(
        self,
        program: Program,
        *,
        key: str | None,
        limits: Limits,
        observers: Sequence[Observer],
        retry_of: str | None,
    ) -> str:
        """Start a program and give its run's id, or that of the run that has the key."""
        program, guest = await self._placed(program)
        patience_s = min(self._connect_timeout_s, limits.wall_ms / 1_000)
        corrected = None if retry_of is None else await self._corrected(retry_of)
        await self._upstreams.ready(lambda names: mentioned(program.code, names), patience_s)
        now, asked_at = self._around.clock.now(), asyncio.get_running_loop().time()
        run = RunRecord(
            id=self._new_id(now),
            program=program,
            engine=guest.engine,
            namespaces=visible(program.code, self._upstreams.catalog),
            limits=limits,
            created=now,
            updated=now,
            key=key,
            scope=self._scope,
            lease_until=now + self._around.lease_ms,
        )
        first = Turned(now)
        reuse = None
        if corrected is not None:
            record, log = corrected
            run = replace(run, retry_of=record.id, seeded_by=record.seeded_by or record.id)
            first = log.turns[0] if log.turns else first
            reuse = Reuse(record.id, log)
        try:
            existing = await self._store.create(run, [first])
        except asyncio.CancelledError:
            await self._abandon(run)
            raise
        if existing.id != run.id:
            return existing.id
        drive = Drive(run, guest, self._around, entries=[first], reuse=reuse, observers=observers, asked_at=asked_at)
        drive.tell(RunStarted(run))
        self.drives.launch(drive)
        return run.id

    async def claim(self, scope: str, now: Instant, run: str | None = None) -> bool:
        """Take over a run of this scope that is due, or this one, and go on with it; whether there was one."""
        until = now + self._around.lease_ms
        asked_at = asyncio.get_running_loop().time()
        claiming = asyncio.ensure_future(self._store.claim(scope=scope, now=now, until=until, run=run))
        try:
            claimed = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            with suppress(Fault):  # which must not take the place of the cancellation
                if (late := await claiming) is not None:  # or nobody would drive it until the lease is over
                    await self._store.renew({late[0].id: late[0].fence}, 0)
            raise
        if claimed is None:
            return False
        record, snapshot = claimed
        self.drives.take(record.id, record.fence, self._reopened(record, snapshot, asked_at))
        return True

    async def tools_known(self, log: History) -> None:
        """Wait until the sources of a run's tools are connected, or cannot be."""
        used = frozenset(call.intended.path.partition(".")[0] for call in log.calls.values())
        await self._upstreams.ready(lambda names: names & used, self._connect_timeout_s)

    async def _reopened(self, claimed: RunRecord, snapshot: bytes | None, asked_at: float) -> Drive | Result:
        record, entries = await self._store.read(claimed.id)
        if record.fence != claimed.fence:  # taken over since: with the fence that was read we would pass for the other
            return result_of(record, entries)
        log = history(entries)
        if log.ended is not None:
            # Its rollback was cut off, and what is left can be rolled back again; or it ended just before the claim.
            status = "rolled_back" if claimed.status == "running" else claimed.status
            await self._store.append(record.id, record.fence, [], status)
            return result_of(replace(record, status=status), entries)
        guest = self._guests.of(record.program.language)
        await self.tools_known(log)
        reuse = None
        if record.retry_of is not None:
            with suppress(Conflict):  # the corrected run was deleted: from here everything is new
                reuse = Reuse(record.retry_of, (await self._corrected(record.retry_of))[1])
        return Drive(
            record,
            guest,
            self._around,
            entries=entries,
            snapshot=snapshot,
            reuse=reuse,
            observers=self._observers,
            asked_at=asked_at,
        )

    async def _finish(self, drive: Drive, ending: Ending) -> Result:
        """The result of a drive that stopped."""
        match ending:
            case "ended":
                result = result_of(drive.run, drive.book.entries)
                if result.outcome is not drive.outcome:  # the log has less of a large value
                    result = replace(result, outcome=drive.outcome)
                if result.outcome is not None:
                    drive.tell(RunEnded(drive.run.id, result.status, result.outcome))
            case "parked":
                result = result_of(replace(drive.run, status="parked"), drive.book.entries)
                drive.tell(RunParked(drive.run.id, result.pending))
                self.drives.nudged.set()
            case "let_go" | "lost":
                result = result_of(*await self._store.read(drive.run.id))
        if result.failure is not None:
            catalog = self._catalog()
            syntax = syntax_of(drive.run.program.language)
            hint = hint_of(result.failure, catalog) or expected(result.failure, result.calls, catalog, syntax)
            noticed = noticed_of(result.failure, drive.advice)
            gave = forms(result.failure, result.calls, syntax)
            return replace(result, hint="\n".join(filter(None, (hint, gave, noticed))))
        return result

    async def _placed(self, program: Program) -> tuple[Program, Guest]:
        """The program and the guest that runs it: where that is allowed, CPython for what the small one lacks."""
        guest = self._guests.of(program.language)
        if isinstance(guest, Demanding):
            await guest.require()
        if not self._falls_back or program.language != "python" or not await _lacks(guest, program.code):
            return program, guest
        larger = self._guests.of("cpython")
        try:
            if isinstance(larger, Demanding):
                await larger.require()
        except ConfigError as error:
            log.warning("a Python program that needs CPython is left to the small engine: %s", error)
            return program, guest
        return replace(program, language="cpython"), larger

    async def _corrected(self, run: str) -> tuple[RunRecord, History]:
        """A run that another one corrects; of one that made no call itself, the one that it corrects in its turn."""
        record, entries = await self._store.read(run)
        log = history(entries)
        if log.ended is not None and not log.calls and record.retry_of is not None:
            with suppress(Conflict):  # it was deleted
                return await self._corrected(record.retry_of)
        if log.ended is None:
            raise Conflict(f"the run {run} is {record.status}: it can be corrected when it has ended")
        return record, log

    async def _abandon(self, run: RunRecord) -> None:
        """End a run whose start was cancelled while the store may have been writing it."""
        with suppress(Conflict, Fault):  # it was not written, or cannot be: the cancellation must not be lost by it
            ended = Ended(status="cancelled", outcome=CANCELLED, at=self._around.clock.now())
            await self._store.append(run.id, run.fence, [ended], "cancelled")

    def _new_id(self, now: int) -> str:
        """Ids sort by time: 11 hexadecimal digits of milliseconds, then 64 random bits."""
        return f"run_{now:011x}{self._entropy(8).hex()}"


async def _lacks(guest: Guest, code: str) -> bool:
    """Whether a program uses what this engine of its language lacks, as it says without starting it."""
    if not hasattr(guest, "compiled"):
        return False
    try:
        await cast("Compiler", guest).compiled(code)
    except GuestError as error:
        return error.failure.code == "check"
    return False
