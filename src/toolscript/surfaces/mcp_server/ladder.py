"""A run on behalf of a client: waited for, and its questions put to the person behind the client.

The rungs, best first:

1. A client of the 2026-07-28 era that can show forms gets an `InputRequiredResult` with one form for each pending call,
   and sends the same call again with the answers. Between the two nothing is kept but the run, so any process on the
   store can go on.
2. An older client that can show forms is asked inside the call, one form after the other.
3. Any other client gets the run's id, and what waits for whom. People decide elsewhere; `resume` asks after it.

Whoever dismisses a form is asked no more in that call, and the rest stays as it is.

A decision is only ever what the client says that a person answered; there is no argument of any tool that decides.
A request that goes away cancels the run that it started while that runs; a parked run stays, for whoever decides.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

import anyio
import mcp_types as types
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from toolscript.errors import Conflict, Failure, Fault
from toolscript.runs.entry import Actor
from toolscript.runs.result import CallRecord, Result
from toolscript.runs.turn import Crashed
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.mcp_server.answers import meta_of
from toolscript.surfaces.mcp_server.asking import Reply, form, message, reply, visible
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.surfaces.mcp_server.sofar import so_far
from toolscript.surfaces.mcp_server.state import State

log = logging.getLogger("toolscript.mcp_server")

MAX_FORMS = 10  # in one answer, and as many rounds inside one call: a person who is asked more reads less
MAX_NAME_CHARS = 80
_PREFILL_SINCE = "2025-11-25"  # texts of a form have had defaults since then
_GRACE_S = 5.0  # beyond the run's own limit of time, so that its own words come first

Context = ServerRequestContext[Any, Any]
Start = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Came:
    """What a run came to, and a word beside it."""

    result: Result
    note: str = ""


@dataclass(slots=True)
class _Round:
    """What became of one round of answers: whether a form was dismissed, and which answers were no use."""

    dismissed: bool = False
    problems: dict[int, str] = field(default_factory=dict[int, str])
    note: str = ""

    @property
    def words(self) -> str:
        said = [f"Call {seq}: {problem}." for seq, problem in self.problems.items()]
        return " ".join(filter(None, (self.note, *said)))


class Ladder:
    """Takes calls of clients to the results of runs."""

    def __init__(self, runtime: Runtime, options: ServeOptions) -> None:
        self._runtime = runtime
        self._options = options

    async def run(
        self, ctx: Context, params: types.CallToolRequestParams, start: Start
    ) -> Came | types.InputRequiredResult:
        """Start a run, or go on with the one that the call's state names; either is the client's to cancel."""
        began = asyncio.get_running_loop().time()
        state = State.read(params.request_state)
        run = await start() if state is None else state.run
        try:
            met = _Round() if state is None else await self._met(ctx, state, params.input_responses or {})
            return await self._through(ctx, run, met, since=began)
        except Fault as fault:
            log.exception("the run %s failed", run)
            failure = Failure(kind="fault", code="fault", name="Fault", message=str(fault))
            return Came(Result(run=run, status="failed", outcome=Crashed(failure)))
        except asyncio.CancelledError:
            with anyio.CancelScope(shield=True):
                await self._gone(run)
            raise

    async def after(
        self, ctx: Context, params: types.CallToolRequestParams, run: str
    ) -> Came | types.InputRequiredResult:
        """Ask after a run that is there; whoever goes away leaves it as it is."""
        state = State.read(params.request_state)
        met = _Round() if state is None else await self._met(ctx, state, params.input_responses or {})
        return await self._through(ctx, run, met, since=asyncio.get_running_loop().time())

    async def _through(self, ctx: Context, run: str, met: _Round, *, since: float) -> Came | types.InputRequiredResult:
        """To the run's end, or as far as it comes without further answers."""
        for _ in range(MAX_FORMS):
            result = await self._runtime.wait(run, timeout_s=self._patience_s(ctx, since))
            asked = result.pending[:MAX_FORMS]
            if not result.settled or not asked or met.dismissed or not _shows_forms(ctx):
                break
            if ctx.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS:
                return self._questions(result, asked, met)
            met = await self._asked(ctx, result, asked, met)
            since = asyncio.get_running_loop().time()  # the person took the time, and the client knew
        else:
            result = await self._runtime.result(run)
        return Came(result, met.words)

    def _questions(self, result: Result, asked: Sequence[CallRecord], met: _Round) -> types.InputRequiredResult:
        requests: types.InputRequests = {
            f"call_{call.seq}": types.ElicitRequest(params=self._form(result, call, len(asked), met, prefill=True))
            for call in asked
        }
        return types.InputRequiredResult(
            input_requests=requests,
            request_state=State(result.run, result.decisions).text(),
            _meta=meta_of(result),
        )

    async def _asked(self, ctx: Context, result: Result, asked: Sequence[CallRecord], met: _Round) -> _Round:
        """Ask inside the call, and record every answer before the next question."""
        prefill = ctx.protocol_version >= _PREFILL_SINCE
        now = _Round()
        for call in asked:
            question = self._form(result, call, len(asked), met, prefill=prefill)
            try:
                answer = await ctx.session.elicit_form(question.message, question.requested_schema, ctx.request_id)
            except (MCPError, ValueError) as error:  # it refused, or its answer is none
                log.warning("the client could not ask about call %s of %s: %s", call.seq, result.run, error)
                now.dismissed = True
                break
            await self._record(ctx, result.run, call, reply(call, answer.action, answer.content), now)
            if now.dismissed:
                break
        return now

    async def _met(self, ctx: Context, state: State, responses: Mapping[str, Any]) -> _Round:
        """Record the answers that a call came back with; too late for all if anybody decided meanwhile."""
        result = await self._runtime.result(state.run)
        if result.decisions != state.decisions:
            return _Round(note=_too_late(result, responses))
        met = _Round()
        for call in result.pending:
            match responses.get(f"call_{call.seq}"):
                case types.ElicitResult(action=action, content=content):
                    await self._record(ctx, state.run, call, reply(call, action, content), met)
                case None:
                    pass
                case _:
                    met.problems[call.seq] = "it was answered with something other than a form"
        if result.outcome is not None:
            met.note = f"Nothing was decided: the run had ended before ({result.status})."
        return met

    async def _record(self, ctx: Context, run: str, call: CallRecord, given: Reply, met: _Round) -> None:
        """Put a person's decision into the log, if it can be."""
        by = _actor(ctx)
        seq = call.seq
        try:
            match given.choice:
                case "approve":
                    await self._runtime.approve(run, seq, args=given.args, by=by)
                case "reject":
                    await self._runtime.reject(run, seq, reason=given.reason, by=by)
                case "retry" | "done" | "fail":
                    await self._runtime.settle(run, seq, given.choice, value=given.value, reason=given.reason, by=by)
                case "leave" if given.problem:
                    met.problems[seq] = given.problem
                case "leave":
                    met.dismissed = True
                case _:
                    assert_never(given.choice)
        except Conflict as conflict:
            met.problems[seq] = str(conflict)

    def _form(
        self, result: Result, call: CallRecord, among: int, met: _Round, *, prefill: bool
    ) -> types.ElicitRequestFormParams:
        share = self._options.budget_tokens // among
        done = so_far([other for other in result.calls if not other.waits])
        problem = met.problems.get(call.seq, met.note)
        words = message(call, run=result.run, done=done, problem=problem, budget_tokens=share)
        schema = form(call, prefill=prefill, budget_tokens=share)
        return types.ElicitRequestFormParams(message=words, requested_schema=schema)

    def _patience_s(self, ctx: Context, since: float) -> float:
        """How long the client waits for this answer from now on."""
        patience_s = self._options.patience_s
        if ctx.meta is not None and ctx.meta.get("progress_token") is not None:
            patience_s = max(patience_s, self._runtime.limits.wall_ms / 1_000 + _GRACE_S)
        return max(0.0, patience_s - (asyncio.get_running_loop().time() - since))

    async def _gone(self, run: str) -> None:
        """The client of a run went away."""
        result = await self._runtime.result(run)
        if result.outcome is None and result.status != "parked":
            await self._runtime.cancel(run)


def _shows_forms(ctx: Context) -> bool:
    """Whether the person behind this client can be asked; `elicitation: {}` stands for forms."""
    declared = ctx.session.client_capabilities
    asks = declared.elicitation if declared is not None else None
    if asks is None or (asks.form is None and asks.url is not None):
        return False
    return ctx.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS or ctx.session.can_send_request


def _actor(ctx: Context) -> Actor:
    """Who decides: the principal that was authenticated, or the client by its own name."""
    token, client = get_access_token(), ctx.session.client_params
    own = "" if client is None else client.client_info.name
    name = own if token is None else token.subject or token.client_id
    return Actor(visible(" ".join(name.split()))[:MAX_NAME_CHARS], "mcp")


def _too_late(result: Result, responses: Mapping[str, Any]) -> str:
    """What happened to the calls that are answered after somebody else decided."""
    decided = [call for call in result.calls if f"call_{call.seq}" in responses and call.decided is not None]
    said = [f"call {call.seq} was already answered by {_who(call)}" for call in decided[:MAX_FORMS]]
    return f"This answer changed nothing: {', '.join(said) or 'somebody has decided in this run since'}."


def _who(call: CallRecord) -> str:
    assert call.decided is not None
    return f"{call.decided.by.name or 'somebody'} ({call.decided.by.via}): {call.decided.choice}"
