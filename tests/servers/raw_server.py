"""A server in plain Python that misbehaves in one way: `raw_server.py MODE`. All but one know the old protocol only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

MODE = sys.argv[1] if len(sys.argv) > 1 else "plain"
GOOD: dict[str, Any] = {"name": "good", "description": "A good tool.", "inputSchema": {"type": "object"}}
MALFORMED: list[Any] = [
    {"name": "empty", "inputSchema": {}},
    {"description": "nameless", "inputSchema": {"type": "object"}},
    {"name": "no-schema"},
    {"name": "text-schema", "inputSchema": "object"},
    {
        "name": "number-words",
        "description": 5,
        "inputSchema": {"type": "object"},
        "annotations": {"readOnlyHint": True, "title": 3},
    },
    {"name": "text-output", "inputSchema": {"type": "object"}, "outputSchema": "object"},
    "no tool at all",
    None,
    {"name": "list-of-properties", "inputSchema": {"type": "object", "properties": [1], "required": "x", "$schema": 7}},
    {
        "name": "one-odd-property",
        "inputSchema": {"type": "object", "properties": {"a": "text", "b": {"type": "string"}}, "required": [3, "b"]},
    },
    GOOD,
    GOOD,
]


TEXT = b'{"jsonrpc":"2.0","id":%%d,"result":{"content":[{"type":"text","text":"%s"}]}}'
ODD = {
    "half an emoji": TEXT % b"cut \\ud83d",
    "not UTF-8": TEXT % b"caf\xe9",
    "not JSON": b'{"jsonrpc":"2.0","id":%d,"result":{oops}}',
    "too deep": b'{"jsonrpc":"2.0","id":%d,"result":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "no result": b'{"jsonrpc":"2.0","id":%d,"result":null}',
    "no error": b'{"jsonrpc":"2.0","id":%d,"error":"boom"}',
}

listings: list[Any] = []


def send(message: Any) -> None:
    sys.stdout.write((message if isinstance(message, str) else json.dumps({"jsonrpc": "2.0", **message})) + "\n")
    sys.stdout.flush()


def listed() -> dict[str, Any]:
    match MODE:
        case "malformed":
            return {"tools": MALFORMED, "nextCursor": None}
        case "recorded":
            with open(sys.argv[2], encoding="utf-8") as file:
                return {"tools": json.load(file)["tools"]}
        case "no-list":
            return {"tools": "none"}
        case "endless":
            return {"tools": [], "nextCursor": "again"}
        case "deep":
            schema: dict[str, Any] = {"type": "object"}
            for _ in range(150):
                schema = {"type": "object", "properties": {"inner": schema}}
            return {"tools": [{"name": "deep", "inputSchema": schema}, GOOD]}
        case _:
            return {"tools": [GOOD]}


def answer(request: dict[str, Any]) -> None:
    method, number = request.get("method"), request.get("id")
    if number is None:
        return
    match method:
        case "initialize" if MODE == "no-protocol":
            send({"id": number, "result": {"hello": "world"}})
        case "initialize":
            send(
                {
                    "id": number,
                    "result": {
                        "protocolVersion": request["params"]["protocolVersion"],
                        "capabilities": {"tools": {}},
                        "serverInfo": {"name": "raw", "version": "0"},
                    },
                }
            )
        case "tools/list" if MODE == "list-fails-later" and listings:
            send({"id": number, "error": {"code": -32603, "message": "out of tools"}})
        case "tools/call" if MODE == "list-fails-later":
            send({"method": "notifications/tools/list_changed"})
            send({"id": number, "result": {"content": [{"type": "text", "text": str(os.getpid())}]}})
        case "tools/list":
            listings.append(number)
            send({"id": number, "result": listed()})
        case "tools/call" if MODE == "header-mismatch" and len(listings) < 2:
            send({"id": number, "error": {"code": -32020, "message": "Header mismatch"}})
        case "tools/call" if MODE == "dies-in-call":
            print("about to die", file=sys.stderr, flush=True)
            os._exit(7)
        case "tools/call" if MODE == "bad-result":
            send({"id": number, "result": {"content": "not a list"}})
        case "tools/call" if MODE == "odd-json":
            sys.stdout.buffer.write(ODD[request["params"]["arguments"]["kind"]] % number + b"\n")
            sys.stdout.buffer.flush()
        case "tools/call" if MODE == "large":
            send(
                json.dumps(
                    {"result": {"content": [{"type": "text", "text": "x" * 3_000_000}]}, "jsonrpc": "2.0", "id": number}
                )
            )
        case "tools/call":
            send({"id": number, "result": {"content": [{"type": "text", "text": str(os.getpid())}]}})
        case "server/discover" if MODE in ("bare-modern", "header-mismatch"):
            send({"id": number, "result": {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}}})
        case "server/discover" if MODE == "exits-at-probe":
            sys.exit(1)
        case "server/discover" if MODE == "silent-at-probe":
            return
        case _:
            send({"id": number, "error": {"code": -32601, "message": "Method not found"}})


def main() -> None:
    match MODE:
        case "dies":
            print("cannot read the licence file", file=sys.stderr)
            sys.exit(4)
        case "noisy":
            for number in range(20_000):
                print(f"noise {number} " + "x" * 200, file=sys.stderr)
        case "strays":
            print('Welcome to the raw server!\n{"not": "protocol"}', flush=True)
        case "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen(
                [sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(600)"]
            )
            with open(sys.argv[2], "w", encoding="utf-8") as file:
                file.write(f"{os.getpid()} {child.pid}")
        case _:
            pass
    for line in sys.stdin:
        if MODE != "mute":
            answer(json.loads(line))
    if MODE == "stubborn":
        signal.pause()


main()
