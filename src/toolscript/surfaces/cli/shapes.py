"""The JSON that commands print: plain objects, whose shapes are documented and tested."""

from __future__ import annotations

from typing import Any

from toolscript.codec import decode, plain
from toolscript.errors import Failure
from toolscript.runs.entry import Decided, RunRecord
from toolscript.runs.result import CallRecord, Result
from toolscript.runs.rollback import Rollback
from toolscript.runs.turn import Finished, Raised, Returned
from toolscript.surfaces.cli.moments import stamp


def result_object(result: Result) -> dict[str, Any]:
    """A run and what it came to."""
    return {
        "run": result.run,
        "status": result.status,
        "value": plain(decode(result.outcome.value)) if isinstance(result.outcome, Finished) else None,
        "failure": None if result.failure is None else failure_object(result.failure),
        "printed": list(result.printed),
        "shown": shown_values(result),
        "calls": [call_object(call) for call in result.calls],
        "pending": [pending_object(call) for call in result.pending],
        "duration_ms": result.duration_ms,
    }


def run_object(record: RunRecord) -> dict[str, Any]:
    """A run as the store keeps it."""
    return {
        "run": record.id,
        "status": record.status,
        "language": record.program.language,
        "created": stamp(record.created),
        "updated": stamp(record.updated),
        "scope": record.scope,
        "retry_of": record.retry_of,
    }


def pending_object(call: CallRecord) -> dict[str, Any]:
    """A call that waits for a person: `pending`, or `uncertain`."""
    return {
        "seq": call.seq,
        "path": call.path,
        "args": plain(decode(call.made_with)),
        "status": call.status,
        "since_ms": call.since,
        "rule": call.rule,
    }


def decision_object(decided: Decided) -> dict[str, Any]:
    """What a person decided on a call; `args` and `value` where there are such."""
    return {
        "choice": decided.choice,
        "by": decided.by.name,
        "via": decided.by.via,
        "at_ms": decided.at,
        "reason": decided.reason,
        "args": None if decided.args is None else plain(decode(decided.args)),
        "value": None if decided.value is None else plain(decode(decided.value)),
    }


def shown_values(result: Result) -> list[Any]:
    """What the program gave to `codemode.show`."""
    return [plain(decode(args)).get("value") for args in result.shown]


def failure_object(failure: Failure) -> dict[str, Any]:
    """Why something failed; `text` is all of it in words."""
    return {
        "kind": failure.kind,
        "code": failure.code,
        "name": failure.name,
        "message": failure.message,
        "line": failure.line,
        "column": failure.column,
        "source": failure.source,
        "content": None if failure.content is None else plain(decode(failure.content)),
        "text": str(failure),
    }


def call_object(call: CallRecord) -> dict[str, Any]:
    """One call of a run's timeline."""
    shown: dict[str, Any] = {
        "seq": call.seq,
        "path": call.path,
        "args": plain(decode(call.args)),
        "effect": call.effect,
        "status": call.status,
        "at_ms": call.at,
        "duration_us": call.duration_us,
        "rule": call.rule,
    }
    if call.decided is not None:
        shown["decision"] = decision_object(call.decided)
    match call.answer:
        case Returned(value):
            shown["value"] = plain(decode(value))
        case Raised(failure):
            shown["failure"] = failure_object(failure)
        case None:
            pass
    return shown


def rollback_object(rollback: Rollback) -> dict[str, Any]:
    """What was undone and what stands."""
    return {
        "reverted": [{"seq": call.seq, "path": call.path} for call in rollback.reverted],
        "standing": [
            {"seq": one.seq, "path": one.path, "why": one.why, "unknown": one.unknown} for one in rollback.standing
        ],
    }
