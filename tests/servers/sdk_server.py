"""A server on the SDK, of many small tools: `sdk_server.py stdio|http|sse [PORT]`.

Over HTTP it prints the port that it listens on as its first line.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

import anyio
import mcp_types as types
import uvicorn
from mcp.server import NotificationOptions, Server
from mcp.server.sse import SseServerTransport
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.subscriptions import ToolsListChanged
from mcp_types import CallToolResult, TextContent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

PNG = "iVBORw0KGgo="
OBJECT: dict[str, Any] = {"type": "object"}
started: list[str] = []
cancelled: list[str] = []
extra: list[str] = []
bus = InMemorySubscriptionBus()


def text(words: str, **more: Any) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=words)], **more)


def schema(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def hints(**given: bool) -> types.ToolAnnotations:
    return types.ToolAnnotations(**given)


TOOLS = [
    types.Tool(
        name="echo",
        description="Say it again.",
        input_schema=schema(value={}),
        output_schema=schema(result={}),
        annotations=hints(read_only_hint=True),
    ),
    types.Tool(
        name="add",
        input_schema=schema(a={"type": "number"}, b={"type": "number"}),
        output_schema=schema(sum={"type": "number"}),
        annotations=hints(read_only_hint=True, idempotent_hint=True),
    ),
    types.Tool(
        name="wrapped",
        input_schema=OBJECT,
        output_schema=schema(result={"type": "array", "items": {"type": "integer"}}),
    ),
    types.Tool(name="json-text", input_schema=OBJECT, output_schema=schema(n={"type": "integer"})),
    types.Tool(name="broken-output", input_schema=OBJECT, output_schema=schema(n={"type": "integer"})),
    types.Tool(name="delete", input_schema=OBJECT, annotations=hints(destructive_hint=True)),
    types.Tool(name="media", input_schema=OBJECT),
    types.Tool(name="fail", input_schema=OBJECT),
    types.Tool(name="raise", input_schema=OBJECT),
    types.Tool(name="large", input_schema=schema(size={"type": "integer"})),
    types.Tool(name="never", input_schema=OBJECT),
    types.Tool(name="started", input_schema=OBJECT),
    types.Tool(name="cancelled", input_schema=OBJECT),
    types.Tool(name="steps", input_schema=OBJECT),
    types.Tool(name="ask", input_schema=OBJECT),
    types.Tool(name="grow", input_schema=schema(name={"type": "string"})),
    types.Tool(name="exit", input_schema=OBJECT),
]


async def list_tools(ctx: Any, params: Any) -> types.ListToolsResult:
    everything = [*TOOLS, *(types.Tool(name=name, input_schema=OBJECT) for name in extra)]
    at = int(params.cursor) if params is not None and params.cursor else 0
    page = everything[at : at + 5]
    more = str(at + 5) if at + 5 < len(everything) else None
    return types.ListToolsResult(tools=page, next_cursor=more)


async def call_tool(ctx: Any, params: Any) -> Any:
    args = params.arguments or {}
    match params.name:
        case "echo":
            return text(str(args["value"]), structured_content={"result": args["value"]})
        case "add":
            total = args["a"] + args["b"]
            return text(str(total), structured_content={"sum": total})
        case "wrapped":
            return text("[1,2]", structured_content={"result": [1, 2]})
        case "json-text":
            return text('{"n": 5}')
        case "broken-output":
            return text("x", structured_content={"n": "five"})
        case "media":
            return CallToolResult(
                content=[
                    TextContent(type="text", text="here"),
                    types.ImageContent(type="image", data=PNG, mime_type="image/png"),
                    types.EmbeddedResource(
                        type="resource",
                        resource=types.TextResourceContents(uri="a://b", text="inside", mime_type="text/plain"),
                    ),
                    types.ResourceLink(type="resource_link", uri="a://c", name="c"),
                ]
            )
        case "fail":
            return text("no such thing", structured_content={"code": 7}, is_error=True)
        case "raise":
            raise ValueError("inner words")
        case "large":
            return text("x" * args["size"])
        case "never":
            started.append("never")
            try:
                await anyio.sleep_forever()
            finally:
                cancelled.append("never")
        case "started":
            return text(",".join(started))
        case "cancelled":
            return text(",".join(cancelled))
        case "steps":
            for n in range(3):
                await ctx.session.report_progress(n + 1, 3, f"step {n + 1}")
            return text("done")
        case "ask":
            return types.InputRequiredResult(
                input_requests={
                    "q": types.ElicitRequest(
                        params=types.ElicitRequestFormParams(
                            message="Which one?", requested_schema={"type": "object", "properties": {}}
                        )
                    )
                },
                request_state="s",
            )
        case "grow":
            extra.append(args["name"])
            await ctx.session.send_tool_list_changed()
            await bus.publish(ToolsListChanged())
            return text("grown")
        case "exit":
            os._exit(3)
        case name if name in extra:
            return text(name)
        case _:
            return text("unknown tool", is_error=True)


server: Server[Any] = Server(
    "test-server",
    version="1.2.3",
    instructions="Many small tools.",
    on_list_tools=list_tools,
    on_call_tool=call_tool,
    on_subscriptions_listen=ListenHandler(bus),
)


OPTIONS = NotificationOptions(tools_changed=True)


async def over_stdio() -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options(OPTIONS))


async def over_http(app: Any, port: int) -> None:
    # The protocol is named so that asyncio turns Nagle's algorithm off, which would cost 40 ms an answer.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen()
    print(listening.getsockname()[1], flush=True)
    await uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)).serve([listening])


def sse_app() -> Starlette:
    transport = SseServerTransport("/messages/")

    async def connected(request: Request) -> Response:
        async with transport.connect_sse(request.scope, request.receive, request._send) as (read, write):
            await server.run(read, write, server.create_initialization_options(OPTIONS))
        return Response()

    return Starlette(
        routes=[Route("/mcp", connected, methods=["GET"]), Mount("/messages/", transport.handle_post_message)]
    )


if __name__ == "__main__":
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    match sys.argv[1]:
        case "stdio":
            anyio.run(over_stdio)
        case "http":
            anyio.run(over_http, server.streamable_http_app(), port)
        case "sse":
            anyio.run(over_http, sse_app(), port)
