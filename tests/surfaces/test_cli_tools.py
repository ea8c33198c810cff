from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cli_command import Project, project_in


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path)


def test_tools_are_listed_one_a_line_with_their_effect(project: Project) -> None:
    ended = project.shop().run("tools")
    assert (ended.code, ended.err) == (0, "")
    lines = [line.split(None, 2) for line in ended.out.splitlines()]
    assert ["shop.orders", "read", "The orders of a customer"] in lines
    assert ["shop.refund", "write", "Give the money of an order back"] in lines
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("shop", ["escape", "hang", "orders", "refund", "stuck"]),
        ("shop.*", ["escape", "hang", "orders", "refund", "stuck"]),
        ("*.re*", ["refund"]),
        ("shop.orders", ["orders"]),
    ],
)
def test_a_pattern_chooses_tools(project: Project, pattern: str, paths: list[str]) -> None:
    out = project.shop().run("tools", pattern).out
    assert [line.split()[0] for line in out.splitlines()] == [f"shop.{path}" for path in paths]


def test_a_pattern_that_fits_nothing_says_what_there_is(project: Project) -> None:
    ended = project.shop().run("tools", "git.*")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "no tool matches 'git.*'; the namespaces are shop\n"


def test_the_json_of_tools_holds_types_and_the_state_of_every_namespace(project: Project) -> None:
    project.servers(maths=["sdk_server.py", "stdio"], frail=["raw_server.py", "dies"])
    ended = project.run("tools", "--json")
    assert ended.code == 0
    states = {one["name"]: (one["state"], one["tools"] > 3) for one in ended.json["namespaces"]}
    assert states == {"maths": ("ready", True), "frail": ("unreachable", False)}
    add = next(tool for tool in ended.json["tools"] if tool["path"] == "maths.add")
    assert add["signature"].startswith("maths.add({ a: number, b: number })")
    assert set(add) == {"path", "raw_name", "effect", "signature", "description", "input_schema", "output_schema"}
    assert "frail is unreachable: " in ended.err


def test_one_server_that_never_answers_does_not_hold_up_the_others(project: Project) -> None:
    project.servers(silent=["raw_server.py", "mute"], plain=["raw_server.py", "plain"])
    ended = project.run("tools", env={"TOOLSCRIPT_CONNECT_MS": "3000"})
    assert ended.code == 0
    assert ended.out.startswith("plain.good")
    assert "silent is connecting" in ended.err


def test_two_files_with_one_name_give_two_namespaces_and_a_note(project: Project) -> None:
    one = project.servers("one.json", plain=["raw_server.py", "plain"])
    two = project.servers("two.json", plain=["raw_server.py", "exits-at-probe"])
    ended = project.run("tools", "--json", "--config", str(one), "--config", str(two))
    namespaces = {one["name"]: one["problems"] for one in ended.json["namespaces"]}
    assert list(namespaces) == ["plain", "plain_2"]
    assert namespaces["plain"] == []
    assert "this one is called `plain_2`" in namespaces["plain_2"][0]


def test_an_unset_variable_makes_one_server_unusable_and_is_named(project: Project) -> None:
    entries = {
        "secret": {"command": "x", "env": {"TOKEN": "${NOT_SET_ANYWHERE}"}},
        "plain": json.loads(project.servers(plain=["raw_server.py", "plain"]).read_text())["mcpServers"]["plain"],
    }
    project.write("mcp.json", json.dumps({"mcpServers": entries}))
    ended = project.run("tools")
    assert ended.out.startswith("plain.good")
    assert "NOT_SET_ANYWHERE" in ended.err


def test_comments_and_defaults_in_a_file_of_vs_code_are_understood(project: Project) -> None:
    server = project.folder / "server"
    text = f"""{{
      // started by us
      "servers": {{ "plain": {{
        "type": "stdio", "command": "${{env:NO_SUCH_PYTHON:-{sys.executable}}}",
        "args": [{json.dumps(str(server))}, "plain"], /* one tool */
      }} }},
    }}"""
    raw = Path(__file__).parents[1] / "servers" / "raw_server.py"
    server.write_text(raw.read_text())
    project.write(".vscode/mcp.json", text)
    assert project.run("tools").out.startswith("plain.good")


def test_search_prints_what_it_found_best_first(project: Project) -> None:
    ended = project.shop().run("search", "give", "money", "back")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("shop.refund({ order: number })")


def test_the_json_of_a_search(project: Project) -> None:
    found = project.shop().run("search", "orders of a customer", "--limit", "1", "--json").json
    (hit,) = found["hits"]
    assert (hit["path"], hit["effect"]) == ("shop.orders", "read")
    assert set(hit) == {"path", "signature", "summary", "effect", "approval", "score"}
    assert set(found) == {"query", "hits", "total", "weak", "note"}


def test_a_search_without_a_match_is_an_answer(project: Project) -> None:
    ended = project.shop().run("search", "zzzzqq")
    assert ended.code == 0
    assert "Nothing matches" in ended.out


def test_describe_gives_types_of_tools_and_lists_of_namespaces(project: Project) -> None:
    project.shop()
    ended = project.run("describe", "shop.orders", "shop")
    assert (ended.code, ended.err) == (0, "")
    assert "At most so many" in ended.out
    assert "shop (5 tools)" in ended.out
    assert project.run("describe", "shop", "--json").json["paths"] == ["shop"]
    part = project.run("describe", "shop.orders:input")
    assert (part.code, part.err) == (0, "")
    assert "At most so many" in part.out


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("shpo", "there is no namespace shpo; did you mean shop?"),
        ("git.log", "there is no namespace git; there are frail, shop"),
        ("shop.order", "there is no tool shop.order; did you mean shop.orders"),
        ("shop.orders:inpt", "shop.orders has no part 'inpt'. Ask for one of input"),
        ("shop.order:input", "there is no tool shop.order; did you mean shop.orders"),
        ("shop.zzz", "there is no tool shop.zzz; toolscript tools shop lists what there is"),
        ("frail.good", "frail is unreachable: "),
        ("frail", "frail is unreachable: "),
    ],
)
def test_what_cannot_be_described_is_said_with_what_was_meant(project: Project, path: str, hint: str) -> None:
    project.servers(frail=["raw_server.py", "dies"])
    ended = project.shop().run("describe", path)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err


def test_the_demonstration_needs_nothing_and_shows_everything(project: Project) -> None:
    ended = project.run("demo")
    assert (ended.code, ended.err) == (0, "")
    for words in ("The program", "await Promise.all(", "crm.customers(", "The answer", "one call at a time"):
        assert words in ended.out
    again = project.run("demo", "--json").json
    assert [row["euros"] for row in again["value"]] == sorted((row["euros"] for row in again["value"]), reverse=True)
    assert again["tokens"]["program"]["total"] * 10 < again["tokens"]["direct_calls"]["total"]
    assert not list((project.folder / "home").rglob("runs.db"))
