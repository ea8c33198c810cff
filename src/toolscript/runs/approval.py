"""What a person may decide, and the lines that it adds to the log.

1. A pending call can be approved, with edited arguments if there is only one, or rejected. An uncertain call can be
   retried, taken as done with a value, or taken as failed. Nothing else can be decided on, and nothing twice.
2. Edited arguments pass the same checks as the program's own, and the policy must not deny them.
3. Whoever comes second is told what happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolscript.catalog.catalog import Catalog
from toolscript.codec import CodecError, Encoded, encode
from toolscript.errors import Conflict
from toolscript.runs.entry import Actor, Choice, Decided, RunRecord
from toolscript.runs.history import CallState, History
from toolscript.runs.machine import Execute, Refuse, Tally, check
from toolscript.runs.policy import Policy
from toolscript.runs.program import Instant, Limits

_ON: Mapping[Choice, str] = {
    "approve": "pending",
    "reject": "pending",
    "end": "pending",
    "retry": "uncertain",
    "done": "uncertain",
    "fail": "uncertain",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person wants done with some calls; without `seqs`, with all that can be decided so."""

    choice: Choice
    by: Actor
    seqs: tuple[int, ...] = ()
    args: Mapping[str, Any] | None = None
    value: Any = None
    reason: str = ""


def decisions(
    wish: Wish, run: RunRecord, log: History, *, catalog: Catalog, policy: Policy, now: Instant
) -> tuple[Decided, ...]:
    """The lines that a wish adds to the log; `Conflict` where it cannot be."""
    if log.ended is not None:
        said = _said_last(wish, log)
        raise Conflict(f"the run {run.id} has ended ({log.ended.status}): there is nothing to decide any more{said}")
    calls = _chosen(wish, run, log)
    args = (
        None
        if wish.args is None
        else _edited(wish.args, calls, run.limits, catalog=catalog, policy=policy, tally=Tally.of(log))
    )
    value = _value(wish.value) if wish.choice == "done" else None
    return tuple(
        Decided(
            seq=call.intended.seq,
            choice=wish.choice,
            by=wish.by,
            at=now,
            reason=wish.reason,
            args=args,
            value=value,
        )
        for call in calls
    )


def _chosen(wish: Wish, run: RunRecord, log: History) -> Sequence[CallState]:
    wanted = _ON[wish.choice]
    open_calls = [call for call in log.outstanding if call.status == wanted]
    if not wish.seqs:
        if not open_calls:
            said = _said_last(wish, log)
            raise Conflict(f"no call of the run {run.id} is {wanted}{said}. {_where_it_is(run, log)}")
        return open_calls
    chosen: list[CallState] = []
    for seq in dict.fromkeys(wish.seqs):
        call = log.calls.get(seq)
        if call is None:
            raise Conflict(f"the run {run.id} has no call {seq}. {_where_it_is(run, log)}")
        if call not in open_calls:
            raise Conflict(f"call {seq} of the run {run.id} ({call.intended.path}) is not {wanted}: {_said(call)}")
        chosen.append(call)
    return chosen


def _said(call: CallState) -> str:
    """What became of a call that somebody wanted to decide on."""
    decided = call.decided
    if decided is None:
        return f"it is {call.status}"
    who = f"{decided.by.name or 'somebody'} ({decided.by.via})"
    reason = f", because: {decided.reason}" if decided.reason else ""
    return f"{who} decided already: {decided.choice}{reason}; it is {call.status} now"


def _said_last(wish: Wish, log: History) -> str:
    """Who was faster: the newest decision on the calls that are meant."""
    decided = [
        (call.decided.at, seq)
        for seq, call in log.calls.items()
        if call.decided is not None and (not wish.seqs or seq in wish.seqs)
    ]
    if not decided:
        return ""
    call = log.calls[max(decided)[1]]
    return f"; on call {call.intended.seq} ({call.intended.path}) {_said(call)}"


def _where_it_is(run: RunRecord, log: History) -> str:
    waiting = [call for call in log.outstanding if call.status in ("pending", "uncertain")]
    if not waiting:
        return f"It is {run.status} and waits for nobody."
    return "These wait: " + ", ".join(f"{call.intended.seq} ({call.intended.path}, {call.status})" for call in waiting)


def _edited(
    args: Mapping[str, Any],
    calls: Sequence[CallState],
    limits: Limits,
    *,
    catalog: Catalog,
    policy: Policy,
    tally: Tally,
) -> Encoded:
    if len(calls) != 1:
        raise Conflict(f"edited arguments are for one call, and {len(calls)} were chosen; name one")
    path = calls[0].intended.path
    try:
        encoded = encode(dict(args))
    except CodecError as error:
        raise Conflict(f"the edited arguments of {path} cannot be used: {error}") from error
    match check(path, encoded, catalog, limits, policy):
        case Refuse(failure):
            raise Conflict(f"the edited arguments do not fit: {failure.message}")
        case Execute(tool, edited) as checked:
            encoded = encode(edited) if checked.read else encoded
            judgement = policy.judge(tool, edited, tally.calls)
            if judgement.verdict == "deny":
                raise Conflict(f"the edited arguments of {path} are not allowed: {judgement.rule}")
        case _:
            pass
    return encoded


def _value(value: Any) -> Encoded:
    try:
        return encode(value)
    except CodecError as error:
        raise Conflict(f"the value cannot be handed to the program: {error}") from error
