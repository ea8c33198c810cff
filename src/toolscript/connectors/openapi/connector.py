"""`OpenApiConnector`: the operations of one API as a namespace, over its document.

1. `open` returns at once: the document is fetched in a task and read on a thread; a call waits for it.
2. A document that cannot be fetched is asked for again, with growing pauses; one that cannot be read is not.
3. What only an operator can put right (a missing secret, refused credentials, no server) is among the listing's
   problems, and never shown to a program in detail.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from toolscript.connectors.openapi.auth import Auth, read_auth
from toolscript.connectors.openapi.client import Broken, Http, HttpOptions, TooMuch, Unsent
from toolscript.connectors.openapi.examination import Examination, Looked
from toolscript.connectors.openapi.exchange import KEY_HEADER, Exchange, Learned
from toolscript.connectors.openapi.grouped import grouped
from toolscript.connectors.openapi.guard import Refused, is_public_host
from toolscript.connectors.openapi.operation import Api, Operation, Server
from toolscript.connectors.openapi.origins import Origin, origin_of
from toolscript.connectors.openapi.pace import Pace
from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.request import Request
from toolscript.connectors.openapi.retry import Retry
from toolscript.connectors.openapi.secrets import Secrets
from toolscript.connectors.openapi.selection import Selection, selected
from toolscript.connectors.openapi.signing import Signer
from toolscript.connectors.openapi.source import Fetched, Spec, Unfetched, fetched, is_address
from toolscript.connectors.openapi.tokens import Tokens
from toolscript.connectors.openapi.tools import tools_of
from toolscript.connectors.openapi.uploads import Uploads
from toolscript.errors import ConfigError, Failure, ToolError
from toolscript.ports import ConnectorState, Listing
from toolscript.schema.names import namespace_names
from toolscript.tools import CallContext, Effect, Page, Tool

FIRST_DELAY_S, MAX_DELAY_S = 1.0, 60.0
MAX_ADDRESSES = 3  # that `examine` asks: most APIs have one or two
MAX_NOTES = 5  # of what calls told: the last of each kind
MAX_FINDINGS = 20  # of a document, among the problems: some have thousands, all of one kind


class OpenApiConnector:
    """The operations of one API as a namespace; `openapi` makes one.

    The clock, the pause and the randomness of back-off can be injected.
    """

    def __init__(
        self,
        namespace: str,
        spec: Spec,
        *,
        selection: Selection | None = None,
        auth: Auth = None,
        base_url: str | None = None,
        server_variables: Mapping[str, str] | None = None,
        keyed: Iterable[str] = (),
        key_header: str = KEY_HEADER,
        files: str | None = None,
        rate_per_s: float | None = None,
        concurrency: int = 16,
        http: HttpOptions | None = None,
        retry: Retry | None = None,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._namespace = namespace
        self._spec = spec
        self._selection = selection or Selection()
        self._base_url = base_url
        self._server_variables = dict(server_variables or {})
        self._keyed = tuple(keyed)
        self._key_header = key_header
        self._pause = pause
        self._jitter = jitter
        self._changed: Callable[[], None] = lambda: None
        self._task: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._closed = False
        self._state: ConnectorState = "connecting"
        self._tools: tuple[Tool, ...] = ()
        self._operations: dict[str, Operation] = {}
        self._about = ""
        self._found: tuple[str, ...] = ()
        self._error: str | None = None
        self._notes: dict[str, None] = {}
        self._http = Http(http or HttpOptions(), frozenset(_written_down(spec, base_url)))
        learned, secrets = Learned(), Secrets(environment, clock)
        self._signer = Signer(read_auth(auth), secrets, Tokens(self._http, secrets, clock), learned)
        self._exchange = Exchange(
            self._http,
            self._signer,
            learned,
            pace=Pace(concurrency, rate_per_s, clock=clock, pause=pause),
            retry=retry or Retry(),
            uploads=Uploads(files),
            told=self._note,
            key_header=key_header,
            pause=pause,
            jitter=jitter,
            wall_clock=wall_clock,
        )

    @property
    def namespace(self) -> str:
        return self._namespace

    def listing(self) -> Listing:
        error = () if self._error is None else (self._error,)
        return Listing(
            state=self._state,
            tools=self._tools,
            about=self._about,
            problems=(*error, *self._notes, *self._found),
        )

    async def open(self, changed: Callable[[], None]) -> None:
        if self._task is None and not self._closed:
            self._changed = changed
            self._task = asyncio.create_task(self._own(), name=f"openapi:{self._namespace}")

    async def close(self) -> None:
        self._closed = True
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
        self._set_state("unreachable")
        await self._http.close()

    async def call(self, tool: Tool, args: Mapping[str, Any], context: CallContext) -> Any:
        if self._state != "ready":
            await self._read_already()
        operation = self._operations.get(tool.raw_name)
        if operation is None:
            raise ToolError(f"{tool.path} is not here any more.")
        value = await self._exchange.call(operation, self._base(operation, tool), tool, args, context)
        if self._notes:
            self._notes.clear()  # whatever it was, somebody has put it right
            self._changed()
        return value

    def page(self, tool: Tool, args: Mapping[str, Any], run: str) -> Page | None:
        """What is known of the page that a run got for these arguments."""
        return self._exchange.page(tool, args, run)

    async def examine(self) -> Examination:
        """Look whether its secrets can be had, and whether anything answers where it is; no operation is called."""
        asked = {need.scheme for one in self._operations.values() for way in one.security for need in way}
        addresses = Counter(filter(None, (self._address(one.servers) for one in self._operations.values())))
        return Examination(
            secrets=await self._signer.looked_up(),
            wanted=() if self._signer.has_any else tuple(sorted(asked)),
            addresses=tuple([await self._reached(one) for one, _ in addresses.most_common(MAX_ADDRESSES)]),
        )

    async def _reached(self, address: str) -> Looked:
        try:
            await self._http.send(Request(method="HEAD", base=address, path="/"), redirects=0)
        except (Unsent, Broken, Refused, TooMuch) as error:
            return Looked(address, str(error))
        return Looked(address)

    # --- the document

    async def _own(self) -> None:
        """Get the document, however often that takes, and read it."""
        failures = 0
        while True:
            try:
                document = await fetched(self._spec, self._http)
            except Unfetched as error:
                failures += 1
                self._error = str(error)
                self._set_state("unreachable")
                if error.for_good:
                    return
                whole = min(FIRST_DELAY_S * 2 ** min(failures - 1, 16), MAX_DELAY_S)
                await self._pause(whole * (0.5 + self._jitter() / 2))
                continue
            await self._read(document)
            return

    async def _read(self, document: Fetched) -> None:
        try:
            api, tools, idle = await asyncio.to_thread(self._understood, document)
        except ConfigError as error:
            self._error = f"Its document cannot be read: {error}"
            self._set_state("unreachable")
            return
        self._signer.follow(api.schemes)
        self._operations = {operation.id: operation for operation in api.operations}
        self._tools = tools
        self._about = api.description or api.title
        self._found = (*self._without_server(api), *idle, *_findings(api))
        self._error = None
        self._set_state("ready")

    def _understood(self, document: Fetched) -> tuple[Api, tuple[Tool, ...], tuple[str, ...]]:
        """The API as far as it is wanted, and its tools; on a thread, because a large document takes a second."""
        api = read_api(document.source, base=document.base, load=document.load)
        operations, idle = selected(api.operations, self._selection)
        tools = zip(operations, tools_of(operations, self._namespace), strict=True)
        return replace(api, operations=operations), tuple(self._keyed_if(*each) for each in tools), idle

    def _keyed_if(self, operation: Operation, tool: Tool) -> Tool:
        """The tool, keyed where its document declares the header of the key, or the configuration says so."""
        declared = any(
            one.place == "header" and one.raw_name.lower() == self._key_header.lower() for one in operation.parameters
        )
        named = any(fnmatchcase(name, glob) for glob in self._keyed for name in (operation.name, operation.id))
        return replace(tool, keyed=tool.effect == "write" and (declared or named))

    # --- where it is

    def _base(self, operation: Operation, tool: Tool) -> str:
        base = self._address(operation.servers)
        if base is None:
            raise ToolError(
                f"{tool.path} cannot be called: nobody has said where its API is. Its operator must set `base_url`."
            )
        return base

    def _address(self, servers: Iterable[Server]) -> str | None:
        if self._base_url is not None:
            return self._base_url
        for server in servers:
            url = server.url(self._server_variables)
            try:
                origin_of(url)
            except ValueError:
                continue
            if "{" not in url:
                return url
        return None

    def _without_server(self, api: Api) -> tuple[str, ...]:
        lost = [one for one in api.operations if self._address(one.servers) is None]
        if not lost:
            return ()
        said = ", ".join(dict.fromkeys(server.template for one in lost for server in one.servers)) or "no server"
        return (
            f"Its document does not say in full where {len(lost)} operations are ({said[:200]}): "
            "set `base_url`, or `server_variables`.",
        )

    # --- states

    async def _read_already(self) -> None:
        """Wait for the document while it is on its way."""
        while self._state == "connecting" and not self._closed and self._task is not None:
            await self._moved.wait()
        if self._state != "ready":
            words = f"The API {self._namespace} cannot be reached now. Go on without it, or try later."
            raise ToolError(Failure(kind="tool", code="unreachable", name="ToolError", message=words))

    def _set_state(self, state: ConnectorState) -> None:
        self._state = state
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        self._changed()

    def _note(self, problem: str) -> None:
        if problem not in self._notes:
            while len(self._notes) >= MAX_NOTES:
                del self._notes[next(iter(self._notes))]
            self._notes[problem] = None
            self._changed()


def _findings(api: Api) -> Iterator[str]:
    """What was odd about the document: errors first, equal ones in one line, the first few of them all."""
    groups = grouped(api.findings)
    yield from map(str, groups[:MAX_FINDINGS])
    if len(groups) > MAX_FINDINGS:
        more = sum(len(group.places) for group in groups[MAX_FINDINGS:])
        yield f"{more:,} more things are odd about its document; `toolscript openapi lint` lists all."


def _written_down(spec: Spec, base_url: str | None) -> list[Origin]:
    """Private origins that the operator wrote down: whoever names one means it. `ConfigError` for no address."""
    found: list[Origin] = []
    for name, url in (("spec", spec if is_address(spec) else None), ("base_url", base_url)):
        if isinstance(url, str):
            try:
                origin = origin_of(url)
            except ValueError as error:
                raise ConfigError(f"{name}: {error}") from error
            if not is_public_host(origin.host):
                found.append(origin)
    return found


def openapi(
    namespace: str,
    spec: Spec,
    *,
    auth: Auth = None,
    base_url: str | None = None,
    server_variables: Mapping[str, str] | None = None,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    tags: Iterable[str] = (),
    paths: Iterable[str] = (),
    methods: Iterable[str] = (),
    rename: Mapping[str, str] | None = None,
    effects: Mapping[str, Effect] | None = None,
    keyed: Iterable[str] = (),
    **options: Any,
) -> OpenApiConnector:
    """A connector of the API that an OpenAPI document describes: `openapi("github", "github.yaml", auth="env:TOKEN")`.

    `spec` is a path, an address, or the document itself. `auth` is a reference to a secret (`env:`, `file:`, `cmd:`,
    `keyring:`), a credential (`Bearer`, `Basic`, `ApiKey`, `OAuth2`), or one of them for each security scheme of the
    document. `base_url` is where the API is, if not where its document says; `server_variables` fill that in.

    Which operations become tools: `include` and `exclude` are globs over ids, names, and method with path
    (`GET /repos/*`); `tags`, `paths` and `methods` say it by kind. `rename` gives an operation another name, `effects`
    says what it does where its method does not, and `keyed` are the writes that honour an idempotency key.

    `options` are the others of `OpenApiConnector`: `key_header`, `files`, `rate_per_s`, `concurrency`, `http`, `retry`.
    Raises `ConfigError` for a name that programs cannot use, and for a secret that is no reference.
    """
    would_do = namespace_names([namespace])[namespace]
    if would_do != namespace:
        raise ConfigError(f"openapi({namespace!r}): programs cannot use this name; {would_do!r} would do")
    lists = {"include": include, "exclude": exclude, "tags": tags, "paths": paths, "methods": methods, "keyed": keyed}
    if texts := [name for name, patterns in lists.items() if isinstance(patterns, str)]:
        raise ConfigError(f"openapi({namespace!r}): {texts[0]} is a list of patterns, not one text")
    selection = Selection(
        tags=tuple(tags),
        paths=tuple(paths),
        methods=tuple(methods),
        operations=tuple(include),
        exclude=tuple(exclude),
        rename=dict(rename or {}),
        effects=dict(effects or {}),
    )
    return OpenApiConnector(
        namespace,
        spec,
        selection=selection,
        auth=auth,
        base_url=base_url,
        server_variables=server_variables,
        keyed=keyed,
        **options,
    )
