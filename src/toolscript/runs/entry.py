"""The lines of a run's log.

A run is determined by its `RunRecord` (program, engine, the names it sees; the seed follows from the id) and by its
entries: the `now` of every turn, the order in which answers were handed over, and the answers. From these a replay is
exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from toolscript.codec import Encoded, digest
from toolscript.runs.program import Boot, Instant, Limits, Program
from toolscript.runs.turn import Answer, Outcome, Usage
from toolscript.tools import Effect

RunStatus = Literal["running", "parked", "completed", "failed", "rejected", "cancelled", "expired", "rolled_back"]
CallStatus = Literal["executing", "pending", "approved", "returned", "raised", "rejected", "uncertain", "reverted"]


@dataclass(frozen=True, slots=True)
class Turned:
    """A turn began at `now` and was handed the answers to these calls, in this order."""

    now: Instant
    delivered: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """The program made a call. For a write this line is on disk before the tool is asked to act."""

    seq: int
    path: str
    args: Encoded
    effect: Effect
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The run ended. Nothing follows this line."""

    status: RunStatus
    outcome: Outcome
    at: Instant
    usage: Usage = field(default_factory=Usage)


Entry = Turned | Intended | Answered | Printed | Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run as the store keeps it beside its entries.

    `engine` is the digest of the guest that runs it; `namespaces` are the names that the program sees. `fence` grows
    with every claim: a write that carries an older one is refused.
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

    @property
    def boot(self) -> Boot:
        """What a guest starts this run from; the same on every machine, because the seed comes from the run's id."""
        seed = int(digest(self.id)[:16], 16) or 1
        return Boot(program=self.program, namespaces=self.namespaces, seed=seed, limits=self.limits)


def last_instant(entries: Sequence[Entry], default: Instant) -> Instant:
    """The time of the last entry that carries one."""
    for entry in reversed(entries):
        match entry:
            case Turned():
                return entry.now
            case Intended() | Answered() | Ended():
                return entry.at
            case Printed():
                pass
    return default
