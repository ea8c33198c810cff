"""Law: replaying a log executes nothing and comes to the same end, for every program of the corpus."""

from dataclasses import replace
from pathlib import Path

import pytest

from toolscript.codec import Encoded
from toolscript.errors import Fault
from toolscript.runs.entry import Answered, Intended
from toolscript.runs.history import history
from toolscript.runs.turn import Returned
from toolscript.runtime.replay import replay
from toolscript.runtime.runtime import Runtime
from toolscript.stores.memory import MemoryStore
from toolscript.stores.sqlite import SQLiteStore
from toolscript.testing.clock import FakeClock
from toolscript.testing.corpus import CORPUS, Example, corpus_connector


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path):
    return MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "runs.db")


@pytest.mark.parametrize("example", CORPUS, ids=lambda example: example.name)
async def test_a_replay_comes_to_the_same_end_and_executes_nothing(example: Example, store):
    async with Runtime([corpus_connector()], store=store, clock=FakeClock(horizon_s=1e9)) as runtime:
        first = await runtime.run(example.code)
        before = await store.read(first.run)
        assert await runtime.replay(first.run) == first.outcome
        assert await store.read(first.run) == before


@pytest.mark.parametrize("example", CORPUS, ids=lambda example: example.name)
async def test_every_prefix_of_a_log_replays(example: Example):
    """A log that was cut off by a crash at any line still replays, up to where it ends."""
    store = MemoryStore()
    async with Runtime([corpus_connector()], store=store, clock=FakeClock(horizon_s=1e9)) as runtime:
        run = (await runtime.run(example.code)).run
        record, entries = await store.read(run)
        guest = runtime._guests.of("typescript")
        for length in range(1, len(entries)):
            session = await guest.start(record.boot)
            await replay(history(entries[:length]), session)
            await session.close()


async def test_a_changed_answer_is_a_divergence_and_not_a_different_result():
    store = MemoryStore()
    async with Runtime([corpus_connector()], store=store) as runtime:
        run = (await runtime.run("const r = await t.get({ i: 1 }); return await t.get({ i: r.i + 1 })")).run
        record, entries = await store.read(run)
        session = await runtime._guests.of("typescript").start(record.boot)
        forged = [
            replace(entry, answer=Returned(Encoded('{"i":7}')))
            if isinstance(entry, Answered) and entry.seq == 1
            else entry
            for entry in entries
        ]
        with pytest.raises(Fault, match=r"diverged at turn 2: call 2 is t.get\(\{\"i\":8\}\), the log has"):
            await replay(history(forged), session)


async def test_a_log_with_a_call_that_the_program_does_not_make_is_a_divergence():
    store = MemoryStore()
    async with Runtime([corpus_connector()], store=store) as runtime:
        run = (await runtime.run("return (await t.get({ i: 1 })).i")).run
        record, entries = await store.read(run)
        extra = Intended(seq=2, path="t.put", args=Encoded("{}"), effect="write", at=record.created)
        session = await runtime._guests.of("typescript").start(record.boot)
        with pytest.raises(Fault, match="its log goes on"):
            await replay(history([*entries[:-1], extra, entries[-1]]), session)
