"""Other systems in the same run, where they are installed: raw pydantic-monty, and FastMCP's code mode."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.util import find_spec
from time import perf_counter

from bench.rows import Row, middle


async def rows() -> AsyncIterator[Row]:
    if find_spec("pydantic_monty"):
        for row in _monty():
            yield row
    if find_spec("fastmcp"):
        async for row in _fastmcp():
            yield row


def _monty() -> list[Row]:
    from pydantic_monty import Monty

    def add(a: int, b: int) -> int:
        return a + b

    def run(code: str, times: int) -> float:
        samples: list[float] = []
        for _ in range(times):
            began = perf_counter()
            with pool.checkout(limits={"max_suspensions": 10_000}) as session:
                session.feed_run(code, external_lookup={"add": add})
            samples.append((perf_counter() - began) * 1e3)
        return middle(samples)

    with Monty(min_processes=1, max_processes=1, request_timeout=30) as pool:
        run("1+1", 5)
        calls = "t = 0\nfor i in range(200):\n    t = t + add(i, 1)\nt"
        return [
            Row("pydantic-monty: fresh session, 1+1", run("1+1", 50), "ms"),
            Row("pydantic-monty: one sequential call", run(calls, 10) / 200, "ms"),
        ]


async def _fastmcp() -> AsyncIterator[Row]:
    from fastmcp import Client, FastMCP
    from fastmcp.experimental.transforms.code_mode import CodeMode

    server = FastMCP("bench")

    @server.tool
    async def add(a: int, b: int) -> int:
        return a + b

    server.add_transform(CodeMode(max_tool_calls=None))
    async with Client(server) as client:

        async def run(code: str, times: int) -> float:
            samples: list[float] = []
            for _ in range(times):
                began = perf_counter()
                await client.call_tool("execute", {"code": code})
                samples.append((perf_counter() - began) * 1e3)
            return middle(samples)

        await run("return 1 + 1", 2)
        yield Row("FastMCP code mode: 1+1", await run("return 1 + 1", 20), "ms")
        loop = "for i in range(100):\n    r = await call_tool('add', {'a': i, 'b': 1})\n    t = t + r['result']"
        calls = f"t = 0\n{loop}\nreturn t"
        yield Row("FastMCP code mode: one sequential call", await run(calls, 5) / 100, "ms")
