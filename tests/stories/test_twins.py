"""Law: the programs of the corpus are the same in each language: the same calls, in the same order."""

import pytest
from programs import GuestOf
from roads import travel

from toolscript.testing.corpus import corpus
from toolscript.testing.corpus_python import UNTOLD

TYPESCRIPT, PYTHON = ({each.name: each for each in corpus(language)} for language in ("typescript", "python"))
OTHERWISE = {
    "unawaited_chain": "a task of Python ends with its program, and JavaScript's is drained",
    "an_interval_that_asks": "a timer is set again before what it calls, and a loop sleeps after it",
}


def test_each_program_has_a_twin_or_a_reason_why_not():
    assert set(TYPESCRIPT) == (set(TYPESCRIPT) & set(PYTHON)) | set(UNTOLD)
    assert not set(PYTHON) & set(UNTOLD)


@pytest.mark.parametrize("name", sorted(set(TYPESCRIPT) & set(PYTHON) - set(OTHERWISE)))
async def test_twins_make_the_same_calls_in_the_same_order(name: str, guest_of: GuestOf):
    one, other = [
        (await travel(programs[name], guest_of(programs[name].language), "snapshot")).result
        for programs in (TYPESCRIPT, PYTHON)
    ]
    assert [call.path for call in one.calls] == [call.path for call in other.calls]
    assert (one.status, type(one.outcome)) == (other.status, type(other.outcome))
