"""What the runtime asks of its plugs. A plug exists when the suite in `toolscript.testing` passes on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from toolscript.codec import Encoded
from toolscript.runs.entry import Entry, RunRecord, RunStatus
from toolscript.runs.inspected import Inspected
from toolscript.runs.precheck import Problem
from toolscript.runs.program import Boot, Instant, Language
from toolscript.runs.result import CallRecord
from toolscript.runs.snippet import Snippet
from toolscript.runs.turn import Called, Outcome, Settled, Turn
from toolscript.tools import CallContext, Page, Progress, Tool


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


class Reverter(Protocol):
    """An optional power of a connector: it undoes calls of tools whose `revert` names no other tool."""

    async def revert(self, tool: Tool, args: Mapping[str, Any], result: Any, context: CallContext) -> Any:
        """Undo one call, which had these arguments and gave this result; raises `ToolError` where it cannot."""
        ...


@runtime_checkable
class Pager(Protocol):
    """An optional power of a connector: it knows how the pages of a tool's results follow each other."""

    def page(self, tool: Tool, args: Mapping[str, Any], run: str) -> Page | None:
        """What is known of the result that this run got for these arguments; None where the call is not known here."""
        ...


class Compiler(Protocol):
    """An optional power of a guest: programs that run inside another program's session (`codemode.run`)."""

    async def compiled(self, code: str) -> str:
        """The text that the session evaluates for this program.

        `GuestError` for one that cannot be parsed (code `syntax`), or uses what the engine lacks (code `check`).
        """
        ...


@runtime_checkable
class Inspector(Protocol):
    """An optional power of a guest: it tells what is certain about a program before it is started."""

    async def inspect(self, code: str) -> Inspected | None:
        """The facts; None where there are none, also for a program that cannot be parsed: its session says so."""
        ...


@runtime_checkable
class TypeChecker(Protocol):
    """An optional power of a guest: it checks a program against the types of the tools that it names."""

    async def type_problems(self, code: str, tools: Sequence[Tool]) -> Sequence[Problem]:
        """What is wrong, in the order of the text; nothing where the checker is not there, or was too slow."""
        ...


@runtime_checkable
class Demanding(Protocol):
    """An optional power of a guest that does not run on every machine."""

    async def require(self) -> None:
        """Raise `ConfigError` where this machine cannot run its programs: asked before a run is recorded."""
        ...


class Store(Protocol):
    """Where runs and their entries live."""

    async def create(self, run: RunRecord, entries: Sequence[Entry]) -> RunRecord:
        """Add a run with its first entries; if its key is known, the run that exists, unchanged."""
        ...

    def append(self, run: str, fence: int, entries: Sequence[Entry], status: RunStatus = "running") -> Awaitable[None]:
        """Add entries in one transaction: queued by the call, in order, and durable when the awaitable ends.

        A `Steadfast` future spares whoever waits a round of the event loop; any other awaitable is shielded.

        `Conflict`, when awaited, if the fence is not the run's any more. An end (any status but `running`) also
        drops the run's lease and snapshot.
        """
        ...

    async def read(self, run: str) -> tuple[RunRecord, list[Entry]]:
        """A run and all its entries; `Conflict` if there is no such run."""
        ...

    async def recent(self, *, limit: int = 50, status: RunStatus | None = None) -> list[RunRecord]: ...

    async def close(self) -> None: ...


class Leases(Protocol):
    """Who drives which run. All times are instants of the caller's clock."""

    async def claim(
        self, *, scope: str, now: Instant, until: Instant, run: str | None = None
    ) -> tuple[RunRecord, bytes | None] | None:
        """Take over one run of this scope: running, with a fence one higher and a lease `until` then.

        Without `run` one that is due: parked with `wake_at` reached, or running with its lease over, the longest due
        first. With `run` that one, if it is not driven at this moment: parked, ended, or its lease over, due or not.
        Gives the record as it is now (but with the `status` that it had before) and the snapshot that it was parked
        with; None if there is nothing to take. Of any number of callers at once one gets it.
        """
        ...

    async def renew(self, fences: Mapping[str, int], until: Instant) -> Mapping[str, int]:
        """Prolong the leases that are still held; gives the `decisions` of each, and leaves out what was lost.

        `until` 0 lets go: the run may be taken over at once.
        """
        ...

    async def held(self, fences: Mapping[str, int]) -> Mapping[str, int]:
        """The same, but only read."""
        ...

    async def park(
        self,
        run: str,
        fence: int,
        entries: Sequence[Entry],
        *,
        decisions: int,
        wake_at: Instant,
        snapshot: bytes | None,
    ) -> bool:
        """Add entries and park the run, if nobody decided anything that the driver has not seen (`decisions`).

        False, and nothing is changed, if somebody did; `Conflict` if the fence is not the run's any more.
        """
        ...

    async def due(self, scope: str) -> Instant | None:
        """The earliest `wake_at` of a parked run of this scope."""
        ...


class Archive(Protocol):
    """What people do to runs from outside: decide, and clear away."""

    async def amend(self, run: str, decisions: int, entries: Sequence[Entry]) -> bool:
        """Add what a person decided, if nobody else decided since the log was read (`RunRecord.decisions`).

        Counts up `decisions`, and makes a parked run due at once. False, and nothing is changed, if somebody did, or
        if the run is neither running nor parked any more.
        """
        ...

    async def delete(self, run: str) -> bool:
        """Forget an ended run, with all that belongs to it; False if it is running, parked or not there."""
        ...

    async def prune(self, *, keep: int | None, before: Instant | None) -> int:
        """Forget ended runs: all but the newest `keep`, and all that ended `before` then; gives how many.

        Never one that is running or parked.
        """
        ...


@runtime_checkable
class Bell(Protocol):
    """An optional power of a store: it tells when anything was written, also by another process."""

    async def rung(self) -> None:
        """Ends soon after the next write to any run, by whomever; may end without one."""
        ...


class Cells(Protocol):
    """Small values by name: the `codemode.state` of each scope, and the store's own secret."""

    async def get_cell(self, scope: str, name: str) -> Encoded | None: ...

    async def set_cell(self, scope: str, name: str, value: Encoded | None) -> None:
        """Keep a value, or forget it (None)."""
        ...

    async def cells(self, scope: str) -> list[str]:
        """The names that have a value, sorted."""
        ...

    async def secret(self) -> bytes:
        """32 random bytes, the same for every process on the store; made when first asked for."""
        ...


class Blobs(Protocol):
    """Bytes by their SHA-256."""

    async def put_blob(self, content: bytes, media_type: str, *, run: str) -> str:
        """Keep the bytes for as long as this run is kept, and answer their SHA-256 in hexadecimal.

        The same bytes are kept once, for all the runs that have them.
        """
        ...

    async def get_blob(self, id: str) -> tuple[bytes, str]:
        """The bytes and their media type; `Conflict` if there is no such blob."""
        ...


class Shelf(Protocol):
    """Where snippets live: any number of versions by name, in each scope."""

    async def save_snippet(self, scope: str, snippet: Snippet) -> Snippet:
        """Keep it as the next version of its name (1 for a new one), and give it with that version."""
        ...

    async def snippet(self, scope: str, name: str, version: int | None = None) -> Snippet | None:
        """One version, or the newest."""
        ...

    async def snippets(self, scope: str) -> list[Snippet]:
        """The newest version of each, by name."""
        ...

    async def delete_snippet(self, scope: str, name: str) -> bool:
        """Forget all versions of it; False if there is none."""
        ...


class RunStore(Store, Leases, Archive, Cells, Blobs, Shelf, Protocol):
    """What a runtime asks of its store."""


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
class RunParked:
    """The run waits for people or time, and is let go; another process may go on with it."""

    run: str
    pending: tuple[CallRecord, ...]


@dataclass(frozen=True, slots=True)
class RunEnded:
    run: str
    status: RunStatus
    outcome: Outcome


Event = RunStarted | CallStarted | CallProgressed | CallEnded | RunParked | RunEnded


class Observer(Protocol):
    """Is told what happens; must be quick. What it raises is logged, and changes nothing."""

    def observed(self, event: Event) -> None: ...
