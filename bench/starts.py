"""Processes: what an import costs, the first result, the first reply, and what lies in memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from bench.rows import Row, middle

FIRST_RESULT = """
import asyncio
from toolscript import Runtime, functions, tool
@tool(effect="read")
async def add(a: int, b: int) -> int:
    return a + b
async def main():
    async with Runtime([functions("bench", add)]) as runtime:
        assert (await runtime.run("return await bench.add({ a: 1, b: 2 })")).value == 3
asyncio.run(main())
"""
LIVE = """
import asyncio, resource
from toolscript import Runtime, functions, tool
gate = None
@tool(effect="read")
async def wait() -> int:
    await gate.wait()
    return 1
async def rss():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()
async def main():
    global gate
    gate = asyncio.Event()
    async with Runtime([functions("bench", wait)]) as runtime:
        runs = [await runtime.start("return await bench.wait({})") for _ in range(20)]
        await asyncio.sleep(0.5)
        before = await rss()
        runs += [await runtime.start("return await bench.wait({})") for _ in range(100)]
        await asyncio.sleep(1)
        print((await rss() - before) / 100 / 1024)
        gate.set()
        for run in runs:
            assert (await runtime.wait(run)).value == 1
asyncio.run(main())
"""


# Users keep bytecode; a shell that forbids it would measure the compiler.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def rows() -> Iterator[Row]:
    bare = middle(_processes("pass", 7))
    imported = middle(_processes("import toolscript", 7))
    yield Row("import toolscript, over bare Python", imported - bare, "ms", 60)
    _processes(FIRST_RESULT, 2)
    yield Row("import to first result, new process", middle(_processes(FIRST_RESULT, 7)), "ms", 300)
    yield Row("bare Python process", bare, "ms")
    if sys.platform.startswith("linux"):
        out = subprocess.run([sys.executable, "-c", LIVE], capture_output=True, text=True, check=True).stdout
        yield Row("memory of a live, waiting session", float(out), "KiB")
    yield Row("first reply of serve on stdio", min(_first_replies(5)), "ms", 400)


def _processes(code: str, times: int) -> list[float]:
    samples: list[float] = []
    for _ in range(times):
        began = perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=ENVIRONMENT)
        samples.append((perf_counter() - began) * 1e3)
    return samples


def _first_replies(times: int) -> list[float]:
    opening = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"},
        },
    }
    samples: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "mcp.json"
        config.write_text('{"mcpServers": {}}')
        command = [sys.executable, "-m", "toolscript", "serve", "--config", str(config)]
        for _ in range(times):
            began = perf_counter()
            with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-3, env=ENVIRONMENT) as server:
                assert server.stdin is not None
                assert server.stdout is not None
                server.stdin.write(json.dumps(opening).encode() + b"\n")
                server.stdin.flush()
                assert json.loads(server.stdout.readline())["id"] == 1
                samples.append((perf_counter() - began) * 1e3)
                server.stdin.close()
    return samples
