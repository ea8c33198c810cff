"""What any store must do with the runs of one process. Subclass `StoreSuite`: it has all laws of all parts."""

# ruff: noqa: PLR2004 - a test's numbers mean what stands beside them
from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from toolscript.codec import Encoded, digest
from toolscript.errors import Conflict, Failure
from toolscript.ports import RunStore
from toolscript.runs.entry import Answered, Ended, Entry, Intended, Printed, Turned
from toolscript.runs.snippet import Snippet
from toolscript.runs.turn import Crashed, Finished, Raised, Returned, Usage
from toolscript.testing.lease_suite import APPROVED, ENDED, RUN, DecisionLaws, LeaseLaws, decided, park, taken

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


class LogLaws:
    """Runs and their entries."""

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

    async def test_what_a_run_is_about_is_kept(self, store: RunStore) -> None:
        run = replace(RUN, key="k", scope="s", retry_of="run_0", seeded_by="run_00", lease_until=7_000, fence=3)
        assert await store.create(run, []) == run
        assert (await store.read(RUN.id))[0] == run
        assert await store.recent() == [run]

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


class KeepLaws:
    """What is kept beside the log, and what is cleared away."""

    async def test_blobs_are_kept_once_by_their_digest(self, store: RunStore) -> None:
        name = await store.put_blob(b"\x00\xffbytes", "image/png", run=RUN.id)
        assert name == digest(b"\x00\xffbytes")
        assert await store.put_blob(b"\x00\xffbytes", "image/png", run=RUN.id) == name
        assert await store.get_blob(name) == (b"\x00\xffbytes", "image/png")
        with pytest.raises(Conflict, match="no blob"):
            await store.get_blob("0" * 64)

    async def test_a_blob_goes_with_the_last_run_that_has_it(self, store: RunStore) -> None:
        for name in ("a", "b"):
            await store.create(replace(RUN, id=name), [])
            shared = await store.put_blob(b"shared", "text/plain", run=name)
            own = await store.put_blob(name.encode(), "text/plain", run=name)
            await store.put_blob(name.encode(), "text/plain", run=name)
            await store.append(name, 1, [ENDED], "completed")
        assert await store.delete("a")
        assert (await store.get_blob(shared))[0] == b"shared"
        assert (await store.get_blob(own))[0] == b"b"
        with pytest.raises(Conflict):
            await store.get_blob(digest(b"a"))
        assert await store.prune(keep=0, before=None) == 1
        for gone in (shared, own):
            with pytest.raises(Conflict):
                await store.get_blob(gone)

    async def test_only_an_ended_run_is_deleted_and_all_of_it_goes(self, store: RunStore) -> None:
        await store.create(replace(RUN, key="k"), ENTRIES)
        assert not await store.delete(RUN.id)
        await park(store, RUN.id)
        assert not await store.delete(RUN.id)
        assert not await store.delete("nope")
        await store.append(RUN.id, 1, [ENDED], "completed")
        assert await store.delete(RUN.id)
        assert not await store.delete(RUN.id)
        with pytest.raises(Conflict, match="no run"):
            await store.read(RUN.id)
        assert await store.recent() == []
        assert (await store.create(replace(RUN, id="again", key="k"), [])).id == "again"
        assert (await store.read("again"))[1] == []

    async def test_pruning_keeps_the_newest_ends_and_never_takes_a_live_run(self, store: RunStore) -> None:
        for number in range(6):
            name = f"run_{number}"
            await store.create(replace(RUN, id=name), [])
            await store.append(name, 1, [replace(ENDED, at=2_000 + number)], "completed")
        await store.create(replace(RUN, id="running"), [])
        await store.create(replace(RUN, id="parked"), [])
        await park(store, "parked")
        await taken(store, run="run_0")  # for a rollback: it is alive again
        assert await store.prune(keep=None, before=None) == 0
        assert await store.prune(keep=3, before=None) == 2
        assert await self._names(store) == ["parked", "run_0", "run_3", "run_4", "run_5", "running"]
        assert await store.prune(keep=None, before=2_005) == 2
        assert await store.prune(keep=9, before=2_005) == 0
        assert await self._names(store) == ["parked", "run_0", "run_5", "running"]
        assert await store.prune(keep=0, before=99_000) == 1
        assert await self._names(store) == ["parked", "run_0", "running"]

    async def test_a_rollback_does_not_make_a_run_younger(self, store: RunStore) -> None:
        await store.create(RUN, [])
        await store.append(RUN.id, 1, [ENDED], "completed")
        await taken(store, run=RUN.id)
        await store.append(RUN.id, 2, [replace(ENDED, status="rolled_back", at=8_000)], "rolled_back")
        assert [run.id for run in await store.recent(status="rolled_back")] == [RUN.id]
        assert await store.prune(keep=None, before=2_000) == 0
        assert await store.prune(keep=None, before=2_001) == 1

    async def test_many_runs_are_pruned_at_once(self, store: RunStore) -> None:
        await asyncio.gather(*(store.create(replace(RUN, id=f"{n}", status="failed"), ENTRIES) for n in range(450)))
        assert await store.prune(keep=20, before=None) == 430
        assert len(await store.recent(limit=900)) == 20

    async def test_a_decision_on_a_deleted_run_changes_nothing(self, store: RunStore) -> None:
        await store.create(replace(RUN, status="completed"), [])
        seen = await decided(store, RUN.id)
        await store.delete(RUN.id)
        assert not await store.amend(RUN.id, seen, [APPROVED])

    async def test_cells_are_kept_by_scope_and_name(self, store: RunStore) -> None:
        odd = "ü \ud800 '; DROP TABLE cell; --"
        await store.set_cell("", "b", Encoded("1"))
        await store.set_cell("", odd, Encoded('"ü"'))
        await store.set_cell("", "b", Encoded("2"))
        await store.set_cell("other", "b", Encoded("3"))
        assert await store.get_cell("", "b") == "2"
        assert await store.get_cell("", odd) == '"ü"'
        assert await store.get_cell("other", "b") == "3"
        assert await store.get_cell("", "B") is None
        assert await store.cells("") == ["b", odd]
        await store.set_cell("", "b", None)
        await store.set_cell("", "never there", None)
        assert await store.get_cell("", "b") is None
        assert await store.cells("") == [odd]
        assert await store.cells("nobody") == []

    async def test_the_secret_is_made_once(self, store: RunStore) -> None:
        secrets = await asyncio.gather(*(store.secret() for _ in range(5)))
        assert len(set(secrets)) == 1
        assert len(secrets[0]) == 32
        assert await store.cells("") == []

    async def test_every_version_of_a_snippet_is_kept(self, store: RunStore) -> None:
        first = Snippet(
            name="crm.report",
            code="return 'ü\ud800'",
            description='Lists what is "open".',
            language="python",
            input_schema={"type": "object", "properties": {"day": {"type": "string"}}},
            namespaces=("crm", "mail"),
            created=1_000,
            saved_by="ada",
            from_run="run_1",
        )
        assert await store.save_snippet("", first) == replace(first, version=1)
        second = replace(first, code="return 2", input_schema=True, namespaces=(), version=7)
        assert await store.save_snippet("", second) == replace(second, version=2)
        assert (await store.save_snippet("other", first)).version == 1
        await store.save_snippet("", replace(first, name="a"))
        assert await store.snippet("", "crm.report") == replace(second, version=2)
        assert await store.snippet("", "crm.report", 1) == replace(first, version=1)
        assert await store.snippet("", "crm.report", 3) is None
        assert await store.snippet("nobody", "crm.report") is None
        found = await store.snippets("")
        assert [(snippet.name, snippet.version, snippet.code) for snippet in found] == [
            ("a", 1, first.code),
            ("crm.report", 2, "return 2"),
        ]
        assert await store.delete_snippet("", "crm.report")
        assert not await store.delete_snippet("", "crm.report")
        assert await store.snippet("", "crm.report", 1) is None
        assert await store.snippet("other", "crm.report") is not None
        assert (await store.save_snippet("", second)).version == 1

    async def test_two_who_save_at_once_make_two_versions(self, store: RunStore) -> None:
        snippet = Snippet(name="a", code="1", description="")
        saved = await asyncio.gather(*(store.save_snippet("", snippet) for _ in range(10)))
        assert sorted(one.version for one in saved) == list(range(1, 11))

    async def _names(self, store: RunStore) -> list[str]:
        return sorted(run.id for run in await store.recent())


class StoreSuite(LogLaws, LeaseLaws, DecisionLaws, KeepLaws):
    """All laws of a store, over the fixture `store: RunStore`."""
