"""Upstreams that come late, change or break, and faults of our own: what clients hear of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from mcp.client import Client
from mcp_parts import over_http, words

from toolscript.errors import Fault
from toolscript.ports import Listing, Session
from toolscript.runs.program import Boot
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.tools import CallContext, Tool, ToolPath

SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}}


def tools(*methods: str) -> tuple[Tool, ...]:
    return tuple(
        Tool(path=ToolPath("late", method), raw_name=method, description=f"Does {method}.", input_schema=SCHEMA)
        for method in methods
    )


class Late:
    """A connector that connects when it is told to."""

    namespace = "late"

    def __init__(self) -> None:
        self._listing = Listing(state="connecting")
        self._changed: Callable[[], None] = lambda: None

    async def open(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    def offer(self, *methods: str) -> None:
        self._listing = Listing(state="ready", tools=tools(*methods), about="Comes late.")
        self._changed()

    def listing(self) -> Listing:
        return self._listing

    async def call(self, tool: Tool, args: Mapping[str, Any], context: CallContext) -> Any:
        return tool.raw_name

    async def close(self) -> None:
        return None


async def test_the_list_is_there_at_once_while_upstreams_connect() -> None:
    async with over_http(Runtime([Late()])) as url, Client(url) as client:
        listed = await client.list_tools()
        assert listed.ttl_ms == 0
        assert "Namespaces: late." in str(listed.tools[0].description)


async def test_a_call_that_needs_an_upstream_waits_for_it() -> None:
    late = Late()
    async with over_http(Runtime([late])) as url, Client(url) as client:
        call = asyncio.create_task(client.call_tool("execute", {"code": "return await late.one({})"}))
        assert words(await client.call_tool("execute", {"code": "return 1"})) == "1"  # and this one does not
        late.offer("one")
        assert words(await call) == "one"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_clients_are_told_when_the_tools_become_known_and_when_they_change(mode: Any) -> None:
    late = Late()
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def on_message(message: Any) -> None:
        if mode == "legacy" and getattr(message, "method", "") == "notifications/tools/list_changed":
            heard.put_nowait("changed")

    async def listen(client: Client) -> None:
        async with client.listen(tools_list_changed=True) as events:
            heard.put_nowait("listening")
            async for _ in events:
                heard.put_nowait("changed")

    async def next_heard() -> str:
        async with asyncio.timeout(10):
            return await heard.get()

    async with (
        over_http(Runtime([late]), ServeOptions(types="search")) as url,
        Client(url, mode=mode, message_handler=on_message) as client,
        asyncio.TaskGroup() as tasks,
    ):
        await client.list_tools()
        listening = tasks.create_task(listen(client)) if mode == "auto" else None
        if listening:
            assert await next_heard() == "listening"
        late.offer("one")
        assert await next_heard() == "changed"
        listed = await client.list_tools(cache_mode="refresh")
        assert listed.ttl_ms == (60_000 if mode == "auto" else 0)
        assert "late (1 tool): Comes late." in str(listed.tools[0].description)
        late.offer("one", "two")
        assert await next_heard() == "changed"
        assert "late (2 tools)" in str((await client.list_tools(cache_mode="refresh")).tools[0].description)
        late.offer("one", "two")  # the same again is no news
        late.offer("one")
        assert await next_heard() == "changed"
        assert heard.empty()
        if listening:
            listening.cancel()


async def test_a_list_of_exposed_tools_waits_for_the_upstreams() -> None:
    late = Late()
    options = ServeOptions(expose=("late.*",))
    async with over_http(Runtime([late]), options) as url, Client(url) as client:
        asyncio.get_running_loop().call_later(0.2, late.offer, "one")
        assert [tool.name for tool in (await client.list_tools()).tools][4:] == ["late__one"]
        assert words(await client.call_tool("late__one", {})) == "one"


class BrokenGuest:
    """A guest whose engine fails in words that no client may read."""

    language = "typescript"
    engine = "broken"

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def start(self, boot: Boot) -> Session:
        raise self._error

    async def restore(self, boot: Boot, snapshot: bytes) -> Session:
        raise self._error

    async def close(self) -> None:
        return None


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    "error", [Fault("/secret/path is full"), RuntimeError("/secret/path"), OSError("/secret/path")]
)
async def test_a_fault_of_ours_reaches_no_client_in_its_own_words(mode: Any, error: Exception) -> None:
    runtime = Runtime(guests={"typescript": BrokenGuest(error)})  # type: ignore[dict-item]
    async with over_http(runtime) as url, Client(url, mode=mode) as client:
        result = await client.call_tool("execute", {"code": "return 1"})
        assert result.is_error
        assert words(result).startswith("Internal error, run run_" if isinstance(error, Fault) else "Internal error")
        assert "secret" not in str(result)
