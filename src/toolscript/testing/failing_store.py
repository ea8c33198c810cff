"""A store that fails at one of its writes: what a crash between two statements, or a full disk, looks like."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, Protocol, TypeVar

from toolscript.codec import Encoded
from toolscript.errors import Fault
from toolscript.ports import Bell, RunStore
from toolscript.runs.entry import Entry, RunRecord, RunStatus
from toolscript.runs.program import Instant
from toolscript.runs.snippet import Snippet

T = TypeVar("T")


class RingingStore(RunStore, Bell, Protocol):
    """A store with a bell."""


class FailingStore:
    """Passes everything on to another store, but raises `Fault` at its write number `fail_at` (from 1; 0: never).

    `mode="before"` fails before the write has any effect, `"after"` right after it. A claim counts when it took a
    run, and then fails after it in both modes; `renew`, which only time calls for, does not count. With `for_good`
    every operation from then on fails, as if the process were gone.
    """

    def __init__(
        self,
        inner: RingingStore,
        fail_at: int = 0,
        *,
        mode: Literal["before", "after"] = "before",
        for_good: bool = False,
    ) -> None:
        self._inner = inner
        self._fail_at = fail_at
        self._mode = mode
        self._for_good = for_good
        self.writes = 0
        """How many writes were asked for so far: run once without failing to learn how far `fail_at` can go."""

    @property
    def failed(self) -> bool:
        """Whether it has failed."""
        return 0 < self._fail_at <= self.writes

    async def create(self, run: RunRecord, entries: Sequence[Entry]) -> RunRecord:
        return await self._write(lambda: self._inner.create(run, entries))

    def append(self, run: str, fence: int, entries: Sequence[Entry], status: RunStatus = "running") -> Awaitable[None]:
        # The write is queued by the call, so it is counted by the call too, and fails when awaited.
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            fails = self._fails()
        except Fault as fault:
            done.set_exception(fault)
            return done
        if not fails:
            return self._inner.append(run, fence, entries, status)
        if self._mode == "after":
            return asyncio.ensure_future(self._failed(self._inner.append(run, fence, entries, status)))
        done.set_exception(self._fault())
        return done

    async def read(self, run: str) -> tuple[RunRecord, list[Entry]]:
        return await self._look().read(run)

    async def recent(self, *, limit: int = 50, status: RunStatus | None = None) -> list[RunRecord]:
        return await self._look().recent(limit=limit, status=status)

    async def claim(
        self, *, scope: str, now: Instant, until: Instant, run: str | None = None
    ) -> tuple[RunRecord, bytes | None] | None:
        taken = await self._look().claim(scope=scope, now=now, until=until, run=run)
        if taken is not None and self._fails():
            raise self._fault()
        return taken

    async def renew(self, fences: Mapping[str, int], until: Instant) -> Mapping[str, int]:
        return await self._look().renew(fences, until)

    async def held(self, fences: Mapping[str, int]) -> Mapping[str, int]:
        return await self._look().held(fences)

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
        return await self._write(
            lambda: self._inner.park(run, fence, entries, decisions=decisions, wake_at=wake_at, snapshot=snapshot)
        )

    async def due(self, scope: str) -> Instant | None:
        return await self._look().due(scope)

    async def amend(self, run: str, decisions: int, entries: Sequence[Entry]) -> bool:
        return await self._write(lambda: self._inner.amend(run, decisions, entries))

    async def delete(self, run: str) -> bool:
        return await self._write(lambda: self._inner.delete(run))

    async def prune(self, *, keep: int | None, before: Instant | None) -> int:
        return await self._write(lambda: self._inner.prune(keep=keep, before=before))

    async def rung(self) -> None:
        await self._inner.rung()

    async def get_cell(self, scope: str, name: str) -> Encoded | None:
        return await self._look().get_cell(scope, name)

    async def set_cell(self, scope: str, name: str, value: Encoded | None) -> None:
        await self._write(lambda: self._inner.set_cell(scope, name, value))

    async def cells(self, scope: str) -> list[str]:
        return await self._look().cells(scope)

    async def secret(self) -> bytes:
        return await self._look().secret()

    async def put_blob(self, content: bytes, media_type: str, *, run: str) -> str:
        return await self._write(lambda: self._inner.put_blob(content, media_type, run=run))

    async def get_blob(self, id: str) -> tuple[bytes, str]:
        return await self._look().get_blob(id)

    async def save_snippet(self, scope: str, snippet: Snippet) -> Snippet:
        return await self._write(lambda: self._inner.save_snippet(scope, snippet))

    async def snippet(self, scope: str, name: str, version: int | None = None) -> Snippet | None:
        return await self._look().snippet(scope, name, version)

    async def snippets(self, scope: str) -> list[Snippet]:
        return await self._look().snippets(scope)

    async def delete_snippet(self, scope: str, name: str) -> bool:
        return await self._write(lambda: self._inner.delete_snippet(scope, name))

    async def close(self) -> None:
        await self._inner.close()

    def _look(self) -> RingingStore:
        """The store behind, unless this one is gone."""
        if self._for_good and self.failed:
            raise Fault("the store has failed for good, as it was told to")
        return self._inner

    def _fails(self) -> bool:
        """Count a write; whether it is the one to fail."""
        self._look()
        self.writes += 1
        return self.writes == self._fail_at

    async def _write(self, write: Callable[[], Awaitable[T]]) -> T:
        if not self._fails():
            return await write()
        if self._mode == "after":
            await write()
        raise self._fault()

    async def _failed(self, write: Awaitable[None]) -> None:
        await write
        raise self._fault()

    def _fault(self) -> Fault:
        return Fault(f"the store failed {self._mode} write {self._fail_at}, as it was told to")
