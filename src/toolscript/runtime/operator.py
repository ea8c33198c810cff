"""What people do to runs from outside: decide, grant, cancel, roll back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from toolscript.codec import decode
from toolscript.errors import ConfigError, Conflict
from toolscript.runs.approval import Wish, decisions
from toolscript.runs.closing import CANCELLED, closing
from toolscript.runs.condition import Condition
from toolscript.runs.entry import Actor, CalledOff, Decided, Entry, Granted, Reverted, Reverting, RunRecord
from toolscript.runs.grants import grant_of
from toolscript.runs.history import History, history
from toolscript.runs.redaction import REDACTED
from toolscript.runs.rollback import Rollback, Standing, plan, rollback_of
from toolscript.runs.turn import Called
from toolscript.runtime.drives import Drives
from toolscript.runtime.keeper import Keeper
from toolscript.runtime.surroundings import Surroundings

LIBRARY = Actor("", "library")
_HEARING_S = 1.0  # how long whoever drives a run elsewhere is given to hear, before we look again


class Operator:
    """Acts for people on runs in the store, whoever drives them."""

    def __init__(
        self, around: Surroundings, drives: Drives, keeper: Keeper, ready: Callable[[History], Awaitable[None]]
    ) -> None:
        """`ready` waits until the tools of a run's open calls are known."""
        self._around = around
        self._store = around.store
        self._drives = drives
        self._keeper = keeper
        self._ready = ready

    async def decide(self, run: str, wish: Wish) -> None:
        """Decide on calls; `Conflict` where that cannot be, also because somebody else was faster."""
        await self._amend(run, lambda record, log: self._decided(record, log, wish))

    async def grant(self, run: str, granted: Granted) -> None:
        """Approve further calls, and those among the pending ones that the grant is about."""
        if granted.calls is not None and granted.calls < 1:
            raise ConfigError(f"a grant of {granted.calls} calls grants nothing")
        for text in granted.when:
            Condition.parse(text)
        await self._amend(run, lambda record, log: self._granted(record, log, granted))

    async def cancel(self, run: str, by: Actor) -> None:
        """End a run; one that has ended stays as it is."""
        asked = False
        while not await self._drives.cancel(run, by):
            record, entries = await self._store.read(run)
            if history(entries).ended is not None:
                return
            claimed = await self._claimed(record)
            if claimed is not None:
                await self._end(claimed, by)
                return
            if not asked:
                asked = await self._store.amend(run, record.decisions, [CalledOff(by, self._around.clock.now())])
            await self._keeper.news(_HEARING_S)

    async def rollback(self, run: str, by: Actor) -> Rollback:
        """Undo what a run did, as far as it can be; `Conflict` while it runs."""
        record, _ = await self._store.read(run)
        claimed = None if run in self._drives else await self._claimed(record)
        if claimed is None:
            log = await self._log(run)
            if log.ended is not None:
                raise Conflict(f"the run {run} is being rolled back already: look at it again when that is done")
            raise Conflict(f"the run {run} is running: cancel it first, or wait for its end")
        async with self._drives.holding(run, claimed.fence):
            log = await self._log(run)
            if log.ended is None:
                await self._append(claimed, self._closing(log, by))
            await self._ready(log)
            await self._undo(claimed, log, by)
            await self._store.append(run, claimed.fence, [], "rolled_back")
        return rollback_of(*await self._store.read(run))

    async def delete(self, run: str) -> None:
        """Forget an ended run."""
        record, _ = await self._store.read(run)
        if not await self._store.delete(run):
            raise Conflict(f"the run {run} is {record.status}: cancel it first, then it can be deleted")

    async def _undo(self, record: RunRecord, log: History, by: Actor) -> None:
        """Take the steps of a rollback one by one; each is recorded before the next."""
        around = self._around
        for step in plan(log, around.catalog()):
            now = around.clock.now()
            if isinstance(step, Standing):
                await self._append(record, [Reverted(seq=step.seq, answer=step.answer, at=now)])
                continue
            await self._append(record, [Reverting(seq=step.seq, by=by, at=now)])
            answer = await around.caller.revert(step, step.context(record.id), record.limits)
            await self._append(record, [Reverted(seq=step.seq, answer=answer, at=around.clock.now())])

    async def _end(self, claimed: RunRecord, by: Actor) -> None:
        """End a run that was claimed for this; one that had ended until then gets the status back that it had."""
        log = await self._log(claimed.id)
        if log.ended is None:
            await self._store.append(claimed.id, claimed.fence, self._closing(log, by), "cancelled")
        else:
            await self._store.append(claimed.id, claimed.fence, [], claimed.status)

    def _closing(self, log: History, by: Actor) -> Sequence[Entry]:
        now = self._around.clock.now()
        return [CalledOff(by, now), *closing(log, "cancelled", CANCELLED, now)]

    async def _log(self, run: str) -> History:
        _, entries = await self._store.read(run)
        return history(entries)

    async def _append(self, record: RunRecord, entries: Sequence[Entry]) -> None:
        await self._store.append(record.id, record.fence, entries)

    async def _claimed(self, record: RunRecord) -> RunRecord | None:
        now = self._around.clock.now()
        until = now + self._around.lease_ms
        claimed = await self._store.claim(scope=record.scope, now=now, until=until, run=record.id)
        return None if claimed is None else claimed[0]

    async def _amend(self, run: str, lines: Callable[[RunRecord, History], Sequence[Entry]]) -> None:
        """Add lines to a log that nobody else decides on meanwhile; they are worked out again if somebody does."""
        while True:
            record, entries = await self._store.read(run)
            log = history(entries)
            await self._ready(log)
            if await self._store.amend(run, record.decisions, lines(record, log)):
                self._keeper.nudge()
                return

    def _decided(self, record: RunRecord, log: History, wish: Wish) -> Sequence[Entry]:
        around = self._around
        decided = decisions(wish, record, log, catalog=around.catalog(), policy=around.policy, now=around.clock.now())
        return [self._without_secrets(one, log) for one in decided]

    def _without_secrets(self, decided: Decided, log: History) -> Decided:
        """A decision as the log may have it; `Conflict` for an edit that is a secret, as it could not be kept."""
        redactor, path = self._around.redactor, log.calls[decided.seq].intended.path
        args, value = decided.args, decided.value
        if args is not None and self._around.redacted(Called(decided.seq, path, args)) != args:
            raise Conflict(
                f"the edited arguments of {path} hold a secret, and the log keeps none: leave {REDACTED} in its place, "
                "and the program's own is sent"
            )
        reason = redactor.text(decided.reason)
        return replace(decided, reason=reason, value=None if value is None else redactor.encoded(value))

    def _granted(self, record: RunRecord, log: History, granted: Granted) -> Sequence[Entry]:
        if log.ended is not None:
            raise Conflict(f"the run {record.id} has ended ({log.ended.status}): there is nothing to grant any more")
        lines: list[Entry] = [granted]
        used = {granted.id: 0}
        for call in log.outstanding:
            if call.status != "pending":
                continue
            args: dict[str, Any] = decode(call.args) or {}
            if grant_of([granted], call.intended.path, args, used, granted.at) is not None:
                used[granted.id] += 1
                seq = call.intended.seq
                lines.append(Decided(seq=seq, choice="approve", by=granted.by, at=granted.at, grant=granted.id))
        return lines
