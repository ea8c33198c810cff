"""Law: replaying a log executes nothing and comes to the same end, for every program of the corpus."""

from dataclasses import replace

import pytest
from places import LANGUAGES, Place, told
from programs import Speakers, Speaking, program

from toolscript.codec import Encoded
from toolscript.errors import Fault
from toolscript.ports import Guest, RunStore
from toolscript.runs.entry import Answered, Intended
from toolscript.runs.history import history
from toolscript.runs.turn import Returned
from toolscript.runtime.replay import replay
from toolscript.stores.memory import MemoryStore
from toolscript.testing.clock import FakeClock
from toolscript.testing.corpus import Example, corpus, corpus_connector

PLACES = [
    Place("typescript", "memory"),
    Place("typescript", "sqlite"),
    Place("python", "sqlite"),
    Place("cpython", "memory"),
]
TOLD = [told(place, example) for place in PLACES for example in corpus(place.language)]
EXAMPLES = [told(Place(language, "memory"), each) for language in LANGUAGES for each in corpus(language)]


@pytest.mark.parametrize(("place", "example"), TOLD, indirect=["place"])
async def test_a_replay_comes_to_the_same_end_and_executes_nothing(
    example: Example, store: RunStore, speaking: Speakers
):
    async with speaking([corpus_connector()], store=store, clock=FakeClock(horizon_s=1e9)) as runtime:
        first = await runtime.run(example.code)
        before = await store.read(first.run)
        assert await runtime.replay(first.run) == first.outcome
        assert await store.read(first.run) == before


@pytest.mark.parametrize(("place", "example"), EXAMPLES, indirect=["place"])
async def test_every_prefix_of_a_log_replays(example: Example, guest: Guest):
    """A log that was cut off by a crash at any line still replays, up to where it ends."""
    store = MemoryStore()
    clock = FakeClock(horizon_s=1e9)
    async with Speaking([corpus_connector()], guest=guest, store=store, clock=clock) as runtime:
        run = (await runtime.run(example.code)).run
        record, entries = await store.read(run)
        for length in range(1, len(entries)):
            session = await guest.start(record.boot)
            await replay(history(entries[:length]), session)
            await session.close()


async def test_a_changed_answer_is_a_divergence_and_not_a_different_result(speaking: Speakers, guest: Guest):
    store = MemoryStore()
    code = program(
        "const r = await t.get({ i: 1 }); return await t.get({ i: r.i + 1 })",
        "r = await t.get(i=1)\nreturn await t.get(i=r['i'] + 1)",
    )
    async with speaking([corpus_connector()], store=store) as runtime:
        record, entries = await store.read((await runtime.run(code)).run)
        session = await guest.start(record.boot)
        forged = [
            replace(entry, answer=Returned(Encoded('{"i":7}')))
            if isinstance(entry, Answered) and entry.seq == 1
            else entry
            for entry in entries
        ]
        with pytest.raises(Fault, match=r"diverged at turn 2: call 2 is t.get\(\{\"i\":8\}\), the log has"):
            await replay(history(forged), session)
        await session.close()


async def test_a_log_with_a_call_that_the_program_does_not_make_is_a_divergence(speaking: Speakers, guest: Guest):
    store = MemoryStore()
    async with speaking([corpus_connector()], store=store) as runtime:
        code = program("return (await t.get({ i: 1 })).i", "return (await t.get(i=1))['i']")
        record, entries = await store.read((await runtime.run(code)).run)
        extra = Intended(seq=2, path="t.put", args=Encoded("{}"), effect="write", at=record.created)
        session = await guest.start(record.boot)
        with pytest.raises(Fault, match="its log goes on"):
            await replay(history([*entries[:-1], extra, entries[-1]]), session)
        await session.close()
