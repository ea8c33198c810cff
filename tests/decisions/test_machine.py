"""The machine's rules, one by one, without an event loop."""

import pytest

from toolscript.catalog.catalog import Catalog
from toolscript.codec import Encoded
from toolscript.runs.entry import Actor, Granted, Intended
from toolscript.runs.machine import Ask, Execute, Refuse, Sleep, Tally, decide, too_many
from toolscript.runs.policy import Policy, Rule
from toolscript.runs.program import Limits
from toolscript.runs.turn import Called
from toolscript.runs.visible import mentioned, visible
from toolscript.runtime.builtin import TOOLS
from toolscript.tools import Tool, ToolPath

FIND = Tool(
    path=ToolPath("crm", "find_person"),
    raw_name="find-person",
    description="Find a person.",
    input_schema={"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    effect="read",
)
DELETE = Tool(
    path=ToolPath("crm", "delete_"), raw_name="delete", description="Delete.", input_schema={"type": "object"}
)
CATALOG = Catalog.empty().replace("crm", [FIND, DELETE]).replace("codemode", TOOLS)


def decided(
    path: str,
    args: str = "{}",
    *,
    limits: Limits | None = None,
    catalog: Catalog = CATALOG,
    policy: Policy | None = None,
    tally: Tally | None = None,
):
    call = Called(1, path, Encoded(args))
    return decide(call, catalog, policy or Policy(), limits=limits or Limits(), tally=tally or Tally(), now=1_000)


def test_a_call_that_fits_is_executed():
    assert decided("crm.find_person", '{"name":"Ada"}') == Execute(FIND, {"name": "Ada"}, "default: reads are allowed")


def test_what_is_not_said_to_be_a_read_is_a_write():
    assert decided("crm.delete_").effect == "write"


def test_a_missing_argument_is_refused_with_the_signature():
    decision = decided("crm.find_person", "{}")
    assert isinstance(decision, Refuse)
    assert decision.failure.code == "bad_arguments"
    assert "name" in decision.failure.message
    assert "Expected: crm.find_person({ name: string })" in decision.failure.message


@pytest.mark.parametrize("path", ["crm.find_persn", "crm.findPerson", "crm.find-person", "cmr.find_person"])
def test_a_misspelt_name_is_refused_with_the_near_one(path: str):
    decision = decided(path)
    assert isinstance(decision, Refuse)
    assert decision.failure.code == "unknown_tool"
    assert "Did you mean crm.find_person(" in decision.failure.message


def test_a_name_that_is_like_nothing_points_to_search():
    assert "codemode.search" in decided("zzz.qqq").failure.message


def test_a_call_to_a_source_that_cannot_be_reached_says_so_without_what_is_for_people():
    catalog = CATALOG.replace("git", [], state="unreachable", problems=("It ended at once: no such folder.",))
    message = decided("git.log", catalog=catalog).failure.message
    assert message == "git is unreachable, so git.log cannot be called. Go on without it, or try later."


def test_one_call_more_than_the_limit_ends_the_run():
    calls = [Called(seq, "crm.delete_", Encoded("{}")) for seq in (2, 3, 4)]
    assert too_many(calls[:2], Limits(calls=3)) is None
    failure = too_many(calls, Limits(calls=3))
    assert failure is not None
    assert "more than 3 calls" in failure.message
    assert too_many((), Limits(calls=3)) is None


def test_what_the_policy_asks_waits_for_a_person_and_says_which_rule_asks():
    policy = Policy(rules=(Rule(verdict="ask", tools=("crm.*",), because="look first"),))
    decision = decided("crm.delete_", policy=policy)
    assert isinstance(decision, Ask)
    assert (decision.effect, "look first" in decision.rule) == ("write", True)


def test_what_the_policy_denies_is_refused_with_the_reason_but_without_the_place_of_the_rule():
    rule = Rule(verdict="deny", tools=("crm.*",), because="no deletes here", origin="/etc/secret/toolscript.toml:3")
    decision = decided("crm.delete_", policy=Policy(rules=(rule,)))
    assert isinstance(decision, Refuse)
    assert decision.failure.code == "denied"
    assert "no deletes here" in decision.failure.message
    assert "/etc" not in decision.failure.message
    assert "/etc/secret/toolscript.toml:3" in decision.rule


def test_arguments_are_checked_before_anybody_is_asked():
    policy = Policy(rules=(Rule(verdict="ask"),))
    decision = decided("crm.find_person", '{"name":[7]}', policy=policy)
    assert isinstance(decision, Refuse)
    assert decision.failure.code == "bad_arguments"


def test_a_grant_answers_for_a_person_as_often_as_it_says():
    policy = Policy(rules=(Rule(verdict="ask"),))
    grant = Granted(id="g1", tools=("crm.*",), calls=1, by=Actor("ada", "cli"), at=1)
    tally = Tally(grants=(grant,))
    decision = decided("crm.delete_", policy=policy, tally=tally)
    assert isinstance(decision, Execute)
    assert decision.grant == "g1"
    intended = Intended(
        seq=1, path="crm.delete_", args=Encoded("{}"), effect="write", at=1, rule=decision.rule, grant=decision.grant
    )
    tally.note(intended)
    assert isinstance(decided("crm.delete_", policy=policy, tally=tally), Ask)


def test_arguments_that_are_too_large_are_refused():
    decision = decided("crm.find_person", f'{{"name":"{"x" * 200}"}}', limits=Limits(value_bytes=100))
    assert isinstance(decision, Refuse)
    assert decision.failure.code == "too_large"
    assert "value_bytes" in decision.failure.message


def test_a_timer_sleeps_and_no_tool_acts():
    assert decided("codemode.sleep", '{"seconds":1.5}') == Sleep(1.5)
    assert isinstance(decided("codemode.sleep", '{"seconds":"soon"}'), Refuse)


def test_damaged_arguments_are_refused():
    assert isinstance(decided("crm.delete_", '{"$bytes":7}'), Refuse)
    assert isinstance(decided("crm.delete_", "[1]"), Refuse | Execute)


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("return 1", {}),
        ("await crm.find_person({})", {"crm": ("find_person",)}),
        ("await crm\n  .find_person({}); crm?.nope()", {"crm": ("find_person",)}),
        ("const find_person = 1; return crm.delete_", {"crm": ("delete_", "find_person")}),
        ("crm[name]({})", {"crm": ("find_person", "delete_")}),
        ("Object.keys(crm)", {"crm": ("find_person", "delete_")}),
        ("const f = crm; f.x()", {"crm": ("find_person", "delete_")}),
        ("my.crm.find_person()", {"crm": ("find_person",)}),
        ("$crm.find_person(); crmx()", {}),
    ],
)
def test_a_program_sees_the_names_that_it_can_use(code: str, seen: dict[str, tuple[str, ...]]):
    assert visible(code, CATALOG) == seen


def test_a_program_that_can_compute_names_sees_all():
    assert visible("globalThis['cr' + 'm']", CATALOG).keys() == {"crm", "codemode"}


def test_a_namespace_is_mentioned_as_a_word_of_its_own():
    assert mentioned("crm.find(); xgit.y", frozenset({"crm", "git"})) == {"crm"}
