"""What any store must do for processes that share runs: leases, parking, decisions from outside, and the bell."""

# ruff: noqa: PLR2004 - a test's numbers mean what stands beside them
from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from toolscript.codec import Encoded
from toolscript.errors import Conflict
from toolscript.ports import RunStore
from toolscript.runs.entry import Actor, Decided, Ended, Parked, RunRecord, RunStatus, Turned
from toolscript.runs.program import Limits, Program
from toolscript.runs.turn import Finished
from toolscript.testing.failing_store import RingingStore

RUN = RunRecord(
    id="run_1",
    program=Program(code="return 'ü\ud800' // \u2028", input=Encoded('{"a":[1,"é"]}')),
    engine="engine-1",
    namespaces={"crm": ("find", "create")},
    limits=Limits(calls=7),
    created=1_000,
    updated=1_000,
)
APPROVED = Decided(seq=1, choice="approve", by=Actor("ada", "cli"), at=2_500, args=Encoded("{}"))
ENDED = Ended(status="completed", outcome=Finished(Encoded("1")), at=2_000)


async def park(store: RunStore, run: str, fence: int = 1, *, decisions: int = 0, wake_at: int = 9_000) -> bool:
    """Park a run, with a snapshot that tells its name."""
    snapshot = f"snapshot of {run}".encode()
    return await store.park(run, fence, [Parked(2_000)], decisions=decisions, wake_at=wake_at, snapshot=snapshot)


async def decided(store: RunStore, run: str) -> int:
    """How often people decided on it."""
    return (await store.read(run))[0].decisions


async def taken(store: RunStore, *, now: int = 5_000, run: str | None = None, scope: str = "") -> RunRecord | None:
    """What a claim takes; its lease is over 1,000 ms after `now`."""
    claimed = await store.claim(scope=scope, now=now, until=now + 1_000, run=run)
    return None if claimed is None else claimed[0]


class LeaseLaws:
    """Who drives which run."""

    async def test_a_claim_gives_what_was_and_the_next_fence(self, store: RunStore) -> None:
        await store.create(replace(RUN, lease_until=4_000), [Turned(1_001)])
        claimed = await store.claim(scope="", now=4_000, until=19_000)
        assert claimed == (replace(RUN, fence=2, lease_until=19_000), None)
        record, entries = await store.read(RUN.id)
        assert (record.status, record.fence, record.lease_until) == ("running", 2, 19_000)
        assert entries == [Turned(1_001)]

    async def test_of_many_claims_at_once_one_gets_the_run(self, store: RunStore) -> None:
        await store.create(RUN, [])
        for run in (None, RUN.id):
            await store.renew({RUN.id: (await store.read(RUN.id))[0].fence}, 0)
            claims = await asyncio.gather(*(taken(store, run=run) for _ in range(20)))
            assert len([claim for claim in claims if claim is not None]) == 1

    async def test_many_claims_share_the_runs_out(self, store: RunStore) -> None:
        for number in range(20):
            await store.create(replace(RUN, id=f"run_{number}"), [])
        claims = await asyncio.gather(*(taken(store) for _ in range(30)))
        names = [claim.id for claim in claims if claim is not None]
        assert len(names) == len(set(names)) == 20

    async def test_a_lease_that_is_not_over_is_not_stolen_even_by_a_clock_that_jumped_back(
        self, store: RunStore
    ) -> None:
        await store.create(replace(RUN, lease_until=4_000), [])
        for now in (3_999, 10, -1):
            assert await taken(store, now=now) is None
            assert await taken(store, now=now, run=RUN.id) is None
        assert (await store.read(RUN.id))[0].fence == 1
        assert await taken(store, now=4_000) is not None

    async def test_the_longest_due_is_claimed_first(self, store: RunStore) -> None:
        for name, due in (("late", 3_000), ("first", 1_000), ("second", 2_000), ("not_yet", 9_000)):
            await store.create(replace(RUN, id=name, lease_until=due), [])
        await store.create(replace(RUN, id="parked"), [])
        await park(store, "parked", wake_at=2_500)
        assert await store.due("") == 2_500
        order = [await taken(store) for _ in range(5)]
        assert [run and run.id for run in order] == ["first", "second", "parked", "late", None]
        assert await store.due("") is None

    async def test_only_the_same_scope_takes_a_run(self, store: RunStore) -> None:
        await store.create(replace(RUN, scope="a%"), [])
        await store.create(replace(RUN, id="ended", scope="a%", status="completed"), [])
        for scope in ("", "a", "A%", "ab", "a%b"):
            assert await taken(store, scope=scope) is None
            assert await taken(store, scope=scope, run=RUN.id) is None
            assert await taken(store, scope=scope, run="ended") is None
            assert await store.due(scope) is None
        assert await taken(store, scope="a%") is not None
        await park(store, RUN.id, 2)
        assert await store.due("a") is None
        assert await store.due("a%") == 9_000

    async def test_a_run_can_be_claimed_by_name_when_parked_or_ended(self, store: RunStore) -> None:
        await store.create(RUN, [])
        await park(store, RUN.id)
        parked = await taken(store, run=RUN.id)
        assert parked is not None
        assert (parked.status, parked.fence) == ("parked", 2)
        await store.append(RUN.id, 2, [ENDED], "completed")
        assert await taken(store) is None
        ended = await taken(store, run=RUN.id)
        assert ended is not None
        assert (ended.status, ended.fence) == ("completed", 3)
        assert await taken(store, run="nope") is None

    async def test_a_stale_fence_can_neither_append_nor_park_nor_renew(self, store: RunStore) -> None:
        await store.create(RUN, [])
        await taken(store)
        for status in ("running", "completed"):
            with pytest.raises(Conflict, match="taken over"):
                await store.append(RUN.id, 1, [Turned(1)], status)
        with pytest.raises(Conflict, match="taken over"):
            await park(store, RUN.id, 1)
        assert await store.renew({RUN.id: 1}, 99_000) == {}
        assert await store.held({RUN.id: 1}) == {}
        record, entries = await store.read(RUN.id)
        assert (record.status, record.lease_until, entries) == ("running", 6_000, [])

    async def test_renewing_prolongs_what_is_held_and_tells_of_decisions(self, store: RunStore) -> None:
        for name in ("a", "b", "parked", "ended"):
            await store.create(replace(RUN, id=name), [])
        await park(store, "parked")
        await store.append("ended", 1, [ENDED], "completed")
        await store.amend("b", await decided(store, "b"), [APPROVED])
        fences = {"a": 1, "b": 1, "parked": 1, "ended": 1, "nope": 1}
        assert await store.held(fences) == {"a": 0, "b": 1}
        assert await store.renew(fences, 8_000) == {"a": 0, "b": 1}
        assert (await store.read("a"))[0].lease_until == 8_000
        assert (await store.read("ended"))[0].lease_until == 0
        assert await store.renew({}, 8_000) == {}
        assert await taken(store, run="a") is None
        await store.renew({"a": 1}, 0)  # let go
        assert await taken(store, now=1, run="a") is not None

    async def test_a_snapshot_is_kept_until_the_run_parks_again_or_ends(self, store: RunStore) -> None:
        await store.create(RUN, [])
        await park(store, RUN.id, wake_at=3_000)
        for fence, now in ((2, 5_000), (3, 7_000)):  # the process that took it first is gone: it is there once more
            claimed = await store.claim(scope="", now=now, until=now + 1)
            assert claimed is not None
            assert (claimed[0].fence, claimed[1]) == (fence, b"snapshot of run_1")
        assert await store.park(RUN.id, 3, [], decisions=0, wake_at=3_000, snapshot=None)
        assert (await store.claim(scope="", now=8_000, until=9_000) or ("", b"none"))[1] is None
        await store.park(RUN.id, 4, [], decisions=0, wake_at=3_000, snapshot=b"\x00" * 100_000)
        await taken(store)
        await store.append(RUN.id, 5, [ENDED], "completed")
        claimed = await store.claim(scope="", now=5_000, until=6_000, run=RUN.id)
        assert claimed is not None
        assert claimed[1] is None

    @pytest.mark.parametrize("status", ["failed", "rolled_back"])
    async def test_an_append_with_an_end_lets_go_of_the_run(self, store: RunStore, status: RunStatus) -> None:
        await store.create(replace(RUN, lease_until=4_000), [])
        await store.append(RUN.id, 1, [replace(ENDED, status=status)], status)
        record, _ = await store.read(RUN.id)
        assert (record.status, record.lease_until, record.updated) == (status, 0, 2_000)
        assert await store.due("") is None


class DecisionLaws:
    """Parking, and what people decide meanwhile."""

    async def test_a_parked_run_is_due_when_it_wants_to_wake(self, store: RunStore) -> None:
        await store.create(RUN, [Turned(1_001)])
        assert await park(store, RUN.id, wake_at=9_000)
        record, entries = await store.read(RUN.id)
        assert (record.status, record.wake_at, record.lease_until, record.updated) == ("parked", 9_000, 0, 2_000)
        assert entries == [Turned(1_001), Parked(2_000)]
        assert await store.due("") == 9_000
        assert await taken(store, now=8_999) is None
        assert await taken(store, now=9_000) is not None

    async def test_a_decision_makes_a_parked_run_due_at_once(self, store: RunStore) -> None:
        await store.create(RUN, [])
        await park(store, RUN.id)
        assert await store.amend(RUN.id, await decided(store, RUN.id), [APPROVED])
        record, entries = await store.read(RUN.id)
        assert (record.status, record.decisions, record.updated) == ("parked", 1, 2_500)
        assert entries == [Parked(2_000), APPROVED]
        assert await store.due("") == 0
        assert await taken(store, now=1) is not None

    async def test_a_run_does_not_park_over_a_decision_that_its_driver_has_not_seen(self, store: RunStore) -> None:
        await store.create(RUN, [])
        await store.amend(RUN.id, await decided(store, RUN.id), [APPROVED])
        assert not await park(store, RUN.id, decisions=0)
        record, entries = await store.read(RUN.id)
        assert (record.status, entries) == ("running", [APPROVED])
        assert await park(store, RUN.id, decisions=1)

    async def test_what_has_ended_or_parked_does_not_park(self, store: RunStore) -> None:
        await store.create(RUN, [])
        await park(store, RUN.id)
        with pytest.raises(Conflict):
            await park(store, RUN.id)
        await store.append(RUN.id, 1, [ENDED], "completed")
        with pytest.raises(Conflict):
            await park(store, RUN.id)
        assert (await store.read(RUN.id))[1] == [Parked(2_000), ENDED]

    async def test_a_decision_over_an_unseen_one_or_after_the_end_changes_nothing(self, store: RunStore) -> None:
        await store.create(RUN, [])
        assert await store.amend(RUN.id, 0, [APPROVED])
        await store.append(RUN.id, 1, [Turned(1_002)])
        assert not await store.amend(RUN.id, 0, [APPROVED])
        assert not await store.amend("nope", 0, [APPROVED])
        await store.append(RUN.id, 1, [ENDED], "completed")
        assert not await store.amend(RUN.id, 1, [APPROVED])
        record, entries = await store.read(RUN.id)
        assert (record.decisions, entries) == (1, [APPROVED, Turned(1_002), ENDED])

    async def test_of_people_who_decide_at_once_one_wins(self, store: RunStore) -> None:
        await store.create(RUN, [])
        seen = await decided(store, RUN.id)
        people = [replace(APPROVED, by=Actor(f"person {number}", "cli")) for number in range(10)]
        results = await asyncio.gather(*(store.amend(RUN.id, seen, [decision]) for decision in people))
        assert sorted(results) == [False] * 9 + [True]
        record, entries = await store.read(RUN.id)
        assert (record.decisions, entries) == (1, [people[results.index(True)]])

    async def test_no_decision_is_lost_that_races_with_parking(self, store: RunStore) -> None:
        async def decide(name: str) -> None:
            while not await store.amend(name, await decided(store, name), [APPROVED]):
                pass

        for number in range(100):
            name = f"run_{number}"
            await store.create(replace(RUN, id=name), [])
            both = [park(store, name), decide(name)]
            await asyncio.gather(*(both if number % 2 else reversed(both)))
            record, entries = await store.read(name)
            if record.status == "running":  # the driver was refused, and reads on
                assert await park(store, name, decisions=1)
                assert entries == [APPROVED]
            else:
                assert (record.wake_at, entries) == (0, [Parked(2_000), APPROVED])


class BellLaws:
    """A store that tells when something was written; over the fixture `store: RingingStore`."""

    async def test_everybody_who_waits_hears_of_a_write(self, store: RingingStore) -> None:
        await store.create(RUN, [])
        for write in (
            lambda: store.create(replace(RUN, id="other"), []),
            lambda: park(store, RUN.id),
            lambda: self._decide(store),
            lambda: store.append("other", 1, [ENDED], "completed"),
        ):
            await self._silence(store)
            waiting = [asyncio.ensure_future(store.rung()) for _ in range(3)]
            await asyncio.sleep(0)
            await write()
            loop = asyncio.get_running_loop()
            written = loop.time()
            await asyncio.gather(*waiting)
            assert loop.time() - written < 0.5  # it would end by itself after a second

    async def test_a_write_just_before_somebody_listens_is_heard(self, store: RingingStore) -> None:
        await self._silence(store)
        await store.create(RUN, [])
        await asyncio.sleep(0)
        async with asyncio.timeout(0.5):
            await asyncio.gather(store.rung(), store.rung())

    async def test_a_bell_ends_by_itself(self, store: RingingStore) -> None:
        await self._silence(store)
        async with asyncio.timeout(5):
            await store.rung()

    async def _decide(self, store: RingingStore) -> None:
        assert await store.amend(RUN.id, await decided(store, RUN.id), [APPROVED])

    async def _silence(self, store: RingingStore) -> None:
        """Wait until nothing was heard for a while, so that what is heard next is new."""
        while True:
            try:
                async with asyncio.timeout(0.3):
                    await store.rung()
            except TimeoutError:
                return
