"""What a rollback undoes, in which order, and what it leaves standing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.decisions.catalogs import tool

from toolscript.catalog.catalog import Catalog
from toolscript.codec import Encoded, encode
from toolscript.errors import Failure
from toolscript.runs.entry import (
    Actor,
    Answered,
    Attempted,
    Decided,
    Doubted,
    Ended,
    Intended,
    Reverted,
    Reverting,
    RunRecord,
    Turned,
)
from toolscript.runs.history import history
from toolscript.runs.program import Limits, Program
from toolscript.runs.rollback import Standing, Undo, plan, rollback_of
from toolscript.runs.turn import Finished, Raised, Returned
from toolscript.tools import CallContext, Revert

ANN = Actor("ann", "cli")
TEXT = {"type": "string"}
create = replace(tool("crm.create", "", {"name": TEXT}), revert=Revert("crm.delete", {"id": "result.id"}))
delete = tool("crm.delete", "", {"id": {"type": "integer"}}, required=["id"])
book = replace(tool("trip.book", "", {"to": TEXT}), revert=Revert())
mail = tool("mail.send", "", {"to": TEXT})
look = tool("crm.look", effect="read")
state = tool("codemode.state_set", "", {"key": TEXT, "value": {}})
CATALOG = (
    Catalog.empty()
    .replace("crm", [create, delete, look])
    .replace("trip", [book])
    .replace("mail", [mail])
    .replace("codemode", [state])
)
RUN = RunRecord(id="run_1", program=Program(code="1"), engine="e", namespaces={}, limits=Limits(), created=0, updated=0)


def intended(seq, path="crm.create", args=None, *, effect="write", verdict="allow", rule=""):
    return Intended(
        seq=seq, path=path, args=encode(args or {"name": "a"}), effect=effect, at=seq, verdict=verdict, rule=rule
    )


def returned(seq, value=None):
    return Answered(seq=seq, answer=Returned(encode({"id": seq} if value is None else value)), at=100 + seq)


def raised(seq, code="tool", *, kind="tool", message="no"):
    return Answered(seq=seq, answer=Raised(failure(code, kind=kind, message=message)), at=100 + seq)


def failure(code="tool", *, kind="tool", message="no"):
    return Failure(kind=kind, code=code, name="ToolError", message=message)


def made(seq, path="crm.create", args=None, value=None, **rest):
    return [intended(seq, path, args, **rest), returned(seq, value)]


def steps(*entries, catalog=CATALOG):
    return plan(history(entries), catalog)


def only(*entries, catalog=CATALOG):
    (step,) = steps(*entries, catalog=catalog)
    return step


def why(*entries, catalog=CATALOG):
    step = only(*entries, catalog=catalog)
    assert isinstance(step, Standing), step
    return step.why


# --- what is undone


def test_a_call_is_undone_by_the_tool_that_its_revert_names():
    assert only(*made(3, args={"name": "Ada"}, value={"id": 7})) == Undo(
        seq=3,
        path="crm.create",
        tool=create,
        args={"name": "Ada"},
        result={"id": 7},
        revert=delete,
        revert_args={"id": 7},
    )


def test_a_revert_has_a_key_of_its_own_the_same_on_every_try():
    step = only(*made(3))
    assert isinstance(step, Undo)
    key = step.context("run_1").idempotency_key
    assert key == step.context("run_1").idempotency_key
    assert key not in [CallContext(run="run_1", seq=seq).idempotency_key for seq in range(9)]


def test_a_call_is_undone_by_its_own_connector_where_the_revert_names_no_tool():
    step = only(*made(1, "trip.book", {"to": "Oslo"}, {"ticket": 5}))
    assert step == Undo(
        seq=1,
        path="trip.book",
        tool=book,
        args={"to": "Oslo"},
        result={"ticket": 5},
        revert=None,
        revert_args={},
    )


def test_the_arguments_of_an_edited_call_are_the_edited_ones():
    step = only(
        intended(1, "trip.book", {"to": "Oslo"}, verdict="ask"),
        Decided(seq=1, choice="approve", by=ANN, at=2, args=encode({"to": "Rome"})),
        Attempted(1, 3),
        returned(1),
    )
    assert isinstance(step, Undo)
    assert step.args == {"to": "Rome"}


def test_a_call_that_a_person_took_as_done_is_undone_with_the_value_they_gave():
    log = [intended(1), Doubted(1, 2), Decided(seq=1, choice="done", by=ANN, at=3, value=encode({"id": 9}))]
    step = only(*log)
    assert isinstance(step, Undo)
    assert step.revert_args == {"id": 9}


def test_the_newest_answer_is_undone_first_and_what_was_never_handed_over_before_all():
    log = [
        Turned(0),
        *(intended(seq) for seq in (1, 2, 3, 4)),
        returned(2),
        returned(1),
        Turned(1, (2, 1)),
        returned(3),
        returned(4),
    ]
    assert [step.seq for step in steps(*log)] == [4, 3, 1, 2]


def test_a_clock_that_jumped_back_does_not_change_the_order():
    log = [
        Turned(900),
        intended(1),
        Answered(seq=1, answer=Returned(encode({"id": 1})), at=900),
        Turned(5, (1,)),
        intended(2),
        Answered(seq=2, answer=Returned(encode({"id": 2})), at=6),
        Turned(7, (2,)),
    ]
    assert [step.seq for step in steps(*log)] == [2, 1]


@pytest.mark.parametrize(
    "log",
    [
        made(1, "crm.look", effect="read"),
        [intended(1, verdict="refuse"), raised(1, "denied", kind="guest")],
        [intended(1), raised(1)],
        [intended(1, verdict="replay", rule="as call 1 of run_0"), raised(1)],
        [intended(1, verdict="ask")],
        [intended(1, verdict="ask"), Decided(seq=1, choice="approve", by=ANN, at=2)],
        [intended(1, verdict="ask"), Decided(seq=1, choice="reject", by=ANN, at=2)],
        [intended(1, verdict="ask"), Decided(seq=1, choice="reject", by=ANN, at=2), raised(1, "rejected")],
        [intended(1, verdict="ask"), raised(1, "cancelled", kind="guest")],
        [intended(1), Doubted(1, 2), Decided(seq=1, choice="fail", by=ANN, at=3), raised(1, "cancelled")],
        made(1, "codemode.show"),
    ],
    ids=[
        "a read",
        "refused",
        "its tool said no",
        "a failure taken over",
        "pending",
        "approved, not yet made",
        "rejected",
        "rejected and told",
        "cancelled while pending",
        "a person said that it failed",
        "no effect outside",
    ],
)
def test_what_had_no_effect_is_no_part_of_it(log):
    assert steps(*log) == ()


# --- what is left standing


def test_what_cannot_be_undone_is_named_with_the_reason():
    assert why(*made(1, "mail.send")) == "it has no revert"
    assert why(*made(1, "hub.create")) == "there is no tool hub.create now"
    assert why(*made(1), catalog=CATALOG.replace("crm", [create])) == (
        "there is no tool crm.delete now, and it undoes this call"
    )
    assert why(*made(1), catalog=CATALOG.replace("crm", [], state="unreachable")) == (
        "crm is unreachable, so crm.create cannot be called now"
    )
    assert why(*made(1, value={"name": "x"})) == (
        "crm.delete undoes it, but result.id is not there: result is an object with name"
    )
    assert why(*made(1, value={"id": "seven"})).startswith(
        "crm.delete undoes it, but does not take these arguments: id:"
    )
    assert why(*made(1, value={"id": "[redacted]"})) == (
        "crm.delete undoes it, but the log holds no secrets, and result.id has one"
    )
    assert why(*made(1, "codemode.state_set", {"key": "a"})) == "it changed the state, which keeps no earlier values"
    assert why(intended(1, args={}), Answered(seq=1, answer=Returned(Encoded('{"$odd":1}')), at=2)).startswith(
        "its log cannot be read"
    )


def test_what_another_run_did_is_left_to_that_run():
    words = why(*made(1, verdict="replay", rule="as call 1 of run_0"))
    assert words == "it was not made by this run, which took over its answer: as call 1 of run_0"


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ([intended(1), raised(1, "cancelled", kind="guest")], "not known: it was cut off"),
        ([intended(1), raised(1, "timeout")], "not known: it did not answer in time"),
        ([intended(1), raised(1, "unreachable")], "not known: its connection broke"),
        ([intended(1)], "not known: it was cut off"),
        ([intended(1), Doubted(1, 2)], "not known: it was cut off"),
        ([intended(1), Doubted(1, 2), Decided(seq=1, choice="retry", by=ANN, at=3)], "not known: it was cut off"),
        (
            [intended(1), Doubted(1, 2), Decided(seq=1, choice="retry", by=ANN, at=3), Attempted(1, 4), raised(1)],
            "its first try was cut off",
        ),
        ([intended(1, verdict="ask"), Attempted(1, 2)], "not known: it was cut off"),
    ],
)
def test_a_write_of_which_is_not_known_whether_it_took_effect_stands_and_says_so(log, words):
    step = only(*log)
    assert isinstance(step, Standing)
    assert words in step.why
    assert step.unknown
    assert step.answer.failure.code == "cancelled"


def test_a_write_whose_answer_could_not_be_kept_took_effect_and_stands():
    step = only(intended(1), raised(1, "too_large", message="crm.create answered 9 MB"))
    assert step == Standing(
        seq=1, path="crm.create", why="it took effect, but its result is not known: crm.create answered 9 MB"
    )
    assert step.answer.failure.code == "tool"


# --- once more


def reverting(seq):
    return Reverting(seq=seq, by=ANN, at=500 + seq)


def reverted(seq, *, failed=None):
    return Reverted(seq=seq, answer=Returned(encode(None)) if failed is None else Raised(failed), at=600 + seq)


def test_rolling_back_twice_tries_again_only_what_failed():
    log = [
        *made(1),
        *made(2),
        reverting(2),
        reverted(2),
        reverting(1),
        reverted(1, failed=failure(message="busy")),
    ]
    step = only(*log)
    assert isinstance(step, Undo)
    assert step.seq == 1
    assert steps(*log, reverting(1), reverted(1)) == ()


def test_a_revert_that_was_cut_off_is_not_repeated_unless_its_tool_is_keyed():
    log = [*made(1), reverting(1)]
    step = only(*log)
    assert isinstance(step, Standing)
    assert step.unknown
    keyed = CATALOG.replace("crm", [create, replace(delete, keyed=True)])
    assert isinstance(only(*log, catalog=keyed), Undo)
    own = [*made(1, "trip.book"), reverting(1)]
    assert isinstance(only(*own), Standing)
    assert isinstance(only(*own, catalog=CATALOG.replace("trip", [replace(book, keyed=True)])), Undo)


def test_a_revert_that_was_cut_off_stays_so_when_that_is_recorded():
    log = [*made(1), reverting(1)]
    step = only(*log)
    assert isinstance(step, Standing)
    again = only(*log, Reverted(seq=1, answer=step.answer, at=9))
    assert again == step


# --- the report


def ended():
    return Ended(status="completed", outcome=Finished(encode(1)), at=400)


def test_the_report_is_read_from_the_log_and_reads_well():
    log = [*made(1, "mail.send", {"to": "bo"}), *made(2), *made(3), *made(4), *made(5, "crm.look", effect="read")]
    log += [ended()]
    for step in steps(*log):
        match step:
            case Undo(seq=3):
                log += [reverting(3), reverted(3, failed=failure(message="it is locked"))]
            case Undo(seq=2):
                log += [reverting(2)]  # and then the process was killed
            case Undo(seq=seq):
                log += [reverting(seq), reverted(seq)]
            case Standing():
                log += [Reverted(seq=step.seq, answer=step.answer, at=9)]
    report = rollback_of(RUN, log)
    assert [call.seq for call in report.reverted] == [4]
    assert [(step.seq, step.unknown) for step in report.standing] == [(3, False), (2, True), (1, False)]
    assert str(report) == (
        "run_1: 1 call undone, 3 calls left standing\n"
        '  undone       4  crm.create({"name":"a"})\n'
        "  standing     3  crm.create: its revert failed: it is locked\n"
        "  standing     2  crm.create: its revert was cut off: whether it is undone is not known, "
        "and it is not repeated blindly\n"
        "  standing     1  mail.send: it has no revert"
    )


def test_a_report_before_any_rollback_leaves_all_standing():
    report = rollback_of(RUN, [*made(1), ended()])
    assert [step.why for step in report.standing] == ["nobody tried to undo it"]
    assert str(rollback_of(RUN, [ended()])) == "run_1: there was nothing to undo"


def test_the_report_shortens_long_arguments():
    log = [*made(1, args={"name": "x" * 500}), ended(), reverting(1), reverted(1)]
    assert max(map(len, str(rollback_of(RUN, log)).splitlines())) < 130
