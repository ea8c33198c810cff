from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
from cli_command import Project, project_in

import toolscript
from toolscript.surfaces.cli.arguments import COMMANDS


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path)


def test_help_names_every_command_and_the_exit_codes(project: Project) -> None:
    ended = project.run("--help")
    assert ended.code == 0
    assert all(f"    {command} " in ended.out for command in COMMANDS)
    assert "3 parked" in ended.out


def test_help_comes_within_150_ms(project: Project) -> None:
    def taken_ms() -> float:
        begun = time.perf_counter()
        subprocess.run(project.command("--help"), env=project.environment(), capture_output=True, check=True)
        return (time.perf_counter() - begun) * 1_000

    assert min(taken_ms() for _ in range(8)) < 150


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_the_common_options(project: Project, command: str) -> None:
    ended = project.run(command, "--help")
    assert ended.code == 0
    assert all(option in ended.out for option in ("--config", "--json", "--quiet", "--verbose"))


@pytest.mark.parametrize(
    "before", [["--config", "{}", "--json"], ["--json", "--config={}"], ["--config", "{}", "-q"], ["-c", "{}"]]
)
@pytest.mark.parametrize("name", ["mine.json", "tools", "search"])
def test_common_options_may_stand_before_the_command(project: Project, before: list[str], name: str) -> None:
    file = project.servers(name, plain=["raw_server.py", "plain"])
    ended = project.run(*(word.format(file.name) for word in before), "tools", "plain.good", "--json")
    assert [tool["path"] for tool in ended.json["tools"]] == ["plain.good"]


def test_the_version_is_printed(project: Project) -> None:
    assert project.run("--version").out == f"toolscript {toolscript.__version__}\n"


def test_no_command_at_all_is_a_usage_error_with_the_help(project: Project) -> None:
    ended = project.run()
    assert (ended.code, ended.out) == (2, "")
    assert "usage: toolscript" in ended.err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["serv"], "'serv' is not a command; did you mean 'serve'?"),
        (["frobnicate"], "'frobnicate' is not a command; there are serve, run"),
        (["run", "-", "--inptu", "1"], "--inptu is not an option; did you mean --input?"),
        (["tools", "a", "b"], "'b' is one argument too many"),
        (["run"], "say which program to run, one of the two: a FILE (- is stdin), or -e CODE"),
        (["run", "-", "--language", "ruby"], "invalid choice: 'ruby'"),
        (["run", "-", "--timeout", "soon"], "invalid float value: 'soon'"),
        (["describe"], "arguments are required: PATH"),
    ],
)
def test_what_is_not_understood_is_said_with_what_was_meant(project: Project, words: list[str], hint: str) -> None:
    ended = project.run(*words)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("words", [["tools"], ["search", "x"], ["describe", "x"], ["serve"]])
def test_a_command_that_needs_tools_explains_how_to_have_some(project: Project, words: list[str]) -> None:
    ended = project.run(*words)
    assert (ended.code, ended.out) == (2, "")
    assert f"toolscript {words[0]} --config mcp.json" in ended.err
    assert '{"mcpServers":' in ended.err


def test_a_configuration_error_is_one_object_where_json_is_asked_for(project: Project) -> None:
    ended = project.run("tools", "--config", "gone.json", "--json")
    assert ended.code == 2
    assert ended.json["error"]["kind"] == "ConfigError"
    assert "gone.json: there is no such file" in ended.json["error"]["message"]
    assert "gone.json: there is no such file" in ended.err


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("mcp.json", '{"mcpServers": {', "mcp.json, line 1, column"),
        ("mcp.json", "", "the file is empty"),
        ("mcp.json", '{"mcpservers": {}}', "did you mean `mcpServers`"),
        ("toolscript.toml", "[limits\n", "toolscript.toml:1"),
        ("toolscript.toml", "[limits]\ncal_ms = 1\n", "toolscript.toml:2: limits.cal_ms is not a setting"),
    ],
)
def test_a_broken_file_is_named_with_its_line(project: Project, name: str, text: str, hint: str) -> None:
    project.write(name, text)
    ended = project.run("tools")
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err
    assert "Traceback" not in ended.err


def test_a_folder_as_configuration_is_said(project: Project) -> None:
    ended = project.run("tools", "--config", ".")
    assert ended.code == 2
    assert "--config . is a folder; name the file in it" in ended.err


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("shop_tools", "it must be module:object"),
        ("shop_toolz:shop", "there is no module shop_toolz in"),
        ("shop_tools:shp", "shop_tools has no shp; did you mean shop?"),
        ("shop_tools:__doc__", "is of type str; name a connector"),
        ("needy:x", "the module needy needs not_installed_anywhere, which is not installed"),
    ],
)
def test_python_functions_that_cannot_be_had_are_said(project: Project, entry: str, hint: str) -> None:
    project.shop()
    project.write("needy.py", "import not_installed_anywhere\n")
    project.write("toolscript.toml", f'[python]\nfunctions = ["{entry}"]\n')
    ended = project.run("tools")
    assert (ended.code, ended.out) == (2, "")
    assert "toolscript.toml:2: " in ended.err
    assert hint in ended.err


def test_plain_functions_are_gathered_under_the_name_of_their_module(project: Project) -> None:
    double = "def double(n: int) -> int:\n    return n * 2\n\n"
    project.write("maths.py", f"{double}def half(n: int) -> float:\n    return n / 2\n\nall = [double]\n")
    for entries in ('"maths:all", "maths:half"', '"maths:double", "maths:half"'):
        project.write("toolscript.toml", f"python.functions = [{entries}]\n")
        assert project.run("run", "-", stdin="[await maths.double({ n: 21 }), await maths.half({ n: 42 })]").out == (
            "[42, 21]\n"
        )


def test_settings_of_a_namespace_that_is_not_there_are_refused(project: Project) -> None:
    project.shop("[namespaces.shopp]\nexclude = ['hang']\n")
    ended = project.run("tools")
    assert ended.code == 2
    assert "[namespaces.shopp]: there is no namespace shopp; did you mean shop?" in ended.err


def test_settings_of_a_namespace_change_its_tools(project: Project) -> None:
    project.shop(
        "[namespaces.shop]\nexclude = ['hang', 'stuck', 'escape']\n"
        "rename = { refund = 'give_back' }\neffects = { refund = 'read' }\n"
    )
    tools = json.loads(project.run("tools", "--json").out)["tools"]
    assert [(tool["path"], tool["effect"]) for tool in tools] == [("shop.give_back", "read"), ("shop.orders", "read")]


def test_verbose_logs_to_stderr_and_leaves_the_result_alone(project: Project) -> None:
    project.shop()
    ended = project.run("run", "-", "--verbose", stdin="return await shop.orders({ customer: 'x', limit: 0 })")
    assert ended.out == "[]\n"
    assert "call 1 shop.orders" in ended.err
    assert "'x'" not in ended.err
    quiet = project.run("run", "-", "--quiet", stdin="console.log('x'); return 1")
    assert (quiet.out, quiet.err) == ("1\n", "")
