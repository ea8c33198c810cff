"""The MCP server: four tools (and the exposed ones) over a runtime, in both eras of the protocol.

1. A handler answers in our own words, also where it fails: what an exception says goes to the log, because the
   library would send it to the client.
2. A request that the client cancels cancels its run, and no further call starts; a parked run stays.
3. The list of tools is worked out from the catalogue; whoever listens is told when it becomes another.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp.shared.exceptions import MCPError

from toolscript.catalog.search import found_text
from toolscript.codec import CodecError
from toolscript.errors import Conflict
from toolscript.ports import Clock
from toolscript.runs.result import Result
from toolscript.runs.turn import Crashed
from toolscript.runtime.clock import SystemClock
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.mcp_server import arguments
from toolscript.surfaces.mcp_server.answers import answer_of, internal_error, text_answer
from toolscript.surfaces.mcp_server.arguments import BadCall, Execute
from toolscript.surfaces.mcp_server.ladder import Came, Ladder
from toolscript.surfaces.mcp_server.listeners import Listeners
from toolscript.surfaces.mcp_server.offer import Offer, first_offer, offer_of
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.surfaces.mcp_server.progress import GOES_ON, WAITS_FOR_SERVERS, ProgressTeller, Report
from toolscript.surfaces.mcp_server.state import SealedState
from toolscript.surfaces.mcp_server.texts import INSTRUCTIONS, VERSION

log = logging.getLogger("toolscript.mcp_server")

LIST_TTL_MS = 60_000  # a list may be kept for a minute; whoever listens hears of changes sooner
LIST_PATIENCE_S = 5.0  # how long a list that depends on the upstreams waits for them

Context = ServerRequestContext[Any, Any]


class ToolServer:
    """Serves one runtime, which its owner has entered, to any number of clients."""

    def __init__(self, runtime: Runtime, options: ServeOptions, *, clock: Clock | None = None) -> None:
        self._runtime = runtime
        self._options = options = replace(options, languages=runtime.languages)
        self._clock = clock or SystemClock()
        self._settled = asyncio.Event()
        self._offer = first_offer([connector.namespace for connector in runtime.connectors], options)
        self._bus = InMemorySubscriptionBus()
        self._listeners = Listeners()
        self._ladder = Ladder(runtime, options)
        self.protocol = _Server(
            options.name,
            version=VERSION,
            instructions=INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_subscriptions_listen=ListenHandler(self._bus),
        )
        self.protocol.middleware.append(SealedState(runtime.secret, options.name))
        self.protocol.add_notification_handler("notifications/initialized", types.NotificationParams, self._greeted)

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        """Follow the catalogue while this is entered."""
        task = asyncio.create_task(self._watch())
        task.add_done_callback(_said)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        await self._runtime.ready()
        catalog = self._runtime.catalog
        while True:
            offer = offer_of(catalog, self._options)
            changed = offer.tools != self._offer.tools
            self._offer = offer
            self._settled.set()
            if changed:
                await self._bus.publish(ToolsListChanged())
                await self._listeners.tools_changed()
            catalog = await self._runtime.changed(catalog)

    async def _greeted(self, ctx: Context, params: types.NotificationParams) -> None:
        self._listeners.add(ctx)
        if ctx.request is None and self._settled.is_set():
            # On stdio the first list may have been answered before the tools were known: it is out of date by now.
            await ctx.session.send_tool_list_changed()

    async def _list_tools(self, ctx: Context, params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        self._listeners.add(ctx)
        if self._options.needs_tools and not self._settled.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), LIST_PATIENCE_S)
        return types.ListToolsResult(
            tools=[types.Tool.model_validate(tool, by_name=False) for tool in self._offer.tools],
            ttl_ms=LIST_TTL_MS if self._settled.is_set() else 0,
            cache_scope="private",
        )

    async def _call_tool(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        self._listeners.add(ctx)
        try:
            return await self._answer(ctx, params)
        except BadCall as bad:
            return text_answer(bad.words(self._options), is_error=True)
        except CodecError as error:
            return text_answer(f"the input cannot reach the program: {error}", is_error=True)
        except Conflict as conflict:
            return text_answer(str(conflict), is_error=True)
        except MCPError:
            raise
        except Exception:  # the library would send the exception's own words to the client, paths and secrets included
            log.exception("%s failed", params.name)
            return internal_error()

    async def _answer(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        args, options = params.arguments or {}, self._options
        match params.name:
            case "search":
                asked = arguments.search_of(args, options)
                found = await self._runtime.search(
                    asked.query,
                    limit=asked.limit,
                    offset=asked.offset,
                    namespace=asked.namespace,
                    language=asked.language,
                )
                return text_answer(found_text(found))
            case "describe":
                paths, language = arguments.paths_of(args, options)
                budget_tokens = options.budget_tokens // 2
                return text_answer(await self._runtime.describe(paths, budget_tokens=budget_tokens, language=language))
            case "execute":
                return await self._shaped(await self._run(ctx, params, arguments.execute_of(args, options)))
            case "resume":
                return await self._shaped(await self._resume(ctx, params, arguments.run_of(args)))
            case _:
                return await self._direct(ctx, params)

    async def _direct(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Call an exposed tool by the road of every call: checks, policy, limits and log are those of a program's."""
        offer = await self._offer_with(params.name)
        if params.name not in offer.exposed:
            raise arguments.unknown(params.name, [tool["name"] for tool in offer.tools])
        code = f"return await {offer.exposed[params.name]}(input)"
        language = self._options.languages[0]  # this program is one in each
        came = await self._run(ctx, params, Execute(code, dict(params.arguments or {}), None, language))
        return await self._shaped(replace(came, result=_bare(came.result)) if isinstance(came, Came) else came)

    async def _offer_with(self, name: str) -> Offer:
        """What is offered; a name that may be exposed waits for the upstreams to be known."""
        if name not in self._offer.exposed and self._options.expose:
            await self._runtime.ready()
            return offer_of(self._runtime.catalog, self._options)
        return self._offer

    async def _run(
        self, ctx: Context, params: types.CallToolRequestParams, asked: Execute
    ) -> Came | types.InputRequiredResult:
        first = params.request_state is None
        async with self._told(ctx, WAITS_FOR_SERVERS if first else GOES_ON) as teller:

            async def start() -> str:
                return await self._runtime.start(
                    asked.code, input=asked.input, language=asked.language, retry_of=asked.retry_of, observer=teller
                )

            return await self._ladder.run(ctx, params, start)

    async def _resume(
        self, ctx: Context, params: types.CallToolRequestParams, run: str
    ) -> Came | types.InputRequiredResult:
        async with self._told(ctx, GOES_ON):
            return await self._ladder.after(ctx, params, run)

    @asynccontextmanager
    async def _told(self, ctx: Context, before: str) -> AsyncGenerator[ProgressTeller | None]:
        """Tell a client that asked for it how far its run is, while this is entered."""
        if not _wants_progress(ctx):
            yield None
            return
        teller = ProgressTeller(_report(ctx), self._clock, before=before)
        telling = asyncio.create_task(teller.tell())
        try:
            yield teller
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    async def _shaped(self, came: Came | types.InputRequiredResult) -> types.CallToolResult | types.InputRequiredResult:
        if isinstance(came, types.InputRequiredResult):
            return came
        return await answer_of(
            came.result,
            budget_tokens=self._options.budget_tokens,
            read_blob=self._runtime.blob,
            now=self._clock.now(),
            note=came.note,
        )


class _Server(Server[Any]):
    """The library's server, which tells every client that the list of tools may change."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        # The HTTP side of the library calls this without options, and would promise no notifications.
        options = notification_options or NotificationOptions(tools_changed=True)
        return super().create_initialization_options(options, experimental_capabilities, extensions)


def _bare(result: Result) -> Result:
    """The result of a tool that was called directly: its failure stands in no program, at no line."""
    failure = result.failure
    if failure is None:
        return result if result.outcome is None else replace(result, calls=())
    plain = replace(failure, line=None, column=None, source=None, stack=())
    return replace(result, outcome=Crashed(plain), calls=())


def _said(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the list of tools is not kept current any more", exc_info=error)


def _report(ctx: Context) -> Report:
    async def report(seconds: float, message: str) -> None:
        await ctx.session.report_progress(seconds, None, message)

    return report


def _wants_progress(ctx: Context) -> bool:
    return ctx.meta is not None and ctx.meta.get("progress_token") is not None
