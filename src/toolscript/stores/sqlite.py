"""Runs in one SQLite file, for one machine.

One thread writes. It takes what is waiting, up to `_BATCH` operations, and commits it as one transaction: under load
many turns share one commit, and each caller is told after it. Readers have a connection and a thread of their own,
so that a long read holds up no write (WAL).
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from toolscript.codec import digest
from toolscript.errors import ConfigError, Conflict, Fault, ToolscriptError
from toolscript.runs.entry import Entry, RunRecord, RunStatus, last_instant
from toolscript.runs.ledger import read_entries, read_run, write_entries, write_run

VERSION = 1
_APPEND = "INSERT INTO log (run, entries) SELECT ?, ? WHERE EXISTS (SELECT 1 FROM run WHERE id = ? AND fence = ?)"
_BATCH = 256  # operations a commit: enough to make the commit's own cost small, few enough to answer soon


@dataclass(frozen=True, slots=True)
class _Write:
    """One operation for the writer thread, and who waits for it."""

    operation: Callable[[sqlite3.Connection], Any]
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def settle(self, result: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            self.loop.call_soon_threadsafe(self._settle, result)

    def _settle(self, result: Any) -> None:
        if self.done.done():
            return
        if isinstance(result, BaseException):
            self.done.set_exception(result)
        else:
            self.done.set_result(result)


class SQLiteStore:
    """A `Store` and `Blobs` in a file.

    `durability="process"` loses nothing when a process is killed, and may lose the newest commits when the power
    fails (`synchronous=NORMAL`); `"power"` waits for the disk at every commit (`synchronous=FULL`).
    """

    def __init__(
        self, path: Path | str, *, durability: Literal["process", "power"] = "process", busy_timeout_ms: int = 5_000
    ) -> None:
        self.path = Path(path)
        self._synchronous = "NORMAL" if durability == "process" else "FULL"
        self._busy_timeout_ms = busy_timeout_ms
        self._writes: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._reader: ThreadPoolExecutor | None = None
        self._reading: sqlite3.Connection | None = None

    async def create(self, run: RunRecord, entries: Sequence[Entry]) -> RunRecord:
        row = (run.id, run.key, run.status, run.fence, run.created, run.updated, write_run(run))
        text = write_entries(entries)

        def operation(db: sqlite3.Connection) -> RunRecord:
            added = db.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row)
            if added.rowcount:
                db.execute("INSERT INTO log (run, entries) VALUES (?, ?)", (run.id, text))
                return run
            return _record(db.execute("SELECT * FROM run WHERE key = ? OR id = ?", (run.key, run.id)).fetchone())

        return await self._write(operation)

    def append(self, run: str, fence: int, entries: Sequence[Entry], status: RunStatus = "running") -> Awaitable[None]:
        text = write_entries(entries)
        updated = last_instant(entries, 0)

        def operation(db: sqlite3.Connection) -> None:
            added = db.execute(_APPEND, (run, text, run, fence))
            if not added.rowcount:
                raise Conflict(f"there is no run {run}, or it was taken over by another process")
            if status != "running":
                db.execute("UPDATE run SET status = ?, updated = max(updated, ?) WHERE id = ?", (status, updated, run))

        return self._write(operation)

    async def read(self, run: str) -> tuple[RunRecord, list[Entry]]:
        def operation(db: sqlite3.Connection) -> tuple[RunRecord, list[Entry]]:
            row = db.execute("SELECT * FROM run WHERE id = ?", (run,)).fetchone()
            if row is None:
                raise Conflict(f"there is no run {run}")
            log = db.execute("SELECT entries FROM log WHERE run = ? ORDER BY id", (run,)).fetchall()
            entries = [entry for (text,) in log for entry in read_entries(text)]
            record = _record(row)
            return replace(record, updated=last_instant(entries, record.updated)), entries

        return await self._read(operation)

    async def recent(self, *, limit: int = 50, status: RunStatus | None = None) -> list[RunRecord]:
        def operation(db: sqlite3.Connection) -> list[RunRecord]:
            where, bound = ("WHERE status = ?", (status,)) if status else ("", ())
            query = f"SELECT * FROM run {where} ORDER BY created DESC LIMIT ?"  # noqa: S608 - `where` is a constant
            return [_record(row) for row in db.execute(query, (*bound, limit))]

        return await self._read(operation)

    async def put_blob(self, content: bytes, media_type: str) -> str:
        name = digest(content)

        def operation(db: sqlite3.Connection) -> str:
            db.execute("INSERT INTO blob VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (name, media_type, content))
            return name

        return await self._write(operation)

    async def get_blob(self, id: str) -> tuple[bytes, str]:
        def operation(db: sqlite3.Connection) -> tuple[bytes, str]:
            row = db.execute("SELECT content, media_type FROM blob WHERE id = ?", (id,)).fetchone()
            if row is None:
                raise Conflict(f"there is no blob {id}")
            return row

        return await self._read(operation)

    async def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            self._writes.put(None)
            await asyncio.to_thread(writer.join)
        reader, self._reader = self._reader, None
        if reader is not None:
            if self._reading is not None:
                await asyncio.get_running_loop().run_in_executor(reader, self._reading.close)
                self._reading = None
            reader.shutdown()

    def _write(self, operation: Callable[[sqlite3.Connection], Any]) -> asyncio.Future[Any]:
        if self._writer is None:
            self._writer = threading.Thread(target=self._serve, name="toolscript-sqlite-writer", daemon=True)
            self._writer.start()
        write = _Write(operation)
        self._writes.put(write)
        return write.done

    async def _read(self, operation: Callable[[sqlite3.Connection], Any]) -> Any:
        if self._reader is None:
            self._reader = ThreadPoolExecutor(1, thread_name_prefix="toolscript-sqlite-reader")
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read_blocking, operation)

    def _read_blocking(self, operation: Callable[[sqlite3.Connection], Any]) -> Any:
        try:
            if self._reading is None:
                self._reading = self._open()
            return operation(self._reading)
        except (sqlite3.Error, OSError) as error:
            raise self._fault(error) from error

    def _serve(self) -> None:
        """The writer thread: commit what waits, in batches, until told to end."""
        db: sqlite3.Connection | None = None
        ended = False
        while not ended:
            batch = [self._writes.get()]
            while len(batch) < _BATCH and not self._writes.empty():
                batch.append(self._writes.get_nowait())
            ended = None in batch
            writes = [write for write in batch if write is not None]
            try:
                db = db or self._open()
            except (sqlite3.Error, OSError, ConfigError) as error:
                for write in writes:
                    write.settle(error if isinstance(error, ConfigError) else self._fault(error))
                continue
            _commit(db, writes, self._fault)
        if db is not None:
            db.close()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        db = self._connect()
        try:
            _migrate(db, self.path)
        except BaseException:
            db.close()
            raise
        return db

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        db.execute(f"PRAGMA busy_timeout = {self._busy_timeout_ms}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {self._synchronous}")
        db.execute("PRAGMA foreign_keys = ON")
        return db

    def _fault(self, error: Exception) -> ToolscriptError:
        return Fault(
            f"the store {self.path} failed: {error}. Nothing of this step was written; "
            "check the disk's space and the file's permissions, or choose another store (`--store :memory:` "
            "keeps nothing), then start the run again."
        )


def _commit(db: sqlite3.Connection, batch: list[_Write], fault: Callable[[Exception], ToolscriptError]) -> None:
    """Run a batch in one transaction, and tell every caller after the commit.

    An operation that refuses (`Conflict`) does so before it writes, so the others of its batch still hold.
    """
    if not batch:
        return
    results: list[Any] = []
    try:
        db.execute("BEGIN IMMEDIATE")
        for write in batch:
            try:
                results.append(write.operation(db))
            except Conflict as refusal:
                results.append(refusal)
        db.execute("COMMIT")
    except sqlite3.Error as error:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        if len(batch) > 1:  # one of them may be at fault: let each stand for itself
            for write in batch:
                _commit(db, [write], fault)
            return
        results = [fault(error)]
    for write, result in zip(batch, results, strict=True):
        write.settle(result)


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    if version > VERSION:
        raise ConfigError(f"the store {path} was written by a newer toolscript (version {version}); upgrade this one")
    db.execute("BEGIN IMMEDIATE")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:  # nobody else was first
        script = (resources.files("toolscript.stores") / "sql" / "sqlite.sql").read_text()
        for statement in script.split(";\n"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {VERSION}")
    db.execute("COMMIT")


def _record(row: tuple[Any, ...]) -> RunRecord:
    id_, key, status, fence, created, updated, text = row
    return read_run(text, id=id_, key=key, status=status, fence=fence, created=created, updated=updated)
