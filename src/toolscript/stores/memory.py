"""Runs in this process's memory: for tests, scripts and short-lived programs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from toolscript.codec import Encoded, digest
from toolscript.errors import Conflict
from toolscript.runs.entry import Entry, RunRecord, RunStatus, last_instant
from toolscript.runs.program import Instant
from toolscript.runs.snippet import Snippet

_PATIENCE_S = 1.0  # until a bell rings by itself, as that of a store that other processes write to
_ECHO_S = 0.02  # for so long a write is heard also by whoever was busy with something else as it came


@dataclass(slots=True)
class _Kept:
    """What the store has of one run."""

    record: RunRecord
    log: list[Entry]
    snapshot: bytes | None = None
    ended: Instant | None = None  # when it ended first; a rollback comes later and leaves it
    blobs: set[str] = field(default_factory=set[str])

    @property
    def alive(self) -> bool:
        return self.record.status in ("running", "parked")

    @property
    def due(self) -> Instant:
        return self.record.wake_at if self.record.status == "parked" else self.record.lease_until


class MemoryStore:
    """A `RunStore` with a `Bell` that forgets everything when the process ends."""

    def __init__(self, *, keep_runs: int = 1_000) -> None:
        """Keep at most `keep_runs` runs, if enough of them have ended; the oldest of these are forgotten first."""
        self._runs: dict[str, _Kept] = {}
        self._keys: dict[str, str] = {}
        self._blobs: dict[str, tuple[bytes, str]] = {}
        self._cells: dict[str, dict[str, Encoded]] = {}
        self._snippets: dict[str, dict[str, list[Snippet]]] = {}
        self._keep_runs = keep_runs
        self._secret = b""
        self._waiting: set[asyncio.Future[None]] = set()
        self._rung_at = 0.0

    async def create(self, run: RunRecord, entries: Sequence[Entry]) -> RunRecord:
        known = run.id if run.key is None else self._keys.get(run.key, run.id)
        if known in self._runs:
            return self._runs[known].record
        kept = _Kept(run, list(entries))
        kept.ended = None if kept.alive else run.updated
        self._runs[run.id] = kept
        if run.key is not None:
            self._keys[run.key] = run.id
        if len(self._runs) > self._keep_runs:
            self._forget(islice((id for id, one in self._runs.items() if not one.alive), 1))
        self._ring()
        return kept.record

    def append(self, run: str, fence: int, entries: Sequence[Entry], status: RunStatus = "running") -> Awaitable[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        kept = self._runs.get(run)
        if kept is None or kept.record.fence != fence:
            done.set_exception(_taken_over(run))
            return done
        kept.log.extend(entries)
        if status != "running":
            at = last_instant(entries, kept.record.updated)
            kept.record = replace(kept.record, status=status, lease_until=0, updated=max(kept.record.updated, at))
            kept.ended = kept.record.updated if kept.ended is None else kept.ended
            kept.snapshot = None
            self._ring()
        done.set_result(None)
        return done

    async def read(self, run: str) -> tuple[RunRecord, list[Entry]]:
        if run not in self._runs:
            raise Conflict(f"there is no run {run}")
        kept = self._runs[run]
        return replace(kept.record, updated=last_instant(kept.log, kept.record.updated)), list(kept.log)

    async def recent(self, *, limit: int = 50, status: RunStatus | None = None) -> list[RunRecord]:
        records = [kept.record for kept in reversed(self._runs.values()) if status in (None, kept.record.status)]
        return sorted(records, key=lambda record: record.created, reverse=True)[:limit]

    async def claim(
        self, *, scope: str, now: Instant, until: Instant, run: str | None = None
    ) -> tuple[RunRecord, bytes | None] | None:
        kept = self._first_due(scope) if run is None else self._runs.get(run)
        if kept is None or kept.record.scope != scope:
            return None
        if kept.due > now and (run is None or kept.record.status == "running"):
            return None
        before = kept.record.status
        kept.record = replace(kept.record, status="running", fence=kept.record.fence + 1, lease_until=until)
        return replace(kept.record, status=before), kept.snapshot

    async def renew(self, fences: Mapping[str, int], until: Instant) -> Mapping[str, int]:
        held = await self.held(fences)
        for run in held:
            kept = self._runs[run]
            kept.record = replace(kept.record, lease_until=until)
        if until == 0:
            self._ring()
        return held

    async def held(self, fences: Mapping[str, int]) -> Mapping[str, int]:
        return {run: self._runs[run].record.decisions for run, fence in fences.items() if self._is_held(run, fence)}

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
        if not self._is_held(run, fence):
            raise _taken_over(run)
        kept = self._runs[run]
        if kept.record.decisions != decisions:
            return False
        kept.log.extend(entries)
        kept.snapshot = snapshot
        updated = max(kept.record.updated, last_instant(entries, 0))
        kept.record = replace(kept.record, status="parked", wake_at=wake_at, lease_until=0, updated=updated)
        self._ring()
        return True

    async def due(self, scope: str) -> Instant | None:
        parked = (kept.record for kept in self._runs.values() if kept.record.status == "parked")
        return min((record.wake_at for record in parked if record.scope == scope), default=None)

    async def amend(self, run: str, decisions: int, entries: Sequence[Entry]) -> bool:
        kept = self._runs.get(run)
        if kept is None or not kept.alive or kept.record.decisions != decisions:
            return False
        kept.log.extend(entries)
        record = kept.record
        wake_at = 0 if record.status == "parked" else record.wake_at
        updated = max(record.updated, last_instant(entries, 0))
        kept.record = replace(record, decisions=record.decisions + 1, wake_at=wake_at, updated=updated)
        self._ring()
        return True

    async def delete(self, run: str) -> bool:
        if run not in self._runs or self._runs[run].alive:
            return False
        self._forget([run])
        return True

    async def prune(self, *, keep: int | None, before: Instant | None) -> int:
        ended = [(kept.ended or 0, kept.record.created, id) for id, kept in self._runs.items() if not kept.alive]
        newest_first = [(at, id) for at, _, id in sorted(ended, reverse=True)]
        doomed = [
            id
            for rank, (at, id) in enumerate(newest_first)
            if (keep is not None and rank >= keep) or (before is not None and at < before)
        ]
        self._forget(doomed)
        return len(doomed)

    async def rung(self) -> None:
        loop = asyncio.get_running_loop()
        bell: asyncio.Future[None] = loop.create_future()
        self._waiting.add(bell)
        try:
            echoes = loop.time() - self._rung_at < _ECHO_S
            await asyncio.wait([bell], timeout=_ECHO_S if echoes else _PATIENCE_S)
        finally:
            self._waiting.discard(bell)

    async def get_cell(self, scope: str, name: str) -> Encoded | None:
        return self._cells.get(scope, {}).get(name)

    async def set_cell(self, scope: str, name: str, value: Encoded | None) -> None:
        if value is None:
            self._cells.get(scope, {}).pop(name, None)
        else:
            self._cells.setdefault(scope, {})[name] = value

    async def cells(self, scope: str) -> list[str]:
        return sorted(self._cells.get(scope, ()))

    async def secret(self) -> bytes:
        self._secret = self._secret or secrets.token_bytes(32)
        return self._secret

    async def put_blob(self, content: bytes, media_type: str, *, run: str) -> str:
        name = digest(content)
        self._blobs.setdefault(name, (content, media_type))
        if run in self._runs:
            self._runs[run].blobs.add(name)
        return name

    async def get_blob(self, id: str) -> tuple[bytes, str]:
        if id not in self._blobs:
            raise Conflict(f"there is no blob {id}")
        return self._blobs[id]

    async def save_snippet(self, scope: str, snippet: Snippet) -> Snippet:
        versions = self._snippets.setdefault(scope, {}).setdefault(snippet.name, [])
        versions.append(replace(snippet, version=len(versions) + 1))
        return versions[-1]

    async def snippet(self, scope: str, name: str, version: int | None = None) -> Snippet | None:
        versions = self._snippets.get(scope, {}).get(name, [])
        fitting = [one for one in versions if version in (None, one.version)]
        return fitting[-1] if fitting else None

    async def snippets(self, scope: str) -> list[Snippet]:
        return [versions[-1] for _, versions in sorted(self._snippets.get(scope, {}).items())]

    async def delete_snippet(self, scope: str, name: str) -> bool:
        return self._snippets.get(scope, {}).pop(name, None) is not None

    async def close(self) -> None:
        return None

    def _is_held(self, run: str, fence: int) -> bool:
        kept = self._runs.get(run)
        return kept is not None and kept.record.fence == fence and kept.record.status == "running"

    def _first_due(self, scope: str) -> _Kept | None:
        alive = (kept for kept in self._runs.values() if kept.alive and kept.record.scope == scope)
        return min(alive, key=lambda kept: kept.due, default=None)

    def _forget(self, runs: Iterable[str]) -> None:
        """Forget runs, and the blobs that only they had."""
        had: set[str] = set()
        for run in list(runs):
            kept = self._runs.pop(run)
            had |= kept.blobs
            if kept.record.key is not None:
                del self._keys[kept.record.key]
        if had:
            for blob in had.difference(*(kept.blobs for kept in self._runs.values())):
                del self._blobs[blob]

    def _ring(self) -> None:
        self._rung_at = asyncio.get_running_loop().time()
        for bell in self._waiting:
            if not bell.done():
                bell.set_result(None)


def _taken_over(run: str) -> Conflict:
    return Conflict(f"there is no run {run}, or it was taken over by another process")
