"""The `codemode` namespace: an ordinary connector, whose tools are about tools, runs and time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import describe
from toolscript.catalog.search import search
from toolscript.codec import decode
from toolscript.errors import Conflict, ToolError
from toolscript.ports import Blobs, Listing, Store
from toolscript.runs.machine import TIMER
from toolscript.runs.result import SHOW, result_of
from toolscript.runs.turn import Crashed, Finished
from toolscript.runtime.upstreams import BUILTIN
from toolscript.tools import CallContext, Effect, Schema, Tool, ToolPath

MAX_HITS = 50
_SLEEP_LIMIT_S = 30 * 86_400

_text = {"type": "string"}
_texts = {"anyOf": [_text, {"type": "array", "items": _text}]}
_hit = {
    "type": "object",
    "properties": {
        "path": _text,
        "signature": _text,
        "summary": _text,
        "effect": {"enum": ["read", "write"]},
        "score": {"type": "number"},
    },
    "required": ["path", "signature", "summary", "effect", "score"],
}


def _tool(
    path: str, description: str, properties: Mapping[str, Schema], required: list[str], output: Schema | None
) -> Tool:
    method = path.partition(".")[2]
    effect: Effect = "read"
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return Tool(
        path=ToolPath(BUILTIN, method),
        raw_name=method,
        description=description,
        input_schema=schema,
        output_schema=output,
        effect=effect,
    )


TOOLS = (
    _tool(
        f"{BUILTIN}.search",
        "Find tools: ranked paths with signature and one line of description.",
        {"query": _texts, "limit": {"type": "integer", "minimum": 1, "maximum": MAX_HITS}, "namespace": _text},
        ["query"],
        {"type": "array", "items": _hit},
    ),
    _tool(
        f"{BUILTIN}.describe",
        "Documentation and types of tools or of a whole namespace, within a token budget.",
        {"paths": _texts, "budget_tokens": {"type": "integer", "minimum": 100, "maximum": 20_000}},
        ["paths"],
        _text,
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
        f"{BUILTIN}.result",
        "The whole value of an earlier run, to read on where a shown result was cut.",
        {"run": _text},
        ["run"],
        None,
    ),
    _tool(
        f"{BUILTIN}.read_blob",
        "The bytes of a blob from start up to, but not including, end.",
        {"id": _text, "start": {"type": "integer", "minimum": 0}, "end": {"type": "integer", "minimum": 0}},
        ["id"],
        {"type": "string", "contentEncoding": "base64"},
    ),
)


class Builtin:
    """The connector of `codemode`."""

    namespace = BUILTIN

    def __init__(self, *, store: Store, blobs: Blobs, offered: Callable[[], Awaitable[Catalog]]) -> None:
        self._store = store
        self._blobs = blobs
        self._offered = offered

    async def open(self, changed: Callable[[], None]) -> None:
        return None

    def listing(self) -> Listing:
        return Listing(state="ready", tools=TOOLS)

    async def close(self) -> None:
        return None

    async def call(self, tool: Tool, args: Mapping[str, Any], context: CallContext) -> Any:
        match tool.path.method:
            case "search":
                found = search(
                    await self._offered(),
                    args["query"],
                    limit=args.get("limit", 10),
                    namespace=args.get("namespace"),
                )
                return [
                    {
                        "path": hit.path,
                        "signature": hit.signature,
                        "summary": hit.summary,
                        "effect": hit.effect,
                        "score": round(hit.score, 3),
                    }
                    for hit in found.hits
                ]
            case "describe":
                paths = [args["paths"]] if isinstance(args["paths"], str) else args["paths"]
                return describe(await self._offered(), paths, budget_tokens=args.get("budget_tokens", 2_000))
            case "show":
                return None
            case "result":
                return await self._result(args["run"])
            case "read_blob":
                return await self._read_blob(args["id"], args.get("start", 0), args.get("end"))
            case method:
                raise ToolError(f"there is no {BUILTIN}.{method}")

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
            content, _ = await self._blobs.get_blob(name)
        except Conflict as error:
            raise ToolError(str(error)) from error
        return content[start:end]
