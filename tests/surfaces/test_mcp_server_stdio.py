"""The server on stdio, as a process: its first reply, odd lines, and its end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp_parts import LAUNCHER

BAR_MS = 400
CLIENT = {"name": "a client", "version": "1.0"}
INITIALIZE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": CLIENT},
}
DISCOVER: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "server/discover",
    "params": {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    },
}


class Raw:
    """A server's process, line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin
        assert process.stdout
        self.process = process
        self.stdin = process.stdin
        self.stdout = process.stdout

    def write(self, text: str | bytes) -> None:
        self.stdin.write(text.encode() if isinstance(text, str) else text)

    def send(self, *messages: Any) -> None:
        self.write("".join(json.dumps(message) + "\n" for message in messages))

    async def read(self) -> dict[str, Any]:
        async with asyncio.timeout(20):
            return json.loads(await self.stdout.readline())

    async def hear(self) -> dict[str, Any]:
        """The next message but the news that the list of tools has changed, which may come at any time."""
        while (message := await self.read()).get("method") == "notifications/tools/list_changed":
            pass
        return message

    async def open(self) -> None:
        self.send(INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert (await self.read())["result"]["protocolVersion"] == "2025-11-25"

    async def call(self, name: str, id: int = 2, **arguments: Any) -> str:
        self.send(calling(name, id, **arguments))
        while (answer := await self.read()).get("id") != id:
            pass
        return answer["result"]["content"][0]["text"]

    async def end(self) -> int:
        """The exit code, with nothing but the protocol on stdout until then."""
        async with asyncio.timeout(10):
            rest = await self.stdout.read()
            for line in rest.splitlines():
                assert json.loads(line)["jsonrpc"] == "2.0"
            return await self.process.wait()


def calling(name: str, id: int = 2, **arguments: Any) -> dict[str, Any]:
    params = {"name": name, "arguments": arguments, "_meta": {"progressToken": id}}
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}


@asynccontextmanager
async def server(options: str = "{}") -> AsyncGenerator[Raw]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(LAUNCHER), options, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=1 << 26
    )
    try:
        yield Raw(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("opening", [INITIALIZE, DISCOVER], ids=["initialize", "discover"])
async def test_the_first_reply_and_the_list_come_at_once(opening: Any) -> None:
    took: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        async with server() as raw:
            raw.send(opening)
            assert "result" in await raw.read()
            listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
            raw.send(listing | {"params": opening["params"]} if opening is DISCOVER else listing)
            assert len((await raw.read())["result"]["tools"]) == 4
            took.append((time.perf_counter() - began) * 1_000)
    assert min(took) < BAR_MS


async def test_what_came_before_the_server_was_up_is_answered_in_the_end() -> None:
    async with server() as raw:
        raw.send(INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        raw.send(*[calling("execute", id, code=f"return {id}") for id in range(2, 12)])
        answers = [await raw.hear() for _ in range(11)]
        texts = {answer["id"]: answer["result"]["content"][0]["text"] for answer in answers if answer["id"] > 1}
        assert texts == {id: str(id) for id in range(2, 12)}
        assert sorted(answer["id"] for answer in answers) == list(range(1, 12))


async def test_a_client_whose_list_was_early_is_told_when_the_tools_are_known() -> None:
    async with server() as raw:
        raw.send(INITIALIZE, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        raw.send({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})
        early, listed = await raw.read(), await raw.read()
        assert (early["id"], listed["id"]) == (1, 2)
        assert "Namespaces: crm, shop." in listed["result"]["tools"][0]["description"]
        assert (await raw.read())["method"] == "notifications/tools/list_changed"
        raw.send({"jsonrpc": "2.0", "id": 3, "method": "tools/list"})
        assert "crm (9 tools): Customers." in (await raw.read())["result"]["tools"][0]["description"]


async def test_a_line_in_pieces_is_one_line() -> None:
    async with server() as raw:
        text = json.dumps(INITIALIZE)
        for piece in (text[:10], text[10:50], text[50:], "\r\n\n  \n"):
            raw.write(piece)
            await raw.stdin.drain()
        assert (await raw.read())["id"] == 1


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (b"{not json}", -32700, "not JSON"),
        (b"\xff\xfe\x00", -32700, "not JSON"),
        (b"7", -32600, "not a JSON-RPC 2.0 message"),
        (b'{"jsonrpc": "1.0", "id": 5, "method": "ping"}', -32600, "not a JSON-RPC 2.0 message"),
        (b'[{"jsonrpc": "2.0", "id": 5, "method": "ping"}]', -32600, "batches are not served"),
        (b"[" * 200_000, -32700, "not JSON"),
    ],
)
async def test_a_line_that_is_no_message_is_refused_and_the_next_is_served(line: bytes, code: int, said: str) -> None:
    async with server() as raw:
        raw.write(line + b"\n")
        raw.send(INITIALIZE)
        answers = [await raw.hear(), await raw.hear()]
        (refusal,) = [answer for answer in answers if "error" in answer]
        assert refusal["id"] == (5 if line.startswith(b"{") and b"5" in line else None)
        assert refusal["error"]["code"] == code
        assert said in refusal["error"]["message"]
        assert await raw.call("execute", code="return 1") == "1"


async def test_a_message_that_is_too_deep_is_refused_by_its_id() -> None:
    async with server() as raw:
        await raw.open()
        deep = json.dumps(calling("execute", 7, code="return 1"))[:-1] + f', "more": {"[" * 500}{"]" * 500}}}'
        raw.write(deep + "\n")
        answer = await raw.hear()
        assert (answer["id"], answer["error"]["code"]) == (7, -32600)


async def test_a_large_program_arrives_and_an_endless_line_is_refused() -> None:
    async with server() as raw:
        await raw.open()
        code = f"return {json.dumps('x' * 900_000)}.length"
        assert await raw.call("execute", code=code) == "900000"
        for _ in range(65):
            raw.write(b"x" * (1 << 20))
            await raw.stdin.drain()
        raw.write(b"\n")
        assert "longer than 64 MiB" in (await raw.hear())["error"]["message"]
        assert await raw.call("execute", 3, code="return 1") == "1"


async def test_a_client_that_leaves_at_once_leaves_nothing_behind() -> None:
    async with server() as raw:
        raw.stdin.close()
        assert await raw.end() == 0


@pytest.mark.parametrize("method", ["forever", "write_forever"])
@pytest.mark.parametrize("way", ["eof", "SIGTERM", "SIGINT"])
async def test_the_end_comes_soon_with_a_run_in_flight(way: str, method: str) -> None:
    async with server() as raw:
        await raw.open()
        raw.send(calling("execute", 2, code=f"await crm.{method}({{}}); await crm.create({{ name: 'late' }})"))
        assert f"crm.{method}" in (await raw.hear())["params"]["message"]
        began = time.monotonic()
        if way == "eof":
            raw.stdin.close()
        else:
            raw.process.send_signal(getattr(signal, way))
        assert await raw.end() == 0
        assert time.monotonic() - began < (3 if method == "forever" else 5)  # a write in flight is given 2 s to end


async def test_sigterm_before_the_server_is_up_ends_it_as_well() -> None:
    async with server() as raw:
        raw.send(INITIALIZE)
        await raw.read()
        raw.process.send_signal(signal.SIGTERM)
        assert await raw.end() == 0


async def test_a_client_that_does_not_read_cannot_hold_up_the_end() -> None:
    read, write = os.pipe()
    process = await asyncio.create_subprocess_exec(sys.executable, str(LAUNCHER), stdin=PIPE, stdout=write, stderr=PIPE)
    os.close(write)
    assert process.stdin
    process.stdin.write((json.dumps(INITIALIZE) + "\n").encode())
    for id in range(2, 40):
        process.stdin.write((json.dumps(calling("execute", id, code="return 'x'.repeat(20000)")) + "\n").encode())
    assert os.read(read, 10)  # it is up, and will soon have filled the pipe
    process.stdin.close()
    async with asyncio.timeout(10):
        _, stderr = await process.communicate()
    os.close(read)
    assert (process.returncode, stderr) == (0, b"")


async def test_what_tools_print_goes_to_stderr_and_stdout_is_the_protocol_alone() -> None:
    async with server() as raw:
        await raw.open()
        assert await raw.call("execute", code="return await crm.create({ name: 'Eve' })") == "1"
        raw.stdin.close()
        assert await raw.end() == 0
        assert raw.process.stderr
        said = await raw.process.stderr.read()
        assert b"a stray line" in said
        assert b"past Python's own streams" in said


async def test_nothing_is_said_on_stderr_by_an_ordinary_life() -> None:
    async with server() as raw:
        await raw.open()
        assert await raw.call("execute", code="return 1") == "1"
        raw.stdin.close()
        assert await raw.end() == 0
        assert raw.process.stderr
        assert await raw.process.stderr.read() == b""
