"""The store that fails on purpose."""

import asyncio
import contextlib
from dataclasses import replace
from typing import Literal

import pytest

from toolscript.codec import Encoded
from toolscript.errors import Conflict, Fault
from toolscript.runs.entry import Turned
from toolscript.stores.memory import MemoryStore
from toolscript.testing.failing_store import FailingStore
from toolscript.testing.lease_suite import APPROVED, ENDED, BellLaws, decided, park, taken
from toolscript.testing.store_suite import RUN, StoreSuite

Mode = Literal["before", "after"]


class TestAFailingStoreThatNeverFails(StoreSuite, BellLaws):
    @pytest.fixture
    async def store(self):
        return FailingStore(MemoryStore())


async def journey(store: FailingStore) -> None:
    """Eight writes."""
    await store.create(RUN, [])
    await store.append(RUN.id, 1, [Turned(1)])
    assert await park(store, RUN.id, wake_at=0)
    assert await store.amend(RUN.id, await decided(store, RUN.id), [APPROVED])
    assert await taken(store)
    await store.set_cell("", "a", Encoded("1"))
    await store.put_blob(b"x", "text/plain", run=RUN.id)
    await store.append(RUN.id, 2, [ENDED], "completed")
    assert await taken(store) is None


async def written(store: MemoryStore) -> list[object]:
    """Which of the eight writes took place."""
    runs = await store.recent()
    record, entries = await store.read(RUN.id) if runs else (RUN, [])
    blobs = []
    with contextlib.suppress(Conflict):
        blobs = [await store.get_blob("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881")]
    facts = [runs, *entries, *[1][: record.fence - 1], *await store.cells(""), *blobs]
    return [fact for fact in facts if fact]


async def test_it_counts_writes_but_not_reads():
    store = FailingStore(MemoryStore())
    await journey(store)
    assert store.writes == 8
    assert not store.failed


@pytest.mark.parametrize("mode", ["before", "after"])
@pytest.mark.parametrize("fail_at", range(1, 9))
async def test_it_fails_before_or_after_the_write_that_it_was_told(fail_at: int, mode: Mode):
    inner = MemoryStore()
    store = FailingStore(inner, fail_at, mode=mode)
    with pytest.raises(Fault, match=f"{mode} write {fail_at}"):
        await journey(store)
    assert store.failed
    claim = 5  # which fails after it in both modes
    assert len(await written(inner)) == fail_at - (mode == "before" and fail_at != claim)
    await store.create(replace(RUN, id="later"), [])  # and works again


async def test_one_that_failed_for_good_does_nothing_any_more():
    inner = MemoryStore()
    store = FailingStore(inner, 2, for_good=True)
    with pytest.raises(Fault):
        await journey(store)
    for operation in (store.read(RUN.id), store.create(RUN, []), store.append(RUN.id, 1, []), store.due("")):
        with pytest.raises(Fault, match="for good"):
            await operation
    assert (await inner.read(RUN.id))[1] == []


async def test_a_write_that_fails_afterwards_is_queued_by_the_call():
    inner = MemoryStore()
    store = FailingStore(inner, 2, mode="after")
    await store.create(RUN, [])
    first, second = store.append(RUN.id, 1, [Turned(1)]), store.append(RUN.id, 1, [Turned(2)])
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(result) for result in results] == [Fault, type(None)]
    assert (await inner.read(RUN.id))[1] == [Turned(1), Turned(2)]
