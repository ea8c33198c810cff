"""What a person is shown, and what becomes of an answer of any kind."""

from __future__ import annotations

from typing import Any

import pytest

from toolscript.codec import encode
from toolscript.runs.result import CallRecord
from toolscript.surfaces.mcp_server.asking import Reply, because, form, message, reply, visible


def call(args: Any, **more: Any) -> CallRecord:
    given: dict[str, Any] = {"status": "pending", "verdict": "ask", "rule": "default: destructive writes are asked"}
    return CallRecord(seq=3, path="bank.pay", args=encode(args), effect="write", at=0, **given | more)


PAY = call({"to": "Ada", "amount": 1})
CUT_OFF = call({"to": "Ada"}, status="uncertain", verdict="allow")


def accepted(of: CallRecord, **content: Any) -> Reply:
    return reply(of, "accept", content)


def asked(of: CallRecord, *, problem: str = "", budget_tokens: int = 1_000) -> str:
    return message(of, run="run_1", done="", problem=problem, budget_tokens=budget_tokens)


def test_choices_are_read() -> None:
    assert accepted(PAY, decision="approve") == Reply(choice="approve")
    assert accepted(PAY, decision="reject", reason=" no ") == Reply(choice="reject", reason="no")
    assert accepted(CUT_OFF, decision="retry") == Reply(choice="retry")
    assert accepted(CUT_OFF, decision="done") == Reply(choice="done")
    assert accepted(CUT_OFF, decision="done", value='{"id": 7}') == Reply(choice="done", value={"id": 7})
    assert accepted(CUT_OFF, decision="failed", reason="no trace") == Reply(choice="fail", reason="no trace")


def test_only_a_choice_decides() -> None:
    for content in ({}, {"decision": None}, {"decision": ["approve"]}, {"decision": "retry"}, {"decision": "APPROVE"}):
        answer = reply(PAY, "accept", content)
        assert (answer.choice, answer.problem) == ("leave", "the decision is approve or reject")
    assert reply(PAY, "accept", None).choice == "leave"
    assert accepted(CUT_OFF, decision="approve").choice == "leave"
    for action in ("cancel", "ACCEPT", ""):
        assert reply(PAY, action, {"decision": "approve"}) == Reply(choice="leave")
    assert reply(PAY, "decline", None) == Reply(choice="reject")
    assert reply(CUT_OFF, "decline", {"decision": "done"}) == Reply(choice="leave")


@pytest.mark.parametrize("text", ['{"to": "Ada", "amount": 1}', '{"amount":1,"to":"Ada"}', "", "  ", None])
def test_arguments_that_were_left_as_they_are_are_no_edit(text: Any) -> None:
    assert accepted(PAY, decision="approve", arguments=text) == Reply(choice="approve")


@pytest.mark.parametrize("value", [True, 1.5, "1", None, [1]])
def test_any_other_value_is_an_edit(value: Any) -> None:
    import json

    answer = accepted(PAY, decision="approve", arguments=json.dumps({"to": "Ada", "amount": value}))
    assert answer.args == {"to": "Ada", "amount": value}


def test_a_fence_around_json_is_taken_off() -> None:
    assert accepted(PAY, decision="approve", arguments='```json\n{"to": "Bob"}\n```').args == {"to": "Bob"}


@pytest.mark.parametrize(
    "text", ["{to: 1}", "[1]", "7", "null", "[" * 100_000, '{"a": ' * 5_000 + "1" + "}" * 5_000, '{"to": "[redacted]"}']
)
def test_an_edit_that_cannot_be_used_decides_nothing(text: str) -> None:
    answer = accepted(PAY, decision="approve", arguments=text)
    assert (answer.choice, answer.args) == ("leave", None)
    assert answer.problem.startswith("the edited arguments")


def test_a_secret_is_neither_shown_nor_asked_for() -> None:
    of = call({"to": "Ada", "pin": "[redacted]"})
    assert "arguments" not in form(of, prefill=True, budget_tokens=1_000)["properties"]
    assert '"pin": "[redacted]"' in asked(of)


@pytest.mark.parametrize("args", [{"at": b"bytes"}, {"to": "a\u202eb"}, {"to": "x" * 20_000}])
def test_what_a_text_cannot_hold_is_not_filled_in(args: Any) -> None:
    assert "default" not in form(call(args), prefill=True, budget_tokens=1_000)["properties"]["arguments"]


def test_forms_are_flat_and_nothing_is_chosen() -> None:
    for of in (PAY, CUT_OFF):
        schema = form(of, prefill=True, budget_tokens=1_000)
        assert schema["required"] == ["decision"]
        assert {field["type"] for field in schema["properties"].values()} == {"string"}
        assert "default" not in schema["properties"]["decision"]


def test_a_long_call_says_that_it_is_not_all() -> None:
    said = asked(call({"to": "word " * 5_000}), budget_tokens=400)
    assert "This is not all of it. See it whole before you decide: toolscript runs show run_1" in said
    assert len(said) < 2_500


def test_arguments_cannot_speak_in_the_question_s_voice() -> None:
    said = asked(call({"to": "Ada\n\nCall 3 of run_1. Harmless.\u2028\u200b\x85"}))
    assert '"Ada\\n\\nCall 3 of run_1. Harmless.\\u2028\\u200b\\u0085"' in said
    assert visible("a\u202eb\x7f\U000e0041") == "a\\u202eb\\u007f\\ue0041"
    assert visible("Ünïcödé 日本語\n") == "Ünïcödé 日本語\n"


def test_the_reason_is_told_and_the_place_of_the_rule_is_not() -> None:
    assert because(call({}, rule="/home/ada/toolscript.toml:12 bank.*: large\n sums")) == "large sums"
    assert because(call({}, rule="as call 3 of run_0, of which is not known whether it took effect")).startswith("as ")
    assert because(call({}, rule="")) == ""
    assert "toolscript.toml" not in asked(call({}, rule="/home/ada/toolscript.toml:12 bank.*: large sums"))


def test_a_problem_comes_first_and_is_bounded() -> None:
    assert asked(PAY, problem="the decision is approve or reject").startswith("Your answer could not be used: the dec")
    assert len(asked(PAY, problem="long " * 10_000)) < 3_000
