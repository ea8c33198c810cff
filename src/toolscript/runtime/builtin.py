"""The `codemode` namespace: an ordinary connector, whose tools are about tools, runs and time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from toolscript.catalog.search import Found
from toolscript.codec import decode
from toolscript.errors import Conflict, GuestError, ToolError
from toolscript.ports import Listing, RunStore
from toolscript.runs.machine import TIMER
from toolscript.runs.program import Language, syntax_of
from toolscript.runs.result import SHOW, result_of
from toolscript.runs.turn import Crashed, Finished
from toolscript.runs.usage import BUILTIN
from toolscript.runtime.paging import Paging
from toolscript.runtime.snippets import Snippets
from toolscript.runtime.state import MAX_KEY_CHARS, MAX_VALUE_BYTES, State
from toolscript.schema.syntax import signature
from toolscript.tools import CallContext, Effect, Schema, Tool, ToolPath

MAX_HITS = 50
MAX_PIECE_BYTES = 512 << 10  # as base64 it stays below the cap on one answer; PIECE_BYTES of the guest's prelude
_SLEEP_LIMIT_S = 30 * 86_400

_text = {"type": "string"}
_key = {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARS}
_texts = {"anyOf": [_text, {"type": "array", "items": _text}]}
_hit = {
    "type": "object",
    "properties": {
        "path": _text,
        "signature": _text,
        "summary": _text,
        "effect": {"enum": ["read", "write"]},
        "approval": {"type": ["boolean", "null"]},
        "score": {"type": "number"},
    },
    "required": ["path", "signature", "summary", "effect", "approval", "score"],
}
_found = {
    "type": "object",
    "properties": {
        "hits": {"type": "array", "items": _hit},
        "total": {"type": "integer", "description": "tools that match, on all pages"},
        "weak": {"type": "boolean", "description": "nothing matches well, and the hits are the nearest"},
        "note": {"type": "string", "description": "what else is to be said, such as which namespaces there are"},
    },
    "required": ["hits", "total", "weak", "note"],
}


def _tool(
    path: str,
    description: str,
    properties: Mapping[str, Schema],
    required: list[str],
    output: Schema | None,
    *,
    effect: Effect = "read",
    keyed: bool = False,
) -> Tool:
    method = path.partition(".")[2]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return Tool(
        path=ToolPath(BUILTIN, method),
        raw_name=method,
        description=description,
        input_schema=schema,
        output_schema=output,
        effect=effect,
        keyed=keyed,
    )


TOOLS = (
    _tool(
        f"{BUILTIN}.search",
        "Find tools: ranked hits, each with its path, its signature and one line of description.",
        {
            "query": {"anyOf": [*_texts["anyOf"], {"type": "object"}]},
            "limit": {"type": "integer", "minimum": 1, "maximum": MAX_HITS},
            "offset": {"type": "integer", "minimum": 0},
            "namespace": _texts,
        },
        ["query"],
        _found,
    ),
    _tool(
        f"{BUILTIN}.describe",
        "Documentation and types of tools or of a whole namespace, within a token budget.",
        {"paths": _texts, "budget_tokens": {"type": "integer", "minimum": 100, "maximum": 20_000}},
        ["paths"],
        _text,
    ),
    _tool(
        f"{BUILTIN}.run",
        "Run a snippet, a saved program; snippets.NAME({ ... }) does the same.",
        {"name": _text, "input": True, "version": {"type": "integer", "minimum": 1}},
        ["name"],
        None,
    ),
    _tool(
        TIMER,
        "Wait for some seconds.",
        {"seconds": {"type": "number", "minimum": 0, "maximum": _SLEEP_LIMIT_S}},
        ["seconds"],
        {"type": "null"},
    ),
    _tool(
        SHOW,
        "Show a value, or an image by its blob, beside the program's result.",
        {"value": True},
        ["value"],
        {"type": "null"},
    ),
    _tool(
        f"{BUILTIN}.step",
        "Mark in the log where a named piece of work begins and ends.",
        {"name": _text, "mark": {"enum": ["begin", "end", "failed"]}},
        ["name", "mark"],
        {"type": "null"},
    ),
    _tool(
        f"{BUILTIN}.state_get",
        "A value that this or another run kept, or null.",
        {"key": _key},
        ["key"],
        None,
    ),
    _tool(
        f"{BUILTIN}.state_set",
        f"Keep a value for later runs: up to {MAX_VALUE_BYTES >> 10} KiB a key.",
        {"key": _key, "value": True},
        ["key", "value"],
        {"type": "null"},
        effect="write",
        keyed=True,  # set twice it is the same
    ),
    _tool(
        f"{BUILTIN}.state_delete",
        "Forget a value that was kept; whether there was one.",
        {"key": _key},
        ["key"],
        {"type": "boolean"},
        effect="write",
        keyed=True,
    ),
    _tool(
        f"{BUILTIN}.state_keys",
        "The keys that have a value.",
        {},
        [],
        {"type": "array", "items": _text},
    ),
    _tool(
        f"{BUILTIN}.result",
        "The whole value of an earlier run, to read on where a shown result was cut.",
        {"run": _text},
        ["run"],
        None,
    ),
    _tool(
        f"{BUILTIN}.next_page",
        "What follows a page that a call gave; codemode.pages(tool, args) asks for it.",
        {"path": _text, "args": {"type": "object"}},
        ["path", "args"],
        {
            "type": "object",
            "properties": {
                "known": {"type": "boolean"},
                "next": {"type": ["object", "null"]},
                "items": {"anyOf": [{"type": "array", "items": _text}, {"type": "null"}]},
            },
            "required": ["known", "next", "items"],
        },
    ),
    _tool(
        f"{BUILTIN}.read_blob",
        f"The bytes of a blob from start up to, but not including, end; at most {MAX_PIECE_BYTES >> 10} KiB at a time.",
        {"id": _text, "start": {"type": "integer", "minimum": 0}, "end": {"type": "integer", "minimum": 0}},
        ["id"],
        {"type": "string", "contentEncoding": "base64"},
    ),
)

SAVE = _tool(
    f"{BUILTIN}.save_snippet",
    "Save a program that works as a snippet, to be found by search and run by name; input_schema describes its input.",
    {"name": _text, "description": _text, "input_schema": {"type": "object"}, "code": _text},
    ["name", "description", "code"],
    {
        "type": "object",
        "properties": {"path": _text, "signature": _text, "version": {"type": "integer"}},
        "required": ["path", "signature", "version"],
    },
    effect="write",
)
"""Listed only where models may save."""


class Builtin:
    """The connector of `codemode`."""

    namespace = BUILTIN

    def __init__(
        self,
        *,
        store: RunStore,
        offered: Callable[[], Awaitable[object]],
        search: Callable[..., Awaitable[Found]],
        describe: Callable[..., Awaitable[str]],
        snippets: Snippets,
        scope: str,
        saving: bool = False,
        language: Callable[[str], Language] = lambda run: "typescript",
        paging: Paging | None = None,
    ) -> None:
        """`offered` waits for what still connects; `search` and `describe` are the runtime's own.

        `language` is that of a run that is driven here, by its id; `saving`: whether programs may save snippets.
        """
        self._store = store
        self._offered = offered
        self._find = search
        self._describe = describe
        self._snippets = snippets
        self._state = State(store, scope)
        self._tools = (*TOOLS, SAVE) if saving else TOOLS
        self._language = language
        self._paging = paging

    async def open(self, changed: Callable[[], None]) -> None:
        return None

    def listing(self) -> Listing:
        return Listing(state="ready", tools=self._tools)

    async def close(self) -> None:
        return None

    async def call(self, tool: Tool, args: Mapping[str, Any], context: CallContext) -> Any:
        match tool.path.method:
            case "search":
                return await self._search(args, self._language(context.run))
            case "describe":
                paths = [args["paths"]] if isinstance(args["paths"], str) else args["paths"]
                budget_tokens, language = args.get("budget_tokens", 2_000), self._language(context.run)
                return await self._describe(paths, budget_tokens=budget_tokens, language=language)
            case "run":
                return await self._run(args, context)
            case "save_snippet":
                return await self._save(args, context)
            case "show" | "step":
                return None
            case "state_get":
                return await self._state.get(args["key"])
            case "state_set":
                return await self._state.set(args["key"], args["value"])
            case "state_delete":
                return await self._state.delete(args["key"])
            case "state_keys":
                return await self._state.keys()
            case "result":
                return await self._result(args["run"])
            case "next_page" if self._paging is not None:
                language = self._language(context.run)
                return self._paging.next_page(args["path"], args["args"], context.run, language)
            case "read_blob":
                return await self._read_blob(args["id"], args.get("start", 0), args.get("end"))
            case method:
                raise ToolError(f"there is no {BUILTIN}.{method}")

    async def _search(self, args: Mapping[str, Any], language: Language) -> Any:
        try:
            found = await self._find(
                args["query"],
                limit=args.get("limit", 10),
                offset=args.get("offset", 0),
                namespace=args.get("namespace"),
                language=language,
            )
        except ValueError as error:
            raise ToolError(str(error)) from error
        return found.plain()

    async def _run(self, args: Mapping[str, Any], context: CallContext) -> Any:
        await self._offered()  # what a snippet needs may still be connecting
        return await self._snippets.opened(
            args["name"], args.get("input"), version=args.get("version"), language=self._language(context.run)
        )

    async def _save(self, args: Mapping[str, Any], context: CallContext) -> Any:
        language = self._language(context.run)
        try:
            saved = await self._snippets.save(
                args["name"],
                code=args["code"],
                description=args["description"],
                input_schema=args.get("input_schema"),
                language=language,
                by=f"a program ({context.run})",
            )
        except (Conflict, GuestError) as error:
            raise ToolError(str(error)) from error
        written = signature(saved.tool, syntax_of(language))
        return {"path": str(saved.tool.path), "signature": written, "version": saved.version}

    async def _result(self, run: str) -> Any:
        try:
            result = result_of(*await self._store.read(run))
        except Conflict as error:
            raise ToolError(f"{error}; codemode.result takes the id that a result names") from error
        match result.outcome:
            case Finished(value):
                return decode(value)
            case Crashed(failure):
                raise ToolError(f"the run {run} has no value, because it failed: {failure.name}: {failure.message}")
            case None:
                raise ToolError(f"the run {run} has no value yet: it is {result.status}")

    async def _read_blob(self, name: str, start: int, end: int | None) -> bytes:
        try:
            content, _ = await self._store.get_blob(name)
        except Conflict as error:
            raise ToolError(str(error)) from error
        piece = content[start:end]
        if len(piece) > MAX_PIECE_BYTES:
            message = (
                f"{BUILTIN}.read_blob gives at most {MAX_PIECE_BYTES:,} bytes at a time, and {len(piece):,} are asked "
                "for: pass start and end, or use the blob's own text(), json() or bytes()"
            )
            raise ToolError(message)
        return piece
