"""Calling tools of real MCP servers: every transport, both protocol eras."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from mcp.server.mcpserver import Context, MCPServer
from mcp_upstreams import PATIENCE_S, SERVERS, Watched, reached, ready, sdk

from toolscript.connectors.mcp import Http
from toolscript.connectors.wrap import wrap
from toolscript.errors import ToolError
from toolscript.tools import CallContext, Media, Progress

ROADS = [
    ("stdio", "auto"),
    ("stdio", "legacy"),
    ("http", "auto"),
    ("http", "legacy"),
    ("sse", "auto"),
    ("sse", "legacy"),
]


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """One server a transport for all tests of this module: starting one costs more than a test."""
    found: dict[str, str] = {}
    with ExitStack() as stack:
        for mode in ("http", "sse"):
            command = [sys.executable, str(SERVERS / "sdk_server.py"), mode]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            assert process.stdout is not None
            found[mode] = f"http://127.0.0.1:{int(process.stdout.readline())}/mcp"
        yield found


@pytest.fixture(params=ROADS, ids="-".join)
async def road(request: Any, urls: dict[str, str]) -> AsyncIterator[tuple[Watched, bool]]:
    transport, era = request.param
    async with ready(Http(url=urls[transport]) if transport in urls else sdk(), era=era) as one:
        yield one, era == "auto"


async def failure(one: Watched, raw_name: str, **args: Any) -> Any:
    with pytest.raises(ToolError) as caught:
        await one.call(raw_name, **args)
    return caught.value.failure


async def test_every_road_lists_all_pages_and_calls_with_the_value_of_the_answer(road: tuple[Watched, bool]) -> None:
    one, is_modern = road
    listing = one.connector.listing()
    tools = {tool.raw_name: tool for tool in listing.tools}
    assert len(tools) >= 17
    assert listing.about == "Many small tools."
    assert listing.problems == ()
    status = one.connector.status
    assert (status.state, status.server_name, status.server_version) == ("ready", "test-server", "1.2.3")
    assert status.protocol == ("2026-07-28" if is_modern else "2025-11-25")

    assert [str(tools[name].path) for name in ("delete", "json-text")] == ["up.delete_", "up.json_text"]
    assert [tools[name].effect for name in ("echo", "add", "delete")] == ["read", "read", "write"]
    assert (tools["delete"].destructive, tools["add"].idempotent) == (True, True)
    assert tools["wrapped"].output_schema == {"type": "array", "items": {"type": "integer"}}

    assert await one.call("add", a=1, b=2) == {"sum": 3}
    assert await one.call("wrapped") == [1, 2]
    assert await one.call("json-text") == {"n": 5}
    assert await one.call("echo", value="123") == "123"
    assert await one.call("media") == [
        "here",
        Media(b"\x89PNG\r\n\x1a\n", "image/png"),
        "inside",
        {"name": "c", "uri": "a://c"},
    ]
    failed = await failure(one, "fail")
    assert (failed.message, failed.content, failed.code) == ("no such thing", '{"code":7}', "tool")


async def test_progress_is_reported_on_every_road(road: tuple[Watched, bool]) -> None:
    one, _ = road
    seen: list[Progress] = []
    context = CallContext(run="r", seq=1, report=seen.append)
    async with asyncio.timeout(PATIENCE_S):
        assert await one.connector.call(one.tool("steps"), {}, context) == "done"
    assert Progress(3.0, 3.0, "step 3") in seen


async def test_cancelling_a_call_reaches_the_server(road: tuple[Watched, bool]) -> None:
    one, _ = road
    started, cancelled = await one.call("started"), await one.call("cancelled")
    call = asyncio.ensure_future(one.call("never"))
    async with asyncio.timeout(PATIENCE_S):
        while await one.call("started") == started:
            pass  # each turn is a round trip to the server, so this waits for it and not for time
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        while await one.call("cancelled") == cancelled:
            pass


async def test_a_changed_list_is_read_again(road: tuple[Watched, bool]) -> None:
    one, is_modern = road
    name = f"grown-{one.connector.status.transport}-{is_modern}"
    async with asyncio.timeout(PATIENCE_S):
        before = one.changes
        assert await one.call("grow", name=name) == "grown"
        await one.until(lambda listing: any(tool.raw_name == name for tool in listing.tools))
    assert one.changes > before
    assert await one.call(name) == name


async def test_five_megabytes_arrive_on_every_road(road: tuple[Watched, bool]) -> None:
    one, _ = road
    assert await one.call("large", size=5_000_000) == "x" * 5_000_000


async def test_calls_run_side_by_side_on_every_road(road: tuple[Watched, bool]) -> None:
    one, _ = road
    answers = await asyncio.gather(*(one.call("echo", value=number) for number in range(40)))
    assert answers == list(range(40))


async def test_arguments_that_the_wire_cannot_carry_do_not_end_the_connection() -> None:
    async with ready(sdk("stdio")) as one:
        assert await one.call("echo", value="cut \ud83d, whole \U0001f600") == "cut \ufffd, whole \U0001f600"
        deep: Any = "end"
        for _ in range(300):
            deep = [deep]
        with pytest.raises(ToolError, match="nested deeper than 150 levels"):
            await one.call("echo", value=deep)
        assert await one.call("echo", value="again") == "again"


async def test_dates_and_bytes_become_text_on_the_wire() -> None:
    async with reached("stdio") as one:
        assert await one.call("echo", value=datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00Z"
        assert await one.call("echo", value=b"\xff") == "/w=="


async def test_a_result_that_breaks_its_schema_is_handed_on_and_told_to_people() -> None:
    async with reached("stdio") as one:
        assert await one.call("broken-output") == {"n": "five"}
        (problem,) = one.connector.listing().problems
        assert problem.startswith("broken-output: a result did not fit its own output schema ($.n:")


async def test_a_tool_that_asks_a_person_fails_with_its_question() -> None:
    async with reached("stdio") as one:
        assert "wants an answer from a person" in (failed := await failure(one, "ask")).message
        assert failed.message.endswith("Which one?")


async def test_an_answer_over_the_limit_is_refused_and_the_next_call_works(road: tuple[Watched, bool]) -> None:
    one, _ = road
    failed = await failure(one, "large", size=50_000_000)
    assert failed.code == "too_large"
    assert "over the limit of 33,619,968 bytes" in failed.message
    assert await one.call("echo", value="still here") == "still here"


async def test_words_that_a_server_raises_arrive() -> None:
    async with reached("stdio", "legacy") as one:
        assert (await failure(one, "raise")).message == "inner words"


async def test_the_idempotency_key_reaches_the_server_of_a_keyed_tool_and_no_other() -> None:
    server = MCPServer("keys")

    def key(ctx: Context[Any, Any]) -> str:
        """Tell the key of this call."""
        return str((ctx.request_context.meta or {}).get("toolscript/idempotency-key"))

    server.add_tool(key, name="keyed")
    server.add_tool(key, name="other")
    async with ready(server) as one:
        face = wrap(one.connector, keyed=["keyed"], namespace="up")
        tools = {tool.raw_name: tool for tool in face.listing().tools}
        context = CallContext(run="run_1", seq=7)
        assert await face.call(tools["keyed"], {}, context) == "run_1:7"
        assert await face.call(tools["other"], {}, context) == "None"
