"""What a call of an operation costs over a bare request of the same client library, on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from time import perf_counter
from typing import Any

import httpx2

from bench.rows import Row, middle
from toolscript.connectors.openapi.connector import openapi
from toolscript.tools import CallContext

TIMES = 1_500
CONTEXT = CallContext(run="run_1", seq=1)
BODY = b'{"id":7,"title":"one of many","labels":["a","b"],"user":{"login":"ann","id":12}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
PARAMETERS = [
    {"name": "owner", "in": "path", "required": True, "schema": {"type": "string"}},
    {"name": "labels", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
    {"name": "per_page", "in": "query", "schema": {"type": "integer"}},
]
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Bench", "version": "1"},
    "paths": {"/repos/{owner}/issues": {"get": {"operationId": "list_issues", "parameters": PARAMETERS}}},
}
ARGS = {"owner": "ann", "labels": ["a", "b c"], "per_page": 5}


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):  # the last at the end of the loop
        writer.close()


async def _side_by_side(one: Callable[[], Awaitable[Any]], other: Callable[[], Awaitable[Any]]) -> tuple[float, float]:
    """Milliseconds of both, taken in turns, because neighbours slow whole stretches down."""
    samples: tuple[list[float], list[float]] = ([], [])
    for _ in range(TIMES):
        for act, taken in zip((one, other), samples, strict=True):
            began = perf_counter()
            await act()
            taken.append((perf_counter() - began) * 1e3)
    return middle(samples[0]), middle(samples[1])


async def rows() -> AsyncIterator[Row]:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    environment = {"TOKEN": "a-secret-of-the-bench"}
    connector = openapi("api", DOCUMENT, base_url=url, auth="env:TOKEN", environment=environment)
    changed = asyncio.Event()
    await connector.open(changed.set)
    while connector.listing().state == "connecting":
        changed.clear()
        await changed.wait()
    (tool,) = connector.listing().tools
    async with server, httpx2.AsyncClient() as client:
        target = f"{url}/repos/ann/issues?labels=a&labels=b%20c&per_page=5"
        headers = {"Authorization": "Bearer a-secret-of-the-bench"}

        async def bare() -> None:
            (await client.get(target, headers=headers)).json()

        async def called() -> None:
            await connector.call(tool, ARGS, CONTEXT)

        bare_ms, called_ms = await _side_by_side(bare, called)
        await connector.close()
    yield Row("a bare httpx2 request on loopback", bare_ms, "ms")
    yield Row("a call of an operation", called_ms, "ms")
    yield Row("a call of an operation, over a bare request", called_ms - bare_ms, "ms", bar=0.5)
