"""One SQLite file: its connections, the thread that writes, and the words for what can go wrong.

One thread writes. It takes what is waiting, up to `_BATCH` operations, and commits it as one transaction: under load
many turns share one commit, and each caller is told after it. Readers have a connection and a thread of their own,
so that a long read holds up no write (WAL).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import random
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

from toolscript.errors import ConfigError, Conflict, Fault
from toolscript.threads import Steadfast

VERSION = 2
_BATCH = 256  # operations a commit: enough to make the commit's own cost small, few enough to answer soon
_WAL_LIMIT = 16 << 20  # bytes that the -wal file keeps after a burst: four times what SQLite lets it grow to

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]

_REMEDIES = {
    "SQLITE_BUSY": "another process holds it; end that process, or wait until it is done, and try again",
    "SQLITE_FULL": "free some space on its disk, then try again",
    "SQLITE_READONLY": "make the file and its folder writable (SQLite keeps two more files beside it)",
    "SQLITE_CANTOPEN": "check that its folder exists and is writable, and that the path is a file",
    "SQLITE_NOTADB": "this file is something else; name another path for the store",
    "SQLITE_CORRUPT": "put a backup of the file in its place, or name another path for the store",
    "SQLITE_IOERR": "check the disk, then try again",
}
_UNFIT = (ValueError, OverflowError, LookupError, TypeError)
"""What comes of a value that SQLite cannot hold, and of a row that no longer says what was written."""
_REMEDY = "check the disk's space and the permissions of the file and its folder"


def _future() -> Steadfast[Any]:
    return Steadfast()


@dataclass(frozen=True, slots=True)
class _Write:
    """One operation for the writer thread, and who waits for it."""

    operation: Operation[Any]
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    done: Steadfast[Any] = field(default_factory=_future)

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


class SQLiteFile:
    """The file behind a store; opened, and migrated, by the first operation."""

    def __init__(self, path: Path, *, synchronous: Literal["NORMAL", "FULL"], busy_timeout_ms: int) -> None:
        self.path = path
        self._synchronous = synchronous
        self._busy_timeout_ms = busy_timeout_ms
        self._writes: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._reader: ThreadPoolExecutor | None = None
        self._reading: sqlite3.Connection | None = None

    def write(self, operation: Operation[T]) -> Steadfast[T]:
        """Queue an operation, in order; it is durable when the future is done.

        It runs in a transaction that others may share, so it must refuse (`Conflict`) before it writes anything.
        """
        if self._writer is None:
            self._writer = threading.Thread(target=self._serve, name="toolscript-sqlite-writer", daemon=True)
            self._writer.start()
        write = _Write(operation)
        self._writes.put(write)
        return write.done

    async def read(self, operation: Operation[T]) -> T:
        """Run an operation that only reads; all that it reads is of one moment."""
        if self._reader is None:
            self._reader = ThreadPoolExecutor(1, thread_name_prefix="toolscript-sqlite-reader")
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read_blocking, operation)

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

    def signature(self) -> tuple[object, ...]:
        """Something that is another one after every commit, by whomever, and after a checkpoint."""
        return (*_stamp(self.path), *_stamp(f"{self.path}-wal"))

    def _read_blocking(self, operation: Operation[T]) -> T:
        try:
            if self._reading is None:
                self._reading = self._open()
            self._reading.execute("BEGIN")
            try:
                return operation(self._reading)
            finally:
                self._reading.execute("ROLLBACK")
        except (sqlite3.Error, OSError, *_UNFIT) as error:
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
            self._commit(db, writes)
        if db is not None:
            db.close()

    def _commit(self, db: sqlite3.Connection, batch: list[_Write]) -> None:
        """Run a batch in one transaction, and tell every caller after the commit."""
        if not batch:
            return
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:  # no transaction: none of them can be written now
            for write in batch:
                write.settle(self._fault(error))
            return
        results: list[Any] = []
        try:
            for write in batch:
                try:
                    results.append(write.operation(db))
                except Conflict as refusal:
                    results.append(refusal)
            db.execute("COMMIT")
        except (sqlite3.Error, *_UNFIT) as error:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            if len(batch) > 1:  # one of them may be at fault: let each stand for itself
                for write in batch:
                    self._commit(db, [write])
                return
            results = [self._fault(error)]
        for write, result in zip(batch, results, strict=True):
            write.settle(result)

    def _open(self) -> sqlite3.Connection:
        """A connection to the migrated file.

        While several processes open a new file at the same time, SQLite refuses some of them at once, whatever the
        busy timeout: they try again within it.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self._busy_timeout_ms / 1_000
        while True:
            try:
                return self._connect()
            except sqlite3.OperationalError as error:
                if _kind(error) != "SQLITE_BUSY" or time.monotonic() >= deadline:
                    raise
            time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 - jitter, not a secret

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            db.execute(f"PRAGMA busy_timeout = {self._busy_timeout_ms}")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}")
            db.execute(f"PRAGMA synchronous = {self._synchronous}")
            db.execute("PRAGMA foreign_keys = ON")
            _migrate(db, self.path)
        except BaseException:
            db.close()
            raise
        return db

    def _fault(self, error: Exception) -> Fault:
        remedy = _REMEDIES.get(_kind(error), _REMEDY)
        return Fault(f"the store {self.path} failed: {error}. Nothing of this step was written; {remedy}.")


def _kind(error: Exception) -> str:
    """The primary name of an error of SQLite: SQLITE_IOERR of SQLITE_IOERR_WRITE."""
    return "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])


def _stamp(path: Path | str) -> tuple[int, int, int]:
    try:
        stat = os.stat(path)
    except OSError:  # not there, or not now: as good a state as any
        return (0, 0, 0)
    return (stat.st_ino, stat.st_mtime_ns, stat.st_size)


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    """Apply the scripts that the file has not seen, in one transaction."""
    if _version(db, path) == VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    for version in range(_version(db, path) + 1, VERSION + 1):  # read again: another process may have been first
        for statement in _statements(version):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {version}")
    db.execute("COMMIT")


def _version(db: sqlite3.Connection, path: Path) -> int:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise ConfigError(f"the store {path} was written by a newer toolscript (version {version}); upgrade this one")
    return version


def _statements(version: int) -> list[str]:
    script = (resources.files("toolscript.stores") / "sql" / f"sqlite_{version}.sql").read_text(encoding="utf-8")
    statements = [""]
    for line in script.splitlines(keepends=True):
        statements[-1] += line
        if sqlite3.complete_statement(statements[-1]):  # knows the inside of a trigger from its end
            statements.append("")
    return statements[:-1]
