from __future__ import annotations

from pathlib import Path

import pytest
from cli_command import Project, project_in

RULES = """
[[policy.rules]]
verdict = "deny"
tools = "shop.stuck"
because = "it never ends"

[[policy.rules]]
verdict = "ask"
tools = "shop.refund"
when = "order > 100"

[[policy.rules]]
verdict = "ask"
tools = "shop.*"
effect = "write"
after_calls = 2
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path).shop(RULES)


def test_the_rules_in_force_are_listed_with_their_places(project: Project) -> None:
    ended = project.run("policy")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "deny   shop.stuck: it never ends  (toolscript.toml:3)",
        "ask    shop.refund, when order > 100  (toolscript.toml:8)",
        "ask    shop.*, effect write, after 2 calls  (toolscript.toml:13)",
        "default: reads are allowed, destructive writes are asked, other writes are allowed"
        "  (approve destructive, default)",
    ]


def test_the_list_has_the_function_and_needs_no_tools(tmp_path: Path) -> None:
    project = project_in(tmp_path)
    project.write("toolscript.toml", "policy.function = 'gone:decide'\n")
    assert project.run("policy", "--approve", "writes").out.splitlines() == [
        "function gone:decide: is asked first  (toolscript.toml:1)",
        "default: reads are allowed, writes are asked  (approve writes, --approve)",
    ]
    assert project.run("policy", "--json").json == {"approve": "destructive", "function": "gone:decide", "rules": []}


def test_an_explanation_names_the_rule_that_decides(project: Project) -> None:
    ended = project.run("policy", "explain", "shop.refund", '{"order": 500}')
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "deny toolscript.toml:3 shop.stuck: does not fit: its tools are shop.stuck",
        "ask toolscript.toml:8 shop.refund: fits",
        "ask toolscript.toml:13 shop.*: does not fit: 0 of 2 calls were made before",
        "ask: toolscript.toml:8 shop.refund: asked when order > 100",
    ]


def test_an_explanation_as_json(project: Project) -> None:
    explained = project.run("policy", "explain", "shop.refund", '{"order": 5}', "--calls", "2", "--json").json
    assert set(explained) == {"tool", "args", "verdict", "rule", "outlook", "problems", "lines"}
    assert (explained["tool"], explained["args"], explained["problems"]) == ("shop.refund", {"order": 5}, [])
    assert (explained["verdict"], explained["outlook"]) == ("ask", "depends")
    assert explained["rule"] == "toolscript.toml:13 shop.*: asked after 2 calls"
    assert len(explained["lines"]) == 4


def test_a_tool_that_is_denied_can_be_explained(project: Project) -> None:
    assert project.run("policy", "explain", "shop.stuck").out.splitlines()[-1] == (
        "deny: toolscript.toml:3 shop.stuck: it never ends"
    )
    assert project.run("policy", "explain", "codemode.search").out.splitlines()[-1] == (
        "allow: default: codemode is allowed"
    )


def test_a_pattern_that_fits_no_tool_is_noted(project: Project) -> None:
    project.shop("[[policy.rules]]\nverdict = 'deny'\ntools = ['shop.refnd', 'shop.stuck']\n")
    ended = project.run("policy", "explain", "shop.refund")
    assert ended.out.splitlines()[-1] == "allow: default: writes are allowed"
    assert ended.err == "toolscript.toml:2: shop.refnd fits no tool that is there; did you mean shop.refund?\n"


def test_another_default_can_be_tried(tmp_path: Path) -> None:
    project = project_in(tmp_path).shop()
    words = ("policy", "explain", "shop.refund")
    assert project.run(*words).out == "allow: default: writes are allowed\n"
    assert project.run(*words, "--approve", "writes").out == "ask: default: writes are asked\n"


def test_arguments_that_would_be_refused_are_said_first(project: Project) -> None:
    ended = project.run("policy", "explain", "shop.refund", '{"order": "many"}')
    first, second, *_ = ended.out.splitlines()
    assert first.startswith("the call would be refused before any rule: order: expected integer")
    assert second.startswith("expected: shop.refund({ order: number })")
    assert "ask toolscript.toml:8 shop.refund: fits, as `order > 100` cannot be decided" in ended.out


def test_arguments_are_explained_as_the_call_would_be_made(project: Project) -> None:
    words = ("policy", "explain", "shop.refund", '{"order": "5"}')
    read = project.run(*words).out.splitlines()
    assert read[0] == 'the arguments are read as {"order": 5}'
    assert read[1:] == project.run(*words[:3], '{"order": 5}').out.splitlines()
    explained = project.run(*words, "--json").json
    assert (explained["args"], explained["problems"]) == ({"order": 5}, [])


def test_a_function_is_asked_and_its_failure_told(project: Project) -> None:
    project.write("judges.py", "def decide(tool, args):\n    return args['missing']\n")
    project.shop("[policy]\nfunction = 'judges:decide'\n")
    assert project.run("policy", "explain", "shop.orders").out.splitlines() == [
        "policy function: deny (it raised KeyError: 'missing')",
        "deny: the policy function failed",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["explain", "shop.refnd"], "there is no tool shop.refnd; did you mean shop.refund"),
        (["explain", "shpo.refund"], "there is no namespace shpo; did you mean shop?"),
        (["explain", "shop"], "shop is a namespace; name one tool, such as shop.orders"),
        (["explain", "shop.refund", "{order: 1}"], "not JSON"),
        (["explain", "shop.refund", "[1]"], "not an object of arguments by name"),
        (["explain"], "write: toolscript policy explain TOOL"),
        (["show"], "'show' is not understood"),
    ],
)
def test_what_cannot_be_explained_is_said(project: Project, words: list[str], said: str) -> None:
    ended = project.run("policy", *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
