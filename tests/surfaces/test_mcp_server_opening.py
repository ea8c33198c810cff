"""What is answered before the protocol's library is there is what the library would answer."""

from __future__ import annotations

import json
import math
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp.shared.message import SessionMessage
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from toolscript.connectors.functions import functions
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.mcp_server.opening import HANDSHAKE_VERSIONS, MODERN_VERSIONS, Opening
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.surfaces.mcp_server.server import ToolServer

CLIENT = {"name": "a client", "version": "1.0"}
ENVELOPE: dict[str, Any] = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
    "io.modelcontextprotocol/clientInfo": CLIENT,
}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def request(method: str, params: Any = None, id: Any = 1) -> dict[str, Any]:
    message = {"jsonrpc": "2.0", "id": id, "method": method}
    return message if params is None else message | {"params": params}


def handshake(version: str) -> dict[str, Any]:
    return request("initialize", {"protocolVersion": version, "capabilities": {"roots": {}}, "clientInfo": CLIENT})


def find(name: str) -> None:
    """Find."""


async def of_the_library(messages: list[dict[str, Any]], options: ServeOptions) -> list[dict[str, Any]]:
    """What the server itself answers while its upstreams connect."""
    send, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](math.inf)
    outgoing, receive = anyio.create_memory_object_stream[SessionMessage](math.inf)
    server = ToolServer(Runtime([functions("crm", find), functions("shop", find)]), options).protocol
    for message in messages:
        send.send_nowait(SessionMessage(types.jsonrpc_message_adapter.validate_python(message, by_name=False)))
    answers: list[dict[str, Any]] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.run, incoming, outgoing, server.create_initialization_options())
        with anyio.fail_after(10):
            for _ in [message for message in messages if "id" in message]:
                item = await receive.receive()
                answers.append(json.loads(item.message.model_dump_json(by_alias=True, exclude_unset=True)))
        send.close()
    receive.close()
    return answers


def early(messages: list[dict[str, Any]], options: ServeOptions) -> list[dict[str, Any] | None]:
    opening = Opening(options, ["shop", "crm"])
    replies = [opening.answer(json.dumps(message).encode()) for message in messages if "id" in message]
    return [None if reply is None else json.loads(reply.line) for reply in replies]


def test_the_versions_are_those_of_the_library() -> None:
    assert HANDSHAKE_VERSIONS == HANDSHAKE_PROTOCOL_VERSIONS
    assert MODERN_VERSIONS == MODERN_PROTOCOL_VERSIONS


@pytest.mark.parametrize("version", [*HANDSHAKE_PROTOCOL_VERSIONS, *MODERN_PROTOCOL_VERSIONS, "1999-01-01", ""])
@pytest.mark.parametrize("options", [ServeOptions(), ServeOptions(name="other")], ids=["plain", "named"])
async def test_every_handshake_is_answered_as_the_library_would(version: str, options: ServeOptions) -> None:
    messages = [handshake(version), INITIALIZED, request("tools/list", id="two"), request("tools/list", {}, id=3)]
    assert early(messages, options) == await of_the_library(messages, options)


async def test_the_modern_opening_is_answered_as_the_library_would() -> None:
    messages = [
        request("server/discover", {"_meta": ENVELOPE}),
        request("tools/list", {"_meta": ENVELOPE}, id="two"),
    ]
    assert early(messages, ServeOptions()) == await of_the_library(messages, ServeOptions())


async def test_a_modern_client_may_open_with_the_list() -> None:
    messages = [request("tools/list", {"_meta": ENVELOPE}), request("server/discover", {"_meta": ENVELOPE}, id=2)]
    assert early(messages, ServeOptions()) == await of_the_library(messages, ServeOptions())


@pytest.mark.parametrize(
    "opening",
    [
        request("tools/list"),
        request("server/discover"),
        request("server/discover", {"_meta": ENVELOPE | {"io.modelcontextprotocol/protocolVersion": "2030-01-01"}}),
        request("server/discover", {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}),
        request("initialize"),
        request("initialize", {"protocolVersion": 7, "capabilities": {}, "clientInfo": CLIENT}),
        request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x"}}),
        request("initialize", {"protocolVersion": "2025-11-25", "capabilities": {"roots": 1}, "clientInfo": CLIENT}),
        request("tools/call", {"name": "search", "arguments": {"query": "x"}}),
        request("ping"),
        request("initialize", [1]),
        request("tools/list", {"_meta": 7}),
    ],
)
def test_an_opening_that_is_not_plain_is_left_to_the_library_with_all_that_follows(opening: dict[str, Any]) -> None:
    assert early([opening, handshake("2025-11-25"), request("tools/list")], ServeOptions()) == [None, None, None]


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"7", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"id": 1}'])
def test_lines_that_are_no_requests_are_left_to_the_library(line: bytes) -> None:
    assert Opening(ServeOptions(), []).answer(line) is None


def test_one_era_does_not_become_the_other() -> None:
    modern = early([request("server/discover", {"_meta": ENVELOPE}), handshake("2025-11-25")], ServeOptions())
    assert [answer is None for answer in modern] == [False, True]
    list_in_envelope = request("tools/list", {"_meta": ENVELOPE}, id=2)
    legacy = early([handshake("2025-11-25"), list_in_envelope], ServeOptions())
    assert [answer is None for answer in legacy] == [False, True]


@pytest.mark.parametrize("options", [ServeOptions(expose=("crm.*",)), ServeOptions(types="upfront")])
def test_a_list_that_depends_on_the_upstreams_waits_for_them(options: ServeOptions) -> None:
    answers = early([handshake("2025-11-25"), request("tools/list", id=2)], options)
    assert [answer is None for answer in answers] == [False, True]


def test_only_the_opening_is_forwarded_and_its_second_answer_swallowed() -> None:
    opening = Opening(ServeOptions(), [])
    first = opening.answer(json.dumps(handshake("2025-11-25") | {"id": "1"}).encode())
    second = opening.answer(json.dumps(request("tools/list", id=1)).encode())
    assert first is not None
    assert second is not None
    assert (first.forward, second.forward, opening.swallowed) == (True, False, {'"1"'})
