"""MCP servers of other people, as published: `scripts/test-servers` installs them, and `scripts/test` runs it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from mcp_upstreams import ready, third_party_folder

from toolscript.connectors.mcp import Stdio
from toolscript.errors import ToolError
from toolscript.tools import Media


@pytest.fixture
def third_party() -> Path:
    return third_party_folder()


def program(folder: Path, venv: str, name: str) -> str:
    path = folder / venv / ("node_modules/.bin" if venv == "node" else "bin") / name
    if not path.exists():
        pytest.skip(f"{name} is not installed; scripts/test-servers installs it")
    return str(path)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    for command in (
        ["init", "-q", "."],
        [
            "-c",
            "user.name=Ann",
            "-c",
            "user.email=ann@example.com",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "First words",
        ],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


async def test_git(third_party: Path, repository: Path) -> None:
    target = Stdio(command=program(third_party, "current", "mcp-server-git"), args=("--repository", str(repository)))
    async with ready(target) as one:
        tools = {tool.raw_name: tool for tool in one.connector.listing().tools}
        assert len(tools) == 12
        assert (tools["git_log"].effect, tools["git_commit"].effect) == ("read", "write")
        assert tools["git_reset"].destructive
        log = await one.call("git_log", repo_path=str(repository))
        assert "First words" in str(log)
        with pytest.raises(ToolError) as caught:
            await one.call("git_log", repo_path="/nowhere")
        assert caught.value.failure.message


async def test_time(third_party: Path) -> None:
    async with ready(Stdio(command=program(third_party, "current", "mcp-server-time"))) as one:
        found = await one.call("convert_time", source_timezone="UTC", time="12:00", target_timezone="Asia/Tokyo")
        assert found["target"]["datetime"].endswith("T21:00:00+09:00")
        with pytest.raises(ToolError, match="Nowhere/Land"):
            await one.call("get_current_time", timezone="Nowhere/Land")


async def test_sqlite_which_needs_an_older_sdk(third_party: Path, tmp_path: Path) -> None:
    database = tmp_path / "shop.db"
    target = Stdio(command=program(third_party, "old", "mcp-server-sqlite"), args=("--db-path", str(database)))
    async with ready(target) as one:
        assert one.connector.status.protocol == "2025-11-25"
        assert one.connector.status.era == "legacy"
        await one.call("create_table", query="CREATE TABLE item (name TEXT, price INTEGER)")
        await one.call("write_query", query="INSERT INTO item VALUES ('pen', 3)")
        assert await one.call("read_query", query="SELECT * FROM item") == "[{'name': 'pen', 'price': 3}]"


async def test_everything_on_node(third_party: Path) -> None:
    target = Stdio(command=program(third_party, "node", "mcp-server-everything"), args=("stdio",))
    async with ready(target) as one:
        assert await one.call("echo", message="hello") == "Echo: hello"
        assert await one.call("get-sum", a=2, b=3) == "The sum of 2 and 3 is 5."
        image = await one.call("get-tiny-image")
        assert any(isinstance(part, Media) and part.media_type == "image/png" for part in image)
        structured = await one.call("get-structured-content", location="New York")
        assert set(structured) == {"temperature", "conditions", "humidity"}
        links = await one.call("get-resource-links", count=2)
        assert [link["uri"] for link in links if isinstance(link, dict)]
