"""The server, driven by a client that shares no code with it: the command line of the npm inspector."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest
from mcp_parts import LAUNCHER, over_http, runtime

CALL = ["tools/call", "--tool-name", "execute", "--tool-arg", "code=return (await crm.find({ name: 'Ada' })).length"]


def installed() -> list[str]:
    """The command of the inspector."""
    named = os.environ.get("TOOLSCRIPT_TEST_SERVERS")
    node = shutil.which("node")
    inspector = Path(named or "", "node/node_modules/@modelcontextprotocol/inspector/cli/build/cli.js")
    if not named or node is None or not inspector.exists():
        pytest.skip("the npm inspector is not installed in TOOLSCRIPT_TEST_SERVERS")
    return [node, str(inspector), "--cli"]


async def inspect(*arguments: str) -> Any:
    """What the inspector prints, as JSON."""
    process = await asyncio.create_subprocess_exec(*installed(), *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(60):
            stdout, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, stderr.decode()
    return json.loads(stdout)


async def test_the_inspector_drives_the_server_on_stdio() -> None:
    server = [sys.executable, str(LAUNCHER)]
    listed = await inspect(*server, "--method", "tools/list")
    assert [tool["name"] for tool in listed["tools"]] == ["search", "describe", "execute", "resume"]
    assert (await inspect(*server, "--method", *CALL))["content"] == [{"type": "text", "text": "2"}]


async def test_the_inspector_drives_the_command(tmp_path: Path) -> None:
    config = tmp_path / "mcp.json"
    config.write_text('{"mcpServers": {}}')
    command = [sys.executable, "-m", "toolscript", "serve", "-c", str(config), "--store", ":memory:"]
    call = ["tools/call", "--tool-name", "execute", "--tool-arg", "code=return 40 + 2"]
    assert (await inspect(*command, "--method", *call))["content"] == [{"type": "text", "text": "42"}]


async def test_the_inspector_drives_the_server_over_http() -> None:
    async with over_http(runtime()) as url:
        at = [url, "--transport", "http", "--method"]
        listed = await inspect(*at, "tools/list")
        assert [tool["name"] for tool in listed["tools"]] == ["search", "describe", "execute", "resume"]
        assert (await inspect(*at, *CALL))["content"] == [{"type": "text", "text": "2"}]
