"""What the runtime asks of its plugs. A plug exists when the suite in `toolscript.testing` passes on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from toolscript.runs.entry import Entry, RunRecord, RunStatus
from toolscript.runs.program import Boot, Instant, Language
from toolscript.runs.turn import Called, Outcome, Settled, Turn
from toolscript.tools import CallContext, Progress, Tool


class Session(Protocol):
    """One live program. It does no I/O and sees no real time."""

    async def advance(self, answers: Sequence[Settled], now: Instant) -> Turn:
        """Hand over answers in this order and run until nothing more can move.

        The first call, without answers, starts the program. A program that is wrong in any way ends in `Crashed`;
        `Fault` means that the engine itself failed. Cancelling the call stops the program for good.
        """
        ...

    async def snapshot(self) -> bytes | None:
        """The state between two turns, or None where the engine has no such thing."""
        ...

    async def close(self) -> None:
        """Free what the session holds; may be called at any time, and twice."""
        ...


class Guest(Protocol):
    """A sandbox engine for one language. `engine` is the digest that its snapshots depend on."""

    @property
    def language(self) -> Language: ...

    @property
    def engine(self) -> str: ...

    async def start(self, boot: Boot) -> Session: ...

    async def restore(self, boot: Boot, snapshot: bytes) -> Session:
        """The session that a snapshot was taken of; `ValueError` for one that is damaged or of another engine."""
        ...

    async def close(self) -> None: ...


ConnectorState = Literal["connecting", "ready", "unreachable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a connector offers at this moment.

    `about` is the source's own description of itself. `problems` are for people (`doctor`): one sentence each, such
    as a malformed tool that was left out, or why the source cannot be reached.
    """

    state: ConnectorState
    tools: tuple[Tool, ...] = ()
    about: str = ""
    problems: tuple[str, ...] = ()


class Connector(Protocol):
    """Brings the tools of one source as one namespace."""

    @property
    def namespace(self) -> str: ...

    async def open(self, changed: Callable[[], None]) -> None:
        """Start, and return at once: connecting goes on in a task of the connector's own.

        `changed` is called, on the event loop, whenever `listing` would answer something new.
        """
        ...

    def listing(self) -> Listing: ...

    async def call(self, tool: Tool, args: Mapping[str, Any], context: CallContext) -> Any:
        """Call a tool with arguments that fit its schema; gives a value that the codec can encode.

        Raises `ToolError` with words for the program. Cancelling the call cancels it upstream. A source that is
        still connecting is waited for.
        """
        ...

    async def close(self) -> None: ...


class Store(Protocol):
    """Where runs and their entries live."""

    async def create(self, run: RunRecord, entries: Sequence[Entry]) -> RunRecord:
        """Add a run with its first entries; if its key is known, the run that exists, unchanged."""
        ...

    def append(self, run: str, fence: int, entries: Sequence[Entry], status: RunStatus = "running") -> Awaitable[None]:
        """Add entries in one transaction: queued by the call, in order, and durable when the awaitable ends.

        `Conflict`, when awaited, if the fence is not the run's any more.
        """
        ...

    async def read(self, run: str) -> tuple[RunRecord, list[Entry]]:
        """A run and all its entries; `Conflict` if there is no such run."""
        ...

    async def recent(self, *, limit: int = 50, status: RunStatus | None = None) -> list[RunRecord]: ...

    async def close(self) -> None: ...


class Blobs(Protocol):
    """An optional power of a store: bytes by their SHA-256."""

    async def put_blob(self, content: bytes, media_type: str) -> str:
        """Keep the bytes, and answer their SHA-256 in hexadecimal; the same bytes are kept once."""
        ...

    async def get_blob(self, id: str) -> tuple[bytes, str]:
        """The bytes and their media type; `Conflict` if there is no such blob."""
        ...


class RunStore(Store, Blobs, Protocol):
    """What a runtime asks of its store: runs, and the bytes that their values point to."""


class Clock(Protocol):
    def now(self) -> Instant: ...

    async def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class RunStarted:
    run: RunRecord


@dataclass(frozen=True, slots=True)
class CallStarted:
    run: str
    call: Called


@dataclass(frozen=True, slots=True)
class CallProgressed:
    run: str
    seq: int
    progress: Progress


@dataclass(frozen=True, slots=True)
class CallEnded:
    run: str
    settled: Settled
    duration_us: int


@dataclass(frozen=True, slots=True)
class RunEnded:
    run: str
    status: RunStatus
    outcome: Outcome


Event = RunStarted | CallStarted | CallProgressed | CallEnded | RunEnded


class Observer(Protocol):
    """Is told what happens; must be quick, and must not raise."""

    def observed(self, event: Event) -> None: ...
