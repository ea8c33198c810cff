from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toolscript.errors import ConfigError
from toolscript.runs.program import Limits
from toolscript.surfaces.assemble import servers
from toolscript.surfaces.config import Config, PythonTools, read_config
from toolscript.surfaces.settings import SETTINGS, setting_of


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(home: Path, *files: str, env: dict[str, str] | None = None, flags: Any = None) -> Config:
    environment = {"XDG_CONFIG_HOME": str(home / "user"), "XDG_STATE_HOME": str(home / "state"), **(env or {})}
    return read_config([Path(file) for file in files], environment=environment, folder=home, flags=flags)


def refusal(home: Path, text: str) -> str:
    (home / "toolscript.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(home)
    return str(caught.value)


def test_without_any_file_everything_is_a_default(home: Path) -> None:
    config = read(home)
    assert config.limits == Limits()
    assert config.store.path == home / "state" / "toolscript" / "runs.db"
    assert (config.servers, config.python, config.found) == ((), (), ())
    assert set(config.origins.values()) == {"default"}


def test_a_flag_beats_the_environment_which_beats_the_project_which_beats_the_user(home: Path) -> None:
    (home / "user" / "toolscript").mkdir(parents=True)
    (home / "user" / "toolscript" / "toolscript.toml").write_text(
        "[limits]\ncalls = 1\ncall_ms = 1\nwall_ms = 1\ncpu_ms = 1\n"
    )
    (home / "toolscript.toml").write_text("[limits]\ncalls = 2\ncall_ms = 2\nwall_ms = 2\n")
    env = {"TOOLSCRIPT_LIMITS_CALLS": "3", "TOOLSCRIPT_LIMITS_CALL_MS": "3"}
    config = read(home, env=env, flags={"limits.calls": ("--calls", 4)})
    limits = config.limits
    assert (limits.calls, limits.call_ms, limits.wall_ms, limits.cpu_ms) == (4, 3, 2, 1)
    assert config.origins["limits.calls"] == "--calls"
    assert config.origins["limits.call_ms"] == "environment TOOLSCRIPT_LIMITS_CALL_MS"
    assert config.origins["limits.wall_ms"] == "toolscript.toml:4"
    assert config.origins["limits.cpu_ms"] == "user/toolscript/toolscript.toml:5"
    assert config.origins["limits.memory_bytes"] == "default"


def test_every_field_of_the_limits_can_be_set(home: Path) -> None:
    names = [key.partition(".")[2] for key in SETTINGS if key.startswith("limits.")]
    lines = "\n".join(f"{name} = {number}" for number, name in enumerate(names, 7))
    (home / "toolscript.toml").write_text(f"[limits]\n{lines}\n")
    assert read(home).limits == Limits(**{name: number for number, name in enumerate(names, 7)})


def test_the_project_file_is_found_from_a_folder_below_but_not_beyond_its_repository(home: Path) -> None:
    (home / "toolscript.toml").write_text("[limits]\ncalls = 5\n")
    below = home / "a" / "b"
    below.mkdir(parents=True)
    config = read_config([], environment={"XDG_CONFIG_HOME": str(home)}, folder=below)
    assert config.limits.calls == 5
    (home / "a" / ".git").mkdir()
    assert read_config([], environment={"XDG_CONFIG_HOME": str(home)}, folder=below).limits.calls == 1_000


def test_relative_paths_count_from_the_file_that_holds_them(home: Path) -> None:
    (home / "conf").mkdir()
    (home / "conf" / "servers.json").write_text('{"mcpServers": {}}')
    (home / "conf" / "own.toml").write_text(
        'servers = ["servers.json"]\n[store]\npath = "../runs.db"\n[python]\nfunctions = ["shop:tools"]\n'
    )
    config = read(home, "conf/own.toml")
    assert config.servers == (home / "conf" / "servers.json",)
    assert config.store.path == home / "runs.db"
    assert config.python == (PythonTools("shop:tools", home / "conf"),)


def test_a_tilde_is_the_home_of_the_user(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(home / "me"))
    (home / "toolscript.toml").write_text('store.path = "~/runs.db"\n')
    assert read(home).store.path == home / "me" / "runs.db"


def test_the_files_of_servers_that_other_programs_keep_are_found(home: Path) -> None:
    for name in ("mcp.json", ".mcp.json", ".cursor/mcp.json", ".vscode/mcp.json"):
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text('{"mcpServers": {}}')
    config = read(home)
    assert [path.relative_to(home).as_posix() for path in config.servers] == [
        "mcp.json",
        ".mcp.json",
        ".cursor/mcp.json",
        ".vscode/mcp.json",
    ]
    assert config.found == config.servers


def test_servers_that_the_project_file_names_are_used_instead_of_those_that_lie_about(home: Path) -> None:
    (home / "mcp.json").write_text('{"mcpServers": {}}')
    (home / "mine.json").write_text('{"mcpServers": {}}')
    (home / "toolscript.toml").write_text('servers = ["mine.json"]\n')
    config = read(home)
    assert config.servers == (home / "mine.json",)
    assert config.found == (home / "toolscript.toml",)


def test_servers_of_the_environment_are_used_instead_of_those_that_lie_about(home: Path) -> None:
    (home / "mcp.json").write_text('{"mcpServers": {}}')
    (home / "other.json").write_text('{"mcpServers": {}}')
    config = read(home, env={"TOOLSCRIPT_SERVERS": "other.json"})
    assert (config.servers, config.found) == ((home / "other.json",), ())


def test_named_files_of_both_kinds_add_up_and_keep_what_lies_about_out(home: Path) -> None:
    for name in ("mcp.json", "one.json", "two.json"):
        (home / name).write_text('{"mcpServers": {}}')
    (home / "own.toml").write_text('servers = ["two.json"]\n[limits]\ncalls = 9\n')
    config = read(home, "one.json", "own.toml")
    assert config.servers == (home / "one.json", home / "two.json")
    assert (config.limits.calls, config.found) == (9, ())


def test_tables_of_namespaces_are_read(home: Path) -> None:
    (home / "toolscript.toml").write_text(
        '[namespaces.git]\ninclude = ["log_*"]\nexclude = ["log_all"]\n'
        'rename = { log_short = "log" }\neffects = { log_short = "read" }\n'
    )
    (git,) = read(home).namespaces.items()
    assert git[0] == "git"
    assert (git[1].include, git[1].exclude) == (("log_*",), ("log_all",))
    assert (git[1].rename, git[1].effects) == ({"log_short": "log"}, {"log_short": "read"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = 1\n", ["toolscript.toml:1:", "a is not a setting", "there are"]),
        ("\n[limits]\ncall_mss = 3\n", ["toolscript.toml:3:", "limits.call_mss", "did you mean limits.call_ms?"]),
        ("[limit]\ncalls = 3\n", ["toolscript.toml:1:", "limit is not a setting", "did you mean limits?"]),
        ("calls = 3\n", ["toolscript.toml:1:", "did you mean limits.calls?"]),
        ("[limits]\n\ncalls = 'x'\n", ["toolscript.toml:3:", "limits.calls is 'x'", "a whole number above 0"]),
        ("limits = { calls = 0 }\n", ["toolscript.toml:1:", "limits.calls is 0", "above 0"]),
        ("limits.calls = true\n", ["toolscript.toml:1:", "above 0"]),
        ("limits = 3\n", ["toolscript.toml:1:", "limits must be a table"]),
        ("isolation = 'jail'\n", ["toolscript.toml:1:", "one of threads, workers"]),
        ("servers = [1]\n", ["toolscript.toml:1:", "a list of texts"]),
        ("servers = ['gone.json']\n", ["toolscript.toml:1:", "gone.json", "no such file"]),
        ("[serve]\nhttp = '8000'\n", ["toolscript.toml:2:", "HOST:PORT"]),
        ("[serve]\nhttp = ':99999'\n", ["toolscript.toml:2:", "HOST:PORT"]),
        ("[namespaces.git]\nincluded = []\n", ["toolscript.toml:2:", "did you mean namespaces.git.include?"]),
        ("[namespaces.git]\neffects = { a = 'reads' }\n", ["toolscript.toml:2:", "a table of effects"]),
        ("[namespaces.git]\nrename = ['a']\n", ["toolscript.toml:2:", "a table of names"]),
        ("namespaces = 'git'\n", ["toolscript.toml:1:", "must be a table"]),
        ("[limits]\ncalls = 3\ncalls = 4\n", ["toolscript.toml:3", "not TOML"]),
        ("[limits\n", ["toolscript.toml:1", "not TOML"]),
        ("x = '\n", ["toolscript.toml:1", "not TOML"]),
        ("x = [\n1,\n", ["toolscript.toml:2", "not TOML"]),
        ("store.path = ''\n", ["toolscript.toml:1:", "not empty"]),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line(home: Path, text: str, words: list[str]) -> None:
    message = refusal(home, text)
    assert all(word in message for word in words), message


def test_a_variable_with_a_wrong_value_is_named(home: Path) -> None:
    with pytest.raises(ConfigError, match=r"TOOLSCRIPT_LIMITS_CALLS is 'many'; it must be a whole number above 0"):
        read(home, env={"TOOLSCRIPT_LIMITS_CALLS": "many"})


def test_a_flag_with_a_wrong_value_is_named(home: Path) -> None:
    with pytest.raises(ConfigError, match=r"--http is 'x'; it must be HOST:PORT"):
        read(home, flags={"serve.http": ("--http", "x")})


def test_a_misspelt_variable_is_noted_and_others_are_left_alone(home: Path) -> None:
    config = read(home, env={"TOOLSCRIPT_LIMIT_CALLS": "3", "TOOLSCRIPT_CACHE": "/x", "OTHER": "1"})
    (note,) = config.notes
    assert "TOOLSCRIPT_LIMIT_CALLS" in note
    assert "TOOLSCRIPT_LIMITS_CALLS" in note


def test_lists_of_the_environment_are_split(home: Path) -> None:
    config = read(home, env={"TOOLSCRIPT_SERVE_EXPOSE": "git.*, crm.find", "TOOLSCRIPT_SERVE_HTTP": ":8000"})
    assert config.serve.expose == ("git.*", "crm.find")
    assert config.serve.http == ("127.0.0.1", 8000)


@pytest.mark.parametrize("name", ["gone.json", "gone.toml"])
def test_a_named_file_that_is_missing_is_said(home: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=rf"--config {name}: there is no such file"):
        read(home, name)


def test_a_folder_in_place_of_a_file_is_said(home: Path) -> None:
    (home / "sub").mkdir()
    with pytest.raises(ConfigError, match=r"--config sub is a folder; name the file in it, such as sub/mcp.json"):
        read(home, "sub")


def test_a_file_that_is_not_utf_8_is_said(home: Path) -> None:
    (home / "toolscript.toml").write_bytes(b"isolation = '\xff'\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read(home)


def specs(home: Path, **files: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    for name, entries in files.items():
        (home / f"{name}.json").write_text(json.dumps({"mcpServers": entries}))
    config = read(home, *(f"{name}.json" for name in files))
    return {spec.namespace: spec.problems for spec in servers(config)}


def test_two_different_servers_with_one_name_are_both_kept_and_it_is_noted(home: Path) -> None:
    found = specs(home, one={"git": {"command": "a"}}, two={"git": {"command": "b"}}, three={"git": {"command": "c"}})
    assert list(found) == ["git", "git_2", "git_3"]
    assert found["git"] == ()
    assert "one.json" in found["git_2"][0]
    assert "`git_2`" in found["git_2"][0]


def test_one_server_in_two_files_is_one(home: Path) -> None:
    found = specs(home, one={"git": {"command": "a"}}, two={"git": {"command": "a"}})
    assert found == {"git": ()}


def test_a_server_that_is_switched_off_is_left_out(home: Path) -> None:
    assert specs(home, one={"git": {"command": "a", "disabled": True}, "time": {"command": "b"}}) == {"time": ()}


def test_a_key_of_a_file_is_known_by_its_name_only() -> None:
    assert setting_of("limits.calls") is SETTINGS["limits.calls"]
    assert setting_of("limits") is None
    assert setting_of("namespaces.x.include") is not None
    assert setting_of("namespaces.x.y.include") is None
