"""The calls of one run that are being acted on, and the answers that have arrived.

A call is in flight until its answer is taken out, once: what arrives for a call that is no longer in flight is late,
and nobody hears of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from toolscript.errors import Conflict, Fault
from toolscript.ports import CallEnded, CallProgressed, CallStarted, Event
from toolscript.runs.entry import Answered, RunRecord
from toolscript.runs.machine import Execute, Sleep
from toolscript.runs.program import Instant
from toolscript.runs.result import cancelled
from toolscript.runs.turn import Answer, Called, Settled
from toolscript.runtime.calls import Caller
from toolscript.runtime.lease import Lease
from toolscript.tools import CallContext, Progress

END_GRACE_S = 2.0  # how long the end of a run waits for a write that is in flight, before it is cancelled


@dataclass(slots=True)
class _Flight:
    """A call that is being acted on."""

    call: Called
    decision: Execute | Sleep
    task: asyncio.Task[None] | None = None


class Flights:
    """Acts on decided calls, concurrently, and keeps their answers in the order in which they arrived."""

    def __init__(
        self,
        run: RunRecord,
        caller: Caller,
        lease: Lease,
        instant: Callable[[], Instant],
        tell: Callable[[Event], None] | None,
    ) -> None:
        self._run = run
        self._caller = caller
        self._lease = lease
        self._instant = instant
        self._tell = tell
        self._slots = asyncio.Semaphore(run.limits.concurrent_calls)
        self._flying: dict[int, _Flight] = {}
        self._arrived: list[Answered] = []
        self._bell = asyncio.Event()
        self._broken: Conflict | Fault | None = None
        self.is_alone = False
        """Whether the drive itself waits in a call, beside which it can do nothing else."""

    def __len__(self) -> int:
        return len(self._flying)

    @property
    def paths(self) -> Iterable[str]:
        return [flight.call.path for flight in self._flying.values()]

    @property
    def timers(self) -> list[Instant] | None:
        """When each call in flight wakes the run, if all are timers; else None."""
        decisions = [flight.decision for flight in self._flying.values()]
        timers = [decision.until for decision in decisions if isinstance(decision, Sleep)]
        return timers if len(timers) == len(decisions) else None

    def launch(self, call: Called, decision: Execute | Sleep) -> None:
        """Act on a call in a task of its own."""
        flight = self._flying[call.seq] = _Flight(call, decision)
        flight.task = asyncio.create_task(self._act(flight))

    async def act(self, call: Called, decision: Execute | Sleep) -> None:
        """Act on a call right here: for one beside which nothing else can happen."""
        flight = self._flying[call.seq] = _Flight(call, decision)
        self.is_alone = True
        try:
            await self._act(flight)
        finally:
            self.is_alone = False

    def arrive(self, call: Called, answer: Answer, took_us: int = 0) -> None:
        """Take in an answer, whoever gave it."""
        self._arrived.append(Answered(seq=call.seq, answer=answer, at=self._instant(), duration_us=took_us))
        self._bell.set()
        if self._tell is not None:
            self._tell(CallEnded(self._run.id, Settled(call.seq, answer), took_us))

    def take(self) -> list[Answered]:
        """All answers that have arrived, which are handed on by this."""
        arrived, self._arrived = self._arrived, []
        return arrived

    def put_back(self, answers: Sequence[Answered]) -> None:
        """Keep answers that were taken for a later turn."""
        self._arrived = [*answers, *self._arrived]

    def ring(self) -> None:
        """Let whoever waits look around, though nothing has arrived."""
        self._bell.set()

    async def wait(self) -> None:
        """Until an answer arrives, or somebody rings; raises what a write was held back by."""
        if self._broken is None:
            self._bell.clear()
            await self._bell.wait()
        if self._broken is not None:
            raise self._broken

    def drop(self, seq: int) -> Answered | None:
        """Take out a call that the program does not want any more; gives its answer, which is not handed over."""
        late = [entry for entry in self._arrived if entry.seq == seq]
        self._arrived = [entry for entry in self._arrived if entry.seq != seq]
        return late[0] if late else self._cut(seq)

    async def settle(self) -> list[Answered]:
        """End everything: reads and timers at once, writes that do not end soon. Gives every answer."""
        writes = [flight.task for flight in self._flying.values() if flight.decision.effect == "write" and flight.task]
        for seq in [seq for seq, flight in self._flying.items() if flight.decision.effect == "read"]:
            self._settled(self._cut(seq))
        if writes:
            await asyncio.wait(writes, timeout=END_GRACE_S)
        for seq in list(self._flying):
            self._settled(self._cut(seq))
        return self.take()

    async def let_go(self) -> list[Answered]:
        """Stop everything, and record only what has arrived: the others are gone on with, or doubted, elsewhere."""
        writes = [flight.task for flight in self._flying.values() if flight.decision.effect == "write" and flight.task]
        if writes:
            await asyncio.wait(writes, timeout=END_GRACE_S)
        self.abandon()
        return self.take()

    def abandon(self) -> None:
        """Stop everything, and record nothing."""
        for flight in self._flying.values():
            if flight.task is not None:
                flight.task.cancel()
        self._flying.clear()

    def _settled(self, answered: Answered | None) -> None:
        if answered is not None:
            self._arrived.append(answered)

    def _cut(self, seq: int) -> Answered | None:
        flight = self._flying.pop(seq, None)
        if flight is None:
            return None
        if flight.task is not None:
            flight.task.cancel()
        answer = cancelled(flight.call.path, flight.decision.effect == "write")
        if self._tell is not None:
            self._tell(CallEnded(self._run.id, Settled(seq, answer), 0))
        return Answered(seq=seq, answer=answer, at=self._instant())

    async def _act(self, flight: _Flight) -> None:
        call = flight.call
        if self._tell is None:
            context = CallContext(run=self._run.id, seq=call.seq, read_blob=self._caller.read)
        else:
            report = partial(self._progressed, call.seq)
            context = CallContext(run=self._run.id, seq=call.seq, report=report, read_blob=self._caller.read)
            self._tell(CallStarted(self._run.id, call))
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await self._answer(flight.decision, context)
        if answer is not None and self._flying.pop(call.seq, None) is not None:
            self.arrive(call, answer, round((loop.time() - began) * 1e6))

    async def _answer(self, decision: Execute | Sleep, context: CallContext) -> Answer | None:
        """The answer of one call; at most as many tools act at once as there are slots."""
        if isinstance(decision, Sleep):
            return await self._caller.sleep(decision)
        await self._slots.acquire()
        try:
            if decision.effect == "write":
                await self._lease.prove()
            return await self._caller.call(decision, context, self._run.limits)
        except (Conflict, Fault) as error:
            self._broken = error
            self._bell.set()
            return None
        finally:
            self._slots.release()

    def _progressed(self, seq: int, progress: Progress) -> None:
        if self._tell is not None:
            self._tell(CallProgressed(self._run.id, seq, progress))
