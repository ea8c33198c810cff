"""Programs through the runtime: fresh sessions, calls in a row and in parallel, many at once, beside a hostile one."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter

from bench.rows import Row, middle, p99
from toolscript import Limits, MemoryStore, Policy, Runtime, SQLiteStore, functions, tool
from toolscript.catalog.catalog import Catalog
from toolscript.guests.javascript.check import inspect
from toolscript.runs.precheck import is_suspect, problems_of
from toolscript.tools import Tool, ToolPath

CALLS = 200
SEQUENTIAL = f"let sum = 0; for (let i = 0; i < {CALLS}; i++) sum += await bench.add({{ a: i, b: 1 }}); return sum"
PARALLEL = (
    "const all = await Promise.all(Array.from({ length: 100 }, (_, i) => bench.add({ a: i, b: 1 }))); return all.length"
)
WRITES = SEQUENTIAL.replace("bench.add", "bench.keep")
SMALL = """
const first = await bench.add({ a: 1, b: 2 });
const [second, third] = await Promise.all([bench.add({ a: first, b: 1 }), bench.add({ a: first, b: 2 })]);
return { first, second, third };
"""
HOSTILE = "while (true) {}"


@tool(effect="read")
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def keep(a: int, b: int) -> int:
    """A write: its intent is committed before it acts, and its answer after."""
    return a + b


def many_tools(count: int) -> list[object]:
    """So many distinct function tools, of forty services."""
    namespace: dict[str, object] = {}
    verbs = ("get", "list", "create", "update", "delete", "search", "archive", "share", "export", "count")
    made: list[object] = []
    for number in range(count):
        name = f"{verbs[number % 10]}_item_{number}"
        exec(
            f"async def {name}(owner: str, name: str, limit: int = 10) -> dict[str, str]:\n"
            f"    '''{verbs[number % 10].title()} item number {number} of an owner.'''\n"
            "    return {'owner': owner}\n",
            namespace,
        )
        made.append(namespace[name])
    return made


async def samples_of(runtime: Runtime, code: str, times: int, warm: int = 5) -> list[float]:
    """Milliseconds of each run of a program, after some to warm up."""
    samples: list[float] = []
    for number in range(times + warm):
        began = perf_counter()
        result = await runtime.run(code)
        took = (perf_counter() - began) * 1e3
        result.value  # noqa: B018 - raises if the run failed
        if number >= warm:
            samples.append(took)
    return samples


def check_of_fifty_lines() -> Row:
    """The check of a program before it starts: text, tree and facts against 100,000 tools."""
    lines = "const f{n} = await m.item_{n}({{ id: {n} }});\nfor (const x of f{n}.filter((r) => r.on)) sum += x.v;\n"
    code = "let sum = 0;\n" + "".join(lines.format(n=n) for n in range(24)) + "return sum"
    tools = [
        Tool(path=ToolPath("m", f"item_{n}"), raw_name=f"item_{n}", description="", input_schema={})
        for n in range(100_000)
    ]
    catalog, samples = Catalog.empty().replace("m", tools), list[float]()
    for _ in range(50):
        began = perf_counter()
        facts = inspect(code) if is_suspect(code, catalog) else None
        assert facts is not None
        assert not problems_of(facts, catalog, Policy())
        samples.append((perf_counter() - began) * 1e3)
    return Row("check of 50 lines before they start, 100,000 tools", middle(samples), "ms", 5)


async def rows() -> AsyncIterator[Row]:
    yield check_of_fifty_lines()
    for isolation, bar in (("threads", 0.5), ("workers", 0.8)):
        async with Runtime([functions("bench", add)], isolation=isolation) as runtime:
            yield Row(
                f"fresh session, 1+1, in memory, {isolation}",
                middle(await samples_of(runtime, "1+1", 500, 200)),
                "ms",
                bar,
            )
            async for row in _calls(runtime, isolation):
                yield row
    async for row in _stores():
        yield row
    yield await _throughput()
    async for row in _beside_a_loop():
        yield row


async def _calls(runtime: Runtime, isolation: str) -> AsyncIterator[Row]:
    in_process = isolation == "threads"
    plain = await _plain_calls()
    one = middle(await samples_of(runtime, SEQUENTIAL, 50)) / CALLS
    yield Row(f"one sequential call, in memory, {isolation}", one, "ms", 0.12 if in_process else None)
    yield Row(f"one sequential call / plain function call, {isolation}", one / plain, "ratio")
    parallel = middle(await samples_of(runtime, PARALLEL, 50))
    yield Row(f"100 parallel calls, in memory, {isolation}", parallel, "ms", 6.0 if in_process else None)


async def _plain_calls() -> float:
    """Milliseconds of one plain awaited call of the same function."""
    began = perf_counter()
    for number in range(20_000):
        await add.fn(number, 1)
    return (perf_counter() - began) * 1e3 / 20_000


async def _stores() -> AsyncIterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        async with Runtime([functions("bench", add, keep)], store=SQLiteStore(Path(folder) / "runs.db")) as runtime:
            one = middle(await samples_of(runtime, SEQUENTIAL, 50)) / CALLS
            yield Row("one sequential call, SQLite, threads", one, "ms", 0.25)
            one = middle(await samples_of(runtime, WRITES, 50)) / CALLS
            yield Row("one sequential write, SQLite, threads", one, "ms", 0.35)
            yield Row("fresh session, 1+1, SQLite, threads", middle(await samples_of(runtime, "1+1", 200)), "ms")
    async with Runtime([functions("bench", keep)]) as runtime:
        one = middle(await samples_of(runtime, WRITES, 50)) / CALLS
        yield Row("one sequential write, in memory, threads", one, "ms")
    costs: dict[int, float] = {}
    for count in (10, 10_000):
        async with Runtime([functions("bench", add, *many_tools(count))], store=MemoryStore()) as runtime:
            costs[count] = middle(await samples_of(runtime, SEQUENTIAL, 50)) / CALLS
    yield Row("one sequential call, 10,000 tools", costs[10_000], "ms", 0.12)
    yield Row("one sequential call, 10,000 tools / 10 tools", costs[10_000] / costs[10], "ratio", 1.2)


async def _throughput() -> Row:
    async with Runtime([functions("bench", add)], isolation="workers") as runtime:
        await samples_of(runtime, SMALL, 20)
        count, at_once = 1_500, 16
        waiting = iter(range(count))

        async def keep_running() -> None:
            for _ in waiting:
                (await runtime.run(SMALL)).value  # noqa: B018 - raises if the run failed

        began = perf_counter()
        await asyncio.gather(*(keep_running() for _ in range(at_once)))
        return Row("programs of 3 calls a second, workers", count / (perf_counter() - began), "1/s", 600, at_most=False)


async def _beside_a_loop() -> AsyncIterator[Row]:
    """How long other runs wait because of an endless loop: their time beside one, less their time alone."""
    for isolation in ("threads", "workers"):
        async with Runtime([functions("bench", add)], isolation=isolation) as runtime:
            alone = p99(await samples_of(runtime, SMALL, 200, 20))
            loop = asyncio.create_task(runtime.run(HOSTILE, limits=Limits(cpu_ms=30_000, instructions=10**12)))
            beside = p99(await samples_of(runtime, SMALL, 300))
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)
            yield Row(f"wait of others beside an endless loop, p99, {isolation}", max(0.0, beside - alone), "ms", 50)
