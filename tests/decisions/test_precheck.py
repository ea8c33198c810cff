"""Facts about a program, held against a catalogue: what is a problem, and how it is told."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from toolscript.catalog.catalog import Catalog
from toolscript.runs.absent import ABSENT
from toolscript.runs.inspected import Inspected, Mention, Unawaited
from toolscript.runs.policy import Policy, Rule
from toolscript.runs.precheck import Problem, anywhere, failure_of, is_suspect, problems_of
from toolscript.schema.syntax import Syntax
from toolscript.tools import Tool, ToolPath

OPEN = Policy()
CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "cases" / "program_check.json").read_text(encoding="utf-8")
)["cases"]


def tools_of(namespace: str, *methods: str) -> list[Tool]:
    return [Tool(path=ToolPath(namespace, each), raw_name=each, description="", input_schema={}) for each in methods]


CATALOG = (
    Catalog.empty()
    .replace("crm", tools_of("crm", "find", "list"))
    .replace("billing", tools_of("billing", "charge"))
    .replace("slow", (), state="connecting")
    .replace("gone", (), state="unreachable")
)


def called(name: str, method: str, line: int = 1) -> Inspected:
    mention = Mention(name=name, method=method, line=line, column=1)
    return Inspected(calls=(mention,), free=(mention,))


def told(facts: Inspected, policy: Policy = OPEN) -> list[str]:
    return [problem.message for problem in problems_of(facts, CATALOG, policy)]


def test_a_tool_that_is_there_is_no_problem() -> None:
    assert told(called("crm", "find")) == []


@pytest.mark.parametrize("namespace", ["slow", "gone"])
def test_of_a_source_that_is_not_ready_nothing_is_certain(namespace: str) -> None:
    assert told(called(namespace, "anything")) == []


def test_an_unknown_namespace_is_told_once_and_not_as_an_unknown_method_too() -> None:
    assert told(called("crn", "find")) == ["there is no namespace crn: did you mean crm?"]


def test_a_namespace_of_which_all_is_denied_is_not_suggested() -> None:
    (message,) = told(called("crn", "find"), Policy((Rule(verdict="deny", tools=("crm.*",)),)))
    assert "crm" not in message


def test_a_connector_may_have_the_name_of_a_global_that_is_absent() -> None:
    catalog = CATALOG.replace("fetch", tools_of("fetch", "get"))
    assert problems_of(called("fetch", "get"), catalog, OPEN) == ()


@pytest.mark.parametrize("syntax", ABSENT)
def test_every_absent_name_says_what_to_use_instead(syntax: Syntax) -> None:
    for name, instead in ABSENT[syntax].items():
        (message,) = told(Inspected(syntax=syntax, free=(Mention(name=name, line=1, column=1),)))
        expected = instead if instead.startswith("there is no ") else f"there is no `{name}` in here: {instead}"
        assert message == expected
        assert len(instead) > 10


@pytest.mark.parametrize(
    ("method", "instead"),
    [("datetime", "`import datetime`"), ("timedelta", "`import datetime`"), ("now", "`from datetime import datetime`")],
)
def test_the_method_tells_whether_a_module_or_its_class_was_meant(method: str, instead: str) -> None:
    free = (Mention(name="datetime", method=method, line=1, column=1),)
    assert told(Inspected(syntax="python", free=free)) == [f"there is no `datetime` in here: write {instead} first"]


def test_a_variable_that_is_only_read_is_left_to_the_run() -> None:
    assert told(Inspected(free=(Mention(name="debug", line=1, column=1),))) == []


def test_a_promise_of_a_tool_that_is_not_there_is_told_as_that() -> None:
    wrong = Unawaited(
        path="crm.fnd", use="member", detail="x", fix="(await crm.fnd()).x", used_line=1, line=1, column=1
    )
    assert told(Inspected(unawaited=(wrong,))) == []


def test_elsewhere_a_namespace_may_be_there_and_a_global_is_not() -> None:
    free = (Mention(name="crn", method="find", line=1, column=1), Mention(name="fetch", called=True, line=2, column=1))
    assert [problem.line for problem in problems_of(anywhere(Inspected(free=free)), CATALOG, OPEN)] == [2]
    assert anywhere(Inspected(free=free), ("fetch",)).free == ()


def test_one_problem_is_a_failure_with_its_place() -> None:
    failure = failure_of((Problem(2, 3, "no such thing"),), "a\r\nb c\r\n")
    assert (failure.kind, failure.code, failure.name) == ("guest", "check", "CheckError")
    assert (failure.line, failure.column, failure.source) == (2, 3, "b c")
    assert failure.message == "no such thing. The program was not started, and nothing was called."


def test_a_line_that_is_not_there_is_shown_as_nothing() -> None:
    assert failure_of((Problem(9, 1, "x"),), "a").source == ""
    assert "  9 | " in failure_of((Problem(9, 1, "x"), Problem(9, 2, "y")), "a").message


def test_a_long_line_is_cut_around_the_place() -> None:
    code = "x" * 5_000 + " crn.find() " + "y" * 5_000
    text = failure_of((Problem(1, 5_002, "a"), Problem(1, 5_002, "b")), code).message
    assert len(text) < 800
    assert "crn.find()" in text


@pytest.mark.parametrize("case", [case for case in CASES if case["problems"]], ids=lambda case: case["why"])
def test_no_text_with_a_problem_is_passed_over(case: dict[str, Any]) -> None:
    catalog = CATALOG.replace("crm", tools_of("crm", "find", "list", "count")).replace("codemode", ())
    assert is_suspect(case["code"], catalog)


@pytest.mark.parametrize(
    "code",
    [
        "1 + 1",
        "return await crm.find({ id: 1 })",
        "let n = 0; for (let i = 0; i < 9; i++) n += await crm.find({ id: i }); return n",
        "return await Promise.all([crm.find({ id: 1 }), crm.list({})])",
        "const c = await crm.find({ name: 'it) is' });\nconsole.log(c.name);\nreturn JSON.stringify(c)",
        "return await Promise.all(Array.from({ length: 3 }, (_, id) => crm.find({ id })))",
    ],
)
def test_plain_programs_are_told_by_their_text(code: str) -> None:
    assert not is_suspect(code, CATALOG)


def test_the_text_is_read_in_a_time_that_grows_with_its_length() -> None:
    for piece in ("a.b(", "await crm.find(", "crm.find(() => ", "'", "x ! . y (", "a " * 50 + "("):
        code = piece * (100_000 // len(piece))
        began = perf_counter()
        is_suspect(code, CATALOG)
        assert perf_counter() - began < 0.5, piece


def read(name: str, **more: Any) -> Inspected:
    """A name that is neither bound nor there."""
    return Inspected(free=(Mention(name=name, line=1, column=1, **more),))


def test_a_name_that_is_nothing_is_told_where_it_is_sure_to_be_read() -> None:
    assert told(read("contcts")) == []
    assert told(read("contcts", fails=True)) == ["contcts is not defined"]
    assert told(read("contcts", fails=True, near=("contacts",))) == ["contcts is not defined: did you mean contacts?"]
    assert told(read("crm", fails=True)) == []


def test_names_of_the_programs_own_come_before_those_of_tools() -> None:
    assert told(read("fnd", called=True, near=("found",))) == ["fnd is not defined: did you mean found?"]
    assert told(read("pepole", method="append", near=("people",))) == ["pepole is not defined: did you mean people?"]
    assert told(read("crn", method="find", near=("cruise",))) == ["there is no namespace crn: did you mean crm?"]


def test_a_namespace_behind_another_name_is_told_by_itself() -> None:
    (said,) = told(read("server", method="crm.find"))
    assert said.startswith("there is no namespace server: a namespace stands for itself. Did you mean crm.find(")
    (hidden,) = told(read("server", method="crm.find"), Policy((Rule(verdict="deny", tools=("crm.find",)),)))
    assert "Did you mean crm.find" not in hidden
