"""What the tests of MCP connectors share: servers to talk to, and waiting for a state without sleeping."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from toolscript.connectors.mcp import Http, McpConnector, Stdio
from toolscript.ports import ConnectorState, Listing
from toolscript.tools import CallContext, Tool

SERVERS = Path(__file__).parent.parent / "servers"
CONTEXT = CallContext(run="r1", seq=1)
PATIENCE_S = 30.0


def sdk(mode: str = "stdio") -> Stdio:
    return Stdio(command=sys.executable, args=(str(SERVERS / "sdk_server.py"), mode))


def raw(mode: str = "plain", *args: str) -> Stdio:
    return Stdio(command=sys.executable, args=(str(SERVERS / "raw_server.py"), mode, *args))


def third_party_folder() -> Path:
    """The folder that scripts/test-servers made; skips the test where there is none."""
    named = os.environ.get("TOOLSCRIPT_TEST_SERVERS")
    if not named:
        pytest.skip("TOOLSCRIPT_TEST_SERVERS is not set; scripts/test sets it")
    return Path(named)


class Watched:
    """A connector that is open, and events instead of sleeps."""

    def __init__(self, connector: McpConnector) -> None:
        self.connector = connector
        self.changes = 0
        self._moved = asyncio.Event()

    def changed(self) -> None:
        self.changes += 1
        self._moved.set()

    async def until(self, holds: Callable[[Listing], bool]) -> Listing:
        async with asyncio.timeout(PATIENCE_S):
            while not holds(found := self.connector.listing()):
                self._moved.clear()
                await self._moved.wait()
        return found

    async def state(self, state: ConnectorState) -> Listing:
        return await self.until(lambda listing: listing.state == state)

    def tool(self, raw_name: str) -> Tool:
        return next(tool for tool in self.connector.listing().tools if tool.raw_name == raw_name)

    async def call(self, raw_name: str, **args: Any) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            return await self.connector.call(self.tool(raw_name), args, CONTEXT)


@asynccontextmanager
async def watched(target: Any, **options: Any) -> AsyncIterator[Watched]:
    connector = McpConnector("up", target, **options)
    one = Watched(connector)
    await connector.open(one.changed)
    try:
        yield one
    finally:
        await connector.close()


@asynccontextmanager
async def ready(target: Any, **options: Any) -> AsyncIterator[Watched]:
    async with watched(target, **options) as one:
        await one.state("ready")
        yield one


@asynccontextmanager
async def serving(mode: str, port: int = 0) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The SDK's server over HTTP in a process of its own: its URL."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SERVERS / "sdk_server.py"), mode, str(port), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            found = int(await process.stdout.readline())
        yield f"http://127.0.0.1:{found}/mcp", process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def reached(transport: str, era: Any = "auto") -> AsyncIterator[Watched]:
    """A ready connector to the SDK's server, over any transport."""
    if transport == "stdio":
        async with ready(sdk(), era=era) as one:
            yield one
    else:
        async with serving(transport) as (url, _), ready(Http(url=url), era=era) as one:
            yield one


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:  # an orphan that nobody has reaped is dead all the same
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return sys.platform != "linux"
