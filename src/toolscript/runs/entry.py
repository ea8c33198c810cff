"""The lines of a run's log.

A run is determined by its program, its engine and its seed (in the run's `RunRecord`), and by the entries: the `now`
of every turn, the order in which answers were handed over, and the answers. From these a replay is exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from toolscript.codec import Encoded
from toolscript.errors import Failure
from toolscript.runs.program import Instant, Limits, Program
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

    `engine` is the digest of the guest that runs it. `fence` grows with every claim: a write that carries an older
    one is refused. `failure` is set when the run ended without a value.
    """

    id: str
    program: Program
    seed: int
    engine: str
    limits: Limits
    created: Instant
    updated: Instant
    status: RunStatus = "running"
    fence: int = 1
    key: str | None = None
    failure: Failure | None = None
