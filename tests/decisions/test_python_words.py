"""What the machine and its words make of programs in Python."""

from __future__ import annotations

import re

import pytest

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.search import found_text, search
from toolscript.codec import Encoded, encode
from toolscript.errors import Failure
from toolscript.runs.complaint import expected
from toolscript.runs.condition import Condition
from toolscript.runs.hints import hint_of
from toolscript.runs.machine import Ask, Decision, Execute, Refuse, Tally, decide
from toolscript.runs.policy import Policy, Rule
from toolscript.runs.program import Limits
from toolscript.runs.result import CallRecord
from toolscript.runs.shaping import shape
from toolscript.runs.snippet import Snippet, refusal, unknown
from toolscript.runs.turn import Called, Raised
from toolscript.runs.usage import usage
from toolscript.runtime.builtin import TOOLS
from toolscript.tools import Tool, ToolPath

MOVE = Tool(
    path=ToolPath("bank", "move"),
    raw_name="move",
    description="Move money.",
    input_schema={
        "type": "object",
        "properties": {"from": {"type": "string"}, "pay-day": {"type": "integer"}},
        "required": ["from"],
        "additionalProperties": False,
    },
)
CATALOG = Catalog.empty().replace("bank", [MOVE]).replace("codemode", TOOLS)
TYPESCRIPT = ("({", "Promise", "=>", "const ", "undefined")
CALL = Called(1, "bank.move", Encoded('{"from_": "a", "pay_day": "7"}'))


def decided(call: Called, policy: Policy | None = None) -> Decision:
    return decide(call, CATALOG, policy or Policy(), limits=Limits(), tally=Tally(), now=1_000, syntax="python")


def test_names_that_python_cannot_write_lead_to_those_of_the_tool() -> None:
    decision = decided(CALL)
    assert isinstance(decision, Execute)
    assert (decision.args, decision.read) == ({"from": "a", "pay-day": 7}, True)


def test_policies_and_people_see_the_tools_own_names() -> None:
    asks = Rule(verdict="ask", tools=("bank.*",), when=(Condition.parse('from == "a"'),))
    decision = decided(CALL, Policy(rules=(asks,)))
    assert isinstance(decision, Ask)
    assert decision.read == {"from": "a", "pay-day": 7}


def test_the_tools_own_names_are_understood_in_python_too() -> None:
    decision = decided(Called(1, "bank.move", Encoded('{"from": "a"}')))
    assert isinstance(decision, Execute)
    assert (decision.args, decision.read) == ({"from": "a"}, False)


def test_a_typescript_program_has_no_other_names() -> None:
    assert isinstance(decide(CALL, CATALOG, Policy(), limits=Limits(), tally=Tally(), now=1_000), Refuse)


@pytest.mark.parametrize(
    ("path", "args", "said"),
    [
        ("bank.move", '{"fro": "a"}', "Expected: bank.move(*, from_: str, pay_day: int = ...) -> Any"),
        ("bank.mov", "{}", "Did you mean bank.move(*, from_: str, pay_day: int = ...) -> Any?"),
        ("zzz.qqq", "{}", "there is no tool zzz.qqq. codemode.search(query) finds tools."),
        ("codemode.serch", "{}", "codemode.search(query, limit=..., offset=..., namespace=...)"),
        ("codemode.step", "{}", "Expected: codemode.step(name, function)"),
    ],
)
def test_a_refusal_is_written_in_python(path: str, args: str, said: str) -> None:
    decision = decided(Called(1, path, Encoded(args)))
    assert isinstance(decision, Refuse)
    assert said in decision.failure.message
    assert not any(word in decision.failure.message for word in TYPESCRIPT)


def test_no_built_in_tool_is_shown_to_python_in_typescript() -> None:
    assert [shown for tool in TOOLS if any(word in (shown := usage(tool, "python")) for word in TYPESCRIPT)] == []


def test_a_name_that_is_not_defined_is_likened_to_a_namespace() -> None:
    failure = Failure(kind="guest", code="thrown", name="NameError", message="name 'banc' is not defined")
    assert hint_of(failure, CATALOG) == "Did you mean the namespace bank?"
    failure = Failure(kind="guest", code="thrown", name="NameError", message="name 'move' is not defined")
    assert hint_of(failure, CATALOG) == "Tools are called with their namespace: bank.move."


def test_a_tool_that_complains_of_its_arguments_is_shown_in_python() -> None:
    failure = Failure(kind="tool", code="tool", name="ToolError", message="a required field is missing")
    call = CallRecord(
        seq=1, path="bank.move", args=Encoded("{}"), effect="write", status="raised", at=0, answer=Raised(failure)
    )
    assert (
        expected(failure, [call], CATALOG, "python") == "Expected: bank.move(*, from_: str, pay_day: int = ...) -> Any"
    )


@pytest.mark.parametrize(
    ("value", "expression"),
    [
        ([{"n": n, "text": "word " * 9} for n in range(200)], r"r\[\d+:\d+\]"),
        ({"a b": ["x" * 40] * 300, "n": 1}, r'r\["a b"\]\[\d+:\d+\]'),
        ({f"key {n}": n for n in range(300)}, r"list\(r\.items\(\)\)\[\d+:\d+\]"),
        ("word " * 5_000, r"r\[\d+:\d+\]"),
        ([{"text": "word " * 5_000}], r'r\[0\]\["text"\]\[\d+:\d+\]'),
    ],
)
def test_a_cut_value_says_how_to_read_on_in_python(value: object, expression: str) -> None:
    text = shape(encode(value), 250, "run_1", "python").text
    way = text.rpartition("\n")[2]
    head = '[Cut. The whole value is kept; read on in a program: r = await codemode.result("run_1"); return '
    assert way.startswith(head)
    code = way.removeprefix(head).removesuffix("]")
    assert re.fullmatch(expression, code)
    assert eval(code, {"r": value, "list": list})


def test_search_shows_both_syntaxes_side_by_side_from_one_catalogue() -> None:
    for _ in range(2):  # made, then remembered
        assert "bank.move({ from: string" in found_text(search(CATALOG, "move money"))
        assert "bank.move(*, from_: str" in found_text(search(CATALOG, "move money", language="python"))


def test_a_snippet_is_shown_in_its_own_language_and_runs_in_what_can_run_it() -> None:
    snippet = Snippet(name="pay", code="1", description="Pay.", language="python")
    assert "snippets.pay(" in unknown("pya", [snippet]).message
    assert ") -> Any" in unknown("pya", [snippet]).message
    runs = {language: refusal(snippet, {}, language=language, catalog=CATALOG) for language in ("python", "cpython")}
    assert set(runs.values()) == {None}
    refused = refusal(snippet, {}, language="typescript", catalog=CATALOG)
    assert refused is not None
    assert refused.message == "snippets.pay is written in python: a typescript program cannot run it"
