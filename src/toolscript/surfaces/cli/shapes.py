"""The JSON that commands print: plain objects, whose shapes are documented and tested."""

from __future__ import annotations

from typing import Any

from toolscript.codec import decode, plain
from toolscript.errors import Failure
from toolscript.runs.result import CallRecord, Result
from toolscript.runs.turn import Finished, Raised, Returned


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
        "duration_ms": result.duration_ms,
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
    }
    match call.answer:
        case Returned(value):
            shown["value"] = plain(decode(value))
        case Raised(failure):
            shown["failure"] = failure_object(failure)
        case None:
            pass
    return shown
