"""The server over stdin and stdout, behind the `Front` that has answered the opening."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
from collections.abc import Callable
from typing import Any, cast

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.mcp_server.front import Front
from toolscript.surfaces.mcp_server.opening import Opening
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.surfaces.mcp_server.server import ToolServer
from toolscript.surfaces.mcp_server.signals import asked_to_end
from toolscript.surfaces.mcp_server.wire import MAX_LINE_BYTES, Wire

log = logging.getLogger("toolscript.mcp_server")

_Inbox = MemoryObjectSendStream[SessionMessage | Exception]
_Outbox = MemoryObjectReceiveStream[SessionMessage]


async def serve_stdio(runtime: Runtime, options: ServeOptions | None = None) -> None:
    """Serve an entered runtime over this process's stdin and stdout, until the client goes.

    Takes both for good: what is printed from now on goes to stderr.
    """
    options = options or ServeOptions()
    names = [connector.namespace for connector in runtime.connectors]
    front = Front(Wire.claim_stdio(), Opening(options, names))
    front.open()
    try:
        await serve_behind(front, runtime, options)
    finally:
        front.wire.close()


def run(front: Front, assemble: Callable[[], Runtime], options: ServeOptions) -> None:
    """Build the runtime and serve it until the client goes or the process is asked to end."""
    asyncio.run(_run(front, assemble(), options))


async def _run(front: Front, runtime: Runtime, options: ServeOptions) -> None:
    scope = anyio.CancelScope()
    with asked_to_end(scope.cancel), scope:
        async with runtime:
            await serve_behind(front, runtime, options)


async def serve_behind(front: Front, runtime: Runtime, options: ServeOptions) -> None:
    """Serve what a front hands over."""
    server = ToolServer(runtime, options)
    inbox, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](math.inf)
    outgoing, outbox = anyio.create_memory_object_stream[SessionMessage](0)
    loop = asyncio.get_running_loop()

    def on_line(line: bytes | None) -> None:
        message = _parsed(line, front.wire)
        if message is not None:
            _call(loop, inbox, message)

    async with server.watching(), anyio.create_task_group() as tasks:
        tasks.start_soon(_send, outbox, front)
        front.take_over(on_line, lambda: _call(loop, inbox, None))
        await server.protocol.run(incoming, outgoing, server.protocol.create_initialization_options())


async def _send(outbox: _Outbox, front: Front) -> None:
    """Put every message on the wire but the answers that the front has given already."""
    async with outbox:
        async for item in outbox:
            message = item.message
            if isinstance(message, types.JSONRPCResponse | types.JSONRPCError) and front.swallows(
                json.dumps(message.id)
            ):
                continue
            front.wire.send(message.model_dump_json(by_alias=True, exclude_unset=True).encode())


def _call(loop: asyncio.AbstractEventLoop, inbox: _Inbox, message: SessionMessage | None) -> None:
    """Hand a message, or None for the end, to the loop, from any thread."""
    with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody is there to hear it
        loop.call_soon_threadsafe(_put, inbox, message)


def _put(inbox: _Inbox, message: SessionMessage | None) -> None:
    if message is None:
        inbox.close()
        return
    with contextlib.suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
        inbox.send_nowait(message)


def _parsed(line: bytes | None, wire: Wire) -> SessionMessage | None:
    """The message of a line; a line that is none is answered at once, and reading goes on."""
    if line is None:
        wire.send(_refusal(None, -32600, f"the line is longer than {MAX_LINE_BYTES >> 20} MiB and was dropped"))
        return None
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValidationError:
        wire.send(_refusal(*_complaint(line)))
        return None


def _complaint(line: bytes) -> tuple[str | int | None, int, str]:
    """The id that a refused line carries, if it does, an error code, and words."""
    try:
        value: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None, -32700, "the line is not JSON; send one JSON-RPC message on each line"
    if isinstance(value, list):
        return None, -32600, "batches are not served; send one JSON-RPC message on each line"
    identity: Any = cast("dict[str, Any]", value).get("id") if isinstance(value, dict) else None
    if isinstance(identity, bool) or not isinstance(identity, str | int):
        identity = None
    return identity, -32600, "the line is not a JSON-RPC 2.0 message, or is nested too deeply"


def _refusal(identity: str | int | None, code: int, message: str) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": identity, "error": {"code": code, "message": message}}).encode()
