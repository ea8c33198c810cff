"""Where an MCP server is, and how it is: `Stdio`, `Http`, `McpStatus`. Plain values that need no SDK."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from toolscript.ports import ConnectorState

Era = Literal["auto", "legacy"]
"""How to open a connection: `auto` asks for the modern protocol first, `legacy` goes straight to the handshake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stdio:
    """A server that we start ourselves and talk to over its standard input and output.

    It inherits only what every program needs of our environment (`HOME`, `PATH`, ...); `env` is added to that.
    """

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    cwd: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """A server at a URL. `kind` `auto` tries streamable HTTP, then the old SSE where that is refused with a 4xx."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    kind: Literal["auto", "streamable", "sse"] = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpStatus:
    """How a connection is, for `doctor`.

    `protocol` is the version that was agreed, `era` how the next connection will be opened, `connect_ms` what the
    last successful connecting took, `retries` how many attempts have failed since then. `error` is the last failure,
    in one sentence; `stderr` the last lines that the server printed there. Neither is for a model.
    """

    state: ConnectorState
    transport: Literal["stdio", "http", "sse", "in process"]
    era: Era = "auto"
    protocol: str | None = None
    server_name: str | None = None
    server_version: str | None = None
    connect_ms: int | None = None
    retries: int = 0
    error: str | None = None
    stderr: tuple[str, ...] = ()
