"""One run, driven: decide, commit, act, commit, answer.

1. Answers, and the `now` of the turn that they are handed to, are committed before anything that follows from them
   can be seen outside. The session itself is not outside: it may run on while the commit is under way.
2. The intent of a write is committed before its tool is asked to act; that of a read with its answer.
3. Answers are handed over in the order in which they arrived, and that order is committed.
4. An answer is in the log either with the turn that it is handed to, or because nobody wants it any more.
5. When all that is outstanding waits for people or for a later time, the run is parked: its session is let go.
6. A run that was taken over is refused every write to its log, and so stops: it records nothing and acts no more.
7. Nothing runs after the end: calls in flight are cancelled or awaited, and recorded, before the end is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Literal

from toolscript.codec import TAGGED_JSON, encode
from toolscript.errors import Conflict, Failure, Fault
from toolscript.ports import Event, Guest, Observer, Session
from toolscript.runs.closing import CANCELLED, overdue
from toolscript.runs.entry import (
    Actor,
    Answered,
    CalledOff,
    Claimed,
    Ended,
    Entry,
    Parked,
    Printed,
    RunRecord,
    RunStatus,
    Turned,
)
from toolscript.runs.history import History, history
from toolscript.runs.machine import expired
from toolscript.runs.precheck import Problem
from toolscript.runs.program import Instant, syntax_of
from toolscript.runs.reuse import Reuse
from toolscript.runs.turn import Crashed, Finished, Outcome, Settled, Turn, Usage
from toolscript.runtime.checking import Checked, checked
from toolscript.runtime.docket import Docket, Over, unlogged
from toolscript.runtime.flights import Flights
from toolscript.runtime.lease import Lease
from toolscript.runtime.logbook import Logbook
from toolscript.runtime.resume import reopen
from toolscript.runtime.seal import seal
from toolscript.runtime.surroundings import Surroundings
from toolscript.schema.syntax import Syntax

log = logging.getLogger("toolscript.drive")

Ending = Literal["ended", "parked", "let_go", "lost"]

_PARALLEL: Mapping[Syntax, str] = {"typescript": "Promise.all", "python": "asyncio.gather"}
PARK_AFTER_MS = 5_000  # a timer that ends sooner is waited for: parking and waking cost a few milliseconds


class Drive:
    """The live part of one run; its state is in its log, and here only what is in flight."""

    def __init__(
        self,
        run: RunRecord,
        guest: Guest,
        around: Surroundings,
        *,
        entries: Sequence[Entry],
        snapshot: bytes | None = None,
        reuse: Reuse | None = None,
        observers: Sequence[Observer] = (),
        asked_at: float,
    ) -> None:
        """`entries` is the log so far: its first turn for a new run, any number for one that is gone on with.

        `asked_at` is the time of the event loop at which the run was created or claimed.
        """
        self.run = run
        self.book = Logbook(run, around.store, around.clock, entries)
        self.lease = Lease(run, around.store, around.clock, around.lease_ms, asked_at)
        self.outcome: Outcome | None = None
        self._check = Checked()
        self._observers = observers
        self._guest = guest
        self._around = around
        self._snapshot = snapshot
        self._reuse = reuse
        self._session: Session | None = None
        self._flights = Flights(run, around.caller, self.lease, self.book.instant, self.tell if observers else None)
        self._docket = Docket(run, around, self.book, self._flights, reuse)
        self._decisions = run.decisions
        self._to_hear = False
        self._turns = 0
        self._usage = Usage()
        self._task: asyncio.Task[object] | None = None
        self._stopping: Literal["", "cancel", "let_go", "lost"] = ""
        self._ending = False

    def tell(self, event: Event) -> None:
        """Tell the observers of this run."""
        for observer in self._observers:
            try:
                observer.observed(event)
            except Exception:  # whoever only watches must not be able to break what it watches
                log.exception("an observer of the run %s failed", self.run.id)

    @property
    def advice(self) -> tuple[Problem, ...]:
        """What the check of the program found suspicious, as far as it is known."""
        return self._check.advice

    def cancel(self, by: Actor | None = None) -> None:
        """End the run as `cancelled`, unless it is ending already."""
        if by is not None and not self._ending:
            self.book.note(CalledOff(by, self.book.instant()))
        self._stop("cancel")

    def let_go(self) -> None:
        """Stop, so that the run can be gone on with elsewhere."""
        self._stop("let_go")

    def lose(self) -> None:
        """Stop at once: the run was taken over."""
        self._stop("lost")

    def amended(self, decisions: int) -> None:
        """Look into the log, if this count says that people decided anything new."""
        if decisions != self._decisions:
            self._to_hear = True
            self._flights.ring()

    @property
    def is_deaf(self) -> bool:
        """Whether it waits for one call, and so does not look into the log though people added to it."""
        return self._to_hear and self._flights.is_alone

    async def listen(self) -> None:
        """For a deaf one: end the run if a person called it off. All else can wait for the call."""
        _, entries = await self._around.store.read(self.run.id)
        if history(entries).called_off is not None:
            self.cancel()

    def _stop(self, how: Literal["cancel", "let_go", "lost"]) -> None:
        self._stopping = self._stopping or how
        if self._task is not None and not self._ending:
            self._task.cancel()

    async def to_end(self) -> Ending:
        """Drive the run to its end, or until it is parked, and record that."""
        self._task = asyncio.current_task()
        try:
            return await self._driven()
        except Conflict as conflict:
            log.warning("the run %s is let be: %s", self.run.id, conflict)
            return "lost"
        finally:
            self._ending = True
            self._check.end()
            self._flights.abandon()
            self.book.abandon()
            if self._session is not None:
                await self._session.close()

    async def _driven(self) -> Ending:
        timeout = asyncio.timeout(None)
        try:
            if self._stopping:
                raise asyncio.CancelledError
            past = history(self.book.entries)
            if self.run.fence > 1:
                self.book.note(Claimed(self.book.instant(), self.run.fence))
            over = self._over_already(past)
            if over is None:
                over = await self._checked()
            if over is None:
                session, turn = await self._opened(past)
                timeout = asyncio.timeout(max(1, self.run.limits.wall_ms - past.active_ms) / 1_000)
                async with timeout:
                    turn = turn or await session.advance((), past.turns[0].now)
                    over = await self._turned(session, turn)
            return "parked" if over is None else await self._end(*over)
        except TimeoutError:
            if not timeout.expired():
                raise
            return await self._end("failed", Crashed(self._out_of_time()))
        except asyncio.CancelledError:
            return await self._stopped()
        except Fault as fault:
            if self.book.broken:  # the log stays as it is, and the run can be gone on with when the store works again
                raise
            await self._end("failed", Crashed(Failure(kind="fault", code="fault", name="Fault", message=str(fault))))
            raise

    def _over_already(self, past: History) -> Over | None:
        """How a run ends that was to end while nobody drove it."""
        late = overdue(past, self.run.limits, self.book.instant())
        if past.called_off is not None:
            over: Over = ("cancelled", CANCELLED)
        elif late:
            over = ("expired", Crashed(expired(late, self.run.limits)))
        else:
            return None
        self.book.note(*self._docket.close(past))
        return over

    async def _checked(self) -> Over | None:
        """How a new run ends whose program is certain to fail. One that is gone on with has been let through before."""
        if self.run.fence > 1:
            return None
        around = self._around
        code, catalog = self.run.program.code, around.catalog()
        self._check = found = await checked(code, self._guest, catalog, around.policy, around.type_check)
        return None if found.failure is None else ("failed", Crashed(found.failure))

    async def _opened(self, past: History) -> tuple[Session, Turn | None]:
        """Start the program, or bring it to where its log ends: then with what the last turn gave out."""
        self._turns = len(past.turns)
        if self.run.fence == 1:
            self._session = await self._guest.start(self.run.boot)
            return self._session, None
        opened = await reopen(self.run, past, self._guest, self._snapshot, await self._around.store.secret())
        self._session, self._snapshot = opened.session, None
        self._docket.take_up(past, opened.made)
        return self._session, unlogged(opened.turn, past)

    async def _turned(self, session: Session, turn: Turn) -> Over | None:
        """Turn after turn, until the run is over; None when it is parked."""
        while True:
            await self.book.durable()
            self._usage = turn.usage
            if turn.printed:
                self.book.note(Printed(tuple(map(self._around.redactor.text, turn.printed))))
            if turn.outcome is not None:
                self._docket.overtaken(turn)
                return _status(turn.outcome), turn.outcome
            self._docket.take(turn)
            await self._docket.launch()
            answered = await self._answers(session)
            if answered is None:
                return self._docket.over
            now = self._now_of(answered)
            self.book.note(*answered, Turned(now, tuple(entry.seq for entry in answered)))
            self.book.send()
            self._turns += 1
            turn = await session.advance([Settled(entry.seq, entry.answer) for entry in answered], now)

    async def _answers(self, session: Session) -> list[Answered] | None:
        """All answers that have arrived, at least one; None when the run is over or parked."""
        while self._docket.over is None:
            if self._to_hear:
                await self._hear()
                continue
            arrived = self._flights.take()
            if arrived and self._reuse is not None:
                arrived, later = self._reuse.ordered(self._turns, arrived)
                self._flights.put_back(later)
            if arrived:
                return arrived
            if not self._flights and not self._docket.waiting:
                raise Fault("the guest waits, but made no call that could be answered")
            timers = self._flights.timers
            if timers is None or any(until < self.book.instant() + PARK_AFTER_MS for until in timers):
                await self._flights.wait()
            elif await self._park(session, timers):
                return None
        return None

    async def _hear(self) -> None:
        """Read what people decided, and carry it out."""
        self._to_hear = False
        await self.book.commit()
        self._decisions = (await self.book.read()).decisions
        self._docket.hear(history(self.book.entries))
        await self._docket.launch()

    async def _park(self, session: Session, timers: Sequence[Instant]) -> bool:
        """Let the session go, if nobody has decided meanwhile."""
        snapshot = await session.snapshot()
        sealed = None
        if snapshot is not None:
            sealed = seal(await self._around.store.secret(), self.run.id, self._turns, snapshot)
        expiries = (one.since + self.run.limits.parked_ms for one in self._docket.waiting.values())
        self._ending = True  # whatever is asked from here on meets a parked run: a lease that is gone is no loss then
        parked = await self.book.park(
            Parked(self.book.instant()),
            decisions=self._decisions,
            wake_at=min([*timers, *expiries]),
            snapshot=sealed,
        )
        self._to_hear = not parked
        self._ending = parked
        if self._stopping and not parked:
            raise asyncio.CancelledError
        return parked

    async def _end(self, status: RunStatus, outcome: Outcome) -> Ending:
        """Settle what is in flight, then commit the end."""
        self._ending = True
        self.book.note(*await self._flights.settle(), *self._docket.close())
        if self._session is not None:
            await self._session.close()
        outcome = self._clean(outcome)
        ended = Ended(status=status, outcome=await self._kept(outcome), at=self.book.instant(), usage=self._usage)
        self.book.note(ended)
        await self.book.commit(status)
        self.outcome = outcome
        return "ended"

    def _clean(self, outcome: Outcome) -> Outcome:
        """The outcome without secrets."""
        match outcome:
            case Finished(value):
                return Finished(self._around.redactor.encoded(value))
            case Crashed(failure):
                return Crashed(self._around.redactor.failure(failure))

    async def _kept(self, outcome: Outcome) -> Outcome:
        """The outcome as the log has it: of a value that is too large, the handle of a blob."""
        if isinstance(outcome, Crashed) or len(outcome.value) <= self.run.limits.value_bytes:
            return outcome
        content = outcome.value.encode("utf-8", "surrogatepass")
        return Finished(encode(await self._around.caller.keep(content, TAGGED_JSON, self.run.id)))

    async def _stopped(self) -> Ending:
        """What becomes of the run when its task is cancelled."""
        if self._stopping == "cancel":
            return await self._end("cancelled", CANCELLED)
        self._ending = True
        if self._stopping == "lost":
            return "lost"
        answered = await self._flights.let_go()
        if answered:  # whoever goes on hands them over
            turned = Turned(self.book.instant(), tuple(entry.seq for entry in answered))
            self.book.note(*answered, turned)
        await self.book.commit()
        if not self._stopping:
            raise asyncio.CancelledError
        return "let_go"

    def _now_of(self, answered: Sequence[Answered]) -> Instant:
        """The time of the next turn: the clock's, or that of the run that is being followed."""
        followed = self._reuse.turn(self._turns) if self._reuse is not None else None
        if followed is not None and followed.delivered == tuple(entry.seq for entry in answered):
            return followed.now
        return self.book.instant()

    def _out_of_time(self) -> Failure:
        waiting = ", ".join(self._flights.paths)
        message = (
            f"the run took longer than {self.run.limits.wall_ms / 1_000:g} s (wall_ms)"
            + (f" while waiting for {waiting}" if waiting else "")
            + f". Do less in one program, or in parallel with {_PARALLEL[syntax_of(self.run.program.language)]}."
        )
        return Failure(kind="guest", code="limit", name="LimitError", message=message)


def _status(outcome: Outcome) -> RunStatus:
    match outcome:
        case Finished():
            return "completed"
        case Crashed(failure):
            return "rejected" if failure.code == "rejected" else "failed"
