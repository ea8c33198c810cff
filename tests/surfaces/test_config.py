from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toolscript.errors import ConfigError
from toolscript.runs.condition import Condition
from toolscript.runs.policy import Rule
from toolscript.runs.program import Limits
from toolscript.runs.retention import Retention
from toolscript.surfaces.assemble import policy, secrets, servers
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
        ("[policy]\napprove = 'all'\n", ["toolscript.toml:2:", "policy.approve is 'all'", "none, destructive, writes"]),
        ("[policy]\naprove = 'none'\n", ["toolscript.toml:2:", "did you mean policy.approve?"]),
        ("[policy]\nrules = 'deny'\n", ["toolscript.toml:2:", "[[policy.rules]]"]),
        ("[policy.rules]\nverdict = 'ask'\n", ["toolscript.toml:1:", "[[policy.rules]]"]),
        ("[[policy.rules]]\ntools = 'a.*'\n", ["toolscript.toml:1:", "lacks its verdict"]),
        ("[[policy.rules]]\nverdict = 'no'\n", ["toolscript.toml:2:", "verdict is 'no'", "allow, ask, deny"]),
        (
            "[[policy.rules]]\nverdict = 'ask'\n[[policy.rules]]\nverdict = 'ask'\ntool = 'x'\n",
            ["toolscript.toml:5:", "tool is not a key of a rule", "did you mean tools?"],
        ),
        ("[[policy.rules]]\nverdict = 'ask'\n\nwhen = 'a >> 1'\n", ["toolscript.toml:4:", "when: ", "column 4"]),
        ("[[policy.rules]]\nverdict = 'ask'\ntools = []\n", ["toolscript.toml:3:", "a pattern, or a list"]),
        ("[[policy.rules]]\nverdict = 'ask'\neffect = 'delete'\n", ["toolscript.toml:3:", "one of read, write"]),
        ("[[policy.rules]]\nverdict = 'ask'\nafter_calls = -1\n", ["toolscript.toml:3:", "a whole number of calls"]),
        ("[[policy.rules]]\nverdict = 'ask'\ndestructive = 'yes'\n", ["toolscript.toml:3:", "true or false"]),
        ("[policy]\nrules = [{ verdict = 'ask', whn = 'a > 1' }]\n", ["toolscript.toml:2:", "did you mean when?"]),
        ("secrets = ['hunter2']\n", ["toolscript.toml:1:", "env:NAME or file:PATH"]),
        ("secrets = 5\n", ["toolscript.toml:1:", "env:API_KEY"]),
        ("store.keep_runs = 0\n", ["toolscript.toml:1:", "above 0"]),
        ("[snippets]\nby = 'anyone'\n", ["toolscript.toml:2:", "developer, model"]),
        (
            "[namespaces.crm]\nreverts = { add = 'drop(' }\n",
            ["toolscript.toml:2:", "namespaces.crm.reverts", "add: revert, column 6"],
        ),
        ("[namespaces.crm]\nreverts = 'x'\n", ["toolscript.toml:2:", "crm.delete_contact(id=result.id)"]),
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


def test_settings_that_config_passes_over_are_noted(home: Path) -> None:
    (home / "mcp.json").write_text('{"mcpServers": {}}')
    assert read_config([home / "mcp.json"], environment={}, folder=home).notes == ()
    (home / "toolscript.toml").write_text("[policy]\napprove = 'writes'\n")
    (note,) = read_config([home / "mcp.json"], environment={}, folder=home).notes
    assert "toolscript.toml is not read" in note
    assert read_config([home / "mcp.json", home / "toolscript.toml"], environment={}, folder=home).notes == ()


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


def test_a_secret_that_is_written_out_is_not_repeated(home: Path) -> None:
    assert "hunter2" not in refusal(home, "secrets = ['hunter2']\n")


def test_rules_are_read_in_order_with_the_lines_where_they_begin(home: Path) -> None:
    (home / "toolscript.toml").write_text(
        "[policy]\napprove = 'writes'\n\n"
        "[[policy.rules]]\nverdict = 'deny'\ntools = ['bank.*', 'crm.delete_*']\n"
        "when = ['amount > 100', 'to exists']\nbecause = 'too  much'\n\n"
        "[[policy.rules]]\nverdict = 'ask'\neffect = 'write'\ndestructive = true\nafter_calls = 3\n"
    )
    policy = read(home).policy
    assert policy.approve == "writes"
    assert policy.rules == (
        Rule(
            verdict="deny",
            tools=("bank.*", "crm.delete_*"),
            when=(Condition.parse("amount > 100"), Condition.parse("to exists")),
            because="too much",
            origin="toolscript.toml:4",
        ),
        Rule(verdict="ask", effect="write", destructive=True, after_calls=3, origin="toolscript.toml:10"),
    )


def test_the_policy_of_the_environment_and_of_a_flag(home: Path) -> None:
    (home / "toolscript.toml").write_text("policy.approve = 'none'\n")
    assert read(home).policy.approve == "none"
    env = {"TOOLSCRIPT_POLICY_APPROVE": "writes", "TOOLSCRIPT_POLICY_FUNCTION": "shop:decide"}
    config = read(home, env=env)
    assert (config.policy.approve, config.policy.function) == ("writes", PythonTools("shop:decide", home))
    assert read(home, env=env, flags={"policy.approve": ("--approve", "none")}).policy.approve == "none"
    with pytest.raises(ConfigError, match=r"TOOLSCRIPT_POLICY_RULES .* tables in a file"):
        read(home, env={"TOOLSCRIPT_POLICY_RULES": "deny"})


def test_a_scope_is_the_folder_of_the_project_unless_it_is_named(home: Path) -> None:
    below = home / "a"
    below.mkdir()
    environment = {"XDG_CONFIG_HOME": str(home / "user")}
    assert read_config([], environment=environment, folder=below).scope == str(below)
    (home / "toolscript.toml").write_text("")
    assert read_config([], environment=environment, folder=below).scope == str(home)
    (below / "own.toml").write_text("")
    assert read(home, "a/own.toml").scope == str(below)
    (home / "user" / "toolscript").mkdir(parents=True)
    (home / "user" / "toolscript" / "toolscript.toml").write_text("scope = 'mine'\n")
    assert read(home).scope == "mine"
    assert read(home, env={"TOOLSCRIPT_SCOPE": "other"}).scope == "other"


def test_how_long_runs_are_kept(home: Path) -> None:
    assert read(home).store.retention is None
    env = {"TOOLSCRIPT_STORE_KEEP_RUNS": "100"}
    assert read(home, env=env).store.retention == Retention(keep=100)
    env |= {"TOOLSCRIPT_STORE_KEEP_DAYS": "2"}
    assert read(home, env=env).store.retention == Retention(keep=100, max_age_ms=172_800_000)


def test_reverts_and_keyed_tools_are_read_as_they_are_written(home: Path) -> None:
    (home / "toolscript.toml").write_text(
        "[namespaces.crm]\nreverts = { create = 'crm.delete(id=result.id)' }\nkeyed = ['create']\n"
    )
    crm = read(home).namespaces["crm"]
    assert (crm.reverts, crm.keyed) == ({"create": "crm.delete(id=result.id)"}, ("create",))


def test_secrets_are_those_of_the_settings_and_of_servers_by_their_names(home: Path) -> None:
    (home / "token").write_text("from-a-file\n")
    (home / "toolscript.toml").write_text(
        'servers = ["mcp.json"]\nsecrets = ["env:MINE", "file:token"]\nserve.token = "env:SERVED"\n'
    )
    entries = {
        "one": {
            "command": "x",
            "env": {"GITHUB_TOKEN": "ghp_12345", "clientSecret": "hush-hush", "LANG": "en_GB.UTF-8", "DB_KEY": "short"},
        },
        "two": {
            "url": "http://x",
            "headers": {"Authorization": "Bearer abcdefg", "X-Api-Key": "k-1234", "Accept": "*/*"},
        },
    }
    (home / "mcp.json").write_text(json.dumps({"mcpServers": entries}))
    config = read(home, env={"MINE": "from-the-environment", "SERVED": "served-token"})
    assert set(secrets(config, servers(config))) == {
        "from-the-environment",
        "from-a-file",
        "served-token",
        "ghp_12345",
        "hush-hush",
        "Bearer abcdefg",
        "abcdefg",
        "k-1234",
    }


def test_a_secret_that_is_not_there_is_said_with_its_place(home: Path) -> None:
    (home / "toolscript.toml").write_text('\nsecrets = ["env:GONE"]\n')
    with pytest.raises(ConfigError, match=r"toolscript\.toml:2: secrets: env:GONE holds no secret"):
        secrets(read(home), ())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("decisions", "must be module:object"),
        ("decisions:decid", "has no decid; did you mean decide?"),
        ("gone_module:decide", "there is no module gone_module"),
        ("decisions:later", "answers at once"),
        ("decisions:LIMIT", "a plain function"),
    ],
)
def test_a_policy_function_that_cannot_be_is_said_with_its_place(home: Path, name: str, words: str) -> None:
    (home / "decisions.py").write_text(
        "LIMIT = 3\ndef decide(tool, args):\n    return 'deny'\nasync def later(tool, args):\n    return 'deny'\n"
    )
    (home / "toolscript.toml").write_text(f"[policy]\nfunction = '{name}'\n")
    config = read(home)
    with pytest.raises(ConfigError) as caught:
        policy(config.policy, config.origins["policy.function"])
    assert str(caught.value).startswith("toolscript.toml:2: ")
    assert words in str(caught.value)


def test_the_policy_has_the_function_that_is_named(home: Path) -> None:
    (home / "judges.py").write_text("def decide(tool, args):\n    return 'deny'\n")
    (home / "toolscript.toml").write_text("[policy]\nfunction = 'judges:decide'\napprove = 'none'\n")
    config = read(home)
    made = policy(config.policy, config.origins["policy.function"])
    assert made.approve == "none"
    assert made.function is not None
    assert made.function.__name__ == "decide"
