"""What is to be run: `Program`, the `Limits` it runs under, and the `Boot` record a guest starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from toolscript.codec import NULL, Encoded
from toolscript.schema.syntax import Syntax

Language = Literal["typescript", "python", "cpython"]
"""What a program is written in, and which engine runs it: `cpython` is Python with its whole standard library."""

LANGUAGES: tuple[Language, ...] = get_args(Language)

Instant = int
"""Milliseconds since 1970-01-01T00:00Z."""


def syntax_of(language: Language) -> Syntax:
    """How tools are shown to whoever writes programs in this language."""
    return "typescript" if language == "typescript" else "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The code that the model wrote, its language, and the value it reads as `input`."""

    code: str
    language: Language = "typescript"
    input: Encoded = NULL


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may use. Reaching a limit ends the run with a `GuestError` that names it.

    `instructions` counts loop turns and calls inside the guest, in steps of about 10,000: it is deterministic, and
    stops ordinary loops. `cpu_ms` bounds the guest's time over all turns: it stops what does not loop in the program
    itself (a regular expression, a sort). `wall_ms` bounds the run from start to end, `call_ms` one call.
    `concurrent_calls` is no end: further calls wait their turn. `wall_ms` does not count the time in which the run is
    parked; `parked_ms` is how long it waits for a person before it expires. `value_bytes` caps what crosses in one
    piece: larger arguments are refused, a larger result becomes a blob, and of a larger final value the log keeps a
    blob's handle.
    """

    instructions: int = 1_000_000_000
    cpu_ms: int = 10_000
    wall_ms: int = 120_000
    call_ms: int = 60_000
    calls: int = 1_000
    concurrent_calls: int = 32
    memory_bytes: int = 64 << 20
    stack_bytes: int = 128 << 10
    source_bytes: int = 1 << 20
    answer_bytes: int = 8 << 20
    output_bytes: int = 8 << 20
    printed_bytes: int = 256 << 10
    value_bytes: int = 1 << 20
    parked_ms: int = 7 * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """All that a guest needs to start a program.

    `namespaces` maps each namespace to the methods that the program can see. It may list only
    those that occur in the program's text: enough for dispatch, because any other name is refused by the host, with
    near names. `seed` (64 bits) feeds all randomness.
    """

    program: Program
    namespaces: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    seed: int = 1
    limits: Limits = field(default_factory=Limits)
