"""Law: a parked run wakes from its snapshot or by replay, to the same result and the same log, line by line."""

from pathlib import Path

import pytest
from house import House
from places import HOUSES
from programs import GuestOf
from roads import comparable, travel

from toolscript.ports import Guest
from toolscript.runs.program import Language
from toolscript.stores.sqlite import SQLiteStore
from toolscript.testing.corpus import Example, corpus
from toolscript.testing.generated import generated

LANGUAGES: tuple[Language, ...] = ("typescript", "python")  # CPython programs have no snapshots
EXAMPLES = [example for language in LANGUAGES for example in corpus(language)]
SEEDS = [("typescript", first) for first in range(0, 500, 50)] + [("python", first) for first in range(0, 200, 50)]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
async def test_both_roads_give_the_same_result_and_the_same_log(example: Example, guest_of: GuestOf):
    await _agree(example, guest_of(example.language))


@pytest.mark.parametrize("place", [place for place in HOUSES if place.store == "sqlite"], ids=str, indirect=True)
async def test_it_is_the_same_over_sqlite_and_in_worker_processes(house: House, guest: Guest, tmp_path: Path):
    for example in corpus(house.language):
        store = SQLiteStore(tmp_path / f"{example.name}.db")
        there = await travel(example, house.guest, "snapshot", store=store)
        here = await travel(example, guest, "replay")
        assert comparable(there.entries) == comparable(here.entries), example
        await store.close()


async def _agree(example: Example, guest: Guest) -> int:
    """Take both roads; gives how often the program was parked."""
    short = await travel(example, guest, "snapshot")
    long = await travel(example, guest, "replay")
    assert comparable(long.entries) == comparable(short.entries), example
    assert (long.result.outcome, long.result.printed) == (short.result.outcome, short.result.printed), example
    assert (long.parks, long.restored) == (short.parks, 0), example
    assert short.restored == short.parks, example
    return short.parks


@pytest.mark.parametrize(("language", "first"), SEEDS)
async def test_both_roads_agree_on_generated_programs(language: Language, first: int, guest_of: GuestOf):
    parks = 0
    for seed in range(first, first + 50):
        parks += await _agree(generated(seed, language), guest_of(language))
    assert parks > 60  # else the law says little
