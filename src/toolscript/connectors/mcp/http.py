"""What both HTTP transports need beyond the SDK's: caps on what is read, the last refusal, and the old SSE.

The SDK caps one event of a streamable HTTP connection where we say, a plain JSON answer nowhere, and the old SSE at
1 MiB, past which the connection is gone. So the JSON answer is capped here, and the old SSE is our own.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urljoin

import anyio
import httpx2
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from toolscript.connectors.mcp.reading import message_of
from toolscript.connectors.mcp.sdk import SessionMessage
from toolscript.connectors.mcp.targets import Http

TIMEOUT_S = 30.0  # to connect, to write, and for a connection from the pool; the SDK's own default
OVERSIZE = "byte limit"  # what the SDK says of an event over the cap, and we of an answer

Received = SessionMessage | Exception


def http_client(target: Http, refused: Callable[[int], None], max_message_bytes: int) -> httpx2.AsyncClient:
    """A client with the target's headers; `refused` is told every status from 400 up."""

    async def seen(response: httpx2.Response) -> None:
        if response.status_code >= httpx2.codes.BAD_REQUEST:
            refused(response.status_code)
        is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
        if not is_stream and isinstance(response.stream, httpx2.AsyncByteStream):
            told = response.headers.get("content-length", "")
            response.stream = _Capped(response.stream, max_message_bytes, int(told) if told.isdecimal() else 0)

    return httpx2.AsyncClient(
        headers=dict(target.headers),
        timeout=httpx2.Timeout(TIMEOUT_S, read=None),  # a call's own deadline is the runtime's
        event_hooks={"response": [seen]},
    )


class _Capped(httpx2.AsyncByteStream):
    """A body that ends in an error when it is over the cap: the kind of error that the SDK pins on the one request."""

    def __init__(self, inner: httpx2.AsyncByteStream, max_bytes: int, told: int) -> None:
        self._inner = inner
        self._max_bytes = max_bytes
        self._told = told

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        if self._told > self._max_bytes:
            raise httpx2.StreamError(f"{self._told} bytes exceed the {self._max_bytes} {OVERSIZE}")
        async for chunk in self._inner:
            size += len(chunk)
            if size > self._max_bytes:
                raise httpx2.StreamError(f"the answer exceeds the {self._max_bytes} {OVERSIZE}")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


@asynccontextmanager
async def sse_streams(
    url: str, client: httpx2.AsyncClient, max_event_bytes: int, broken: Callable[[str], None]
) -> AsyncGenerator[tuple[MemoryObjectReceiveStream[Received], MemoryObjectSendStream[SessionMessage]]]:
    """The transport of protocol 2024-11-05: one stream of events in, and a POST for each message out.

    https://modelcontextprotocol.io/specification/2024-11-05/basic/transports
    """
    to_session, from_server = anyio.create_memory_object_stream[Received](16)
    to_server, from_session = anyio.create_memory_object_stream[SessionMessage](0)
    async with (
        to_session,
        from_server,
        to_server,
        from_session,
        client.stream("GET", url, headers={"Accept": "text/event-stream", "Cache-Control": "no-store"}) as response,
        anyio.create_task_group() as tasks,
    ):
        response.raise_for_status()
        events = aiter(httpx2.EventSource(response, max_event_size=max_event_bytes))
        endpoint = await _endpoint(events, url)
        tasks.start_soon(_read, events, to_session, broken)
        tasks.start_soon(_write, client, endpoint, from_session)
        try:
            yield from_server, to_server
        finally:
            tasks.cancel_scope.cancel()


async def _endpoint(events: AsyncIterator[httpx2.ServerSentEvent], url: str) -> str:
    async for event in events:
        if event.event == "endpoint":
            endpoint = httpx2.URL(urljoin(url, event.data))
            home = httpx2.URL(url)
            if (endpoint.scheme, endpoint.host, endpoint.port) != (home.scheme, home.host, home.port):
                raise ValueError("The server names an endpoint on another host.")
            return str(endpoint)
    raise anyio.EndOfStream


async def _read(
    events: AsyncIterator[httpx2.ServerSentEvent], out: MemoryObjectSendStream[Received], broken: Callable[[str], None]
) -> None:
    async with out:
        try:
            async for event in events:
                if event.event == "message" and (message := message_of(event.data.encode("utf-8", "surrogatepass"))):
                    await out.send(SessionMessage(message))
        except httpx2.SSEError as error:
            broken(str(error))
            raise


async def _write(client: httpx2.AsyncClient, endpoint: str, source: MemoryObjectReceiveStream[SessionMessage]) -> None:
    async with source:
        async for message in source:
            content = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            response = await client.post(endpoint, content=content, headers={"Content-Type": "application/json"})
            response.raise_for_status()
