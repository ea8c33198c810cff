"""What any store must do. Subclass `StoreSuite` in a test module and give it a `store` fixture."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from toolscript.codec import Encoded, digest
from toolscript.errors import Conflict, Failure
from toolscript.ports import RunStore
from toolscript.runs.entry import Answered, Ended, Entry, Intended, Printed, RunRecord, Turned
from toolscript.runs.program import Limits, Program
from toolscript.runs.turn import Crashed, Finished, Raised, Returned, Usage

RUN = RunRecord(
    id="run_1",
    program=Program(code="return 'ü\ud800' // \u2028", input=Encoded('{"a":[1,"é"]}')),
    engine="engine-1",
    namespaces={"crm": ("find", "create")},
    limits=Limits(calls=7),
    created=1_000,
    updated=1_000,
)
FAILURE = Failure(
    kind="guest",
    code="thrown",
    name="TypeError",
    message="x is not a function",
    line=3,
    column=5,
    source="  x()",
    stack=("main (line 3, column 5)",),
    content=Encoded('{"why":"test"}'),
)
ENTRIES: tuple[Entry, ...] = (
    Turned(1_001),
    Intended(seq=1, path="crm.find", args=Encoded('{"name":"Ada \\ud800"}'), effect="read", at=1_002),
    Printed(("hello", "wörld \u2028")),
    Answered(seq=1, answer=Returned(Encoded('{"$date":"2026-01-01T00:00:00Z"}')), at=1_003, duration_us=42),
    Turned(1_004, (1,)),
    Intended(seq=2, path="crm.create", args=Encoded("{}"), effect="write", at=1_005),
    Answered(seq=2, answer=Raised(FAILURE), at=1_006),
)


class StoreSuite:
    """Laws of every store, over the fixture `store: RunStore`."""

    async def test_entries_come_back_as_they_were_written_and_in_order(self, store: RunStore) -> None:
        await store.create(RUN, ENTRIES[:2])
        await store.append(RUN.id, 1, ENTRIES[2:5])
        await store.append(RUN.id, 1, ENTRIES[5:])
        record, entries = await store.read(RUN.id)
        assert entries == list(ENTRIES)
        assert record == replace(RUN, updated=1_006)

    async def test_an_end_is_kept_with_its_outcome_and_status(self, store: RunStore) -> None:
        await store.create(RUN, [])
        finished = Ended(status="completed", outcome=Finished(Encoded("1")), at=1_007, usage=Usage(instructions=3))
        await store.append(RUN.id, 1, [finished], "completed")
        other = replace(RUN, id="run_2")
        await store.create(other, [])
        crashed = Ended(status="failed", outcome=Crashed(FAILURE), at=1_008)
        await store.append(other.id, 1, [crashed], "failed")
        assert (await store.read(RUN.id))[1] == [finished]
        assert (await store.read(other.id))[1] == [crashed]
        assert [run.id for run in await store.recent(status="failed")] == ["run_2"]

    async def test_a_known_key_gives_the_run_that_exists(self, store: RunStore) -> None:
        first = replace(RUN, key="order-7")
        assert await store.create(first, ENTRIES[:1]) == first
        again = await store.create(replace(RUN, id="run_2", key="order-7"), ENTRIES[:1])
        assert again.id == "run_1"
        with pytest.raises(Conflict, match="run_2"):
            await store.read("run_2")
        assert len((await store.read("run_1"))[1]) == 1

    async def test_two_starts_with_one_key_at_the_same_time_make_one_run(self, store: RunStore) -> None:
        runs = [replace(RUN, id=f"run_{number}", key="k") for number in range(20)]
        made = await asyncio.gather(*(store.create(run, ENTRIES[:1]) for run in runs))
        assert len({run.id for run in made}) == 1

    async def test_a_stale_fence_is_refused_and_nothing_of_it_is_written(self, store: RunStore) -> None:
        await store.create(replace(RUN, fence=5), [])
        with pytest.raises(Conflict):
            await store.append(RUN.id, 4, ENTRIES)
        assert (await store.read(RUN.id))[1] == []

    async def test_an_unknown_run_is_a_conflict(self, store: RunStore) -> None:
        with pytest.raises(Conflict, match="no run nope"):
            await store.read("nope")
        with pytest.raises(Conflict):
            await store.append("nope", 1, ENTRIES)

    async def test_recent_runs_come_newest_first(self, store: RunStore) -> None:
        for number in range(5):
            await store.create(replace(RUN, id=f"run_{number}", created=1_000 + number), [])
        assert [run.id for run in await store.recent(limit=3)] == ["run_4", "run_3", "run_2"]

    async def test_writes_of_many_runs_at_once_keep_each_log_in_order(self, store: RunStore) -> None:
        async def fill(name: str) -> Sequence[Entry]:
            await store.create(replace(RUN, id=name), [])
            for now in range(30):
                await store.append(name, 1, [Turned(now), Printed((name,))])
            return (await store.read(name))[1]

        logs = await asyncio.gather(*(fill(f"run_{number}") for number in range(20)))
        for number, entries in enumerate(logs):
            expected: list[Entry] = []
            for now in range(30):
                expected += [Turned(now), Printed((f"run_{number}",))]
            assert entries == expected

    async def test_blobs_are_kept_once_by_their_digest(self, store: RunStore) -> None:
        name = await store.put_blob(b"\x00\xffbytes", "image/png")
        assert name == digest(b"\x00\xffbytes")
        assert await store.put_blob(b"\x00\xffbytes", "image/png") == name
        assert await store.get_blob(name) == (b"\x00\xffbytes", "image/png")
        with pytest.raises(Conflict, match="no blob"):
            await store.get_blob("0" * 64)
