"""Runs in this process's memory: for tests, scripts and short-lived programs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace

from toolscript.codec import digest
from toolscript.errors import Conflict
from toolscript.runs.entry import Entry, RunRecord, RunStatus, last_instant


class MemoryStore:
    """A `Store` and `Blobs` that forgets everything when the process ends."""

    def __init__(self, *, keep_runs: int = 1_000) -> None:
        """Keep at most `keep_runs` ended runs; the oldest are forgotten first."""
        self._runs: dict[str, tuple[RunRecord, list[Entry]]] = {}
        self._keys: dict[str, str] = {}
        self._blobs: dict[str, tuple[bytes, str]] = {}
        self._keep_runs = keep_runs

    async def create(self, run: RunRecord, entries: Sequence[Entry]) -> RunRecord:
        if run.key is not None and run.key in self._keys:
            return self._runs[self._keys[run.key]][0]
        self._runs[run.id] = (run, list(entries))
        if run.key is not None:
            self._keys[run.key] = run.id
        if len(self._runs) > self._keep_runs:
            self._forget()
        return run

    def append(self, run: str, fence: int, entries: Sequence[Entry], status: RunStatus = "running") -> Awaitable[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._append(run, fence, entries, status)
        except Conflict as conflict:
            done.set_exception(conflict)
        else:
            done.set_result(None)
        return done

    def _append(self, run: str, fence: int, entries: Sequence[Entry], status: RunStatus) -> None:
        record, log = self._found(run)
        if record.fence != fence:
            raise Conflict(f"the run {run} was taken over by another process")
        log.extend(entries)
        if status != record.status:
            self._runs[run] = (replace(record, status=status), log)

    async def read(self, run: str) -> tuple[RunRecord, list[Entry]]:
        record, log = self._found(run)
        return replace(record, updated=last_instant(log, record.updated)), list(log)

    async def recent(self, *, limit: int = 50, status: RunStatus | None = None) -> list[RunRecord]:
        newest_first = (record for record, _ in reversed(self._runs.values()))
        return [record for record in newest_first if status in (None, record.status)][:limit]

    async def put_blob(self, content: bytes, media_type: str) -> str:
        name = digest(content)
        self._blobs[name] = (content, media_type)
        return name

    async def get_blob(self, id: str) -> tuple[bytes, str]:
        if id not in self._blobs:
            raise Conflict(f"there is no blob {id}")
        return self._blobs[id]

    async def close(self) -> None:
        return None

    def _found(self, run: str) -> tuple[RunRecord, list[Entry]]:
        if run not in self._runs:
            raise Conflict(f"there is no run {run}")
        return self._runs[run]

    def _forget(self) -> None:
        """Forget the oldest run that has ended."""
        for name, (record, _) in self._runs.items():
            if record.status not in ("running", "parked"):
                del self._runs[name]
                if record.key is not None:
                    del self._keys[record.key]
                return
