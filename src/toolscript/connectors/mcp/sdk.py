"""The one place that finds out whether the MCP SDK is there."""

from __future__ import annotations

from toolscript.errors import ConfigError

try:
    from mcp.client import Client
    from mcp.shared.message import SessionMessage
except ImportError as error:
    raise ConfigError(
        "MCP servers need the package mcp, version 2.3 or later: pip install 'toolscript[mcp]'"
    ) from error

__all__ = ["Client", "SessionMessage"]
