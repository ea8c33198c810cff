"""What runs do, as lines of the standard library's logging: ids, paths, times and kinds of failure, never content."""

from __future__ import annotations

import logging

from toolscript.ports import CallEnded, CallProgressed, CallStarted, Event, RunEnded, RunParked, RunStarted
from toolscript.runs.turn import Crashed, Raised

log = logging.getLogger("toolscript.runs")


class LoggingObserver:
    """An `Observer` that logs to `toolscript.runs`: runs at INFO, calls at DEBUG.

    Arguments, results and messages are left out, because they may hold what should be in no log.
    """

    def observed(self, event: Event) -> None:
        """Log one event."""
        match event:
            case RunStarted(run):
                log.info("%s started, %s, %d characters", run.id, run.program.language, len(run.program.code))
            case CallStarted(run, call):
                log.debug("%s call %d %s", run, call.seq, call.path)
            case CallProgressed():
                pass
            case CallEnded(run, settled, duration_us):
                ended = f"failed ({settled.answer.failure.code})" if isinstance(settled.answer, Raised) else "returned"
                log.debug("%s call %d %s after %.1f ms", run, settled.seq, ended, duration_us / 1_000)
            case RunParked(run, pending):
                waits = ", ".join(f"{call.seq} {call.path}" for call in pending)
                log.info("%s parked%s", run, f", waits for a person: {waits}" if waits else "")
            case RunEnded(run, status, outcome):
                why = f" ({outcome.failure.code})" if isinstance(outcome, Crashed) else ""
                log.info("%s %s%s", run, status, why)
