"""A run's log, read: what a replay needs, what a driver goes on from, and what a timeline shows.

The status of a call follows from its lines:

=====================================  =============
`Intended`, allowed                    `executing`
`Intended`, to be asked                `pending`
`Decided`: approve, retry              `approved`
`Decided`: reject, end                 `rejected`
`Decided`: done / fail                 `returned` / `raised`
`Attempted`                            `executing`
`Doubted`                              `uncertain`
`Answered`                             `returned`, `raised`, or `uncertain` for a write cut off by the end of its run
`Reverted` with a value                `reverted`
=====================================  =============
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from toolscript.codec import Encoded
from toolscript.errors import Fault
from toolscript.runs.entry import (
    Answered,
    Attempted,
    CalledOff,
    CallStatus,
    Choice,
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
    Turned,
)
from toolscript.runs.program import Instant
from toolscript.runs.turn import Raised, Returned

_CHOSEN: Mapping[Choice, CallStatus] = {
    "approve": "approved",
    "retry": "approved",
    "reject": "rejected",
    "end": "rejected",
    "done": "returned",
    "fail": "raised",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallState:
    """What a log says of one call; `decided` is the last decision on it, `since` when its status began."""

    intended: Intended
    status: CallStatus
    since: Instant
    attempted: bool = False
    decided: Decided | None = None
    answered: Answered | None = None
    reverting: Reverting | None = None
    reverted: Reverted | None = None

    @property
    def made(self) -> bool:
        """Whether its tool was asked to act."""
        return self.attempted or self.intended.verdict == "allow"

    @property
    def unknown(self) -> bool:
        """Whether it may have taken effect without anybody knowing, if it is never answered."""
        return self.intended.effect == "write" and self.made

    @property
    def args(self) -> Encoded:
        """The arguments that the tool is called with: edited by a person, as its schema takes them, or as they are."""
        edited = None if self.decided is None else self.decided.args
        return edited or self.intended.read or self.intended.args


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One run's entries by kind: turns in order, calls by number.

    `printed_since` says whether the last turn's printed lines are in the log; `active_ms` is how long the run was
    driven, without the time in which it was parked or nobody's.
    """

    turns: tuple[Turned, ...]
    calls: Mapping[int, CallState]
    printed: tuple[str, ...]
    printed_since: bool
    grants: tuple[Granted, ...]
    called_off: CalledOff | None
    parked: Parked | None
    active_ms: int
    ended: Ended | None

    @property
    def outstanding(self) -> tuple[CallState, ...]:
        """The calls without an answer, in the order of their numbers."""
        return tuple(call for _, call in sorted(self.calls.items()) if call.answered is None)

    @property
    def delivered(self) -> frozenset[int]:
        """The calls whose answers the program has."""
        return frozenset(seq for turned in self.turns for seq in turned.delivered)


def history(entries: Iterable[Entry]) -> History:
    """Read a log."""
    turns: list[Turned] = []
    calls: dict[int, CallState] = {}
    printed: list[str] = []
    printed_since = False
    grants: list[Granted] = []
    called_off: CalledOff | None = None
    parked: Parked | None = None
    active_ms, last = 0, None
    ended: Ended | None = None
    for entry in entries:
        match entry:
            case Turned():
                turns.append(entry)
                printed_since = False
            case Intended():
                status: CallStatus = "pending" if entry.verdict == "ask" else "executing"
                calls[entry.seq] = CallState(intended=entry, status=status, since=entry.at)
            case Attempted() | Doubted() | Decided() | Answered() | Reverting() | Reverted():
                if entry.seq not in calls:
                    raise Fault(f"the log speaks of call {entry.seq}, which it does not have")
                calls[entry.seq] = _next(calls[entry.seq], entry)
            case Printed():
                printed.extend(entry.lines)
                printed_since = True
            case Granted():
                grants.append(entry)
            case CalledOff():
                called_off = entry
            case Parked():
                parked = entry
            case Claimed():
                parked, last = None, None
            case Ended():
                ended = entry
            case _:
                assert_never(entry)
        at = None if isinstance(entry, Printed) else entry.now if isinstance(entry, Turned) else entry.at
        if at is not None and parked is None:
            active_ms += 0 if last is None else max(0, at - last)
            last = at
    return History(
        turns=tuple(turns),
        calls=calls,
        printed=tuple(printed),
        printed_since=printed_since,
        grants=tuple(grants),
        called_off=called_off,
        parked=parked,
        active_ms=active_ms,
        ended=ended,
    )


def _next(call: CallState, entry: Attempted | Doubted | Decided | Answered | Reverting | Reverted) -> CallState:
    match entry:
        case Attempted():
            return replace(call, status="executing", since=entry.at, attempted=True)
        case Doubted():
            return replace(call, status="uncertain", since=entry.at)
        case Decided():
            # The arguments of an approval hold for later tries too.
            args = call.decided.args if entry.args is None and call.decided is not None else entry.args
            return replace(call, status=_CHOSEN[entry.choice], since=entry.at, decided=replace(entry, args=args))
        case Answered():
            return CallState(  # every call has one: `replace` would be half of what reading a log costs
                intended=call.intended,
                status=_answered(call, entry),
                since=entry.at,
                attempted=call.attempted,
                decided=call.decided,
                answered=entry,
                reverting=call.reverting,
                reverted=call.reverted,
            )
        case Reverting():
            return replace(call, reverting=entry)
        case Reverted():
            status = "reverted" if isinstance(entry.answer, Returned) else call.status
            return replace(call, status=status, since=entry.at, reverting=None, reverted=entry)
        case _:
            assert_never(entry)


def _answered(call: CallState, answered: Answered) -> CallStatus:
    match answered.answer:
        case Returned():
            return "returned"
        case Raised(failure) if failure.code == "cancelled" and call.unknown:
            return "uncertain"
        case Raised(failure) if failure.code == "rejected":
            return "rejected"
        case Raised():
            return "raised"
        case _:
            assert_never(answered.answer)
