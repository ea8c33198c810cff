"""Who may reach the server over HTTP, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_parts import over_http, runtime, words

from toolscript.errors import ConfigError
from toolscript.surfaces.mcp_server.http import http_app, listen

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import mcp_parts
from toolscript.surfaces.mcp_server.http import serve_http
from toolscript.surfaces.mcp_server.options import ServeOptions
sys.exit(serve_http(mcp_parts.runtime(), ServeOptions(), "127.0.0.1", int(sys.argv[2])))
"""
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


async def post(url: str, headers: dict[str, str]) -> int:
    async with httpx2.AsyncClient() as client:
        return (await client.post(url, json=PING, headers=ACCEPT | headers)).status_code


async def test_only_this_machine_s_names_are_answered() -> None:
    async with over_http(runtime()) as url:
        port = url.split(":")[2].split("/")[0]
        assert await post(url, {}) != 421
        assert await post(url, {"Host": f"localhost:{port}"}) != 421
        assert await post(url, {"Host": "rebound.example.com"}) == 421
        assert await post(url, {"Host": f"127.0.0.1.example.com:{port}"}) == 421
        assert await post(url, {"Origin": "http://localhost:3000"}) != 403
        assert await post(url, {"Origin": "https://evil.example.com"}) == 403
        assert await post(url, {"Origin": "null"}) == 403


async def test_names_can_be_given() -> None:
    async with over_http(runtime(), hosts=("tools.example.com",)) as url:
        assert await post(url, {"Host": "tools.example.com"}) != 421
        assert await post(url, {"Host": "127.0.0.1"}) == 421


async def test_a_token_is_asked_of_every_request() -> None:
    async with over_http(runtime(), token="open sesame") as url:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "open sesame"}):
            assert await post(url, headers) == 401
        assert await post(url, {"Authorization": "Bearer open sesame"}) != 401
        async with (
            httpx2.AsyncClient(headers={"Authorization": "Bearer open sesame"}) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            assert words(await client.call_tool("execute", {"code": "return 1"})) == "1"


async def test_an_address_that_others_can_reach_wants_a_token() -> None:
    async with runtime() as ours:
        with pytest.raises(ConfigError, match="set a token"):
            await listen(ours, host="0.0.0.0")
        with pytest.raises(ConfigError, match="wants a token"):
            http_app(ours, hosts=())


async def test_an_address_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with runtime() as ours:
            with pytest.raises(ConfigError, match="choose another address"):
                await listen(ours, port=taken.getsockname()[1])


async def test_the_url_is_told_once_clients_can_connect_and_names_the_port_that_was_free() -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    async with runtime() as ours, asyncio.timeout(60):
        serving = asyncio.create_task(listen(ours, port=0, listening=told.put_nowait))
        try:
            url = await told.get()
            assert ":0/" not in url
            assert await post(url, {}) != 421
        finally:
            serving.cancel()
            await asyncio.wait([serving])


async def test_two_clients_do_not_see_each_other_s_end() -> None:
    async with over_http(runtime()) as url, Client(url, mode="legacy") as stays:
        async with Client(url, mode="legacy") as goes:
            assert words(await goes.call_tool("execute", {"code": "return 1"})) == "1"
        assert words(await stays.call_tool("execute", {"code": "return 2"})) == "2"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_process_ends_soon_with_a_run_in_flight(number: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ["-c", SCRIPT, str(Path(__file__).parent), str(port)]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stderr=PIPE, env=dict(os.environ))
    try:
        assert process.stderr
        async with asyncio.timeout(20):
            assert f"http://127.0.0.1:{port}/mcp" in (await process.stderr.readline()).decode()
        begun = asyncio.Event()

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            begun.set()

        async with asyncio.timeout(20):
            async with Client(f"http://127.0.0.1:{port}/mcp") as client:
                code = {"code": "await crm.forever({})"}
                call = asyncio.create_task(client.call_tool("execute", code, progress_callback=on_progress))
                await begun.wait()
                began = time.monotonic()
                process.send_signal(number)
                assert await process.wait() == 0
                assert time.monotonic() - began < 3
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
