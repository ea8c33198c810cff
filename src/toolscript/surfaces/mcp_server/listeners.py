"""Clients of the handshake era that must be told when the list of tools changes.

The modern era has a stream for this, which the library serves. In the older one a notification goes out on the
connection, and the library keeps no list of connections: this is it.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.shared.exceptions import MCPError
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

log = logging.getLogger("toolscript.mcp_server")

MAX_LISTENERS = 1_000  # the oldest are forgotten: they list again when their copy is too old
_SEND_S = 1.0


class Listeners:
    """The latest session of each connection, by the connection's id."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, ServerSession] = OrderedDict()

    def add(self, ctx: ServerRequestContext[Any, Any]) -> None:
        """Remember the connection of a request."""
        if ctx.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS:
            return
        headers = getattr(ctx.request, "headers", None)
        connection = "stdio" if headers is None else headers.get("mcp-session-id")
        if connection is None:
            return
        self._sessions[connection] = ctx.session
        self._sessions.move_to_end(connection)
        while len(self._sessions) > MAX_LISTENERS:
            self._sessions.popitem(last=False)

    async def tools_changed(self) -> None:
        """Tell every connection that is still there."""
        for connection, session in list(self._sessions.items()):
            try:
                with anyio.move_on_after(_SEND_S):
                    await session.send_tool_list_changed()
            except (MCPError, anyio.BrokenResourceError, anyio.ClosedResourceError):
                log.debug("the connection %s is gone", connection)
                self._sessions.pop(connection, None)
