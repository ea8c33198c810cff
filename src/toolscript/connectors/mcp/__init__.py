"""MCP servers as connectors.

`read_servers` reads configuration files and needs nothing. `McpConnector` and `connect` need the `mcp` extra, so they
are loaded when they are first asked for; without the extra that is a `ConfigError` with the command that installs it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolscript.connectors.mcp.servers_config import ServerSpec, named, read_servers
from toolscript.connectors.mcp.targets import Http, McpStatus, Stdio

if TYPE_CHECKING:
    from toolscript.connectors.mcp.connector import McpConnector, connect

__all__ = ["Http", "McpConnector", "McpStatus", "ServerSpec", "Stdio", "connect", "named", "read_servers"]


def __getattr__(name: str) -> Any:
    if name in ("McpConnector", "connect"):
        import_module("toolscript.connectors.mcp.sdk")  # first, for its words on a missing extra
        return getattr(import_module("toolscript.connectors.mcp.connector"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
