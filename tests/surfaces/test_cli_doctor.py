from __future__ import annotations

from pathlib import Path

import pytest
from cli_command import Project, project_in

from toolscript.surfaces.settings import SETTINGS


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path)


def test_a_healthy_set_up_is_told_line_by_line(project: Project) -> None:
    project.servers(maths=["sdk_server.py", "stdio"])
    ended = project.shop("[limits]\ncalls = 7\n").run("doctor")
    assert (ended.code, ended.err) == (0, "")
    assert "✓ engine: a program runs" in ended.out
    assert "✓ worker processes: " in ended.out
    assert "✓ store: sqlite in home/.local/state/toolscript/runs.db, durability process" in ended.out
    assert "limits.calls = 7  (toolscript.toml:3)" in ended.out
    assert "✓ shop: ready, 5 tools" in ended.out
    assert "test-server 1.2.3 over stdio, protocol 2026-07-28, connected in " in ended.out
    assert "✗" not in ended.out


def test_every_broken_server_is_told_with_its_reason_and_its_last_words(project: Project) -> None:
    project.servers(
        dead=["raw_server.py", "dies"],
        silent=["raw_server.py", "mute"],
        plain=["raw_server.py", "exits-at-probe"],
        odd=["raw_server.py", "malformed"],
    )
    ended = project.run("doctor", "--json", "--timeout", "4")
    assert ended.code == 1
    found = ended.json
    sources = {source["namespace"]: source for source in found["sources"]}
    assert {name: source["state"] for name, source in sources.items()} == {
        "dead": "unreachable",
        "silent": "connecting",
        "plain": "ready",
        "odd": "ready",
    }
    assert "exit code 4" in sources["dead"]["problems"][0]
    assert sources["dead"]["status"]["stderr"] == ["cannot read the licence file"]
    assert (sources["plain"]["status"]["era"], sources["plain"]["status"]["server_name"]) == ("legacy", "raw")
    assert len(sources["odd"]["problems"]) > 2
    assert found["healthy"] is False
    text = project.run("doctor", "--timeout", "3").out
    assert "✗ dead: unreachable" in text
    assert "| cannot read the licence file" in text
    assert "✗ silent: connecting" in text
    assert "! odd: ready" in text


def test_the_json_says_where_every_setting_comes_from(project: Project) -> None:
    project.shop()
    found = project.run("doctor", "--json", env={"TOOLSCRIPT_LIMITS_CALLS": "9"}).json
    settings = {setting["key"]: setting for setting in found["settings"]}
    assert set(settings) == set(SETTINGS)
    assert settings["limits.calls"] == {
        "key": "limits.calls",
        "value": 9,
        "origin": "environment TOOLSCRIPT_LIMITS_CALLS",
    }
    assert settings["python.functions"]["origin"] == "toolscript.toml:1"
    assert settings["limits.call_ms"]["origin"] == "default"
    assert {"toolscript", "python", "platform", "sqlite", "wasmtime", "mcp"} <= set(found["versions"])
    assert found["engine"]["problem"] is None
    assert found["workers"]["problem"] is None
    assert all(set(wall) == {"name", "holds", "reason"} for wall in found["workers"]["walls"])


def test_nothing_configured_is_healthy_and_explained(project: Project) -> None:
    ended = project.run("doctor")
    assert ended.code == 0
    assert "sources of tools: 0" in ended.out
    assert "no tools are configured" in ended.err


def test_a_store_that_is_none_is_broken(project: Project) -> None:
    project.write("runs.db", "this is no database " * 100)
    ended = project.run("doctor", "--store", "runs.db")
    assert ended.code == 1
    assert "✗ store: sqlite in runs.db" in ended.out


def test_a_store_where_no_file_can_be_made_is_broken(project: Project) -> None:
    project.write("file", "")
    ended = project.run("doctor", "--store", "file/runs.db")
    assert ended.code == 1
    assert "is no folder that can be written" in ended.out


def test_a_cache_that_cannot_be_written_is_a_warning(project: Project) -> None:
    project.write("file", "")
    ended = project.run("doctor", env={"TOOLSCRIPT_CACHE": str(project.folder / "file" / "x")})
    assert ended.code == 0
    assert "! engine cache: file/x is not writable" in ended.out


def test_functions_that_cannot_be_loaded_leave_the_rest_to_be_checked(project: Project) -> None:
    project.write("toolscript.toml", 'python.functions = ["gone:tools"]\n')
    ended = project.run("doctor")
    assert ended.code == 1
    assert "✓ engine" in ended.out
    assert "there is no module gone" in ended.out
