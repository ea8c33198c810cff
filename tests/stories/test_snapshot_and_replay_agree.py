"""Law: a parked run wakes from its snapshot or by replay, to the same result and the same log, line by line."""

from pathlib import Path

import pytest
from roads import comparable, travel

from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.guests.pool import JavaScriptWorkers
from toolscript.stores.sqlite import SQLiteStore
from toolscript.testing.corpus import CORPUS, Example
from toolscript.testing.generated import generated

GENERATED = 500


@pytest.mark.parametrize("example", CORPUS, ids=lambda example: example.name)
async def test_both_roads_give_the_same_result_and_the_same_log(example: Example, javascript: JavaScriptGuest):
    await _agree(example, javascript)


@pytest.mark.parametrize("example", CORPUS, ids=lambda example: example.name)
async def test_it_is_the_same_over_sqlite(example: Example, javascript: JavaScriptGuest, tmp_path: Path):
    travelled = await travel(example.code, javascript, "snapshot", store=SQLiteStore(tmp_path / "runs.db"))
    in_memory = await travel(example.code, javascript, "replay")
    assert comparable(travelled.entries) == comparable(in_memory.entries)


async def _agree(example: Example, guest: JavaScriptGuest) -> int:
    """Take both roads; gives how often the program was parked."""
    short = await travel(example.code, guest, "snapshot")
    long = await travel(example.code, guest, "replay")
    assert comparable(long.entries) == comparable(short.entries), example
    assert (long.result.outcome, long.result.printed) == (short.result.outcome, short.result.printed), example
    assert (long.parks, long.restored) == (short.parks, 0), example
    assert short.restored == short.parks, example
    return short.parks


async def test_it_is_the_same_in_worker_processes(javascript: JavaScriptGuest):
    workers = JavaScriptWorkers(processes=1)
    for example in CORPUS:
        in_worker = await travel(example.code, workers, "snapshot")
        on_thread = await travel(example.code, javascript, "replay")
        assert comparable(in_worker.entries) == comparable(on_thread.entries), example
    await workers.close()


@pytest.mark.parametrize("first", range(0, GENERATED, 50))
async def test_both_roads_agree_on_generated_programs(first: int, javascript: JavaScriptGuest):
    parks = 0
    for seed in range(first, first + 50):
        parks += await _agree(generated(seed), javascript)
    assert parks > 60  # else the law says little
