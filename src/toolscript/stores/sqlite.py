"""Runs in one SQLite file, for one machine."""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections.abc import Awaitable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from toolscript.codec import Encoded, digest
from toolscript.errors import Conflict
from toolscript.runs.entry import Entry, RunRecord, RunStatus, last_instant
from toolscript.runs.ledger import write_entries, write_run
from toolscript.runs.program import Instant
from toolscript.runs.snippet import Snippet
from toolscript.stores import sqlite_rows as rows
from toolscript.stores.sqlite_file import SQLiteFile

_POLL_S = 0.02  # between two looks for a bell: a fifth of what a person's decision may take to arrive
_PATIENCE = 50  # looks until a bell rings by itself: once a second, as files on some disks tell nothing
_ECHO_S = 0.1  # for so long a write is heard also by whoever was busy with something else as it came
_PRUNED = 200  # runs forgotten in one transaction: some milliseconds in which no turn can be written


class SQLiteStore:
    """A `RunStore` with a `Bell`, in a file.

    `durability="process"` loses nothing when a process is killed, and may lose the newest commits when the power
    fails (`synchronous=NORMAL`); `"power"` waits for the disk at every commit (`synchronous=FULL`).
    """

    def __init__(
        self, path: Path | str, *, durability: Literal["process", "power"] = "process", busy_timeout_ms: int = 5_000
    ) -> None:
        self.path = Path(path)
        synchronous = "NORMAL" if durability == "process" else "FULL"
        self._file = SQLiteFile(self.path, synchronous=synchronous, busy_timeout_ms=busy_timeout_ms)
        self._secret = b""
        self._heard: object = None
        self._heard_at = 0.0

    async def create(self, run: RunRecord, entries: Sequence[Entry]) -> RunRecord:
        return await self._file.write(
            partial(rows.insert, run=run, program=write_run(run), entries=write_entries(entries))
        )

    def append(self, run: str, fence: int, entries: Sequence[Entry], status: RunStatus = "running") -> Awaitable[None]:
        text = write_entries(entries)
        at = last_instant(entries, 0)

        def operation(db: sqlite3.Connection) -> None:
            rows.append(db, run, fence, text)
            if status != "running":
                rows.end(db, run, status, at)

        return self._file.write(operation)

    async def read(self, run: str) -> tuple[RunRecord, list[Entry]]:
        return await self._file.read(partial(rows.read, run=run))

    async def recent(self, *, limit: int = 50, status: RunStatus | None = None) -> list[RunRecord]:
        where, bound = ("WHERE status = ?", (status,)) if status else ("", ())

        def operation(db: sqlite3.Connection) -> list[RunRecord]:
            newest = db.execute(f"{rows.SELECT_RUN} {where} ORDER BY created DESC LIMIT ?", (*bound, limit))
            return [rows.record_of(row) for row in newest.fetchall()]

        return await self._file.read(operation)

    async def claim(
        self, *, scope: str, now: Instant, until: Instant, run: str | None = None
    ) -> tuple[RunRecord, bytes | None] | None:
        # A transaction that then finds nothing would still take the write lock from everybody else.
        if await self._file.read(partial(rows.claimable, scope=scope, now=now, run=run)) is None:
            return None
        return await self._file.write(partial(rows.claim, scope=scope, now=now, until=until, run=run))

    async def renew(self, fences: Mapping[str, int], until: Instant) -> Mapping[str, int]:
        statement = """
            UPDATE run SET lease_until = ? WHERE id = ? AND fence = ? AND status = 'running' RETURNING decisions"""

        def operation(db: sqlite3.Connection) -> Mapping[str, int]:
            held = {run: db.execute(statement, (until, run, fence)).fetchone() for run, fence in fences.items()}
            return {run: row[0] for run, row in held.items() if row is not None}

        return await self._file.write(operation) if fences else {}

    async def held(self, fences: Mapping[str, int]) -> Mapping[str, int]:
        query = "SELECT decisions FROM run WHERE id = ? AND fence = ? AND status = 'running'"

        def operation(db: sqlite3.Connection) -> Mapping[str, int]:
            held = {run: db.execute(query, (run, fence)).fetchone() for run, fence in fences.items()}
            return {run: row[0] for run, row in held.items() if row is not None}

        return await self._file.read(operation) if fences else {}

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
        text, at = write_entries(entries), last_instant(entries, 0)
        return await self._file.write(
            lambda db: rows.park(db, run, fence, text, decisions=decisions, wake_at=wake_at, at=at, snapshot=snapshot)
        )

    async def due(self, scope: str) -> Instant | None:
        row = await self._file.read(lambda db: db.execute(rows.NEXT_DUE, (scope,)).fetchone())
        return None if row is None else row[0]

    async def amend(self, run: str, decisions: int, entries: Sequence[Entry]) -> bool:
        text, at = write_entries(entries), last_instant(entries, 0)
        return await self._file.write(lambda db: rows.amend(db, run, decisions, text, at))

    async def delete(self, run: str) -> bool:
        return await self._file.write(partial(rows.delete, run=run))

    async def prune(self, *, keep: int | None, before: Instant | None) -> int:
        pruned = 0
        while True:
            some = await self._file.write(partial(rows.prune, keep=keep, before=before, at_most=_PRUNED))
            pruned += some
            if some < _PRUNED:
                return pruned

    async def rung(self) -> None:
        before = self._heard
        now = asyncio.get_running_loop().time
        for _ in range(_PATIENCE):
            await asyncio.sleep(_POLL_S)
            signature = self._file.signature()
            if signature != self._heard:
                self._heard, self._heard_at = signature, now()
            if self._heard != before or now() - self._heard_at < _ECHO_S:
                return

    async def get_cell(self, scope: str, name: str) -> Encoded | None:
        query = "SELECT value FROM cell WHERE scope = ? AND name = ?"
        row = await self._file.read(lambda db: db.execute(query, (scope, json.dumps(name))).fetchone())
        return None if row is None else Encoded(row[0])

    async def set_cell(self, scope: str, name: str, value: Encoded | None) -> None:
        if value is None:
            statement, bound = "DELETE FROM cell WHERE scope = ? AND name = ?", (scope, json.dumps(name))
        else:
            statement = (
                "INSERT INTO cell VALUES (?, ?, ?) ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value"
            )
            bound = (scope, json.dumps(name), value)
        await self._file.write(lambda db: db.execute(statement, bound).rowcount)

    async def cells(self, scope: str) -> list[str]:
        query = "SELECT name FROM cell WHERE scope = ?"
        found = await self._file.read(lambda db: db.execute(query, (scope,)).fetchall())
        return sorted(json.loads(name) for (name,) in found)

    async def secret(self) -> bytes:
        if not self._secret:
            proposed = secrets.token_bytes(32)

            def operation(db: sqlite3.Connection) -> bytes:
                db.execute("INSERT INTO secret VALUES (1, ?) ON CONFLICT DO NOTHING", (proposed,))
                return db.execute("SELECT content FROM secret").fetchone()[0]

            self._secret = await self._file.write(operation)
        return self._secret

    async def put_blob(self, content: bytes, media_type: str, *, run: str) -> str:
        name = digest(content)

        def operation(db: sqlite3.Connection) -> str:
            db.execute("INSERT INTO blob VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (name, media_type, content))
            use = "INSERT INTO blob_use SELECT id, ? FROM run WHERE id = ? ON CONFLICT DO NOTHING"
            db.execute(use, (name, run))
            return name

        return await self._file.write(operation)

    async def get_blob(self, id: str) -> tuple[bytes, str]:
        query = "SELECT content, media_type FROM blob WHERE id = ?"
        row = await self._file.read(lambda db: db.execute(query, (id,)).fetchone())
        if row is None:
            raise Conflict(f"there is no blob {id}")
        return row

    async def save_snippet(self, scope: str, snippet: Snippet) -> Snippet:
        text = rows.snippet_text(snippet)
        statement = """
            INSERT INTO snippet SELECT :scope, :name, coalesce(max(version), 0) + 1, :text
            FROM snippet WHERE scope = :scope AND name = :name RETURNING version"""
        bound = {"scope": scope, "name": snippet.name, "text": text}
        (version,) = await self._file.write(lambda db: db.execute(statement, bound).fetchone())
        return rows.snippet_of(snippet.name, version, text)

    async def snippet(self, scope: str, name: str, version: int | None = None) -> Snippet | None:
        query = """
            SELECT name, version, content FROM snippet WHERE scope = ? AND name = ? AND version = coalesce(?, version)
            ORDER BY version DESC LIMIT 1"""
        row = await self._file.read(lambda db: db.execute(query, (scope, name, version)).fetchone())
        return None if row is None else rows.snippet_of(*row)

    async def snippets(self, scope: str) -> list[Snippet]:
        # SQLite takes bare columns beside max() from the row that has it.
        query = "SELECT name, max(version), content FROM snippet WHERE scope = ? GROUP BY name ORDER BY name"
        found = await self._file.read(lambda db: db.execute(query, (scope,)).fetchall())
        return [rows.snippet_of(*row) for row in found]

    async def delete_snippet(self, scope: str, name: str) -> bool:
        statement = "DELETE FROM snippet WHERE scope = ? AND name = ?"
        return await self._file.write(lambda db: db.execute(statement, (scope, name)).rowcount > 0)

    async def close(self) -> None:
        await self._file.close()
