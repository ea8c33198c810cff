"""The rules of snippets: what starts, what is refused, and in which words."""

import pytest

from toolscript.catalog.catalog import Catalog, NamespaceState
from toolscript.catalog.describe import describe
from toolscript.catalog.search import search
from toolscript.runs.snippet import SNIPPETS, Snippet, allowed_name, refusal, takes_an_object, unknown
from toolscript.schema.names import namespace_names
from toolscript.tools import Schema, Tool, ToolPath

REPORT = Snippet(
    name="weekly_report",
    code="return await crm.find({ since: input.since })",
    description="What happened in the CRM since a day.",
    input_schema={"type": "object", "properties": {"since": {"type": "string"}}, "required": ["since"]},
    namespaces=("crm",),
    version=3,
)
INPUT = {"since": "2026-01-01"}


def catalog(**states: NamespaceState) -> Catalog:
    made = Catalog.empty()
    for name, state in states.items():
        tools = [
            Tool(path=ToolPath(name, method), raw_name=method, description="", input_schema={"type": "object"})
            for method in ("find", "add")
        ]
        made = made.replace(name, tools, state=state)
    return made


def test_a_snippet_starts_where_its_namespaces_are_ready_and_its_input_fits():
    assert refusal(REPORT, INPUT, language="typescript", catalog=catalog(crm="ready")) is None


@pytest.mark.parametrize("state", ["connecting", "unreachable"])
def test_a_namespace_that_cannot_be_called_is_named(state: NamespaceState):
    failure = refusal(REPORT, INPUT, language="typescript", catalog=catalog(crm=state))
    assert failure is not None
    assert (failure.kind, failure.code) == ("tool", "unreachable")
    assert failure.message == f"snippets.weekly_report needs the namespace crm, which is {state}. Nothing was started."


def test_a_namespace_that_is_not_there_is_named():
    failure = refusal(REPORT, INPUT, language="typescript", catalog=Catalog.empty())
    assert failure is not None
    assert "needs the namespace crm, which is not connected" in failure.message


def test_input_that_does_not_fit_is_told_by_path_with_the_signature():
    failure = refusal(REPORT, {"since": 5}, language="typescript", catalog=catalog(crm="ready"))
    assert failure is not None
    assert failure.code == "bad_arguments"
    assert failure.message.startswith("snippets.weekly_report: since: expected string")
    assert failure.message.endswith("Expected: snippets.weekly_report({ since: string }): Promise<unknown>")


@pytest.mark.parametrize("value", [5, "x", [1], None])
def test_input_that_is_no_object_is_refused(value: object):
    failure = refusal(REPORT, value, language="typescript", catalog=catalog(crm="ready"))
    assert failure is not None
    assert "expected object" in failure.message


def test_a_snippet_of_another_language_is_refused():
    failure = refusal(REPORT, INPUT, language="python", catalog=catalog(crm="ready"))
    assert failure is not None
    assert "is written in typescript: a python program cannot run it" in failure.message


def test_an_unknown_name_is_answered_with_near_ones_or_some():
    assert "Did you mean snippets.weekly_report({ since: string })" in unknown("weekly_reprot", [REPORT]).message
    assert unknown("zzz", [REPORT]).message == "there is no snippet zzz. There are: weekly_report."
    assert unknown("zzz", []).message == "there is no snippet zzz. None was saved yet."


@pytest.mark.parametrize("name", ["__proto__", "constructor", "then", "toString", "class", "lambda", "a-b", "1st", ""])
def test_a_name_that_no_program_can_write_has_one_like_it_that_would_do(name: str):
    allowed = allowed_name(name)
    assert allowed != name
    assert allowed_name(allowed) == allowed


def test_a_snippet_sees_what_it_mentions_and_all_of_what_it_needs():
    known = catalog(crm="ready", billing="ready", mail="ready")
    assert REPORT.seen(known) == {"crm": ("find",)}
    computed = Snippet(name="x", code="return await mail.add({})", description="", namespaces=("billing",))
    assert computed.seen(known) == {"billing": ("find", "add"), "mail": ("add",)}


def test_only_a_schema_that_may_be_of_an_object_describes_an_input():
    objects: list[Schema] = [{"type": "object"}, {}, True, {"$ref": "#/$defs/a", "$defs": {"a": {}}}]
    others: list[Schema] = [{"type": "string"}, {"type": "array"}, False, {"const": 1}]
    assert all(map(takes_an_object, objects))
    assert not any(map(takes_an_object, others))


def test_a_snippet_is_found_and_described_like_a_tool():
    known = catalog(crm="ready").replace(SNIPPETS, [REPORT.tool])
    hit = search(known, "what happened since a day").hits[0]
    assert (hit.path, hit.signature) == (
        "snippets.weekly_report",
        "snippets.weekly_report({ since: string }): Promise<unknown>",
    )
    assert "What happened in the CRM since a day." in describe(known, ["snippets.weekly_report"])


def test_no_other_source_is_called_like_the_snippets():
    assert namespace_names(["snippets"]) == {"snippets": "snippets_"}
