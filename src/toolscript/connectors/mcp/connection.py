"""One connection to one MCP server: opened for an era, listed, and watched until it is lost.

The SDK's context managers hold cancel scopes, so they are entered and left in one task: the owner's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, Literal

import anyio
from mcp.client.streamable_http import streamable_http_client
from mcp.client.subscriptions import SubscriptionLost
from mcp.server import MCPServer, Server
from mcp.shared.exceptions import MCPError
from mcp_types import Implementation, ToolListChangedNotification
from mcp_types import Tool as WireTool
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from toolscript.connectors.mcp.answers import unwrapped
from toolscript.connectors.mcp.http import http_client, sse_streams
from toolscript.connectors.mcp.sdk import Client
from toolscript.connectors.mcp.stdio import StdioLog, stdio_streams
from toolscript.connectors.mcp.targets import Era, Http, Stdio
from toolscript.connectors.mcp.wire import Repaired, Wire
from toolscript.schema.names import collisions, method_names
from toolscript.tools import Tool, ToolPath

Target = Stdio | Http | Server[Any] | MCPServer
NOT_FOUND = 404
MAX_PAGES = 1_000  # a paginator that never ends must not hang the connecting


@dataclass(slots=True)
class Connection:
    """What the owner of a connection shares with calls and with `doctor`."""

    log: StdioLog
    wire: Wire
    transport: Literal["stdio", "http", "sse", "in process"]
    http_status: int | None = None
    broken_by: str = ""
    client: Client | None = None
    dirty: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    wrapped: frozenset[str] = frozenset()

    @property
    def session(self) -> Any:
        assert self.client is not None
        return self.client.session

    @property
    def is_modern(self) -> bool:
        return self.client is not None and self.client.protocol_version in MODERN_PROTOCOL_VERSIONS

    @property
    def is_forgotten(self) -> bool:
        """Whether the server does not know our session any more: what 404 means there, in the old protocol."""
        return self.transport == "http" and not self.is_modern and self.http_status == NOT_FOUND


def new_connection(target: Target, *, sse: bool) -> Connection:
    """A connection that is not open yet."""
    match target:
        case Stdio():
            kind = "stdio"
        case Http():
            kind = "sse" if sse else "http"
        case _:
            kind = "in process"
    connection = Connection(StdioLog(), Wire(), kind)
    connection.wire.ended = connection.lost.set
    return connection


@asynccontextmanager
async def opened(connection: Connection, target: Target, era: Era, max_message_bytes: int) -> AsyncGenerator[Client]:
    """Connect and agree on a protocol; the client is usable inside."""

    async def on_message(message: Any) -> None:
        if isinstance(message, ToolListChangedNotification):
            connection.dirty.set()

    async with AsyncExitStack() as stack:
        client = Client(
            await _reached(connection, target, max_message_bytes, stack),
            mode=era,
            message_handler=on_message,
            client_info=Implementation(name="toolscript", version=version("toolscript")),
            cache=None,
        )
        connection.client = await stack.enter_async_context(client)
        yield client


async def _reached(connection: Connection, target: Target, max_message_bytes: int, stack: AsyncExitStack) -> Any:
    """What the SDK's client takes: a transport of ours, or a server in this process as it is."""
    match target:
        case Stdio():
            transport: Any = stdio_streams(target, connection.log, max_message_bytes)
        case Http():
            transport = await _http(connection, target, max_message_bytes, stack)
        case _:
            return target
    return Repaired(transport, connection.wire)


async def _http(connection: Connection, target: Http, max_message_bytes: int, stack: AsyncExitStack) -> Any:
    def refused(status: int) -> None:
        connection.http_status = status

    def broken(reason: str) -> None:
        connection.broken_by = reason

    client = await stack.enter_async_context(http_client(target, refused, max_message_bytes))
    if connection.transport == "sse":
        return sse_streams(target.url, client, max_message_bytes, broken)
    return streamable_http_client(target.url, http_client=client, max_sse_event_size=max_message_bytes)


async def listed(connection: Connection, namespace: str) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
    """All pages of the server's tools, and what was wrong with them."""
    client = connection.client
    assert client is not None
    connection.dirty.clear()
    connection.wire.problems.clear()
    found: dict[str, WireTool] = {}
    problems: list[str] = []
    if client.server_capabilities.tools is None:
        return (), ("The server offers no tools.",)
    cursor, seen = None, set[str]()
    for _ in range(MAX_PAGES):
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            if tool.name in found:
                problems.append(f"{tool.name}: listed twice; the first one is used.")
            found.setdefault(tool.name, tool)
        cursor = page.next_cursor
        if not cursor or cursor in seen:
            break
        seen.add(cursor)
    else:
        problems.append(f"The list of tools did not end after {MAX_PAGES} pages; the rest was left out.")
    names = method_names(found)
    problems += collisions(names)
    outputs = {
        name: unwrapped(connection.wire.output_schemas.get(name, tool.output_schema)) for name, tool in found.items()
    }
    connection.wrapped = frozenset(name for name, (_, is_wrapped) in outputs.items() if is_wrapped)
    tools = tuple(_tool(ToolPath(namespace, names[name]), tool, outputs[name][0]) for name, tool in found.items())
    return tools, (*connection.wire.problems, *problems)


def _tool(path: ToolPath, tool: WireTool, output_schema: Any) -> Tool:
    hints = tool.annotations
    return Tool(
        path=path,
        raw_name=tool.name,
        description=tool.description or tool.title or (hints.title if hints else None) or "",
        input_schema=tool.input_schema,
        output_schema=output_schema,
        effect="read" if hints and hints.read_only_hint else "write",
        destructive=bool(hints and hints.destructive_hint and not hints.read_only_hint),
        idempotent=bool(hints and hints.idempotent_hint),
    )


async def watch(connection: Connection, relist: Callable[[], Any], pause: Callable[[float], Any]) -> None:
    """Keep the list fresh until the connection is lost."""
    client = connection.client
    assert client is not None
    async with anyio.create_task_group() as tasks:
        offered = client.server_capabilities.tools
        if connection.is_modern and offered is not None and offered.list_changed:
            tasks.start_soon(_listen, connection, client, pause)
        tasks.start_soon(_relist, connection, relist)
        await connection.lost.wait()
        tasks.cancel_scope.cancel()


async def _relist(connection: Connection, relist: Callable[[], Any]) -> None:
    while True:
        await connection.dirty.wait()
        await relist()


async def _listen(connection: Connection, client: Client, pause: Callable[[float], Any]) -> None:
    """Modern servers tell changes on a stream that we ask for; what changed before it was there is listed again."""
    delay_s = 1.0
    while True:
        try:
            async with client.listen(tools_list_changed=True) as events:
                delay_s = 1.0
                connection.dirty.set()
                async for _ in events:
                    connection.dirty.set()
        except (MCPError, SubscriptionLost, TimeoutError):
            pass
        await pause(delay_s)
        delay_s = min(delay_s * 2, 300.0)
