"""The tools behind the servers that the tests drive, and ways to reach them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from mcp import StdioServerParameters
from mcp.client import Client

from toolscript.connectors.functions import functions, tool
from toolscript.errors import ToolError
from toolscript.runs.program import Language
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.mcp_server.http import http_app
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.tools import Media

LAUNCHER = Path(__file__).parent / "mcp_launcher.py"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)

_PEOPLE = [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}, {"id": 3, "name": "Ada"}]
_ORDERS = [
    {"customer": 1, "total": 150.0},
    {"customer": 1, "total": 20.0},
    {"customer": 3, "total": 101.0},
    {"customer": 2, "total": 500.0},
]


class Crm:
    """Tools that share what happened to them."""

    def __init__(self) -> None:
        self.created: list[str] = []
        self.ended = asyncio.Event()
        self.meeting = asyncio.Barrier(3)

    @tool(effect="read")
    def find(self, name: str) -> list[dict[str, Any]]:
        """Find customers by name."""
        return [person for person in _PEOPLE if person["name"] == name]

    @tool
    def create(self, name: str) -> int:
        """Create a customer."""
        print("a stray line that must not reach the wire")
        os.write(1, b"and one past Python's own streams\n")
        self.created.append(name)
        return len(self.created)

    @tool(effect="read")
    def names(self) -> list[str]:
        """The names of the customers that were created."""
        return self.created

    @tool(effect="read")
    def picture(self) -> Media:
        """A picture of a customer."""
        return Media(PNG, "image/png")

    @tool(effect="read")
    def listing(self, rows: int) -> list[dict[str, Any]]:
        """Many rows."""
        return [{"id": number, "name": f"Customer {number}"} for number in range(rows)]

    @tool(effect="read")
    async def forever(self) -> None:
        """Never answers."""
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    @tool
    async def write_forever(self) -> None:
        """Never answers, and may have changed something."""
        await asyncio.Event().wait()

    @tool(effect="read")
    async def until_forever_ends(self) -> str:
        """Answer when a call of forever has ended."""
        await self.ended.wait()
        return "ended"

    @tool(effect="read")
    async def meet(self) -> int:
        """Answer when three have come."""
        return await self.meeting.wait()


@tool(effect="read")
def orders(customer: int) -> list[dict[str, Any]]:
    """The orders of a customer."""
    return [order for order in _ORDERS if order["customer"] == customer]


@tool
def refund(order: int) -> None:
    """Refund an order."""
    raise ToolError(f"order {order} was refunded before")


def runtime(languages: Sequence[Language] = ("typescript",)) -> Runtime:
    """A runtime over two namespaces."""
    crm = Crm()
    reads = (crm.find, crm.names, crm.picture, crm.listing, crm.forever, crm.until_forever_ends, crm.meet)
    return Runtime(
        [
            functions("crm", *reads, crm.create, crm.write_forever, about="Customers."),
            functions("shop", orders, refund, about="Orders."),
        ],
        languages=languages,
    )


@asynccontextmanager
async def over_http(runtime: Runtime, options: ServeOptions | None = None, **how: Any) -> AsyncGenerator[str]:
    """The URL of a server on a free port."""
    async with runtime:
        config = uvicorn.Config(http_app(runtime, options, **how), port=0, log_level="warning")
        server = _Quiet(config)
        serving = asyncio.create_task(server.serve())
        await asyncio.wait([serving, asyncio.create_task(server.listening.wait())], return_when="FIRST_COMPLETED")
        try:
            yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/mcp"
        finally:
            server.should_exit = server.force_exit = True
            await serving


class _Quiet(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@asynccontextmanager
async def connected(transport: str, mode: Any, options: str = "{}", **how: Any) -> AsyncGenerator[Client]:
    """A client of a server of its own; `options` are those of the server, as JSON."""
    if transport == "stdio":
        parameters = StdioServerParameters(command=sys.executable, args=[str(LAUNCHER), options], env=dict(os.environ))
        async with Client(parameters, mode=mode, read_timeout_seconds=20, **how) as client:
            yield client
    else:
        async with (
            over_http(runtime(), _options(options)) as url,
            Client(url, mode=mode, read_timeout_seconds=20, **how) as client,
        ):
            yield client


def words(result: Any) -> str:
    """The text of a result."""
    return "\n".join(block.text for block in result.content if block.type == "text")


def _options(text: str) -> ServeOptions:
    given = json.loads(text)
    return ServeOptions(**given | {"expose": tuple(given.get("expose", ()))})
