"""A run's log for readers outside: one JSON object a line.

Every line has `kind`. Instants are ISO 8601 in UTC with milliseconds; a member that says nothing is left out. Values
stand as the codec writes them, and without the secrets, which the log does not hold. Members, by kind:

- `run`, the first line: `run` (its id), `status`, `created`, `updated`, `language`, `program` (SHA-256 of its code),
  `input` (SHA-256 of its encoded input), `engine`, and `key`, `retry_of`, `scope` where there are such.
- `call`, one for each call, by number: `seq`, `path`, `effect`, `status`, `at` (when the program made it), `arguments`
  (the program's own), `read` (what the tool is called with, where its schema takes them in another reading), `verdict`
  (`allow`, `ask`, `refuse` or `replay`), `rule` (what decided so, and why), `grant` (the id of the grant that let it
  pass), `attempts` (how often its tool was asked to act), `decisions`, `answered` (when),
  `duration_ms`, and either `result` (`sha256` and `bytes` of the encoded value) or `failure`; `reverts`.
  - `decisions`: all decisions of people on it, in order: `choice`, `by`, `via`, `at`, `reason`, `grant` (the id of the
    grant that was the decision), `arguments` (the edited ones, which the tool was called with), `value` (`sha256` and
    `bytes` of what was taken as its result).
  - `reverts`: all tries to undo it, in order: `by`, `via`, `at`, and when it came to an end `ended` with `result` or
    `failure`. What could not be tried has no `by`.
  - `failure`: `kind`, `code`, `name`, `message`.
- `grant`: `id`, `tools`, `when`, `calls`, `until`, `by`, `via`, `at`.
- `cancel`: `by`, `via`, `at`. `park`: `at`. `claim`: `at`, `fence`. These and grants in the order of the log.
- `end`, the last line of a run that ended: `status` (what it ended with, also where it was rolled back later), `at`,
  and the program's `result` or `failure`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from toolscript.codec import Encoded, digest
from toolscript.errors import Failure
from toolscript.runs.entry import (
    Actor,
    Attempted,
    CalledOff,
    Claimed,
    Decided,
    Entry,
    Granted,
    Parked,
    Reverted,
    Reverting,
    RunRecord,
)
from toolscript.runs.history import CallState, history
from toolscript.runs.program import Instant
from toolscript.runs.turn import Answer, Finished, Outcome, Raised, Returned

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Line = dict[str, Any]


def audit(record: RunRecord, entries: Sequence[Entry]) -> list[Line]:
    """A run's log as lines for an export; the module's text says what they hold."""
    log = history(entries)
    by_call: dict[int, list[Entry]] = {seq: [] for seq in log.calls}
    for entry in entries:
        if isinstance(entry, Attempted | Decided | Reverting | Reverted):
            by_call[entry.seq].append(entry)
    lines = [_run(record)]
    lines += (_call(call, by_call[seq]) for seq, call in sorted(log.calls.items()))
    lines += _others(entries)
    if log.ended is not None:
        ended = log.ended
        lines.append(_line("end", status=ended.status, at=_iso(ended.at), **_outcome(ended.outcome)))
    return lines


def _line(kind: str, **members: Any) -> Line:
    return {"kind": kind, **_said(members)}


def _said(members: Line) -> Line:
    """Only the members that say something."""
    return {name: value for name, value in members.items() if value is not None and value not in ("", [], ())}


def _run(record: RunRecord) -> Line:
    return _line(
        "run",
        run=record.id,
        status=record.status,
        created=_iso(record.created),
        updated=_iso(record.updated),
        language=record.program.language,
        program=digest(record.program.code),
        input=digest(record.program.input),
        engine=record.engine,
        key=record.key,
        retry_of=record.retry_of,
        scope=record.scope,
    )


def _call(call: CallState, own: Sequence[Entry]) -> Line:
    intended, answered = call.intended, call.answered
    attempts = sum(isinstance(entry, Attempted) for entry in own) + (intended.verdict == "allow")
    return _line(
        "call",
        seq=intended.seq,
        path=intended.path,
        effect=intended.effect,
        status=call.status,
        at=_iso(intended.at),
        arguments=_value(intended.args),
        read=None if intended.read is None else _value(intended.read),
        verdict=intended.verdict,
        rule=intended.rule,
        grant=intended.grant,
        attempts=attempts,
        decisions=[_decision(entry) for entry in own if isinstance(entry, Decided)],
        answered=_iso(answered.at) if answered else None,
        duration_ms=answered.duration_us / 1_000 if answered and attempts else None,
        **(_answer(answered.answer) if answered else {}),
        reverts=list(_reverts(own)),
    )


def _decision(decided: Decided) -> Line:
    return _said(
        {
            "choice": decided.choice,
            **_who(decided.by),
            "at": _iso(decided.at),
            "reason": decided.reason,
            "grant": decided.grant,
            "arguments": None if decided.args is None else _value(decided.args),
            "value": None if decided.value is None else _size(decided.value),
        }
    )


def _reverts(own: Iterable[Entry]) -> Iterator[Line]:
    begun: Line | None = None
    for entry in own:
        match entry:
            case Reverting():
                if begun is not None:
                    yield begun
                begun = {**_who(entry.by), "at": _iso(entry.at)}
            case Reverted():
                yield {**(begun or {}), "ended": _iso(entry.at), **_answer(entry.answer)}
                begun = None
            case _:
                pass
    if begun is not None:
        yield begun


def _others(entries: Iterable[Entry]) -> Iterator[Line]:
    for entry in entries:
        match entry:
            case Granted():
                yield _line(
                    "grant",
                    id=entry.id,
                    tools=list(entry.tools),
                    when=list(entry.when),
                    calls=entry.calls,
                    until=None if entry.until is None else _iso(entry.until),
                    **_who(entry.by),
                    at=_iso(entry.at),
                )
            case CalledOff(by, at):
                yield _line("cancel", **_who(by), at=_iso(at))
            case Parked(at):
                yield _line("park", at=_iso(at))
            case Claimed(at, fence):
                yield _line("claim", at=_iso(at), fence=fence)
            case _:
                pass


def _who(by: Actor) -> Line:
    return _said({"by": by.name, "via": by.via})


def _answer(answer: Answer) -> Line:
    match answer:
        case Returned(value):
            return {"result": _size(value)}
        case Raised(failure):
            return {"failure": _failure(failure)}


def _outcome(outcome: Outcome) -> Line:
    return _answer(Returned(outcome.value) if isinstance(outcome, Finished) else Raised(outcome.failure))


def _failure(failure: Failure) -> Line:
    return {"kind": failure.kind, "code": failure.code, "name": failure.name, "message": failure.message}


def _size(value: Encoded) -> Line:
    return {"sha256": digest(value), "bytes": len(value.encode())}


def _value(text: Encoded) -> Any:
    """The codec's JSON as JSON; text that is none, which a broken program may send, stays text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _iso(at: Instant) -> str:
    try:
        moment = _EPOCH + timedelta(milliseconds=at)
    except OverflowError:
        return f"{at} ms"  # a clock that was never right
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
