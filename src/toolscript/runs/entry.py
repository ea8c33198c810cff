"""The lines of a run's log.

A run is determined by its `RunRecord` (program, engine, the names it sees; the seed follows from the id) and by its
entries: the `now` of every turn, the order in which answers were handed over, and the answers. From these a replay is
exact. The rest of the lines say who decided what, and when: they are the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from toolscript.codec import Encoded, digest, encode
from toolscript.runs.program import Boot, Instant, Limits, Program
from toolscript.runs.turn import Answer, Outcome, Usage
from toolscript.tools import Effect

RunStatus = Literal["running", "parked", "completed", "failed", "rejected", "cancelled", "expired", "rolled_back"]
CallStatus = Literal["executing", "pending", "approved", "returned", "raised", "rejected", "uncertain", "reverted"]
Verdict = Literal["allow", "ask", "refuse", "replay"]
Choice = Literal["approve", "reject", "end", "retry", "done", "fail"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who decided, and through which surface (`cli`, `mcp`, `library`, ...)."""

    name: str
    via: str


@dataclass(frozen=True, slots=True)
class Turned:
    """A turn began at `now` and was handed the answers to these calls, in this order."""

    now: Instant
    delivered: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """The program made a call, and this is how it was taken.

    `allow`: the tool is asked to act; for a write this line is on disk before. `ask`: a person is asked first.
    `refuse`: nothing acts. `replay`: the answer is that of an earlier run. `rule` says which rule decided, and why;
    `grant` is the id of the grant that let it pass. `args` are those that the program gave, which a replay compares; of
    some that are too large there is only a digest. `read` are those that the tool is called with, where its schema
    takes them in another reading.
    """

    seq: int
    path: str
    args: Encoded
    effect: Effect
    at: Instant
    verdict: Verdict = "allow"
    rule: str = ""
    grant: str = ""
    read: Encoded | None = None


@dataclass(frozen=True, slots=True)
class Attempted:
    """The tool of a call is asked to act, after an approval or once more after a crash; on disk before it acts."""

    seq: int
    at: Instant


@dataclass(frozen=True, slots=True)
class Doubted:
    """A write was cut off: whether it took effect is not known, and a person is asked."""

    seq: int
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A person's decision on one call.

    On a pending one: `approve`, with edited `args` if need be; `reject` with a `reason` that the program receives;
    `end`, which rejects and ends the run. On an uncertain one: `retry`, `done` with the `value` that it gave, or
    `fail` with a `reason`. `grant` is the id of the grant that approved it along with later calls.
    """

    seq: int
    choice: Choice
    by: Actor
    at: Instant
    reason: str = ""
    args: Encoded | None = None
    value: Encoded | None = None
    grant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A person approved further calls of this run, where the policy asks: of tools by pattern, of arguments by
    condition, at most `calls` of them and until an instant, if these are given."""

    id: str
    tools: tuple[str, ...]
    by: Actor
    at: Instant
    when: tuple[str, ...] = ()
    calls: int | None = None
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class CalledOff:
    """A person asked for the run to be cancelled; whoever drives it does so."""

    by: Actor
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A call was answered; `duration_us` is what the tool took."""

    seq: int
    answer: Answer
    at: Instant
    duration_us: int = 0


@dataclass(frozen=True, slots=True)
class Printed:
    """What the program printed in one turn."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parked:
    """The run waits for people and time only, and is nowhere but in the store."""

    at: Instant


@dataclass(frozen=True, slots=True)
class Claimed:
    """A process took the run over: a parked one that can go on, or one whose process is gone."""

    at: Instant
    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The run ended. Of the program nothing follows this line; a rollback may."""

    status: RunStatus
    outcome: Outcome
    at: Instant
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverting:
    """A call is about to be undone; on disk before anything acts."""

    seq: int
    by: Actor
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverted:
    """What came of undoing a call."""

    seq: int
    answer: Answer
    at: Instant


Entry = (
    Turned
    | Intended
    | Attempted
    | Doubted
    | Decided
    | Granted
    | CalledOff
    | Answered
    | Printed
    | Parked
    | Claimed
    | Ended
    | Reverting
    | Reverted
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run as the store keeps it beside its entries.

    `engine` is the digest of the guest that runs it; `namespaces` are the names that the program sees. Only processes
    of the same `scope` drive it. `fence` grows with every claim: a write that carries an older one is refused.
    `wake_at` is when a parked run is due, `lease_until` when a running one may be taken over; `decisions` counts how
    often people added to the log.
    """

    id: str
    program: Program
    engine: str
    namespaces: Mapping[str, Sequence[str]]
    limits: Limits
    created: Instant
    updated: Instant
    status: RunStatus = "running"
    fence: int = 1
    key: str | None = None
    scope: str = ""
    retry_of: str | None = None
    seeded_by: str | None = None
    lease_until: Instant = 0
    wake_at: Instant = 0
    decisions: int = 0

    @property
    def boot(self) -> Boot:
        """What a guest starts this run from; the same on every machine, because the seed comes from the run's id.

        A run that corrects another shares its seed (`seeded_by`), so that its calls can be the same.
        """
        seed = int(digest(self.seeded_by or self.id)[:16], 16) or 1
        return Boot(program=self.program, namespaces=self.namespaces, seed=seed, limits=self.limits)


def digest_of(args: Encoded) -> Encoded:
    """What a log has of arguments that are too large for it."""
    return encode({"bytes": len(args), "sha256": digest(args)})


def last_instant(entries: Sequence[Entry], default: Instant) -> Instant:
    """The time of the last entry that carries one."""
    for entry in reversed(entries):
        match entry:
            case Turned():
                return entry.now
            case Printed():
                pass
            case _:
                return entry.at
    return default


def latest_instant(entries: Sequence[Entry], default: Instant) -> Instant:
    """The latest time that a run's own lines carry; people decide by other clocks, which may be wrong."""
    latest = default
    for entry in entries:
        match entry:
            case Turned():
                latest = max(latest, entry.now)
            case Printed() | Decided() | Granted() | CalledOff():
                pass
            case _:
                latest = max(latest, entry.at)
    return latest
