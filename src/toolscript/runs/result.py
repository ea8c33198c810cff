"""What a run came to: `Result`, and the timeline of its calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, assert_never

from toolscript.codec import Encoded, decode
from toolscript.errors import Conflict, Failure, error_of
from toolscript.runs.entry import (
    CalledOff,
    CallStatus,
    Decided,
    Ended,
    Entry,
    Granted,
    Reverted,
    RunRecord,
    RunStatus,
    Verdict,
)
from toolscript.runs.history import CallState, history
from toolscript.runs.program import Instant, Language
from toolscript.runs.turn import Answer, Crashed, Finished, Outcome, Raised, Usage
from toolscript.tools import Effect

SHOW = "codemode.show"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call in a run's timeline; `duration_us` is None until it is answered.

    `args` are those that the program gave, `read` the same in the reading that the tool's schema takes, where that is
    another; `decided` holds a person's decision, edited arguments included. `verdict`
    says how the call was taken (`replay`: with the answer of an earlier run), and `rule` by which rule of the policy,
    and why.
    """

    seq: int
    path: str
    args: Encoded
    effect: Effect
    status: CallStatus
    at: Instant
    since: Instant = 0
    verdict: Verdict = "allow"
    rule: str = ""
    duration_us: int | None = None
    answer: Answer | None = None
    decided: Decided | None = None
    reverted: Reverted | None = None
    read: Encoded | None = None

    @property
    def made_with(self) -> Encoded:
        """The arguments that the tool gets: edited by a person, as its schema takes them, or as they are."""
        edited = None if self.decided is None else self.decided.args
        return edited or self.read or self.args

    @property
    def waits(self) -> bool:
        """Whether a person is asked to decide on it."""
        return self.status in ("pending", "uncertain") and self.answer is None

    @property
    def moves(self) -> bool:
        """Whether a person decided on it, and that is still to be carried out."""
        return self.decided is not None and self.answer is None and not self.waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run came to.

    `printed` are the lines of its console, `shown` the values of `codemode.show`; `hint` says what a failed program
    probably meant. Of a parked run, `pending` are the calls that wait for a person. `decisions` counts what people
    added to its log. `retry_of` is the run that it corrects.
    """

    run: str
    status: RunStatus
    outcome: Outcome | None
    printed: tuple[str, ...] = ()
    shown: tuple[Encoded, ...] = ()
    calls: tuple[CallRecord, ...] = ()
    usage: Usage = field(default_factory=Usage)
    duration_ms: int = 0
    hint: str = ""
    decisions: int = 0
    retry_of: str | None = None
    language: Language = "typescript"

    @property
    def ok(self) -> bool:
        """Whether the run completed with a value."""
        return isinstance(self.outcome, Finished)

    @property
    def pending(self) -> tuple[CallRecord, ...]:
        """The calls that a person is asked to decide on."""
        return tuple(call for call in self.calls if call.waits) if self.outcome is None else ()

    @property
    def settled(self) -> bool:
        """Whether nothing more comes of it by itself: it has ended, or waits for a person and for nothing else."""
        if self.outcome is not None:
            return True
        return self.status == "parked" and bool(self.pending) and not any(call.moves for call in self.calls)

    @property
    def failure(self) -> Failure | None:
        """Why the run ended without a value, or None."""
        return self.outcome.failure if isinstance(self.outcome, Crashed) else None

    @property
    def value(self) -> Any:
        """The program's value; raises `GuestError` or `ToolError` if the run failed, `Conflict` if it goes on."""
        match self.outcome:
            case Finished(value):
                return decode(value)
            case Crashed(failure):
                raise error_of(failure)
            case None:
                raise Conflict(f"the run {self.run} is {self.status}: it has no value yet")
            case _:
                assert_never(self.outcome)


def result_of(run: RunRecord, entries: list[Entry]) -> Result:
    """What a run's log says it came to."""
    log = history(entries)
    calls = tuple(_record(call) for call in log.calls.values())
    return Result(
        run=run.id,
        status=_status(run, log.ended),
        outcome=log.ended.outcome if log.ended else None,
        printed=log.printed,
        shown=tuple(call.args for call in calls if call.path == SHOW),
        calls=calls,
        usage=log.ended.usage if log.ended else Usage(),
        duration_ms=(log.ended.at if log.ended else run.updated) - run.created,
        retry_of=run.retry_of,
        language=run.program.language,
        decisions=sum(isinstance(entry, Decided | Granted | CalledOff) for entry in entries),
    )


def cancelled(path: str, unknown: bool) -> Raised:
    """The answer of a call that the end of its run overtook; `unknown` if it may have taken effect."""
    message = f"{path} was cancelled because the run ended"
    if unknown:
        message += "; whether it took effect is not known"
    return Raised(Failure(kind="guest", code="cancelled", name="CancelledError", message=message))


def _status(run: RunRecord, ended: Ended | None) -> RunStatus:
    """The end's, but for a run that was rolled back after it."""
    return run.status if ended is None or run.status == "rolled_back" else ended.status


def _record(call: CallState) -> CallRecord:
    answered = call.answered
    return CallRecord(
        seq=call.intended.seq,
        path=call.intended.path,
        args=call.intended.args,
        read=call.intended.read,
        effect=call.intended.effect,
        status=call.status,
        at=call.intended.at,
        since=call.since,
        verdict=call.intended.verdict,
        rule=call.intended.rule,
        duration_us=answered.duration_us if answered else None,
        answer=answered.answer if answered else None,
        decided=call.decided,
        reverted=call.reverted,
    )
