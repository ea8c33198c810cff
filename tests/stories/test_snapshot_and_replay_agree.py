"""Law: a parked run wakes from its snapshot or by replay, to the same result and the same log, line by line."""

import pytest
from roads import comparable, travel

from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.testing.corpus import CORPUS, Example


@pytest.mark.parametrize("example", CORPUS, ids=lambda example: example.name)
async def test_both_roads_give_the_same_result_and_the_same_log(example: Example, javascript: JavaScriptGuest):
    short = await travel(example.code, javascript, "snapshot")
    long = await travel(example.code, javascript, "replay")
    assert comparable(long.entries) == comparable(short.entries)
    assert (long.result.outcome, long.result.printed) == (short.result.outcome, short.result.printed)
    assert (long.parks, long.restored) == (short.parks, 0)
    assert short.restored == short.parks
