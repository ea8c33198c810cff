"""The lines that end a run which nobody drives: a parked one that is cancelled, or that nobody decided on in time."""

from __future__ import annotations

from toolscript.errors import Failure
from toolscript.runs.entry import Answered, Ended, Entry, RunStatus
from toolscript.runs.history import History
from toolscript.runs.program import Instant, Limits
from toolscript.runs.result import cancelled
from toolscript.runs.turn import Crashed

CANCELLED = Crashed(Failure(kind="guest", code="cancelled", name="CancelledError", message="the run was cancelled"))


def closing(log: History, status: RunStatus, outcome: Crashed, now: Instant) -> tuple[Entry, ...]:
    """Every call that has no answer is cancelled and recorded as such, then the run ends."""
    answers = (
        Answered(seq=call.intended.seq, answer=cancelled(call.intended.path, call.unknown), at=now)
        for call in log.outstanding
    )
    return (*answers, Ended(status=status, outcome=outcome, at=now))


def overdue(log: History, limits: Limits, now: Instant) -> tuple[str, ...]:
    """The paths of the calls that have waited for a person for too long."""
    waiting = (call for call in log.outstanding if call.status in ("pending", "uncertain"))
    return tuple(call.intended.path for call in waiting if now >= call.since + limits.parked_ms)
