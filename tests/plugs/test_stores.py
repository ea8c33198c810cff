"""Every store passes the suite; what only SQLite promises is tested below it."""

from pathlib import Path

import pytest

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
