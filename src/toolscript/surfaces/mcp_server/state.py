"""The `requestState` of a call that waits for a person: which run goes on, and what its client knew of it.

1. Clients hold it, so it is sealed: by a key that all processes on the store share, for `TTL_S`, for one tool with one
   set of arguments. What was changed, made up, or meant for another call is refused before any of it is looked at.
2. The seal does not make it single-use. `decisions` does: an answer counts only if nobody decided on the run since the
   question was put. Reading that and recording the answer are one act of the store's for each call, which nobody
   decides twice.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR

from toolscript.errors import Fault

log = logging.getLogger("toolscript.mcp_server")

TTL_S = 7 * 86_400  # as long as a run waits for a person, if nothing else is set
REFUSED = (
    "the requestState is not from this server, belongs to a call with other arguments, or is older than 7 days. "
    "Nothing was started and nothing was decided. Send the call without requestState to start anew; "
    "resume asks after the run that was waiting."
)
_INVALID = {"reason": "invalid_request_state"}  # how the library marks its refusals


@dataclass(frozen=True, slots=True)
class State:
    """A run, and how often people had decided in it when the question was put."""

    run: str
    decisions: int

    @classmethod
    def read(cls, text: str | None) -> State | None:
        """The state that a call came with, unsealed."""
        if text is None:
            return None
        value = json.loads(text)
        return cls(value["run"], value["decisions"])

    def text(self) -> str:
        return json.dumps({"run": self.run, "decisions": self.decisions})


class SealedState:
    """Seals the state of every answer and opens that of every call; a middleware of the library's server."""

    def __init__(self, secret: Callable[[str], Awaitable[bytes]], audience: str) -> None:
        self._secret = secret
        self._audience = audience
        self._boundary: RequestStateBoundary | None = None

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if ctx.method != "tools/call":
            return await call_next(ctx)
        try:
            return await (self._boundary or await self._opened())(ctx, call_next)
        except MCPError as error:
            if error.error.data != _INVALID:
                raise
            raise MCPError(error.error.code, REFUSED, _INVALID) from error

    async def _opened(self) -> RequestStateBoundary:
        try:
            key = await self._secret("mcp requestState")
        except Fault as fault:
            log.error("%s", fault)
            raise MCPError(INTERNAL_ERROR, "Internal error. The operator's log has it.") from fault
        security = RequestStateSecurity(keys=[key], ttl=TTL_S)
        self._boundary = RequestStateBoundary(security, default_audience=self._audience)
        return self._boundary
