"""What a run's log says that it came to."""

from __future__ import annotations

from typing import Any

from toolscript.codec import Encoded
from toolscript.runs.entry import Actor, Answered, Decided, Entry, Granted, Intended, Parked, RunRecord, Turned
from toolscript.runs.program import Limits, Program
from toolscript.runs.result import Result, result_of
from toolscript.runs.turn import Returned

ADA = Actor("ada", "cli")


def asked(seq: int, **more: Any) -> Intended:
    given: dict[str, Any] = {"verdict": "ask", "effect": "write"} | more
    return Intended(seq=seq, path="bank.pay", args=Encoded("{}"), at=seq, **given)


def parked(*entries: Entry) -> Result:
    record = RunRecord(
        id="run_1",
        program=Program(code=""),
        engine="an engine",
        namespaces={},
        limits=Limits(),
        created=0,
        updated=0,
        status="parked",
    )
    return result_of(record, [Turned(0), *entries])


def test_a_run_is_settled_when_it_waits_for_people_alone() -> None:
    assert parked(asked(1), asked(2), Parked(3)).settled
    assert not parked(Parked(3)).settled  # it sleeps


def test_a_decision_that_is_not_carried_out_yet_moves_a_parked_run() -> None:
    approved = parked(asked(1), asked(2), Parked(3), Decided(seq=1, choice="approve", by=ADA, at=4))
    assert ([call.seq for call in approved.pending], approved.settled) == ([2], False)
    carried_out = Answered(seq=1, answer=Returned(Encoded("1")), at=5)
    decided = Decided(seq=1, choice="approve", by=ADA, at=4)
    assert parked(asked(1), asked(2), decided, carried_out, Parked(6)).settled


def test_decisions_count_what_people_added() -> None:
    granted = Granted(id="g_1", tools=("bank.*",), by=ADA, at=4)
    assert parked(asked(1), Parked(2)).decisions == 0
    assert parked(asked(1), Parked(2), granted, Decided(seq=1, choice="approve", by=ADA, at=4)).decisions == 2


def test_a_call_says_how_it_was_taken() -> None:
    (replayed,) = parked(asked(1, verdict="replay", rule="as call 1 of run_0")).calls
    assert (replayed.verdict, replayed.rule) == ("replay", "as call 1 of run_0")
