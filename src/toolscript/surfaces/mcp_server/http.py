"""The server over streamable HTTP.

1. It listens on this machine alone unless told otherwise. Elsewhere it wants a bearer token: whoever reaches it can
   run programs over all of its tools.
2. On this machine the Host and Origin of every request are checked, so that a page in a browser cannot reach it by a
   name of its own (DNS rebinding). Behind a token that is moot, because a page does not know the token, but the names
   can be given, and then they are checked too.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from toolscript.errors import ConfigError
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.surfaces.mcp_server.server import ToolServer
from toolscript.surfaces.mcp_server.signals import asked_to_end

log = logging.getLogger("toolscript.mcp_server")

PATH = "/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_GRACE_S = 1  # how long the end waits for open streams: a client may hold one for ever


def http_app(
    runtime: Runtime, options: ServeOptions | None = None, *, token: str | None = None, hosts: Sequence[str] = LOOPBACK
) -> Starlette:
    """The server as an ASGI application, at `/mcp`, over a runtime that its owner has entered.

    `hosts` are the names under which it may be asked for, each with any port; without any, names are not checked,
    which wants a `token`. Mounted in another application, enter its lifespan (`app.router.lifespan_context(app)`).
    """
    if not hosts and not token:
        raise ConfigError("http_app(hosts=()) checks no names, so it wants a token")
    server = ToolServer(runtime, options or ServeOptions())
    app = server.protocol.streamable_http_app(streamable_http_path=PATH, transport_security=_security(hosts))
    sessions = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with server.watching(), sessions(app):
            yield

    app.router.lifespan_context = lifespan
    if token:
        app.add_middleware(_Bearer, token=token)
    return app


async def listen(
    runtime: Runtime,
    options: ServeOptions | None = None,
    host: str = "127.0.0.1",
    port: int = 8765,
    *,
    token: str | None = None,
    hosts: Sequence[str] | None = None,
    listening: Callable[[str], object] = lambda url: None,
) -> None:
    """Serve an entered runtime until the process is asked to end; `listening` is told the URL once clients can connect.

    Raises `ConfigError` for an address that others can reach without a `token`, and for one that is taken.
    """
    if host not in LOOPBACK and not token:
        raise ConfigError(
            f"serving on {host} lets everyone who reaches it call your tools; set a token, or serve on 127.0.0.1"
        )
    names = hosts if hosts is not None else LOOPBACK if host in LOOPBACK else ()
    app = http_app(runtime, options, token=token, hosts=names)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=_GRACE_S, lifespan="on")
    with _bound(host, port) as address:
        url = url_of(host, address.getsockname()[1])  # port 0 stands for any that is free

        def started() -> None:
            log.info("serving on %s", url)
            listening(url)

        await _Uvicorn(config, started).serve([address])


def url_of(host: str, port: int) -> str:
    """Where clients reach a server at this address."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"


def serve_http(runtime: Runtime, options: ServeOptions, host: str, port: int, *, token: str | None = None) -> int:
    """Enter a runtime and serve it; the command's way in, which blocks and gives the exit code."""
    asyncio.run(_serve(runtime, options, host, port, token))
    return 0


async def _serve(runtime: Runtime, options: ServeOptions, host: str, port: int, token: str | None) -> None:
    async with runtime:
        await listen(runtime, options, host, port, token=token, listening=_say)


def _say(url: str) -> None:
    print(f"serving on {url}", file=sys.stderr, flush=True)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}; choose another address") from error


class _Uvicorn(uvicorn.Server):
    """Uvicorn, which says when it listens, and whose signal handlers end the serving and not the process."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], object]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._listening()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return asked_to_end(self._end)

    def _end(self) -> None:
        self.should_exit = True


class _Bearer:
    """Lets requests with the right token pass."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._wanted):
                refusal = PlainTextResponse("a bearer token is needed", 401, {"WWW-Authenticate": "Bearer"})
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _security(hosts: Sequence[str]) -> TransportSecuritySettings:
    if not hosts:
        return TransportSecuritySettings(enable_dns_rebinding_protection=False)
    names = [f"[{host}]" if ":" in host else host for host in hosts]
    return TransportSecuritySettings(
        allowed_hosts=[spelled for name in names for spelled in (name, f"{name}:*")],
        allowed_origins=[
            spelled
            for name in names
            for scheme in ("http", "https")
            for spelled in (f"{scheme}://{name}", f"{scheme}://{name}:*")
        ],
    )
