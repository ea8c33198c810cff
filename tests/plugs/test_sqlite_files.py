"""What can be wrong with a SQLite file, and files that an older version left."""

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from toolscript.errors import ConfigError, Conflict, Fault
from toolscript.runs.entry import Ended, Turned
from toolscript.stores.sqlite import SQLiteStore
from toolscript.stores.sqlite_rows import LONGEST_DUE, NEXT_DUE
from toolscript.testing.lease_suite import APPROVED, ENDED, decided, park, taken
from toolscript.testing.store_suite import ENTRIES, RUN

OLD_RUN = (
    '{"code":"return 1","language":"typescript","input":"null","engine":"engine-1","namespaces":{"crm":["find"]},'
    '"limits":{"instructions":1000,"calls":7}}'
)
OLD_END = (
    '[{"kind":"ended","status":"completed","at":1009,"value":"{\\"$blob\\":\\"%s\\"}",'
    '"usage":{"instructions":0,"cpu_us":0,"memory_bytes":0}}]'
)


@pytest.fixture
async def store(tmp_path: Path):
    store = SQLiteStore(tmp_path / "runs.db", busy_timeout_ms=200)
    yield store
    await store.close()


def rows(path: Path, query: str, bound: Any = ()) -> list[tuple[object, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(query, bound).fetchall()
    finally:
        db.close()


def make_version_1(path: Path) -> None:
    """A file as version 1 left it: a run that was cut off, one that ended with a blob, and a blob of nobody."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.executescript((resources.files("toolscript.stores") / "sql" / "sqlite_1.sql").read_text())
    db.execute("INSERT INTO run VALUES ('cut_off', 'order-7', 'running', 1, 1000, 1000, ?)", (OLD_RUN,))
    db.execute("INSERT INTO run VALUES ('ended', NULL, 'completed', 1, 1000, 1009, ?)", (OLD_RUN,))
    turned = '[{"kind":"turned","now":1001,"delivered":[]}]'
    db.executemany("INSERT INTO log (run, entries) VALUES (?, ?)", [("cut_off", turned), ("ended", OLD_END % "b1")])
    db.executemany("INSERT INTO blob VALUES (?, 'text/plain', ?)", [("b1", b"shown"), ("b2", b"of nobody")])
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()


async def test_a_file_of_version_1_keeps_its_runs(store: SQLiteStore):
    make_version_1(store.path)
    cut_off, entries = await store.read("cut_off")
    assert (cut_off.key, cut_off.status, cut_off.scope, cut_off.limits.calls) == ("order-7", "running", "", 7)
    assert entries == [Turned(1_001)]
    assert isinstance((await store.read("ended"))[1][0], Ended)
    assert rows(store.path, "PRAGMA user_version") == [(2,)]
    claimed = await taken(store)  # nobody drives it any more
    assert claimed is not None
    assert claimed.id == "cut_off"
    assert await taken(store) is None
    assert await store.prune(keep=None, before=1_009) == 0
    assert await store.prune(keep=None, before=1_010) == 1
    assert (await store.get_blob("b2"))[0] == b"of nobody"
    with pytest.raises(Conflict, match="no blob b1"):
        await store.get_blob("b1")


async def test_a_migration_that_breaks_off_leaves_the_file_as_it_was(store: SQLiteStore):
    make_version_1(store.path)
    db = sqlite3.connect(store.path)
    db.execute("CREATE TABLE snippet (taken TEXT)")  # the last statement of the script cannot be carried out
    db.close()
    schema = rows(store.path, "SELECT sql FROM sqlite_schema ORDER BY name")
    with pytest.raises(Fault, match="table snippet already exists"):
        await store.create(RUN, [])
    assert rows(store.path, "SELECT sql FROM sqlite_schema ORDER BY name") == schema
    assert rows(store.path, "PRAGMA user_version") == [(1,)]


async def test_a_store_of_a_newer_version_is_refused_with_words(store: SQLiteStore):
    db = sqlite3.connect(store.path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    for operation in (store.create(RUN, []), store.read(RUN.id), store.recent()):
        with pytest.raises(ConfigError, match=r"newer toolscript \(version 99\); upgrade"):
            await operation


async def test_a_file_that_is_no_database_is_a_fault_with_words(store: SQLiteStore):
    store.path.write_bytes(b"this is not a database" * 100)
    for operation in (store.create(RUN, []), store.read(RUN.id)):
        with pytest.raises(Fault, match=r"file is not a database.*name another path"):
            await operation
    assert store.path.read_bytes().startswith(b"this is not a database")


async def test_a_damaged_file_is_a_fault_with_words(store: SQLiteStore):
    await store.create(RUN, ENTRIES)
    await store.close()
    content = bytearray(store.path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    store.path.write_bytes(content)
    with pytest.raises(Fault, match=r"malformed.*backup"):
        await store.read(RUN.id)
    with pytest.raises(Fault, match=r"malformed.*backup"):
        await store.append(RUN.id, 1, ENTRIES)


async def test_a_row_that_is_no_longer_text_of_ours_is_a_fault_and_the_others_are_read(store: SQLiteStore):
    await store.create(RUN, ENTRIES)
    await store.create(replace(RUN, id="broken"), ENTRIES)
    db = sqlite3.connect(store.path)
    db.execute("UPDATE run SET program = '{}' WHERE id = 'broken'")
    db.execute("UPDATE log SET entries = 'x' WHERE run = 'broken'")
    db.commit()
    db.close()
    for operation in (store.read("broken"), store.claim(scope="", now=1, until=2, run="broken")):
        with pytest.raises(Fault):
            await operation
    assert (await store.read(RUN.id))[1] == list(ENTRIES)


async def test_a_folder_that_cannot_be_is_a_fault_with_words(store: SQLiteStore):
    store.path.write_bytes(b"")
    for path in (store.path / "runs.db", store.path.parent):  # below a file; a folder itself
        other = SQLiteStore(path)
        with pytest.raises(Fault, match=r"folder"):
            await other.create(RUN, [])
        await other.close()


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder of an ordinary user, and the test as that user: a superuser may write everywhere."""
    with tempfile.TemporaryDirectory() as folder:
        if os.name != "posix":
            pytest.skip("permissions of POSIX")
        was = os.geteuid()
        if was == 0:
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        yield Path(folder)
        os.seteuid(was)


async def test_a_file_that_cannot_be_written_is_a_fault_with_words(unprivileged: Path):
    path = unprivileged / "runs.db"
    first = SQLiteStore(path)
    await first.create(RUN, ENTRIES)
    await first.close()
    os.chmod(path, 0o444)
    os.chmod(unprivileged, 0o555)
    store = SQLiteStore(path)
    with pytest.raises(Fault, match=r"(readonly|unable to open).*writable"):
        await store.append(RUN.id, 1, ENTRIES)
    os.chmod(unprivileged, 0o755)
    os.chmod(path, 0o644)
    await store.append(RUN.id, 1, ENTRIES)  # and goes on as soon as it can
    assert len((await store.read(RUN.id))[1]) == 2 * len(ENTRIES)
    await store.close()


async def test_a_locked_database_is_a_fault_and_the_next_write_works(store: SQLiteStore):
    await store.create(RUN, [])
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    writes = [store.append(RUN.id, 1, ENTRIES) for _ in range(50)] + [store.put_blob(b"x", "text/plain", run=RUN.id)]
    failures = await asyncio.gather(*writes, return_exceptions=True)
    assert {type(failure) for failure in failures} == {Fault}
    assert "database is locked" in str(failures[0])
    assert "another process holds it" in str(failures[0])
    assert time.monotonic() - began < 2  # they waited together, not one after the other
    assert (await store.read(RUN.id))[1] == []  # reading goes on
    assert await taken(store, now=-1) is None  # looking for work too
    holder.execute("ROLLBACK")
    holder.close()
    await store.append(RUN.id, 1, ENTRIES)
    assert (await store.read(RUN.id))[1] == list(ENTRIES)


async def test_a_new_file_that_another_process_just_writes_to_is_waited_for(tmp_path: Path):
    store = SQLiteStore(tmp_path / "runs.db", busy_timeout_ms=10_000)
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")  # SQLite refuses to change the journal's mode now, and does not wait
    created = asyncio.ensure_future(store.create(RUN, []))
    done, _ = await asyncio.wait([created], timeout=0.1)
    assert not done
    holder.execute("ROLLBACK")
    holder.close()
    assert await created == RUN
    await store.close()


async def test_on_a_full_disk_nothing_is_half_written(store: SQLiteStore):
    await store.create(RUN, ENTRIES)
    await park(store, RUN.id, wake_at=0)
    await taken(store)
    seen = await decided(store, RUN.id)
    (pages,) = rows(store.path, "PRAGMA page_count")[0]
    await store._file.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchall())
    before = await store.read(RUN.id)
    large = [replace(APPROVED, reason="x" * 100_000)]
    for write in (
        store.append(RUN.id, 2, large),
        store.append(RUN.id, 2, [*large, ENDED], "completed"),
        store.park(RUN.id, 2, [], decisions=0, wake_at=0, snapshot=b"x" * 100_000),
        store.amend(RUN.id, seen, large),
        store.create(replace(RUN, id="run_2"), large),
        store.put_blob(b"x" * 100_000, "text/plain", run=RUN.id),
    ):
        with pytest.raises(Fault, match=r"full.*Nothing of this step was written; free some space"):
            await write
    assert await store.read(RUN.id) == before
    assert [run.id for run in await store.recent()] == [RUN.id]
    assert await store.held({RUN.id: 2}) == {RUN.id: 0}
    await store._file.write(lambda db: db.execute("PRAGMA max_page_count = 100000").fetchall())
    assert await store.amend(RUN.id, seen, large)
    assert (await store.claim(scope="", now=99_000, until=99_001) or ("", b""))[1] == b"snapshot of run_1"


async def test_one_write_that_cannot_be_does_not_take_its_neighbours_with_it(store: SQLiteStore):
    await store.create(RUN, [])
    good = [store.append(RUN.id, 1, [Turned(now)]) for now in range(3)]
    bad = [store.renew({RUN.id: 1}, 1 << 70), store.put_blob(b"x", "\ud800", run=RUN.id)]
    more = [store.append(RUN.id, 1, [Turned(now)]) for now in range(3, 6)]
    results = await asyncio.gather(*good, *bad, *more, return_exceptions=True)
    assert [type(result) for result in results] == [type(None)] * 3 + [Fault] * 2 + [type(None)] * 3
    assert (await store.read(RUN.id))[1] == [Turned(now) for now in range(6)]


async def test_due_and_claim_are_looked_up_among_ten_thousand_parked_runs(store: SQLiteStore):
    await store.create(RUN, [])
    query = """
        INSERT INTO run (id, status, fence, created, updated, program, wake_at)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
        SELECT 'parked_' || i, 'parked', 1, 1, 1, program, 100000 + i FROM n, run"""
    await store._file.write(lambda db: db.execute(query).rowcount)
    await store.append(RUN.id, 1, [ENDED], "completed")
    assert await store.due("") == 100_001
    assert await taken(store, now=100_000) is None
    claimed = await taken(store, now=200_000)
    assert claimed is not None
    assert claimed.id == "parked_1"
    for statement, bound in ((LONGEST_DUE, {"scope": "", "now": 1}), (NEXT_DUE, ("",))):
        plan = " ".join(str(row[3]) for row in rows(store.path, f"EXPLAIN QUERY PLAN {statement}", bound))
        assert "run_by_due (scope=? AND due" in plan
        assert "SCAN" not in plan


async def test_closing_twice_and_closing_unopened_are_fine(store: SQLiteStore):
    await store.close()
    await store.create(RUN, [])
    await store.close()
    await store.close()
