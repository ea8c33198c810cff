"""The runtime: connectors, guests and a store behind one object."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, Literal, Self

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import describe
from toolscript.catalog.search import Found, search
from toolscript.codec import encode
from toolscript.errors import Conflict
from toolscript.ports import (
    Clock,
    Connector,
    Guest,
    Observer,
    RunEnded,
    RunStarted,
    RunStore,
)
from toolscript.runs.entry import Ended, RunRecord, RunStatus, Turned
from toolscript.runs.hints import hint_of
from toolscript.runs.history import history
from toolscript.runs.program import Language, Limits, Program
from toolscript.runs.result import Result, result_of
from toolscript.runs.turn import Outcome
from toolscript.runs.visible import mentioned, visible
from toolscript.runtime.builtin import Builtin
from toolscript.runtime.calls import Caller
from toolscript.runtime.clock import SystemClock
from toolscript.runtime.drive import CANCELLED, Drive, Surroundings
from toolscript.runtime.plugs import load
from toolscript.runtime.replay import replay
from toolscript.runtime.upstreams import Upstreams

Isolation = Literal["threads", "workers"]

_FIND_PATIENCE_S = 10.0  # most servers connect within three; one that does not must not hold up the search of others

_guests: Mapping[tuple[Language, Isolation], str] = {
    ("typescript", "threads"): "toolscript.guests.javascript.guest:JavaScriptGuest",
    ("typescript", "workers"): "toolscript.guests.pool:JavaScriptWorkers",
}


class Runtime:
    """Runs programs that call tools.

    ```python
    async with Runtime([functions("crm", find, create)]) as runtime:
        result = await runtime.run("return (await crm.find({ name: 'Ada' })).length")
        print(result.value)
    ```

    `store` defaults to this process's memory. `isolation` says where programs run: in this process on threads, or in
    locked-down worker processes. A constructor opens nothing: enter the runtime to connect, leave it to close.
    """

    def __init__(
        self,
        connectors: Iterable[Connector] = (),
        *,
        store: RunStore | None = None,
        isolation: Isolation = "threads",
        guests: Mapping[Language, Guest] | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
        observers: Sequence[Observer] = (),
        entropy: Callable[[int], bytes] = os.urandom,
        connect_timeout_s: float = 30.0,
    ) -> None:
        self.limits = limits or Limits()
        self._store: RunStore = store or load("toolscript.stores.memory:MemoryStore")()
        self._isolation: Isolation = isolation
        self._guests: dict[Language, Guest] = dict(guests or {})
        self._clock = clock or SystemClock()
        self._observers = tuple(observers)
        self._entropy = entropy
        self._connect_timeout_s = connect_timeout_s
        self._opened_at = 0.0
        builtin = Builtin(store=self._store, blobs=self._store, offered=self._offered)
        self._upstreams = Upstreams([builtin, *connectors])
        self._drives: dict[str, tuple[Drive, asyncio.Task[Result]]] = {}
        self._around = Surroundings(
            store=self._store,
            caller=Caller(connector=self._upstreams.connector, blobs=self._store, clock=self._clock),
            clock=self._clock,
            catalog=lambda: self._upstreams.catalog,
        )

    async def __aenter__(self) -> Self:
        self._opened_at = asyncio.get_running_loop().time()
        try:
            await self._upstreams.open()
        except BaseException:
            await self._upstreams.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        driven = list(self._drives.values())
        for drive, _ in driven:
            drive.cancel()
        await asyncio.gather(*(task for _, task in driven), return_exceptions=True)
        try:
            await self._upstreams.close()
        finally:
            for guest in self._guests.values():
                await guest.close()
            await self._store.close()

    @property
    def catalog(self) -> Catalog:
        """The tools that can be called at this moment, without `codemode` itself."""
        return self._upstreams.offered

    @property
    def connectors(self) -> Sequence[Connector]:
        return self._upstreams.connectors

    async def ready(self, *, timeout_s: float | None = None) -> None:
        """Wait until every connector has connected, or could not."""
        patience_s = self._connect_timeout_s if timeout_s is None else timeout_s
        await self._upstreams.ready(lambda names: names, patience_s)

    async def changed(self, since: Catalog) -> Catalog:
        """The catalogue, once it is another than `since`; for whoever follows it."""
        return await self._upstreams.changed(since)

    async def blob(self, id: str) -> tuple[bytes, str]:
        """The bytes that a `Blob` stands for, and their media type; `Conflict` if there are none."""
        return await self._store.get_blob(id)

    async def run(
        self,
        code: str,
        *,
        input: Any = None,
        language: Language = "typescript",
        key: str | None = None,
        limits: Limits | None = None,
        observer: Observer | None = None,
    ) -> Result:
        """Run a program to its end. Cancelling this call cancels the run.

        The program reads `input` by that name. A known `key` gives the run that exists instead of a second one.
        A failed program is a `Result` with a `failure`, not an exception.
        """
        run = await self.start(code, input=input, language=language, key=key, limits=limits, observer=observer)
        try:
            return await self.wait(run)
        except asyncio.CancelledError:
            await self.cancel(run)
            raise

    async def start(
        self,
        code: str,
        *,
        input: Any = None,
        language: Language = "typescript",
        key: str | None = None,
        limits: Limits | None = None,
        observer: Observer | None = None,
    ) -> str:
        """Start a program and give its run's id; idempotent by `key`."""
        guest = self._guest(language)
        limits = limits or self.limits
        patience_s = min(self._connect_timeout_s, limits.wall_ms / 1_000)
        await self._upstreams.ready(lambda names: mentioned(code, names), patience_s)
        now = self._clock.now()
        run = RunRecord(
            id=self._new_id(now),
            program=Program(code=code, language=language, input=encode(input)),
            engine=guest.engine,
            namespaces=visible(code, self._upstreams.catalog),
            limits=limits,
            created=now,
            updated=now,
            key=key,
        )
        first = Turned(now)
        try:
            existing = await self._store.create(run, [first])
        except asyncio.CancelledError:
            await self._abandon(run)
            raise
        if existing.id != run.id:
            return existing.id
        observers = self._observers if observer is None else (*self._observers, observer)
        drive = Drive(run, guest, self._around, observers)
        drive.tell(RunStarted(run))
        task = asyncio.create_task(self._drive(drive, first), name=run.id)
        self._drives[run.id] = (drive, task)
        task.add_done_callback(lambda done: self._forget(run.id, done))
        return run.id

    async def wait(self, run: str) -> Result:
        """The result of a run, once it has ended; of a run that another process drives, what it came to so far."""
        if run not in self._drives:
            return await self.result(run)
        _, task = self._drives[run]
        await asyncio.wait([task])
        return await self.result(run) if task.cancelled() else task.result()

    async def cancel(self, run: str) -> Result:
        """End a run; no further call starts. A run that has ended stays as it is."""
        if run in self._drives:
            drive, task = self._drives[run]
            drive.cancel()
            await asyncio.wait([task])
        return await self.result(run)

    async def result(self, run: str) -> Result:
        """What a run came to so far, as its log says; `Conflict` if there is no such run."""
        return result_of(*await self._store.read(run))

    async def recent(self, *, limit: int = 50, status: RunStatus | None = None) -> list[RunRecord]:
        """The newest runs, newest first."""
        return await self._store.recent(limit=limit, status=status)

    async def replay(self, run: str) -> Outcome | None:
        """Run a program again over its log: nothing acts, and any difference is a `Fault`."""
        record, entries = await self._store.read(run)
        guest = self._guest(record.program.language)
        if guest.engine != record.engine:
            raise Conflict(f"the run {run} was made by another engine ({record.engine}) than this one ({guest.engine})")
        session = await guest.start(record.boot)
        try:
            return await replay(history(entries), session)
        finally:
            await session.close()

    async def search(self, query: str | Sequence[str], *, limit: int = 10, namespace: str | None = None) -> Found:
        """Find tools; waits for connectors that are still connecting."""
        return search(await self._offered(), query, limit=limit, namespace=namespace)

    async def describe(self, paths: Sequence[str], *, budget_tokens: int = 2_000) -> str:
        """Documentation and types of tools or whole namespaces, for a model or a person."""
        return describe(await self._offered(), paths, budget_tokens=budget_tokens)

    async def _drive(self, drive: Drive, first: Turned) -> Result:
        try:
            await drive.to_end()
        finally:
            result = result_of(drive.run, [first, *drive.entries])
            if result.outcome is not None:
                drive.tell(RunEnded(drive.run.id, result.status, result.outcome))
        if result.failure is not None:
            return replace(result, hint=hint_of(result.failure, self._upstreams.offered))
        return result

    async def _abandon(self, run: RunRecord) -> None:
        """End a run whose start was cancelled while the store may have been writing it."""
        with suppress(Conflict):  # it was not written
            ended = Ended(status="cancelled", outcome=CANCELLED, at=self._clock.now())
            await self._store.append(run.id, run.fence, [ended], "cancelled")

    def _forget(self, run: str, task: asyncio.Task[Result]) -> None:
        self._drives.pop(run, None)
        if not task.cancelled():
            task.exception()  # whoever waits gets it; a run that nobody waits for must not warn

    async def _offered(self) -> Catalog:
        """What can be found; soon after the start those that still connect are waited for, later no more."""
        patience = self._opened_at + _FIND_PATIENCE_S - asyncio.get_running_loop().time()
        if patience > 0:
            await self._upstreams.ready(lambda names: names, min(patience, self._connect_timeout_s))
        return self._upstreams.offered

    def _guest(self, language: Language) -> Guest:
        if language not in self._guests:
            name = _guests.get((language, self._isolation))
            if name is None:
                known = sorted({known for known, _ in _guests} | set(self._guests))
                raise Conflict(f"there is no guest for {language}; this runtime has {', '.join(known)}")
            self._guests[language] = load(name)()
        return self._guests[language]

    def _new_id(self, now: int) -> str:
        """Ids sort by time: 11 hexadecimal digits of milliseconds, then 64 random bits."""
        return f"run_{now:011x}{self._entropy(8).hex()}"
