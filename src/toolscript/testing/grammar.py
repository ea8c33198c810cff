"""What generated programs consist of: a tree, of which each language has a printer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Plain = Literal["now", "random", "count", "length", "copied", "iso"]
"""A value without a call: the time, a random number, how much was counted, how much is in `out` (in two ways)."""

Leave = Literal["", "continue", "break"]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of the corpus' tools; `n` and `value` are its arguments."""

    tool: Literal["get", "put", "fail", "sleep", "state", "step", "none"]
    n: int
    value: Plain = "now"
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Many:
    """Several at once, and how they are waited for."""

    how: Literal["all", "race", "any", "settled"]
    each: tuple[Promise, ...]


@dataclass(frozen=True, slots=True)
class Nested:
    """A piece of work with statements of its own."""

    name: str
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Then:
    """A call, and something that is done when it is answered."""

    call: Call


@dataclass(frozen=True, slots=True)
class Helped:
    """One of the program's own functions."""

    helper: str
    value: Plain


Promise = Call | Many | Nested | Then | Helped
Value = Plain | Promise


@dataclass(frozen=True, slots=True)
class Push:
    value: Value


@dataclass(frozen=True, slots=True)
class Awaited:
    promise: Promise


@dataclass(frozen=True, slots=True)
class Unawaited:
    """Something that is begun and left alone: its failure is nobody's, is caught, or is noted as its answer is."""

    promise: Promise
    end: Literal["", "caught", "noted"]


@dataclass(frozen=True, slots=True)
class Guarded:
    """A promise whose failure is an answer as well."""

    promise: Promise


@dataclass(frozen=True, slots=True)
class Print:
    method: Literal["log", "warn", "error"]
    value: Plain


@dataclass(frozen=True, slots=True)
class Closure:
    """A function that remembers how often it was called, called twice."""

    name: str
    start: int


@dataclass(frozen=True, slots=True)
class Timer:
    """Work that is done later, unless it is cleared: at once, or after another call."""

    name: str
    ms: int
    work: Literal["count", "now"] | Plain | Call
    cleared: Literal["", "at once"] | Call


@dataclass(frozen=True, slots=True)
class Interval:
    name: str
    rounds: int
    ms: int
    call: Call


@dataclass(frozen=True, slots=True)
class Loop:
    name: str
    rounds: int
    leave: Leave
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Caught:
    """`throws`: what is done instead of throwing, where the body may throw by itself."""

    body: tuple[Statement, ...]
    throws: Awaited | None
    handled: Literal["noted", "counted"] | Push
    final: Guarded | None


@dataclass(frozen=True, slots=True)
class If:
    condition: Literal["random", "count", "length", "now"]
    one: tuple[Statement, ...]
    other: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Pages:
    """A generator that calls, cleans up, and is left early or not."""

    name: str
    rounds: int
    value: Value
    final: Guarded
    leave: bool


@dataclass(frozen=True, slots=True)
class Pool:
    """Two workers over one queue."""

    name: str
    size: int
    call: Call


Statement = (
    Push | Awaited | Unawaited | Guarded | Print | Closure | Timer | Interval | Loop | Caught | If | Pages | Pool
)


@dataclass(frozen=True, slots=True)
class Helper:
    name: str
    body: tuple[Statement, ...]
    value: Value


@dataclass(frozen=True, slots=True)
class Tree:
    helpers: tuple[Helper, ...]
    body: tuple[Statement, ...]
