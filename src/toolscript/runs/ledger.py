"""The text form in which stores keep a run's record and entries: JSON of plain members, readable by people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, assert_never

from toolscript.errors import Failure
from toolscript.runs.entry import (
    Actor,
    Answered,
    Attempted,
    CalledOff,
    Claimed,
    Decided,
    Doubted,
    Ended,
    Entry,
    Granted,
    Intended,
    Parked,
    Printed,
    Reverted,
    Reverting,
    RunRecord,
    Turned,
)
from toolscript.runs.program import Limits, Program
from toolscript.runs.turn import Answer, Crashed, Finished, Outcome, Raised, Returned, Usage

_KINDS: dict[str, type[Entry]] = {
    "intended": Intended,
    "attempted": Attempted,
    "doubted": Doubted,
    "decided": Decided,
    "granted": Granted,
    "called_off": CalledOff,
    "parked": Parked,
    "claimed": Claimed,
    "reverting": Reverting,
}
"""The entries whose text is their members, one by one."""
_KIND_OF = {kind: name for name, kind in _KINDS.items()}


def write_entries(entries: Sequence[Entry]) -> str:
    """The text of some entries: a JSON array."""
    return json.dumps([_members(entry) for entry in entries], separators=(",", ":"))


def read_entries(text: str) -> list[Entry]:
    """The entries that `write_entries` wrote."""
    return [_entry(members) for members in json.loads(text)]


def write_failure(failure: Failure) -> dict[str, Any]:
    """A failure as plain members, without those that say nothing."""
    members = {name: getattr(failure, name) for name in Failure.__slots__}
    return {name: value for name, value in members.items() if value is not None and value != ()}


def read_failure(members: dict[str, Any]) -> Failure:
    """The failure that `write_failure` wrote."""
    stack: tuple[str, ...] = tuple(members.get("stack", ()))
    rest: dict[str, Any] = {name: value for name, value in members.items() if name != "stack"}
    return Failure(stack=stack, **rest)


def write_run(run: RunRecord) -> str:
    """The text of what never changes of a run: program, engine, names, limits, and what it corrects."""
    members = {
        "code": run.program.code,
        "language": run.program.language,
        "input": run.program.input,
        "engine": run.engine,
        "namespaces": dict(run.namespaces),
        "limits": {name: getattr(run.limits, name) for name in Limits.__slots__},
        "retry_of": run.retry_of,
        "seeded_by": run.seeded_by,
    }
    return json.dumps(members, separators=(",", ":"))


def read_run(text: str, **columns: Any) -> RunRecord:
    """The record of `write_run`'s text and the columns that a store keeps beside it."""
    members = json.loads(text)
    return RunRecord(
        program=Program(code=members["code"], language=members["language"], input=members["input"]),
        engine=members["engine"],
        namespaces={name: tuple(methods) for name, methods in members["namespaces"].items()},
        limits=Limits(**members["limits"]),
        retry_of=members.get("retry_of"),
        seeded_by=members.get("seeded_by"),
        **columns,
    )


def _answer(answer: Answer) -> dict[str, Any]:
    match answer:
        case Returned(value):
            return {"value": value}
        case Raised(failure):
            return {"failure": write_failure(failure)}
        case _:
            assert_never(answer)


def _outcome(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Finished(value):
            return {"value": value}
        case Crashed(failure):
            return {"failure": write_failure(failure)}
        case _:
            assert_never(outcome)


def _usage(usage: Usage) -> dict[str, int]:
    return {name: getattr(usage, name) for name in Usage.__slots__}


def _members(entry: Entry) -> dict[str, Any]:
    match entry:
        case Turned(now, delivered):
            return {"kind": "turned", "now": now, "delivered": delivered}
        case Printed(lines):
            return {"kind": "printed", "lines": lines}
        case Answered():
            rest = _answer(entry.answer)
            return {"kind": "answered", "seq": entry.seq, "at": entry.at, "duration_us": entry.duration_us, **rest}
        case Ended():
            rest = {**_outcome(entry.outcome), "usage": _usage(entry.usage)}
            return {"kind": "ended", "status": entry.status, "at": entry.at, **rest}
        case Reverted():
            return {"kind": "reverted", "seq": entry.seq, "at": entry.at, **_answer(entry.answer)}
        case (
            Intended()
            | Attempted()
            | Doubted()
            | Decided()
            | Granted()
            | CalledOff()
            | Parked()
            | Claimed()
            | Reverting()
        ):
            members: dict[str, Any] = {"kind": _KIND_OF[type(entry)]}
            for name in entry.__slots__:
                value = getattr(entry, name)
                if value is not None and value not in ("", ()):
                    members[name] = [value.name, value.via] if isinstance(value, Actor) else value
            return members
        case _:
            assert_never(entry)


def _entry(members: dict[str, Any]) -> Entry:
    kind = members.pop("kind")
    if "by" in members:
        members["by"] = Actor(*members["by"])
    match kind:
        case "turned":
            return Turned(members["now"], tuple(members["delivered"]))
        case "printed":
            return Printed(tuple(members["lines"]))
        case "answered":
            return Answered(
                seq=members["seq"],
                answer=_answer_of(members),
                at=members["at"],
                duration_us=members["duration_us"],
            )
        case "ended":
            outcome = Finished(members["value"]) if "value" in members else Crashed(read_failure(members["failure"]))
            usage = Usage(**members["usage"])
            return Ended(status=members["status"], outcome=outcome, at=members["at"], usage=usage)
        case "reverted":
            return Reverted(seq=members["seq"], answer=_answer_of(members), at=members["at"])
        case "granted":
            members |= {"tools": tuple(members["tools"]), "when": tuple(members.get("when", ()))}
            return Granted(**members)
        case kind if kind in _KINDS:
            return _KINDS[kind](**members)
        case _:
            raise ValueError(f"unknown kind of entry: {kind}")


def _answer_of(members: dict[str, Any]) -> Answer:
    return Returned(members["value"]) if "value" in members else Raised(read_failure(members["failure"]))
