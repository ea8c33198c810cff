"""The open calls of one run: decided, put to people, and made ready to act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, assert_never

from toolscript.codec import Encoded, encode
from toolscript.errors import Failure
from toolscript.runs.closing import CANCELLED
from toolscript.runs.entry import (
    Answered,
    Attempted,
    Decided,
    Doubted,
    Intended,
    RunRecord,
    RunStatus,
    Verdict,
    digest_of,
)
from toolscript.runs.history import CallState, History
from toolscript.runs.machine import (
    Ask,
    Decision,
    Execute,
    Refuse,
    Replay,
    Sleep,
    Tally,
    check,
    decide,
    rejected,
    too_many,
)
from toolscript.runs.program import Instant, syntax_of
from toolscript.runs.redaction import unmasked
from toolscript.runs.result import cancelled
from toolscript.runs.reuse import Reuse
from toolscript.runs.turn import Called, Crashed, Outcome, Raised, Returned, Turn
from toolscript.runtime.flights import Flights
from toolscript.runtime.logbook import Logbook
from toolscript.runtime.surroundings import Surroundings
from toolscript.schema.syntax import Syntax
from toolscript.tools import Effect

Over = tuple[RunStatus, Outcome]
"""How a run ends."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that a person is asked to decide on; `unknown` if it may have taken effect."""

    call: Called
    since: Instant
    unknown: bool


class Docket:
    """Decides calls and notes what was decided; `launch` lets those act that may."""

    def __init__(
        self, run: RunRecord, around: Surroundings, book: Logbook, flights: Flights, reuse: Reuse | None
    ) -> None:
        self.waiting: dict[int, Waiting] = {}
        """The calls without an answer for which a person is wanted."""
        self.over: Over | None = None
        """How the run ends, once a call or a person ended it."""
        self._run = run
        self._syntax: Syntax = syntax_of(run.program.language)
        self._around = around
        self._book = book
        self._flights = flights
        self._reuse = reuse
        self._tally = Tally()
        self._ready: dict[int, tuple[Called, Execute | Sleep]] = {}
        self._must_commit = False

    def take(self, turn: Turn) -> None:
        """Decide the calls of a turn; a run that makes too many of them is over."""
        for seq in turn.dropped:
            if seq in self._ready:
                self._book.note(self._cancelled(self._ready.pop(seq)[0], unknown=False))
            elif (unwanted := self._flights.drop(seq)) is not None:
                self._book.note(unwanted)
        failure = too_many(turn.calls, self._run.limits)
        for call in turn.calls:
            if failure is not None:
                self._intend(call, "refuse", "read", "the limit of calls")
                self._book.note(self._cancelled(call, unknown=False))
            elif call.seq in turn.dropped:  # a timer that was set and cleared in one turn
                self._intend(call, "allow", "read")
                self._book.note(self._cancelled(call, unknown=False))
            else:
                self._open(call, self._decision(call))
        if failure is not None:
            self.over = ("failed", Crashed(failure))

    def overtaken(self, turn: Turn) -> None:
        """Note the calls that the program made in the turn in which it ended: none of them acts."""
        for call in turn.calls:
            self._intend(call, "refuse", "read", "the program had ended")
            self._book.note(self._cancelled(call, unknown=False))

    def take_up(self, past: History, made: Mapping[int, Called]) -> None:
        """Go on with every call that has no answer, from where the log left it."""
        self._tally = Tally.of(past)
        if self._reuse is not None:
            self._reuse.follow(known.intended for known in past.calls.values())
        self._note_end(past.outstanding)
        for known in past.outstanding:
            intended = known.intended
            call = made.get(intended.seq) or Called(intended.seq, intended.path, intended.args)
            if known.status in ("pending", "uncertain"):
                self.waiting[call.seq] = Waiting(call, known.since, known.unknown)
            elif known.status == "executing":
                self._again(call, known)
            else:
                self._carry_out(call, known)

    def hear(self, log: History) -> None:
        """Carry out what people have decided since."""
        if log.called_off is not None:
            self.over = ("cancelled", CANCELLED)
        self._tally = Tally.of(log)
        self._note_end(log.outstanding)
        for seq, waiting in list(self.waiting.items()):
            known = log.calls[seq]
            if known.status not in ("pending", "uncertain"):
                del self.waiting[seq]
                self._carry_out(waiting.call, known)

    async def launch(self) -> None:
        """Commit what must be on disk before, then let the calls act that are ready."""
        if self.over is not None:
            return
        if self._must_commit:
            self._must_commit = False
            await self._book.commit()
        ready, self._ready = list(self._ready.values()), {}
        if len(ready) == 1 and not self._flights and not self.waiting:
            call, decision = ready[0]
            if decision.effect == "read" and isinstance(decision, Execute):
                await self._flights.act(call, decision)
                return
        for call, decision in ready:
            self._flights.launch(call, decision)

    def close(self, past: History | None = None) -> list[Answered]:
        """The answers of the calls that will not act any more; with `past`, of all that a log leaves open."""
        if past is not None:
            for known in past.outstanding:
                intended = known.intended
                call = Called(intended.seq, intended.path, intended.args)
                self.waiting[call.seq] = Waiting(call, known.since, known.unknown)
        waiting, self.waiting = self.waiting, {}
        ready, self._ready = self._ready, {}
        return [
            *(self._cancelled(call, unknown=False) for call, _ in ready.values()),
            *(self._cancelled(one.call, unknown=one.unknown) for one in waiting.values()),
        ]

    def _decision(self, call: Called) -> Decision:
        reused = None if self._reuse is None else self._reuse.decide(self._logged(call))
        if reused is not None:
            return reused
        return decide(
            call,
            self._around.catalog(),
            self._around.policy,
            limits=self._run.limits,
            tally=self._tally,
            now=self._book.instant(),
            syntax=self._syntax,
        )

    def _check(self, call: Called, known: CallState) -> Execute | Sleep | Refuse:
        """The same for a call that was decided before, without the policy."""
        around = self._around
        args = _args(call, known)
        return check(call.path, args, around.catalog(), self._run.limits, around.policy, syntax=self._syntax)

    def _open(self, call: Called, decision: Decision) -> None:
        """Note a decision on a new call, and follow it."""
        match decision:
            case Execute():
                read = decision.args if decision.read else None
                self._intend(call, "allow", decision.effect, decision.rule, decision.grant, read=read)
                self._make_ready(call, decision)
            case Sleep():
                at = self._intend(call, "allow", "read")
                self._make_ready(call, replace(decision, until=at + round(decision.seconds * 1_000)))
            case Ask(rule, effect, read):
                at = self._intend(call, "ask", effect, rule, read=read)
                self.waiting[call.seq] = Waiting(call, at, unknown=False)
                self._must_commit = True  # or nobody could decide on it while other calls act
            case Refuse(failure, rule, effect):
                self._intend(call, "refuse", effect, rule)
                self._flights.arrive(call, Raised(failure))
            case Replay(answer, rule, effect):
                self._intend(call, "replay", effect, rule)
                self._flights.arrive(call, answer)
            case _:
                assert_never(decision)

    def _again(self, call: Called, known: CallState) -> None:
        """Go on with a call that was cut off while it was being acted on."""
        checked = self._check(call, known)
        match checked:
            case _ if not known.made:
                self._refuse_again(call)
            case Sleep(seconds):
                self._make_ready(call, replace(checked, until=known.intended.at + round(seconds * 1_000)))
            case Execute(tool) if known.intended.effect == "read" or tool.keyed:
                self._attempt(call, checked)
            case Refuse(failure) if known.intended.effect == "read":
                self._flights.arrive(call, Raised(failure))
            case _:
                at = self._book.instant()
                self._book.note(Doubted(call.seq, at))
                self.waiting[call.seq] = Waiting(call, at, unknown=True)
                self._must_commit = True  # as for one that is asked: others may act for long

    def _refuse_again(self, call: Called) -> None:
        """Answer a call that was refused or replayed, but whose answer was not committed any more."""
        decision = self._decision(call)
        match decision:
            case Refuse(failure):
                self._flights.arrive(call, Raised(failure))
            case Replay(answer):
                self._flights.arrive(call, answer)
            case _:
                message = f"{call.path} was refused, and then the run was interrupted. Call it again if it is needed."
                self._flights.arrive(
                    call, Raised(Failure(kind="guest", code="cancelled", name="GuestError", message=message))
                )

    def _note_end(self, calls: Iterable[CallState]) -> None:
        """Whether a person ended the run; then no other decision is carried out any more."""
        for known in calls:
            if known.decided is not None and known.decided.choice == "end":
                self.over = ("rejected", Crashed(rejected(known.intended.path, known.decided.reason)))

    def _carry_out(self, call: Called, known: CallState) -> None:
        """Do what a person decided."""
        decided = known.decided
        assert decided is not None
        match decided.choice:
            case "approve" | "retry" if self.over is not None:
                self.waiting[call.seq] = Waiting(call, known.since, known.unknown)
            case "approve" | "retry":
                match self._check(call, known):
                    case Refuse(failure):
                        self._flights.arrive(call, Raised(failure))
                    case checked:
                        self._attempt(call, checked)
            case "done":
                self._flights.arrive(call, Returned(decided.value or Encoded("null")))
            case "fail":
                self._flights.arrive(call, Raised(_failed(call.path, decided)))
            case "reject" | "end":
                self._flights.arrive(call, Raised(rejected(call.path, decided.reason)))
            case _:
                assert_never(decided.choice)

    def _attempt(self, call: Called, decision: Execute | Sleep) -> None:
        self._book.note(Attempted(call.seq, self._book.instant()))
        self._make_ready(call, decision)

    def _make_ready(self, call: Called, decision: Execute | Sleep) -> None:
        self._ready[call.seq] = (call, decision)
        self._must_commit = self._must_commit or decision.effect == "write"

    def _intend(
        self,
        call: Called,
        verdict: Verdict,
        effect: Effect,
        rule: str = "",
        grant: str = "",
        *,
        read: Mapping[str, Any] | None = None,
    ) -> Instant:
        at = self._book.instant()
        intended = Intended(
            seq=call.seq,
            path=call.path,
            args=self._logged(call).args,
            effect=effect,
            at=at,
            verdict=verdict,
            rule=rule,
            grant=grant,
            read=None if read is None else self._logged(replace(call, args=encode(read))).args,
        )
        self._book.note(intended)
        self._tally.note(intended)
        return at

    def _logged(self, call: Called) -> Called:
        """The call as the log has it: without secrets, and of arguments that are too large only a digest."""
        large = len(call.args) > self._run.limits.value_bytes
        args = digest_of(call.args) if large else self._around.redacted(call, self._syntax)
        return call if args is call.args else replace(call, args=args)

    def _cancelled(self, call: Called, *, unknown: bool) -> Answered:
        return Answered(seq=call.seq, answer=cancelled(call.path, unknown), at=self._book.instant())


def _args(call: Called, known: CallState) -> Encoded:
    """The arguments that a call is made with: as a person edited them, or as the program gave them."""
    edited = known.decided.args if known.decided is not None else None
    return call.args if edited is None else unmasked(edited, call.args)


def _failed(path: str, decided: Decided) -> Failure:
    why = f": {decided.reason}" if decided.reason else ""
    message = f"{path} was cut off, and a person said that it failed{why}"
    return Failure(kind="tool", code="tool", name="ToolError", message=message)


def unlogged(turn: Turn | None, past: History) -> Turn:
    """What a turn gave out and the log does not have."""
    if turn is None:
        return Turn()
    return replace(
        turn,
        calls=tuple(call for call in turn.calls if call.seq not in past.calls),
        dropped=tuple(seq for seq in turn.dropped if seq not in past.calls or past.calls[seq].answered is None),
        printed=() if past.printed_since else turn.printed,
    )
