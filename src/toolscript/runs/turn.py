"""What a session and its host say to each other: `Called`, `Settled`, `Turn`."""

from __future__ import annotations

from dataclasses import dataclass, field

from toolscript.codec import Encoded
from toolscript.errors import Failure


@dataclass(frozen=True, slots=True)
class Called:
    """A call that the program made. The guest numbers calls from 1, in the order in which the program makes them."""

    seq: int
    path: str
    args: Encoded


@dataclass(frozen=True, slots=True)
class Returned:
    """An answer: the tool's value."""

    value: Encoded


@dataclass(frozen=True, slots=True)
class Raised:
    """An answer: the failure that the program can catch."""

    failure: Failure


Answer = Returned | Raised


@dataclass(frozen=True, slots=True)
class Settled:
    """The answer to call number `seq`."""

    seq: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Finished:
    """The program ended with a value."""

    value: Encoded


@dataclass(frozen=True, slots=True)
class Crashed:
    """The program ended with a failure."""

    failure: Failure


Outcome = Finished | Crashed


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a session has used so far, over all its turns."""

    instructions: int = 0
    cpu_us: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One push of a session: it took answers in, ran until nothing more could move, and gave calls out.

    `dropped` are calls whose answers the program no longer wants (a cleared timer). Without an outcome and with
    nothing outstanding the program waits for ever: a session reports that as a `deadlock` itself.
    """

    calls: tuple[Called, ...] = ()
    dropped: tuple[int, ...] = ()
    printed: tuple[str, ...] = ()
    outcome: Outcome | None = None
    usage: Usage = field(default_factory=Usage)
