"""The first requests of a connection, answered before the protocol's library is there.

1. Only what the library itself would answer in the same words is answered here; everything else waits for it.
2. The request that opens the connection decides its era and must reach the library too. The library's own answer to
   it is a duplicate, known by its id, and is swallowed.
3. `tools/list` is answered here only while the list is the same whatever the upstreams turn out to offer.
4. Standard library only, and no I/O: a line comes in, a `Reply` or None goes out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from toolscript.surfaces.mcp_server.gaps import gaps_of
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.surfaces.mcp_server.texts import INSTRUCTIONS, VERSION, connecting, tools

HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN_VERSIONS = ("2026-07-28",)
_PREFIX = "io.modelcontextprotocol/"


@dataclass(frozen=True, slots=True)
class Reply:
    """An early answer; `forward` says that the request must reach the library as well."""

    line: bytes
    forward: bool


class Opening:
    """Answers what it can, line by line, from constants."""

    def __init__(self, options: ServeOptions, configured: Sequence[str]) -> None:
        self._options = options
        self._configured = tuple(configured)
        self._era: Literal["legacy", "modern"] | None = None
        self._given_up = False
        self.swallowed: set[str] = set()
        """Ids, as JSON, whose answer from the library must not be sent."""

    def answer(self, line: bytes) -> Reply | None:
        """The reply to one line, or None where the library must speak."""
        if self._given_up:
            return None
        try:
            message: Any = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not _is_request(message):
            return None
        request = cast("dict[str, Any]", message)
        opens = self._era is None
        result = self._result(request["method"], request.get("params"))
        if result is None:
            self._given_up = opens  # an opening that we do not understand is the library's to judge
            return None
        identity = json.dumps(request["id"])
        if opens:
            self.swallowed.add(identity)
        text = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}, ensure_ascii=False)
        return Reply(text.encode("utf-8", "backslashreplace"), opens)

    def _result(self, method: str, params: Any) -> dict[str, Any] | None:
        meta = params.get("_meta") if isinstance(params, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        modern = isinstance(meta, dict) and f"{_PREFIX}protocolVersion" in meta
        if modern and not _is_envelope(cast("dict[str, Any]", meta)):
            return None
        match method:
            case "initialize" if self._era is None and _is_handshake(params):
                self._era = "legacy"
                return self._initialized(str(params["protocolVersion"]))  # pyright: ignore[reportUnknownArgumentType]
            case "server/discover" if modern and self._era != "legacy":
                self._era = "modern"
                return self._discovered()
            case "tools/list" if not self._options.needs_tools and self._may_list(params, modern):
                self._era = "modern" if modern else "legacy"
                return self._listed(modern)
            case _:
                return None

    def _may_list(self, params: Any, modern: bool) -> bool:
        if params is not None and not (isinstance(params, dict) and params.keys() <= {"_meta"}):  # pyright: ignore[reportUnknownMemberType]
            return False
        return self._era != "legacy" if modern else self._era == "legacy"

    def _initialized(self, requested: str) -> dict[str, Any]:
        return {
            "protocolVersion": requested if requested in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1],
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": self._server_info(),
            "instructions": INSTRUCTIONS,
        }

    def _discovered(self) -> dict[str, Any]:
        return {
            "supportedVersions": list(MODERN_VERSIONS),
            "capabilities": {"tools": {"listChanged": True}},
            "instructions": INSTRUCTIONS,
            **self._envelope(),
        }

    def _listed(self, modern: bool) -> dict[str, Any]:
        listed = tools(connecting(self._configured), syntaxes=self._options.syntaxes, gaps=gaps_of(self._options))
        return {"tools": listed, **self._envelope()} if modern else {"tools": listed}

    def _envelope(self) -> dict[str, Any]:
        return {
            "resultType": "complete",
            "ttlMs": 0,
            "cacheScope": "private",
            "_meta": {f"{_PREFIX}serverInfo": self._server_info()},
        }

    def _server_info(self) -> dict[str, Any]:
        return {"name": self._options.name, "version": VERSION}


def _is_request(message: Any) -> bool:
    if not isinstance(message, dict):
        return False
    members = cast("dict[str, Any]", message)
    known = members.keys() <= {"jsonrpc", "id", "method", "params"} and members.get("jsonrpc") == "2.0"
    identity = members.get("id")
    identified = isinstance(identity, str | int) and not isinstance(identity, bool)
    return known and identified and isinstance(members.get("method"), str)


def _is_handshake(params: Any) -> bool:
    """Whether these are well-formed parameters of `initialize`, as far as can be told without the library."""
    match params:
        case {"protocolVersion": str(), "capabilities": {}, "clientInfo": {"name": str(), "version": str()}}:
            return _has_no_lists(cast("dict[str, Any]", params))
        case _:
            return False


def _is_envelope(meta: Mapping[str, Any]) -> bool:
    match meta:
        case {
            "io.modelcontextprotocol/protocolVersion": str(version),
            "io.modelcontextprotocol/clientCapabilities": {},
        } if version in MODERN_VERSIONS:
            info = meta.get(f"{_PREFIX}clientInfo")
            return info is None or (isinstance(info, dict) and {"name", "version"} <= info.keys())  # pyright: ignore[reportUnknownMemberType]
        case _:
            return False


def _has_no_lists(params: Mapping[str, Any]) -> bool:
    """Whether every declared capability is an object, which is all that the library asks of it."""
    return all(isinstance(value, dict) for value in params["capabilities"].values())
