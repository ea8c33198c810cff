"""What the tests of OpenAPI connectors share: a server that records every request as it was on the wire."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from toolscript.connectors.openapi.connector import OpenApiConnector, openapi
from toolscript.tools import CallContext, Tool

CONTEXT = CallContext(run="r1", seq=1)
PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request: header names in lower case, in their order."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)


Raw = bytes
Replier = Callable[[Recorded], Raw | Awaitable[Raw | None] | None]


def reply(
    status: int = 200, body: bytes | str | Any = b"", headers: Mapping[str, str] | None = None, *, length: bool = True
) -> Raw:
    """A whole answer; what is neither bytes nor text is sent as JSON."""
    named = dict(headers or {})
    if not isinstance(body, bytes | str):
        body = json.dumps(body)
        named = {"Content-Type": "application/json"} | named
    content = body.encode() if isinstance(body, str) else body
    if length:
        named = {"Content-Length": str(len(content))} | named
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in named.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + content


@dataclass
class Upstream:
    """A server on loopback. `replies` is asked for every answer; None closes the connection without one."""

    replies: Replier = lambda request: reply(200, {"ok": True})
    requests: list[Recorded] = field(default_factory=list[Recorded])
    url: str = ""
    connections: int = 0
    began: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])

    @property
    def last(self) -> Recorded:
        return self.requests[-1]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while (request := await _read(reader)) is not None:
                self.requests.append(request)
                self.began.set()
                answer = self.replies(request)
                if asyncio.iscoroutine(answer):
                    answer = await self._unless_lost(answer, reader)
                if not isinstance(answer, bytes):
                    break
                writer.write(answer)
                await writer.drain()
                if b"Connection: close" in answer[:2000]:
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _unless_lost(self, answer: Awaitable[Any], reader: asyncio.StreamReader) -> Any:
        """An answer that takes its time, unless the client hangs up before."""
        waiting = asyncio.ensure_future(answer)
        gone = asyncio.ensure_future(reader.read(1))
        await asyncio.wait([waiting, gone], return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            gone.cancel()
            await asyncio.wait([gone])
            return waiting.result()
        waiting.cancel()
        self.lost.set()
        return None

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()


async def _read(reader: asyncio.StreamReader) -> Recorded | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
    size = int(dict(headers).get("content-length", "0"))
    return Recorded(method, target, headers, await reader.readexactly(size) if size else b"")


@asynccontextmanager
async def upstream(replies: Replier | None = None, *, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Upstream]:
    """A server that runs while the block does."""
    up = Upstream() if replies is None else Upstream(replies)
    server = await asyncio.start_server(up.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    up.url = f"http://127.0.0.1:{port}" if tls is None else f"https://localhost:{port}"
    try:
        yield up
    finally:
        server.close()
        up.stop()
        await server.wait_closed()


def document(paths: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """A document of OpenAPI 3.1 with these paths."""
    return {"openapi": "3.1.0", "info": {"title": "Test", "version": "1"}, "paths": dict(paths), **more}


def operation(id: str, *parameters: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """One operation, answering JSON."""
    usual = {"responses": {"200": {"description": "", "content": {"application/json": {}}}}}
    return {"operationId": id, "parameters": list(parameters), **usual, **more}


def parameter(name: str, place: str = "query", schema: Any = True, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": schema, **({"required": True} if place == "path" else {}), **more}


@asynccontextmanager
async def ready(connector: OpenApiConnector) -> AsyncGenerator[dict[str, Tool]]:
    """The tools of a connector by raw name, once its document is read."""
    moved = asyncio.Event()
    await connector.open(moved.set)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while connector.listing().state == "connecting":
                await moved.wait()
                moved.clear()
        yield {tool.raw_name: tool for tool in connector.listing().tools}
    finally:
        await connector.close()


@asynccontextmanager
async def api(
    up: Upstream, paths: Mapping[str, Any], more: Mapping[str, Any] | None = None, **options: Any
) -> AsyncGenerator[Callable[..., Awaitable[Any]]]:
    """A function that calls an operation by its id."""
    connector = openapi("api", document(paths, **(more or {})), **{"base_url": up.url} | options)
    async with ready(connector) as tools:

        async def call(id: str, /, **args: Any) -> Any:
            async with asyncio.timeout(PATIENCE_S):
                return await connector.call(tools[id], args, options.get("context", CONTEXT))

        yield call


def names(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [name for name, _ in pairs]
