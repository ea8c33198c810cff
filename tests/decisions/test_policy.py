"""The policy: verdicts, what search may know of them, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.decisions.catalogs import tool
from tests.decisions.test_condition import json_values

from toolscript.errors import ConfigError
from toolscript.runs.condition import Condition
from toolscript.runs.entry import Actor, Granted
from toolscript.runs.grants import grant_of
from toolscript.runs.policy import Judgement, Policy, Rule, Verdict
from toolscript.tools import Tool

find = tool("crm.find", effect="read")
create = tool("crm.create")
delete = replace(tool("crm.delete_contact"), destructive=True)
pay = tool("bank.pay")
look = tool("codemode.search", effect="read")
keep = tool("codemode.set", effect="write")


def rule(verdict: Verdict, *tools: str, when: str = "", **more: Any) -> Rule:
    conditions = (Condition.parse(when),) if when else ()
    return Rule(verdict=verdict, tools=tools or ("*",), when=conditions, **more)


def verdict(policy: Policy, tool: Tool, **args: Any) -> Verdict:
    return policy.judge(tool, args, {}).verdict


@pytest.mark.parametrize(
    ("approve", "expected"),
    [
        ("none", ["allow", "allow", "allow"]),
        ("destructive", ["allow", "allow", "ask"]),
        ("writes", ["allow", "ask", "ask"]),
    ],
)
def test_without_rules_reads_are_allowed_and_writes_as_approve_says(approve: Any, expected: list[str]) -> None:
    policy = Policy(approve=approve)
    assert [verdict(policy, one) for one in (find, create, delete)] == expected
    assert [policy.outlook(one) for one in (find, create, delete)] == expected


def test_the_default_asks_about_destructive_writes_and_says_so() -> None:
    assert Policy().judge(delete, {}, {}) == Judgement(
        "ask", "default: destructive writes are asked", "destructive writes are asked"
    )
    assert Policy().judge(find, {}, {}).rule == "default: reads are allowed"


def test_the_first_rule_that_fits_decides() -> None:
    policy = Policy((rule("allow", "crm.find"), rule("deny", "crm.*"), rule("allow", "*")))
    assert verdict(policy, find) == "allow"
    assert verdict(policy, create) == "deny"
    assert verdict(policy, pay) == "allow"


def test_a_verdict_names_its_rule_and_the_reason() -> None:
    policy = Policy((rule("ask", "crm.delete_*", because="deletes need a look", origin="toolscript.toml:14"),))
    judged = policy.judge(delete, {}, {})
    assert judged.rule == "toolscript.toml:14 crm.delete_*: deletes need a look"
    assert judged.reason == "deletes need a look"


def test_a_rule_without_words_says_what_it_asks_for() -> None:
    assert rule("deny", "bank.*", when="amount > 100").text == "bank.*: denied when amount > 100"
    assert rule("ask", "bank.*", after_calls=5).text == "bank.*: asked after 5 calls"
    assert rule("ask", when="a > 1", after_calls=5).text == "*: asked when a > 1 and after 5 calls"
    assert rule("allow").text == "*: allowed"


@pytest.mark.parametrize(
    ("pattern", "fit"),
    [
        ("*", [find, delete, pay]),
        ("crm.*", [find, delete]),
        ("crm", [find, delete]),
        ("*.delete_*", [delete]),
        ("crm.find", [find]),
        ("CRM.*", []),
        ("cr", []),
    ],
)
def test_patterns_are_globs_over_paths_or_a_namespace(pattern: str, fit: list[Tool]) -> None:
    policy = Policy((rule("deny", pattern),), approve="none")
    assert [one for one in (find, delete, pay) if verdict(policy, one) == "deny"] == fit


def test_effect_and_annotation_narrow_a_rule() -> None:
    writes = Policy((rule("deny", effect="write"),))
    assert [verdict(writes, one) for one in (find, create, delete)] == ["allow", "deny", "deny"]
    mild = Policy((rule("deny", effect="write", destructive=False),))
    assert [verdict(mild, one) for one in (find, create, delete)] == ["allow", "deny", "ask"]


def test_conditions_must_all_hold() -> None:
    both = Rule(verdict="deny", when=(Condition.parse("amount > 100"), Condition.parse('to != "me"')))
    assert verdict(Policy((both,)), pay, amount=101, to="you") == "deny"
    assert verdict(Policy((both,)), pay, amount=101, to="me") == "allow"
    assert verdict(Policy((both,)), pay, amount=1, to="you") == "allow"


@pytest.mark.parametrize("args", [{}, {"amount": "5"}, {"amount": None}, {"amount": [1]}, {"amount": {"value": 1}}])
def test_a_doubt_is_never_the_programs_gain(args: dict[str, Any]) -> None:
    assert verdict(Policy((rule("deny", when="amount > 100"),)), pay, **args) == "deny"
    assert verdict(Policy((rule("ask", when="amount > 100"),)), pay, **args) == "ask"
    assert verdict(Policy((rule("allow", when="amount <= 100"),), approve="writes"), pay, **args) == "ask"


def test_a_rule_may_begin_after_some_calls_of_its_tools() -> None:
    policy = Policy((rule("ask", "crm.*", after_calls=3),))

    def after(**calls: int) -> Verdict:
        return policy.judge(create, {}, {path.replace("_", ".", 1): count for path, count in calls.items()}).verdict

    assert after() == "allow"
    assert after(crm_create=2, bank_pay=50) == "allow"
    assert after(crm_create=1, crm_find=2) == "ask"
    assert policy.outlook(create) == "depends"
    assert Policy((rule("ask", "crm.*", after_calls=0),)).outlook(create) == "ask"


def test_codemode_itself_is_ruled_only_by_its_own_name() -> None:
    policy = Policy((rule("deny", "*"), rule("deny", "c*")), approve="writes", function=lambda tool, args: "deny")
    assert verdict(policy, look) == verdict(policy, keep) == "allow"
    assert policy.outlook(look) == "allow"
    assert verdict(Policy((rule("deny", "codemode.search"),)), look) == "deny"
    assert verdict(Policy((rule("ask", "codemode"),)), keep) == "ask"


def test_calls_of_codemode_are_not_counted_by_rules_about_other_tools() -> None:
    assert Policy((rule("deny", after_calls=1),)).judge(pay, {}, {"codemode.search": 9}).verdict == "allow"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("deny", "bank.*")], "deny"),
        ([rule("deny", when="a > 1"), rule("deny")], "deny"),
        ([rule("deny", when="a > 1")], "depends"),
        ([rule("allow", when="a > 1"), rule("deny")], "depends"),
        ([rule("ask", when="a > 1"), rule("ask")], "ask"),
        ([rule("deny", "crm.*")], "allow"),
        ([rule("deny", effect="read")], "allow"),
    ],
)
def test_the_outlook_is_what_holds_whatever_the_arguments(rules: list[Rule], expected: str) -> None:
    assert Policy(tuple(rules)).outlook(pay) == expected


def test_with_a_function_only_a_denial_is_certain() -> None:
    def allow(tool: Tool, args: Mapping[str, Any]) -> Verdict:
        return "allow"

    policy = Policy((rule("deny", "bank.*"), rule("ask", "crm.delete_*")), function=allow)
    assert [policy.outlook(one) for one in (pay, delete, find)] == ["deny", "depends", "depends"]


def test_a_function_is_asked_first_and_may_leave_it_to_the_rules() -> None:
    def big(tool: Tool, args: Mapping[str, Any]) -> Verdict | tuple[Verdict, str] | None:
        return ("ask", "over\nthe limit") if args.get("amount", 0) > 100 else None

    policy = Policy((rule("deny", "bank.*"),), function=big)
    assert policy.judge(pay, {"amount": 101}, {}) == Judgement(
        "ask", "policy function: over the limit", "over the limit"
    )
    assert verdict(policy, pay, amount=1) == "deny"
    assert Policy(function=lambda tool, args: "allow").judge(delete, {}, {}).rule == "policy function: allowed"


def test_a_function_that_raises_denies_and_its_words_are_for_the_operator() -> None:
    def broken(tool: Tool, args: Mapping[str, Any]) -> Verdict:
        raise LookupError("no table at /srv/secret")

    judged = Policy((rule("allow"),), function=broken).judge(find, {}, {})
    assert judged == Judgement(
        "deny",
        "the policy function failed",
        "the policy function failed",
        "it raised LookupError: no table at /srv/secret",
    )


class Odd:
    def __eq__(self, other: object) -> bool:
        raise ValueError

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    "answer", ["yes", "", True, 1, ("allow",), ("allow", 1), ("no", "x"), ["allow", "x"], Odd(), (Odd(), "x"), object()]
)
def test_a_function_that_answers_anything_else_denies(answer: Any) -> None:
    assert Policy(function=lambda tool, args: answer).judge(find, {}, {}).verdict == "deny"


def test_a_function_that_gives_a_coroutine_denies_without_a_warning() -> None:
    async def later() -> Verdict:
        return "allow"

    assert Policy(function=lambda tool, args: later()).judge(find, {}, {}).verdict == "deny"  # type: ignore[arg-type]


def test_a_function_cannot_change_the_arguments() -> None:
    def meddling(tool: Tool, args: Any) -> None:
        args["to"].append("thief")
        args["amount"] = 0

    args = {"to": ["friend"], "amount": 5}
    Policy(function=meddling).judge(pay, args, {})
    assert args == {"to": ["friend"], "amount": 5}


def test_what_cannot_be_a_policy_is_said_when_it_is_made() -> None:
    async def later(tool: Tool, args: Mapping[str, Any]) -> Verdict:
        return "allow"

    wrong: list[Any] = [
        lambda: Rule(verdict="refuse"),  # type: ignore[arg-type]
        lambda: Rule(verdict="deny", tools="crm.*"),  # type: ignore[arg-type]
        lambda: Rule(verdict="deny", tools=()),
        lambda: Rule(verdict="deny", when=("a > 1",)),  # type: ignore[arg-type]
        lambda: Rule(verdict="deny", after_calls=-1),
        lambda: Rule(verdict="deny", effect="delete"),  # type: ignore[arg-type]
        lambda: Policy((("deny", "*"),)),  # type: ignore[arg-type]
        lambda: Policy(approve="all"),  # type: ignore[arg-type]
        lambda: Policy(function=later),  # type: ignore[arg-type]
        lambda: Policy(function="shop:decide"),  # type: ignore[arg-type]
    ]
    for make in wrong:
        with pytest.raises(ConfigError):
            make()


def test_an_explanation_goes_through_every_rule_and_ends_in_the_verdict() -> None:
    policy = Policy(
        (
            rule("deny", "crm.*"),
            rule("allow", effect="read"),
            rule("deny", "bank.*", destructive=True),
            rule("deny", "bank.*", when="amount > 100", origin="toolscript.toml:9"),
            rule("allow", when="currency in [1]"),
            rule("deny", "bank.*", after_calls=2),
            rule("ask", "bank.*", when='to startsWith "x"', because="strangers"),
            rule("allow", "bank.*"),
        )
    )
    assert policy.explain(pay, {"amount": 50}, {}) == (
        "deny crm.*: does not fit: its tools are crm.*",
        "allow *: does not fit: its effect is read, and the tool's is write",
        "deny bank.*: does not fit: the tool is not destructive",
        "deny toolscript.toml:9 bank.*: does not fit: the condition `amount > 100` does not hold",
        "allow *: does not fit: the condition `currency in [1]` cannot be decided",
        "deny bank.*: does not fit: 0 of 2 calls were made before",
        'ask bank.*: fits, as `to startsWith "x"` cannot be decided',
        "allow bank.*: fits, but comes too late",
        "ask: bank.*: strangers",
    )


def test_an_explanation_tells_what_the_function_said() -> None:
    assert Policy(function=lambda tool, args: None).explain(find, {}, {}) == (
        "policy function: leaves it to the rules",
        "allow: default: reads are allowed",
    )
    lines = Policy(function=lambda tool, args: 1 / 0).explain(find, {}, {})  # type: ignore[arg-type,return-value]
    assert lines == (
        "policy function: deny (it raised ZeroDivisionError: division by zero)",
        "deny: the policy function failed",
    )


names = st.sampled_from(["crm.find", "crm.delete_contact", "bank.pay", "codemode.search"])
rules = st.builds(
    Rule,
    verdict=st.sampled_from(["allow", "ask", "deny"]),
    tools=st.tuples(st.sampled_from(["*", "crm.*", "bank", "*.delete_*", "codemode.*", "[", "bank.pay"])),
    effect=st.sampled_from([None, "read", "write"]),
    destructive=st.sampled_from([None, True, False]),
    when=st.lists(
        st.sampled_from(["a > 1", 'a.b == "x"', "a.* in [1, null]", 'b contains "x"', "b missing", 'a within "/"']).map(
            Condition.parse
        ),
        max_size=2,
    ).map(tuple),
    after_calls=st.sampled_from([None, 0, 1, 5]),
)


@given(st.lists(rules, max_size=5), st.sampled_from([find, create, delete, pay, look]), json_values, json_values, names)
def test_a_judgement_agrees_with_outlook_and_explanation_for_any_arguments(
    rules: list[Rule], tool: Tool, a: Any, b: Any, called: str
) -> None:
    policy = Policy(tuple(rules))
    for args in ({"a": a, "b": b}, {"a": a}, {}):
        judged = policy.judge(tool, args, {called: 3})
        assert policy.outlook(tool) in (judged.verdict, "depends")
        assert policy.explain(tool, args, {called: 3})[-1] == f"{judged.verdict}: {judged.rule}"


@given(json_values)
def test_a_denial_of_large_amounts_cannot_be_escaped_by_odd_types(amount: Any) -> None:
    small = isinstance(amount, int | float) and not isinstance(amount, bool) and amount <= 100
    expected = "allow" if small else "deny"
    assert verdict(Policy((rule("deny", when="amount > 100"),)), pay, amount=amount) == expected


def grant(*tools: str, **more: Any) -> Granted:
    return Granted(id=more.pop("id", "g1"), tools=tools, by=Actor("ann", "cli"), at=0, **more)


def test_a_grant_approves_calls_of_its_tools() -> None:
    wide, narrow = grant("crm.*"), grant("bank.pay", id="g2")
    assert grant_of([wide, narrow], "bank.pay", {}, {}, 0) is narrow
    assert grant_of([wide, narrow], "crm.find", {}, {}, 0) is wide
    assert grant_of([wide, narrow], "shop.buy", {}, {}, 0) is None
    assert grant_of([grant("*")], "codemode.search", {}, {}, 0) is None


def test_a_grant_holds_for_so_many_calls_and_until_its_instant() -> None:
    limited = grant("crm.*", calls=2, until=1_000)
    assert grant_of([limited], "crm.find", {}, {"g1": 1}, 999) is limited
    assert grant_of([limited], "crm.find", {}, {"g1": 2}, 999) is None
    assert grant_of([limited], "crm.find", {}, {"other": 9}, 1_000) is None


def test_a_grant_with_conditions_approves_only_what_they_are_certain_of() -> None:
    limited = grant("bank.*", when=("amount <= 100", 'to == "ann"'))
    assert grant_of([limited], "bank.pay", {"amount": 100, "to": "ann"}, {}, 0) is limited
    for args in ({"amount": 101, "to": "ann"}, {"amount": "1", "to": "ann"}, {"to": "ann"}, {}):
        assert grant_of([limited], "bank.pay", args, {}, 0) is None


def test_of_several_grants_the_first_with_calls_left_approves() -> None:
    one, two = grant("*", id="a", calls=1), grant("*", id="b")
    assert grant_of([one, two], "crm.find", {}, {"a": 1}, 0) is two
