from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from cli_command import ROOT, Project, project_in

from toolscript.surfaces.cli import runs, snippets
from toolscript.surfaces.cli.arguments import COMMANDS
from toolscript.surfaces.config import read_config
from toolscript.surfaces.settings import NAMESPACE_KEYS, SETTINGS

CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text("utf-8")
CLI = (ROOT / "docs" / "cli.md").read_text("utf-8")


def test_every_setting_is_documented_with_its_default_and_no_other_is() -> None:
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.+?) \|", CONFIGURATION, re.MULTILINE))
    assert set(rows) == {*SETTINGS, *(f"namespaces.NAME.{key}" for key in NAMESPACE_KEYS)}
    for key, setting in SETTINGS.items():
        if isinstance(setting.default, int | str):
            assert rows[key].strip("`") == str(setting.default), key


def test_the_example_of_a_file_is_a_file(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", CONFIGURATION, re.DOTALL)
    tomllib.loads(example)
    own = tmp_path / "toolscript.toml"
    own.write_text(example.replace(', "~/work/mcp.json"', ""))
    (tmp_path / "mcp.json").write_text('{"mcpServers": {}}')
    config = read_config([own], environment={})
    assert config.serve.http == ("127.0.0.1", 8765)
    assert config.namespaces["git"].effects == {"status": "read"}


@pytest.mark.parametrize(
    "command",
    [*COMMANDS, *(f"runs {action}" for action in runs.ACTIONS), *(f"snippets {action}" for action in snippets.ACTIONS)],
)
def test_every_option_is_documented(tmp_path: Path, command: str) -> None:
    options = set(re.findall(r"(?<![\w-])--[a-z-]+", project_in(tmp_path).run(*command.split(), "--help").out))
    assert options
    assert {option for option in options if option not in CLI} == {"--help"}


def test_the_documented_objects_have_the_members_that_are_printed(tmp_path: Path) -> None:
    project: Project = project_in(tmp_path).shop()
    for words in (
        ["search", "orders"],
        ["describe", "shop"],
        ["tools"],
        ["runs"],
        ["runs", "show", "last"],
        ["doctor"],
    ):
        project.run("run", "-", stdin="1")
        printed = project.run(*words, "--json").json
        assert all(f'"{member}"' in CLI for member in printed), words
