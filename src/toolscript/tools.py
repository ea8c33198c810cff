"""What can be called: `Tool`, its `ToolPath`, its `Effect`, and the `CallContext` that a call travels with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Effect = Literal["read", "write"]
"""Whether a call may change something outside. What is unknown is a write."""

Schema = Mapping[str, Any] | bool
"""A JSON Schema. Only `toolscript.schema` reads its keywords."""


@dataclass(frozen=True, slots=True, order=True)
class ToolPath:
    """`namespace.method`, both legal identifiers in TypeScript and Python."""

    namespace: str
    method: str

    def __str__(self) -> str:
        return f"{self.namespace}.{self.method}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One thing that can be called, whatever brought it.

    `raw_name` is the upstream's own name and goes on the wire. `input_schema` describes one object: the arguments by
    name. Without `output_schema` the result's type is unknown; one that is `observed` was not promised by the source,
    but learned from earlier answers. A `keyed` tool honours the call's `idempotency_key`: asked twice with one key it
    acts once, so a call that a crash cut off is made again. `revert` says how a call is undone.
    """

    path: ToolPath
    raw_name: str
    description: str
    input_schema: Schema
    output_schema: Schema | None = None
    observed: bool = False
    effect: Effect = "write"
    destructive: bool = False
    idempotent: bool = False
    keyed: bool = False
    revert: Revert | None = None


@dataclass(frozen=True, slots=True)
class Revert:
    """How a call of a tool is undone: by its connector (`path` is None), or by a call of another tool.

    `args` gives each argument of that call an expression over the first one: `result.id`, `args.name`, or a JSON
    literal.
    """

    path: str | None = None
    args: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Media:
    """Bytes of a media type, as a connector's call gives them; the runtime keeps them and hands out a `Blob`."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a connector knows of a result that is one page of many.

    `next` are the arguments of the call that gives the next page, None after the last one. `items` is the path of
    members to the items of this one: empty where the result is itself their list, None where it has none. `problem`
    says why the next page cannot be asked for, though there is one.
    """

    next: Mapping[str, Any] | None = None
    items: tuple[str, ...] | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call is, as its tool reports it; `total` is None while unknown."""

    done: float
    total: float | None = None
    message: str = ""


def ignore_progress(progress: Progress) -> None:
    """The reader of progress that nobody asked for."""


async def no_blobs(id: str) -> bytes:
    """The reader of blobs where there is no store."""
    raise LookupError(f"the blob {id} cannot be read here")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallContext:
    """What a call travels with: which run and which of its calls, where to report progress, and how to read blobs.

    `idempotency_key` is the same on every try of this call, and different for any other call. `read_blob` gives the
    bytes of a `Blob` among the arguments, by its id.
    """

    run: str
    seq: int
    report: Callable[[Progress], None] = field(default=ignore_progress, compare=False)
    read_blob: Callable[[str], Awaitable[bytes]] = field(default=no_blobs, compare=False)

    @property
    def idempotency_key(self) -> str:
        return f"{self.run}:{self.seq}"
