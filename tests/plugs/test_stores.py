"""Every store passes the suite; what only SQLite promises is tested below it."""

import sqlite3
from pathlib import Path

import pytest

from toolscript.errors import ConfigError, Fault
from toolscript.stores.memory import MemoryStore
from toolscript.stores.sqlite import SQLiteStore
from toolscript.testing.lease_suite import BellLaws
from toolscript.testing.store_suite import ENTRIES, RUN, StoreSuite


class TestMemoryStore(StoreSuite, BellLaws):
    @pytest.fixture
    async def store(self):
        return MemoryStore()


class TestSQLiteStore(StoreSuite, BellLaws):
    @pytest.fixture
    async def store(self, tmp_path: Path):
        store = SQLiteStore(tmp_path / "deep" / "runs.db")
        yield store
        await store.close()


async def test_memory_forgets_the_oldest_ended_runs_but_none_that_runs():
    from dataclasses import replace

    store = MemoryStore(keep_runs=2)
    await store.create(replace(RUN, id="a"), [])
    await store.create(replace(RUN, id="b", status="completed"), [])
    await store.create(replace(RUN, id="c", status="completed"), [])
    assert sorted(run.id for run in await store.recent()) == ["a", "c"]


async def test_a_second_process_sees_what_the_first_committed(tmp_path: Path):
    first, second = SQLiteStore(tmp_path / "runs.db"), SQLiteStore(tmp_path / "runs.db")
    await first.create(RUN, ENTRIES)
    assert (await second.read(RUN.id))[1] == list(ENTRIES)
    await second.append(RUN.id, 1, ENTRIES)
    assert len((await first.read(RUN.id))[1]) == 2 * len(ENTRIES)
    await first.close()
    await second.close()


async def test_a_store_of_a_newer_version_is_refused_with_words(tmp_path: Path):
    db = sqlite3.connect(tmp_path / "runs.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    store = SQLiteStore(tmp_path / "runs.db")
    with pytest.raises(ConfigError, match=r"newer toolscript \(version 99\)"):
        await store.create(RUN, [])
    await store.close()


async def test_a_file_that_is_no_database_is_a_fault_with_words(tmp_path: Path):
    (tmp_path / "runs.db").write_bytes(b"this is not a database" * 100)
    store = SQLiteStore(tmp_path / "runs.db")
    with pytest.raises(Fault, match="file is not a database"):
        await store.create(RUN, [])
    await store.close()


async def test_a_locked_database_is_a_fault_and_the_next_write_works(tmp_path: Path):
    store = SQLiteStore(tmp_path / "runs.db", busy_timeout_ms=20)
    await store.create(RUN, [])
    holder = sqlite3.connect(tmp_path / "runs.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(Fault, match="database is locked"):
        await store.append(RUN.id, 1, ENTRIES)
    holder.execute("ROLLBACK")
    holder.close()
    await store.append(RUN.id, 1, ENTRIES)
    assert (await store.read(RUN.id))[1] == list(ENTRIES)
    await store.close()


async def test_closing_twice_and_closing_unopened_are_fine(tmp_path: Path):
    store = SQLiteStore(tmp_path / "runs.db")
    await store.close()
    await store.create(RUN, [])
    await store.close()
    await store.close()
