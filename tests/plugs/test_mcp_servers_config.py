"""Configuration files of MCP servers, as other programs write them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolscript.connectors.mcp.jsonc import read_jsonc
from toolscript.connectors.mcp.servers_config import ServerSpec, named, read_servers
from toolscript.connectors.mcp.targets import Http, Stdio
from toolscript.errors import ConfigError

ENV = {"TOKEN": "t0k", "EMPTY": "", "HOME": "/home/ann"}


def read(folder: Path, document: Any, name: str = "mcp.json") -> tuple[ServerSpec, ...]:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return read_servers(path, ENV)


def one(folder: Path, **fields: Any) -> ServerSpec:
    (spec,) = read(folder, {"mcpServers": {"it": fields}})
    return spec


# --- as others write them


def test_claude_desktop(tmp_path: Path) -> None:
    specs = read(
        tmp_path,
        {
            "mcpServers": {
                "filesystem": {"command": "npx", "args": ["-y", "server-filesystem", "/data"]},
                "my-git": {"command": "uvx", "args": ["mcp-server-git"], "env": {"A": "b"}, "autoApprove": ["git_log"]},
            }
        },
    )
    assert [(spec.name, spec.namespace, spec.problems) for spec in specs] == [
        ("filesystem", "filesystem", ()),
        ("my-git", "my_git", ()),
    ]
    assert specs[1].target == Stdio(command="uvx", args=("mcp-server-git",), env={"A": "b"})


def test_claude_code_with_variables_and_defaults(tmp_path: Path) -> None:
    spec = one(
        tmp_path,
        type="http",
        url="${BASE:-https://api.example.com}/mcp",
        headers={"Authorization": "Bearer ${TOKEN}", "X-Empty": "${EMPTY}", "X-Default": "${EMPTY:-none}"},
    )
    assert spec.target == Http(
        url="https://api.example.com/mcp",
        headers={"Authorization": "Bearer t0k", "X-Empty": "", "X-Default": "none"},
    )


def test_cursor_with_env_references(tmp_path: Path) -> None:
    spec = one(tmp_path, command="run", args=["--key=${env:TOKEN}"], env={"KEY": "${env:TOKEN}"})
    assert spec.target == Stdio(command="run", args=("--key=t0k",), env={"KEY": "t0k"})


VS_CODE = r"""{
  // VS Code
  "inputs": [{"type": "promptString", "id": "key"}],
  "servers": {
    "web": {"type": "sse", "url": "https://x.example/sse", }, /* old */
    "local": {"type": "stdio", "command": "${workspaceFolder}/run.sh", "cwd": "${userHome}/work"},
    "asks": {"command": "x", "env": {"KEY": "${input:key}"}},
    "slashes": {"command": "run", "args": ["/* no comment */", "// none, ]", "\"// x"],},
  },
}"""


def test_vs_code_with_comments_inputs_and_trailing_commas(tmp_path: Path) -> None:
    web, local, asks, slashes = read(tmp_path, VS_CODE, ".vscode/mcp.json")
    assert web.target == Http(url="https://x.example/sse", kind="sse")
    assert local.target == Stdio(command=f"{tmp_path}/run.sh", cwd=Path("/home/ann/work"))
    assert asks.target is None
    assert "`env.KEY` asks for the input `key`" in asks.problems[0]
    assert isinstance(slashes.target, Stdio)
    assert slashes.target.args == ("/* no comment */", "// none, ]", '"// x')


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("http", "auto"),
        ("streamable-http", "streamable"),
        ("streamableHttp", "streamable"),
        ("sse", "sse"),
        (None, "auto"),
    ],
)
def test_transports_by_type_or_transport(said: str | None, kind: Any, tmp_path: Path) -> None:
    for key in ("type", "transport"):
        fields = {"url": "https://x.example/mcp"} | ({key: said} if said else {})
        assert one(tmp_path, **fields).target == Http(url="https://x.example/mcp", kind=kind)


def test_relative_folders_and_programs_count_from_the_file(tmp_path: Path) -> None:
    sub = tmp_path / "sub"
    assert one(tmp_path, command="./run", cwd="sub").target == Stdio(command=str(sub / "run"), cwd=sub)
    assert one(tmp_path, command="bin/run").target == Stdio(command=str(tmp_path / "bin" / "run"))
    assert one(tmp_path, command="run").target == Stdio(command="run")


@pytest.mark.parametrize(("timeout", "seconds"), [(30, 30.0), (0.5, 0.5), (60_000, 60.0), (None, None)])
def test_a_timeout_is_in_seconds_unless_it_can_only_be_milliseconds(timeout: Any, seconds: Any, tmp_path: Path) -> None:
    assert one(tmp_path, command="x", timeout=timeout).timeout_s == seconds


def test_disabled_servers_are_read_and_not_checked(tmp_path: Path) -> None:
    assert one(tmp_path, command="x", disabled=True, env={"A": "${NOT_SET}"}).disabled
    assert one(tmp_path, command="x", enabled=False).disabled
    assert not one(tmp_path, command="x", disabled=False).disabled


def test_names_that_collide_or_are_reserved_become_distinct_namespaces(tmp_path: Path) -> None:
    specs = read(
        tmp_path, {"mcpServers": {name: {"command": "x"} for name in ("a-b", "a b", "codemode", "Math", "3d")}}
    )
    assert len({spec.namespace for spec in specs}) == 5
    assert all(spec.namespace.isidentifier() for spec in specs)
    assert {"codemode", "Math"}.isdisjoint(spec.namespace for spec in specs)


def test_of_two_files_the_later_one_wins_and_says_so(tmp_path: Path) -> None:
    first = read(tmp_path, {"mcpServers": {"a": {"command": "x"}, "b": {"command": "y"}}}, "one.json")
    second = read(tmp_path, {"mcpServers": {"a": {"command": "z"}}}, "two.json")
    a, b = named([*first, *second])
    assert (a.name, b.name) == ("a", "b")
    assert a.target == Stdio(command="z")
    assert "also in" in a.problems[0]
    assert "one.json" in a.problems[0]


# --- what is wrong


def test_one_broken_server_does_not_lose_the_others(tmp_path: Path) -> None:
    servers = {"bad": {"command": "x", "env": {"KEY": "${NOT_SET}"}}, "good": {"command": "y"}}
    bad, good = read(tmp_path, {"mcpServers": servers})
    assert good.target == Stdio(command="y")
    assert bad.target is None
    assert bad.problems == (
        f"{tmp_path}/mcp.json: server `bad`: `env.KEY` needs the variable NOT_SET, which is not set; "
        "set it, or write ${NOT_SET:-default}.",
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "has neither `command` nor `url`"),
        ({"type": "stdio"}, "lacks `command`"),
        ({"type": "http", "command": "x"}, "lacks `url`"),
        ({"command": ""}, "`command` is empty"),
        ({"command": 5}, "`command` should be a text, not a number"),
        ({"command": "x", "args": "a b"}, "`args` should be a list of texts, not a text"),
        ({"command": "x", "args": [["a"]]}, "`args` should hold texts, not a list"),
        ({"command": "x", "env": ["A=b"]}, "`env` should be an object of texts, not a list"),
        ({"command": "x", "env": {"A": {}}}, "`env.A` should be a text, not an object"),
        ({"command": "x", "args": ["${1x}"]}, "`args[0]` holds `${1x}`, which is no reference"),
        ({"url": "example.com/mcp"}, "`url` should begin with http://"),
        ({"url": "https:///mcp"}, "followed by a host"),
        ({"url": "https://${HOST}/mcp"}, "`url` needs the variable HOST"),
        ({"url": "https://x.example", "headers": {"A": "${NOPE}"}}, "`headers.A` needs the variable NOPE"),
        ({"command": "x", "type": "htpp"}, "did you mean `http`"),
        ({"command": "x", "type": ["stdio"]}, "not one of stdio"),
        ({"command": "x", "timeout": "soon"}, "`timeout` should be a positive number"),
        ({"command": "x", "timeout": -1}, "`timeout` should be a positive number"),
        ({"command": "x", "cwd": 3}, "`cwd` should be a text"),
        ({"command": "x", "disabled": "yes"}, "`disabled` should be true or false"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_server_is_said_with_its_field(fields: dict[str, Any], words: str, tmp_path: Path) -> None:
    spec = one(tmp_path, **fields)
    assert spec.target is None
    assert words in spec.problems[-1]
    assert "server `it`" in spec.problems[-1]


def test_unknown_keys_are_warnings_with_near_names(tmp_path: Path) -> None:
    spec = one(tmp_path, command="x", argz=["a"], wholly_other=1)
    assert spec.target == Stdio(command="x")
    assert [problem.partition(": server ")[2] for problem in spec.problems] == [
        "`it`: `argz` is not known and has no effect; did you mean `args`?",
        "`it`: `wholly_other` is not known and has no effect",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("{}", "has neither `mcpServers` nor `servers`"),
        ('{"mcpservers": {}}', "did you mean `mcpServers` instead of `mcpservers`"),
        ("[]", 'should hold an object {"mcpServers": {...}}, not a list'),
        ('{"mcpServers": []}', "`mcpServers` should be an object of servers by name, not a list"),
        (
            '{"mcpServers": {\n  "a": {"command": }\n}}',
            'mcp.json, line 2, column 20: this is not valid JSON: expecting value\n  2 |   "a"',
        ),
        ('{"mcpServers": {}', "line 1, column 18: this is not valid JSON: expecting"),
        ('{"mcpServers": {"a": {}, "a": {}}}', 'the key "a" stands twice'),
        ("{\n /* open\n", "line 2, column 2: the comment that begins here does not end"),
        ("[" * 100_000, "nested too deeply"),
    ],
    ids=range(10),
)
def test_a_file_that_cannot_be_read_is_an_error_that_says_where(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        read(tmp_path, text)


def test_a_missing_file_a_folder_and_bytes_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        read_servers(tmp_path / "none.json", ENV)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_servers(tmp_path, ENV)
    (tmp_path / "b.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_servers(tmp_path / "b.json", ENV)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON, st.sampled_from(["", " ", "\n// c, ]\n", "/* , } */"]))
def test_plain_json_reads_as_json_whatever_stands_around_it(value: Any, around: str) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    assert read_jsonc(text, "x") == value
    assert read_jsonc(around + text + around, "x") == value


def test_reading_configuration_does_not_load_the_sdk() -> None:
    code = "import sys; from toolscript.connectors.mcp import read_servers; print('mcp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_missing_extra_is_one_sentence_with_the_command_that_installs_it() -> None:
    code = (
        "import sys; sys.modules['mcp'] = None\n"
        "from toolscript.errors import ConfigError\n"
        "try:\n from toolscript.connectors.mcp import McpConnector\n"
        "except ConfigError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "MCP servers need the package mcp, version 2.3 or later: pip install 'toolscript[mcp]'\n"
