from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from cli_command import PATIENCE_S, Project, project_in
from mcp import StdioServerParameters
from mcp.client import Client

OPENING = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_in(tmp_path)


def parameters(project: Project, *words: str) -> StdioServerParameters:
    command, *args = project.command("serve", *words)
    return StdioServerParameters(command=command, args=args, cwd=project.folder, env=project.environment())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_runs_a_program_over_real_servers(project: Project, mode: Any) -> None:
    project.servers(maths=["sdk_server.py", "stdio"])
    project.shop()
    code = "const [order] = await shop.orders({ customer: 'x', limit: 1 }); return maths.add({ a: order.total, b: 5 })"
    with anyio.fail_after(PATIENCE_S):
        async with Client(parameters(project), mode=mode, read_timeout_seconds=PATIENCE_S) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} >= {"search", "describe", "execute"}
            result = await client.call_tool("execute", {"code": code})
    assert not result.is_error, result.content
    assert '"sum": 15' in str(result.content) or '{"sum":15}' in str(result.content)


async def test_exposed_tools_stand_beside_the_three(project: Project) -> None:
    project.shop("[serve]\nexpose = ['shop.re*']\n")
    with anyio.fail_after(PATIENCE_S):
        async with Client(parameters(project), mode="legacy", read_timeout_seconds=PATIENCE_S) as client:
            from_file = [tool.name for tool in (await client.list_tools()).tools]
        async with Client(
            parameters(project, "--expose", "shop.orders"), mode="legacy", read_timeout_seconds=PATIENCE_S
        ) as client:
            from_flag = [tool.name for tool in (await client.list_tools()).tools]
    assert [name for name in from_file if "refund" in name]
    assert not [name for name in from_flag if "refund" in name]
    assert [name for name in from_flag if "orders" in name]


def test_the_first_reply_comes_within_400_ms(project: Project) -> None:
    project.servers(silent=["raw_server.py", "mute"])

    def taken_ms() -> float:
        begun = time.perf_counter()
        with subprocess.Popen(
            project.command("serve"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=project.folder,
            env=project.environment(),
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(OPENING).encode() + b"\n")
            process.stdin.flush()
            reply = json.loads(process.stdout.readline())
            taken = (time.perf_counter() - begun) * 1_000
            process.kill()
        assert reply["id"] == 1
        return taken

    assert min(taken_ms() for _ in range(5)) < 400


def test_what_is_wrong_with_the_configuration_is_said_before_serving(project: Project) -> None:
    project.write("mcp.json", "{")
    ended = project.run("serve", stdin=json.dumps(OPENING) + "\n")
    assert (ended.code, ended.out) == (2, "")
    assert "mcp.json, line 1" in ended.err


def test_an_address_that_is_none_is_said(project: Project) -> None:
    ended = project.shop().run("serve", "--http", "8000")
    assert ended.code == 2
    assert "--http is '8000'; it must be HOST:PORT" in ended.err


def test_serving_ends_when_the_client_goes(project: Project) -> None:
    ended = project.shop().run("serve", stdin=json.dumps(OPENING) + "\n")
    assert ended.code == 0
    assert json.loads(ended.out.splitlines()[0])["id"] == 1


def _listening(port: int) -> None:
    """Wait until a connection is taken: the address is told a moment before."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
        else:
            return


@contextmanager
def over_http(project: Project, *words: str, env: Mapping[str, str] | None = None) -> Generator[str]:
    """The URL of a server that has said that it is there."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    process = subprocess.Popen(
        project.command("serve", "--http", f"127.0.0.1:{port}", *words),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=project.folder,
        env=project.environment(env),
        text=True,
    )
    try:
        assert process.stderr is not None
        assert f"http://127.0.0.1:{port}/mcp" in process.stderr.readline()
        _listening(port)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode in (0, 128 + signal.SIGTERM, -signal.SIGTERM)


async def test_a_client_reaches_it_over_http(project: Project) -> None:
    project.shop()
    with over_http(project) as url, anyio.fail_after(PATIENCE_S):
        async with Client(url, mode="legacy") as client:
            result = await client.call_tool("execute", {"code": "return 6 * 7"})
    assert "42" in str(result.content)


async def test_a_token_from_a_file_or_the_environment_is_asked_of_clients(project: Project) -> None:
    project.write("token", "s3cret\n")
    project.shop("[serve]\ntoken = 'file:token'\n")
    for env, token in (({}, "s3cret"), ({"TOOLSCRIPT_SERVE_TOKEN": "other"}, "other")):
        with over_http(project, env=env) as url:
            async with httpx2.AsyncClient() as client:
                assert (await client.post(url, json=OPENING)).status_code == 401
                headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
                assert (await client.post(url, json=OPENING, headers=headers)).status_code == 200


def test_a_token_is_never_shown(project: Project) -> None:
    project.shop()
    ended = project.run("doctor", "--json", env={"TOOLSCRIPT_SERVE_TOKEN": "s3cret"})
    assert "s3cret" not in ended.out + ended.err
    assert "env:TOOLSCRIPT_SERVE_TOKEN" in ended.out
    project.shop("[serve]\ntoken = 's3cret'\n")
    ended = project.run("serve")
    assert ended.code == 2
    assert "serve.token must be env:NAME or file:PATH" in ended.err
    assert "s3cret" not in ended.err


def test_a_token_that_is_not_there_is_said(project: Project) -> None:
    project.shop("[serve]\ntoken = 'file:gone'\nhttp = '127.0.0.1:0'\n")
    ended = project.run("serve")
    assert ended.code == 2
    assert "gone cannot be read" in ended.err


def test_the_world_is_not_served_without_a_token(project: Project) -> None:
    ended = project.shop().run("serve", "--http", "0.0.0.0:0")
    assert ended.code == 2
    assert "set a token" in ended.err
