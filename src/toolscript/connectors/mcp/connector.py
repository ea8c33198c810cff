"""`McpConnector`: the tools of one MCP server, over one long-lived connection that a task of its own owns.

1. `open` returns at once; a call waits for a server that is connecting, and fails at once for one that is not there.
2. A connection that breaks is made anew: at once if it had been stable, else after a back-off with jitter and a cap.
   Tools that were listed stay listed, so that a call says "unreachable" and not "unknown tool".
3. A server that fails at the modern opening is started afresh with the legacy one, and what worked is remembered.
4. What breaks a call in flight is told as such: the tool may have acted.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
import httpx2
from mcp.server import MCPServer, Server
from mcp.shared.exceptions import MCPError
from mcp_types import HEADER_MISMATCH, CallToolResult, InputRequiredResult

from toolscript.codec import plain
from toolscript.connectors.mcp.answers import asked, value_of
from toolscript.connectors.mcp.connection import Connection, Target, listed, new_connection, opened, watch
from toolscript.connectors.mcp.failures import (
    BREAKS,
    failed,
    is_closed,
    reason_of,
    tool_error,
    without_secrets,
)
from toolscript.connectors.mcp.sending import sendable
from toolscript.connectors.mcp.servers_config import ServerSpec
from toolscript.connectors.mcp.targets import Era, Http, McpStatus, Stdio
from toolscript.errors import ToolError
from toolscript.ports import ConnectorState, Listing
from toolscript.schema.check import check
from toolscript.tools import CallContext, Progress, Tool, ignore_progress

CONNECT_TIMEOUT_S = 60.0  # the slowest recorded server took 2.7 s; a package that is fetched first takes longer
STABLE_S = 30.0  # a connection that lived as long is made anew without waiting
FIRST_DELAY_S, MAX_DELAY_S = 0.5, 60.0
PATIENCE_S = 5.0  # a call waits for a reconnection that begins within this time
MAX_ANSWER_BYTES = 8 << 20  # `Limits.answer_bytes`
CHECKED_RESULTS = 5  # of each tool: whoever breaks a schema does so early, and checking costs 0.1 ms and more a result
KEY = "toolscript/idempotency-key"  # in `_meta`, of calls of keyed tools; the protocol has no member for it
ENVELOPE = 4  # an answer is on the wire as structured content and again as escaped text, and base64 grows by a third


class McpConnector:
    """The tools of one MCP server as a namespace.

    `target` is `Stdio`, `Http`, a URL, or a server object of the SDK in this process. `era` skips the probe for a
    server that is known to be old. The clock, the pause and the randomness of back-off can be injected.
    """

    def __init__(
        self,
        namespace: str,
        target: Target | str,
        *,
        era: Era = "auto",
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        problems: tuple[str, ...] = (),
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = anyio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._namespace = namespace
        self._target: Target = Http(url=target) if isinstance(target, str) else target
        self._era: Era = era
        self._sse = isinstance(self._target, Http) and self._target.kind == "sse"
        self._connect_timeout_s = connect_timeout_s
        self._max_message_bytes = max_answer_bytes * ENVELOPE + (1 << 16)
        self._notes = problems
        self._clock = clock
        self._pause = pause
        self._jitter = jitter
        self._changed: Callable[[], None] = lambda: None
        self._task: asyncio.Task[None] | None = None
        self._scope: anyio.CancelScope | None = None
        self._connection = new_connection(self._target, sse=self._sse)
        self._live: Connection | None = None
        self._moved = asyncio.Event()
        self._closed = False
        self._state: ConnectorState = "connecting"
        self._tools: tuple[Tool, ...] = ()
        self._about = ""
        self._list_problems: tuple[str, ...] = ()
        self._error: str | None = None
        self._connect_ms: int | None = None
        self._retries = 0
        self._warned: dict[str, str] = {}
        self._seen: dict[str, int] = {}

    @property
    def namespace(self) -> str:
        return self._namespace

    @property
    def status(self) -> McpStatus:
        """How the connection is, for `doctor`."""
        client = self._connection.client
        seen = client.server_info if client is not None and self._live is not None else None
        return McpStatus(
            state=self._state,
            transport=self._connection.transport,
            era=self._era,
            protocol=client.protocol_version if client is not None and self._live is not None else None,
            server_name=seen.name if seen else None,
            server_version=seen.version if seen else None,
            connect_ms=self._connect_ms,
            retries=self._retries,
            error=self._error,
            stderr=tuple(self._connection.log.stderr),
        )

    def listing(self) -> Listing:
        problems = [*self._notes, *self._list_problems, *self._warned.values()]
        if self._state != "ready" and self._error is not None:
            problems.append(self._error)
            problems += [f"stderr: {line}" for line in self._connection.log.stderr]
        if self._connection.log.strays:
            problems.append(f"It printed {self._connection.log.strays} lines to standard output that are not protocol.")
        return Listing(state=self._state, tools=self._tools, about=self._about, problems=tuple(problems))

    async def open(self, changed: Callable[[], None]) -> None:
        if self._task is None and not self._closed:
            self._changed = changed
            self._task = asyncio.create_task(self._own(), name=f"mcp:{self._namespace}")
            self._task.add_done_callback(self._left)

    async def close(self) -> None:
        self._closed = True
        self._set_state("unreachable")
        task = self._task
        if task is None:
            return
        if self._live is not None:
            self._live.lost.set()  # the owner leaves by itself, and says goodbye to the server
            await asyncio.wait([task], timeout=2.0)
        if not task.done():
            if self._scope is not None:
                self._scope.cancel()
            else:
                task.cancel()
            await asyncio.wait([task])

    # --- the owner

    async def _own(self) -> None:
        with anyio.CancelScope() as self._scope:
            unstable = 0
            while not self._closed:
                begun = self._clock()
                self._connection = new_connection(self._target, sse=self._sse)
                was_ready, reason = await self._lived()
                if self._closed:
                    return
                self._error = reason
                if not was_ready and self._falls_back():
                    if self._clock() - begun >= self._connect_timeout_s:
                        self._set_state("unreachable")  # calls have waited long enough; the other way may still work
                    continue
                stable = was_ready and self._clock() - begun >= STABLE_S
                unstable = 0 if stable else unstable + 1
                self._retries = 0 if was_ready else self._retries + 1
                delay_s = 0.0 if was_ready and unstable <= 1 else self._delay_s(unstable)
                self._set_state("connecting" if was_ready and delay_s <= PATIENCE_S else "unreachable")
                await self._pause(delay_s)

    def _left(self, task: asyncio.Task[None]) -> None:
        """Nobody waits for a connection that nobody makes: not after the loop ended us, nor after an error of ours."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._error = f"Connecting to it failed in an unforeseen way: {reason_of(error)}"
        if not self._closed:
            self._closed = True
            self._set_state("unreachable")

    async def _lived(self) -> tuple[bool, str]:
        """Connect, and stay until the connection is lost: whether it was ready, and why it ended."""
        connection, begun = self._connection, self._clock()
        was_ready = False
        reason = "The connection was closed."
        try:
            with anyio.CancelScope(deadline=anyio.current_time() + self._connect_timeout_s) as scope:
                async with opened(connection, self._target, self._era, self._max_message_bytes):
                    await self._list(connection)
                    scope.deadline = math.inf
                    self._connect_ms = round((self._clock() - begun) * 1000)
                    was_ready = True
                    self._be_ready(connection)
                    try:
                        await watch(connection, lambda: self._relist(connection), self._pause)
                    finally:
                        self._live = None
            if scope.cancelled_caught:
                reason = f"It did not answer within {self._connect_timeout_s:g} s."
        except BREAKS as error:
            reason = reason_of(error)
        return was_ready, self._explained(connection, reason, was_ready=was_ready)

    def _be_ready(self, connection: Connection) -> None:
        self._live = connection
        self._error = None
        self._retries = 0
        connection.http_status = None
        if connection.transport != "in process" and not connection.is_modern:
            self._era = "legacy"
        self._set_state("ready")

    async def _list(self, connection: Connection) -> None:
        self._tools, self._list_problems = await listed(connection, self._namespace)
        assert connection.client is not None
        self._about = connection.client.instructions or ""

    async def _relist(self, connection: Connection) -> None:
        before = self._tools, self._list_problems
        try:
            await self._list(connection)
        except MCPError as error:
            if is_closed(error):
                raise
            self._list_problems = (f"The tools changed, and could not be listed again: {error.message}",)
        if (self._tools, self._list_problems) == before:
            self._tools, self._list_problems = before  # the same objects, so that whoever compares is quick
        else:
            self._changed()

    def _falls_back(self) -> bool:
        """Whether there is another way of opening that has not been tried."""
        if isinstance(self._target, Server | MCPServer):
            return False
        status = self._connection.http_status or 0
        if isinstance(self._target, Http):
            refused = httpx2.codes.is_client_error(status) and status not in (401, 403)
            if self._target.kind == "auto" and not self._sse and refused:
                self._sse = True
                return True
            self._sse = self._target.kind == "sse"
            return False
        if self._era == "auto":
            self._era = "legacy"
            return True
        self._era = "auto"
        return False

    def _explained(self, connection: Connection, reason: str, *, was_ready: bool) -> str:
        code = connection.log.exit_code
        match self._target:
            case Stdio(command=command) if not was_ready:
                ended = f" The process ended with exit code {code}." if code not in (None, 0) else ""
                return f"`{command}` could not be used: {reason}{ended}"
            case Http(url=url) if not was_ready:
                status = f" The server answered with status {connection.http_status}." if connection.http_status else ""
                login = " It wants credentials: set `headers`." if connection.http_status in (401, 403) else ""
                return f"{without_secrets(url)} could not be reached: {reason}{status}{login}"
            case _:
                return f"{reason} Exit code {code}." if code is not None else reason

    def _delay_s(self, failures: int) -> float:
        """Exponential, capped, with full jitter on its upper half, so that many do not come back at one time."""
        whole = min(FIRST_DELAY_S * 2 ** min(failures - 1, 16), MAX_DELAY_S)
        return whole * (0.5 + self._jitter() / 2)

    def _set_state(self, state: ConnectorState) -> None:
        self._state = state
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        self._changed()

    # --- calls

    async def call(self, tool: Tool, args: Mapping[str, Any], context: CallContext) -> Any:
        connection = await self._reached()
        try:
            try:
                result = await self._sent(connection, tool, args, context)
            except MCPError as error:
                if not await self._may_repeat(connection, error):
                    raise
                connection = await self._reached()
                result = await self._sent(connection, tool, args, context)
        except BREAKS as error:
            if is_closed(error):
                connection.lost.set()  # the next call waits for a new one, even if the owner has not noticed yet
            raise failed(error, tool.path, self._max_message_bytes, connection.broken_by) from error
        if isinstance(result, InputRequiredResult):
            question = asked(list((result.input_requests or {}).values()))
            raise ToolError(f"{tool.path} wants an answer from a person, who cannot be asked here. {question}".rstrip())
        if not isinstance(result, CallToolResult):
            raise ToolError(f"{tool.path} answered with something that is no result of a tool.")
        value = value_of(result, tool.output_schema, is_wrapped=tool.raw_name in connection.wrapped)
        self._checked(tool, value)
        return value

    async def _may_repeat(self, connection: Connection, error: MCPError) -> bool:
        """Whether the server turned the request away before any tool could act, for a reason that we have cured."""
        if connection.is_forgotten:
            connection.lost.set()
            return True
        if error.code == HEADER_MISMATCH:
            await self._relist(connection)  # headers are made from the tool's listed schema, which has changed
            return True
        return False

    async def _sent(self, connection: Connection, tool: Tool, args: Mapping[str, Any], context: CallContext) -> Any:
        async def on_progress(done: float, total: float | None, message: str | None) -> None:
            context.report(Progress(done, total, message or ""))

        return await connection.session.call_tool(
            tool.raw_name,
            sendable(plain(dict(args)), tool.path),
            progress_callback=None if context.report is ignore_progress else on_progress,
            meta={KEY: context.idempotency_key} if tool.keyed else None,
            allow_input_required=True,
            allow_claimed=True,
        )

    async def _reached(self) -> Connection:
        """The live connection, waited for while it is being made."""
        while (live := self._live) is None or live.lost.is_set():
            if self._closed or self._task is None:
                raise tool_error("unreachable", f"The MCP server {self._namespace} is not connected.")
            if self._state == "unreachable":
                raise tool_error(
                    "unreachable",
                    f"The MCP server {self._namespace} cannot be reached now. Go on without it, or try later.",
                )
            await self._moved.wait()
        return live

    def _checked(self, tool: Tool, value: Any) -> None:
        """A result that breaks its own schema is handed on all the same, and told to people."""
        seen = self._seen.get(tool.raw_name, 0)
        if tool.output_schema is None or seen >= CHECKED_RESULTS:
            return
        problems = check(tool.output_schema, value)
        self._seen[tool.raw_name] = CHECKED_RESULTS if problems else seen + 1
        if problems:
            self._warned[tool.raw_name] = (
                f"{tool.raw_name}: a result did not fit its own output schema ({problems[0]})."
            )


def connect(spec: ServerSpec, **options: Any) -> McpConnector:
    """The connector of a server from a configuration file; one that cannot be used is listed as unreachable.

    `options` are those of `McpConnector`.
    """
    if spec.target is None:
        return _Unusable(spec)
    if spec.timeout_s is not None:
        options = {"connect_timeout_s": spec.timeout_s} | options
    return McpConnector(spec.namespace, spec.target, problems=spec.problems, **options)


class _Unusable(McpConnector):
    """A server whose configuration is broken: it is there, and says why it cannot be used."""

    def __init__(self, spec: ServerSpec) -> None:
        super().__init__(spec.namespace, Stdio(command=""), problems=spec.problems)
        self._state = "unreachable"

    async def open(self, changed: Callable[[], None]) -> None:
        """There is nothing to start."""
