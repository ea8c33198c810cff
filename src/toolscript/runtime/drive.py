"""One run, driven: decide, commit, act, commit, answer.

1. Answers, and the `now` of the turn that they are handed to, are committed before anything that follows from them
   can be seen outside. The session itself is not outside: it may run on while the commit is under way.
2. The intent of a write is committed before its tool is asked to act; that of a read with its answer.
3. Answers are handed over in the order in which they arrived, and that order is committed.
4. Nothing runs after the end: calls in flight are cancelled or awaited, and recorded, before the end is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from toolscript.catalog.catalog import Catalog
from toolscript.errors import Failure, Fault
from toolscript.ports import CallEnded, CallProgressed, CallStarted, Clock, Event, Guest, Observer, Session, Store
from toolscript.runs.entry import Answered, Ended, Entry, Intended, Printed, RunRecord, RunStatus, Turned
from toolscript.runs.machine import Decision, End, Execute, Refuse, Sleep, decide
from toolscript.runs.program import Instant
from toolscript.runs.result import cancelled
from toolscript.runs.turn import Answer, Called, Crashed, Outcome, Settled, Turn, Usage
from toolscript.runtime.calls import Caller
from toolscript.tools import CallContext, Effect, Progress

CANCELLED = Crashed(Failure(kind="guest", code="cancelled", name="CancelledError", message="the run was cancelled"))
_END_GRACE_S = 2.0  # how long the end of a run waits for a write that is in flight, before it is cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a drive needs beside its run."""

    store: Store
    caller: Caller
    clock: Clock
    catalog: Callable[[], Catalog]


@dataclass(frozen=True, slots=True)
class _Flight:
    """A call that is being acted on."""

    call: Called
    effect: Effect
    task: asyncio.Task[None]


class Drive:
    """The live part of one run; its state is in its log, and here only what is in flight."""

    def __init__(self, run: RunRecord, guest: Guest, around: Surroundings, observers: Sequence[Observer] = ()) -> None:
        self.run = run
        self._observers = observers
        self.entries: list[Entry] = []
        self._guest = guest
        self._session: Session | None = None
        self._around = around
        self._uncommitted: list[Entry] = []
        self._sent: Awaitable[None] | None = None
        self._slots = asyncio.Semaphore(run.limits.concurrent_calls)
        self._flights: dict[int, _Flight] = {}
        self._arrived: list[Answered] = []
        self._arrival = asyncio.Event()
        self._dropped: set[int] = set()
        self._now = run.created
        self._usage = Usage()
        self._task: asyncio.Task[object] | None = None
        self._cancelled = False
        self._ending = False

    def tell(self, event: Event) -> None:
        """Tell the observers of this run."""
        for observer in self._observers:
            observer.observed(event)

    def cancel(self) -> None:
        """End the run as `cancelled`, unless it is ending already; `to_end` then raises `CancelledError`."""
        self._cancelled = True
        if self._task is not None and not self._ending:
            self._task.cancel()

    async def to_end(self) -> None:
        """Drive the run, whose first turn is already committed, to its end, and record it."""
        self._task = asyncio.current_task()
        timeout = asyncio.timeout(None)
        try:
            if self._cancelled:
                raise asyncio.CancelledError
            self._session = await self._guest.start(self.run.boot)
            timeout = asyncio.timeout(self.run.limits.wall_ms / 1_000)
            async with timeout:
                outcome = await self._turns(self._session)
            status: RunStatus = "failed" if isinstance(outcome, Crashed) else "completed"
        except TimeoutError:
            if not timeout.expired():
                raise
            outcome, status = Crashed(self._out_of_time()), "failed"
        except asyncio.CancelledError:
            await self._end("cancelled", CANCELLED)
            raise
        except Fault as fault:
            await self._end("failed", Crashed(Failure(kind="fault", code="fault", name="Fault", message=str(fault))))
            raise
        await self._end(status, outcome)

    async def _turns(self, session: Session) -> Outcome:
        """Turn after turn, until the session has an outcome."""
        answered: Sequence[Answered] = ()
        now = self._now
        while True:
            settled = [Settled(entry.seq, entry.answer) for entry in answered]
            turn = await session.advance(settled, now)
            await self._durable()
            self._usage = turn.usage
            if turn.printed:
                self._log(Printed(turn.printed))
            if turn.outcome is not None:
                return turn.outcome
            end = await self._take(turn)
            if end is not None:
                return Crashed(end.failure)
            answered = await self._answers()
            now = self._instant()
            self._log(*answered, Turned(now, tuple(entry.seq for entry in answered)))
            self._send()

    async def _take(self, turn: Turn) -> End | None:
        """Decide a turn's calls, commit what must be on disk, and let them act."""
        for seq in turn.dropped:
            self._drop(seq)
        decided: list[tuple[Called, Execute | Sleep | Refuse]] = []
        catalog = self._around.catalog()
        for call in turn.calls:
            decision: Decision = decide(call, catalog, self.run.limits)
            if isinstance(decision, End):
                return decision
            at = self._instant()
            self._log(Intended(seq=call.seq, path=call.path, args=call.args, effect=decision.effect, at=at))
            if call.seq in self._dropped:  # a timer that was set and cleared in one turn
                self._log(Answered(seq=call.seq, answer=cancelled(call.path, decision.effect), at=at))
            else:
                decided.append((call, decision))
        if any(decision.effect == "write" for _, decision in decided):
            await self._commit()
        if len(decided) == 1 and not self._flights and decided[0][1].effect == "read":
            await self._act(*decided[0])  # nothing else can happen meanwhile, so no task of its own is needed
        else:
            for call, decision in decided:
                task = asyncio.create_task(self._act(call, decision))
                self._flights[call.seq] = _Flight(call, decision.effect, task)
        return None

    async def _act(self, call: Called, decision: Execute | Sleep | Refuse) -> None:
        """Act on one call and put its answer where `_answers` finds it."""
        around = self._around
        context = CallContext(run=self.run.id, seq=call.seq, report=partial(self._progressed, call.seq))
        loop = asyncio.get_running_loop()
        if self._observers:
            self.tell(CallStarted(self.run.id, call))
        began = loop.time()
        try:
            answer: Answer = await around.caller.act(decision, context, self.run.limits, self._slots)
        except asyncio.CancelledError:
            self._arrive(call, cancelled(call.path, decision.effect), began)
            raise
        self._arrive(call, answer, began)

    def _arrive(self, call: Called, answer: Answer, began: float) -> None:
        took = round((asyncio.get_running_loop().time() - began) * 1e6)
        self._flights.pop(call.seq, None)
        answered = Answered(seq=call.seq, answer=answer, at=self._instant(), duration_us=took)
        if call.seq in self._dropped:
            self._log(answered)
        else:
            self._arrived.append(answered)
            self._arrival.set()
        if self._observers:
            self.tell(CallEnded(self.run.id, Settled(call.seq, answer), took))

    def _progressed(self, seq: int, progress: Progress) -> None:
        self.tell(CallProgressed(self.run.id, seq, progress))

    async def _answers(self) -> Sequence[Answered]:
        """All answers that have arrived, at least one."""
        while not self._arrived:
            if not self._flights:
                raise Fault("the guest waits, but made no call that could be answered")
            self._arrival.clear()
            await self._arrival.wait()
        arrived, self._arrived = self._arrived, []
        return arrived

    def _drop(self, seq: int) -> None:
        """Record, but do not hand over, the answer of a call that the program does not want any more."""
        self._dropped.add(seq)
        flight = self._flights.get(seq)
        if flight is not None:
            flight.task.cancel()
        self._log(*(entry for entry in self._arrived if entry.seq == seq))
        self._arrived = [entry for entry in self._arrived if entry.seq != seq]

    async def _end(self, status: RunStatus, outcome: Outcome) -> None:
        """Settle what is in flight, then commit the end."""
        self._ending = True
        await self._settle_flights()
        if self._session is not None:
            await self._session.close()
        self._log(*self._arrived, Ended(status=status, outcome=outcome, at=self._instant(), usage=self._usage))
        self._arrived = []
        await self._commit(status)

    async def _settle_flights(self) -> None:
        """Cancel reads and timers at once, and writes that do not end soon."""
        if not self._flights:
            return
        flights = list(self._flights.values())
        for flight in flights:
            if flight.effect == "read":
                flight.task.cancel()
        await asyncio.wait([flight.task for flight in flights], timeout=_END_GRACE_S)
        for flight in flights:
            flight.task.cancel()
        await asyncio.gather(*(flight.task for flight in flights), return_exceptions=True)

    def _log(self, *entries: Entry) -> None:
        self._uncommitted.extend(entries)

    async def _commit(self, status: RunStatus = "running") -> None:
        await self._durable()
        self._send(status)
        await self._durable()

    def _send(self, status: RunStatus = "running") -> None:
        """Hand what is not committed yet to the store; `_durable` waits for it."""
        entries, self._uncommitted = self._uncommitted, []
        self.entries.extend(entries)
        self._sent = self._around.store.append(self.run.id, self.run.fence, entries, status)

    async def _durable(self) -> None:
        sent, self._sent = self._sent, None
        if sent is not None:
            await sent

    def _instant(self) -> Instant:
        """The time now; never before a time that the run has seen."""
        self._now = max(self._now, self._around.clock.now())
        return self._now

    def _out_of_time(self) -> Failure:
        waiting = ", ".join(flight.call.path for flight in self._flights.values())
        message = (
            f"the run took longer than {self.run.limits.wall_ms / 1_000:g} s (wall_ms)"
            + (f" while waiting for {waiting}" if waiting else "")
            + ". Do less in one program, or in parallel with Promise.all."
        )
        return Failure(kind="guest", code="limit", name="LimitError", message=message)
