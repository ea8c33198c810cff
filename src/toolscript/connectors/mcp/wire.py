"""What passes between the SDK and a server, put right on the way in.

The SDK reads `tools/list` strictly: one tool without a name or with a schema that is no object loses the whole list.
It raises when a result breaks the tool's output schema, and where a modern server leaves out what the protocol has
newly added. So these answers are repaired before the SDK sees them, each repair of a tool is reported, and output
schemas are taken out and kept here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, cast

from anyio import EndOfStream
from mcp.client import Transport
from mcp_types import JSONRPCError, JSONRPCRequest, JSONRPCResponse
from mcp_types.methods import validate_server_result
from mcp_types.version import LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION
from pydantic import ValidationError

from toolscript.connectors.mcp.sdk import SessionMessage

_CACHEABLE: dict[str, Any] = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
# What the modern protocol requires of answers and some servers leave out; each is the cautious value.
_IMPLIED = {"server/discover": _CACHEABLE, "tools/list": _CACHEABLE, "tools/call": {"resultType": "complete"}}
_MAX_DEPTH = 100  # of lists and objects in a schema; the SDK cannot write a list of tools that is nested 255 deep
_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")


@dataclass(slots=True)
class Wire:
    """One connection's repairs: what was wrong, and the output schemas by raw tool name."""

    problems: list[str] = field(default_factory=list[str])
    output_schemas: dict[str, Any] = field(default_factory=dict[str, Any])
    ended: Callable[[], None] = lambda: None
    _asked: dict[Any, str] = field(default_factory=dict[Any, str])

    def sent(self, message: SessionMessage) -> None:
        request = message.message
        if isinstance(request, JSONRPCRequest) and request.method in _IMPLIED:
            self._asked[request.id] = request.method

    def received(self, message: SessionMessage) -> None:
        response = message.message
        if isinstance(response, JSONRPCResponse | JSONRPCError):
            method = self._asked.pop(response.id, None)
            if method is not None and isinstance(response, JSONRPCResponse):
                response.result = {**_IMPLIED[method], **response.result}
                if method == "tools/list":
                    self._repair(response.result)

    def _repair(self, result: dict[str, Any]) -> None:
        tools = result.get("tools")
        if not isinstance(tools, list):
            self.problems.append(f"The list of tools is of type {type(tools).__name__}: nothing can be read from it.")
            tools = []
        result["tools"] = [
            one
            for number, raw in enumerate(cast("list[Any]", tools), 1)
            if (one := self._tool(raw, number)) is not None
        ]
        if not isinstance(result.get("nextCursor"), str | None):
            del result["nextCursor"]

    def _tool(self, raw: Any, number: int) -> dict[str, Any] | None:
        one = dict(cast("dict[str, Any]", raw)) if isinstance(raw, dict) else dict[str, Any]()
        name = one.get("name")
        if not isinstance(name, str) or not name:
            self.problems.append(f"Tool number {number} of the list has no name; it was left out.")
            return None
        schema = one.get("inputSchema")
        if not isinstance(schema, dict):
            one["inputSchema"] = {"type": "object"}
            self.problems.append(
                f"{name}: its input schema is {_shown(schema)}, not an object; it takes any arguments."
            )
        elif _is_deeper(schema, _MAX_DEPTH):
            one["inputSchema"] = {"type": "object"}
            self.problems.append(f"{name}: its input schema is nested too deeply to read; it takes any arguments.")
        elif cast("dict[str, Any]", schema).get("type") != "object":
            one["inputSchema"] = {**schema, "type": "object"}
            self.problems.append(f'{name}: its input schema lacks `"type": "object"`; it was added.')
        output = one.pop("outputSchema", None)
        if isinstance(output, dict | bool) and not _is_deeper(output, _MAX_DEPTH):
            self.output_schemas[name] = output
        else:
            self.output_schemas.pop(name, None)
            if output is not None:
                why = "nested too deeply to read" if isinstance(output, dict) else _shown(output)
                self.problems.append(f"{name}: its output schema is {why}; its result is of unknown type.")
        return one if not _is_deeper(one, _MAX_DEPTH + 1) and _reads(one) else self._reduced(one)

    def _reduced(self, one: dict[str, Any]) -> dict[str, Any]:
        name = one["name"]
        self.problems.append(f"{name}: fields of its definition are malformed; only the well-formed ones were kept.")
        kept: dict[str, Any] = {"name": name, "inputSchema": _readable(one["inputSchema"])}
        for key in ("title", "description"):
            if isinstance(one.get(key), str):
                kept[key] = one[key]
        hints = one.get("annotations")
        if isinstance(hints, dict):
            known = cast("dict[str, Any]", hints)
            kept["annotations"] = {hint: known[hint] for hint in _HINTS if isinstance(known.get(hint), bool)}
        return kept


def _reads(one: dict[str, Any]) -> bool:
    """Whether the SDK reads this tool: it holds a list against what the protocol of the connection says of it."""
    try:
        for protocol in (LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION):
            validate_server_result("tools/list", protocol, {"tools": [one], **_CACHEABLE})
    except ValidationError:
        return False
    return True


def _readable(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with those keywords at its root that the SDK does not read left out, or put right."""
    kept = dict(schema)
    if not isinstance(kept.get("$schema"), str):
        kept.pop("$schema", None)
    required = kept.pop("required", None)
    if isinstance(required, list):
        kept["required"] = [name for name in cast("list[Any]", required) if isinstance(name, str)]
    properties = kept.pop("properties", None)
    if isinstance(properties, dict):
        named = cast("dict[str, Any]", properties)
        kept["properties"] = {name: one if isinstance(one, dict | bool) else {} for name, one in named.items()}
    return kept


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested deeper than that; level by level, so that no depth is too deep to ask."""
    at: list[Any] = [value]
    for _ in range(levels + 1):
        inner: list[Any] = []
        for one in at:
            match one:
                case dict():
                    inner += cast("dict[str, Any]", one).values()
                case list():
                    inner += cast("list[Any]", one)
                case _:
                    pass
        at = inner
        if not at:
            return False
    return True


def _shown(schema: Any) -> str:
    return "missing" if schema is None else f"of type {type(schema).__name__}"


class _Stream:
    """One of a transport's two streams, with `wire` beside it."""

    def __init__(self, inner: Any, wire: Wire) -> None:
        self._inner = inner
        self._wire = wire

    async def aclose(self) -> None:
        await self._inner.aclose()

    def close(self) -> None:
        self._inner.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


class _Incoming(_Stream):
    """The transport's read stream, with each message put right as it passes."""

    @property
    def last_context(self) -> Any:
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        try:
            message = await self._inner.receive()
        except EndOfStream:
            self._wire.ended()
            raise
        if isinstance(message, SessionMessage):
            self._wire.received(message)
        return message

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except EndOfStream:
            raise StopAsyncIteration from None


class _Outgoing(_Stream):
    """The transport's write stream, which learns the ids of our requests as they pass."""

    async def send(self, item: SessionMessage, /) -> None:
        self._wire.sent(item)
        await self._inner.send(item)


class Repaired:
    """A transport, with `wire` between it and the SDK."""

    def __init__(self, transport: Transport, wire: Wire) -> None:
        self._transport = transport
        self._wire = wire

    async def __aenter__(self) -> tuple[_Incoming, _Outgoing]:
        incoming, outgoing = await self._transport.__aenter__()
        return _Incoming(incoming, self._wire), _Outgoing(outgoing, self._wire)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._transport.__aexit__(kind, error, trace)
