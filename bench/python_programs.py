"""Programs in Python through the runtime: fresh sessions, calls in a row and in parallel, asleep, beside a loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter

from bench.programs import CALLS, add
from bench.rows import Row, middle, p99
from toolscript import Limits, Runtime, functions
from toolscript.codec import Encoded
from toolscript.guests.python.guest import PythonGuest
from toolscript.runs.program import Boot, Program
from toolscript.runs.turn import Returned, Settled

SEQUENTIAL = f"""
total = 0
for i in range({CALLS}):
    total += await bench.add(a=i, b=1)
return total
"""
PARALLEL = """
import asyncio
return len(await asyncio.gather(*[bench.add(a=i, b=1) for i in range(100)]))
"""
SMALL = """
import asyncio
first = await bench.add(a=1, b=2)
second, third = await asyncio.gather(bench.add(a=first, b=1), bench.add(a=first, b=2))
return {"first": first, "second": second, "third": third}
"""
HOSTILE = "while True: pass"
SLEEPER = """
rows = [{"id": n, "name": f"person {n}"} for n in range(20)]
found = await bench.add(a=1, b=2)
return {"found": found, "rows": len(rows)}
"""


async def samples_of(runtime: Runtime, code: str, times: int, warm: int = 5) -> list[float]:
    """Milliseconds of each run of a program, after some to warm up."""
    samples: list[float] = []
    for number in range(times + warm):
        began = perf_counter()
        result = await runtime.run(code, language="python")
        took = (perf_counter() - began) * 1e3
        result.value  # noqa: B018 - raises if the run failed
        if number >= warm:
            samples.append(took)
    return samples


async def rows() -> AsyncIterator[Row]:
    async with Runtime([functions("bench", add)]) as runtime:
        fresh = middle(await samples_of(runtime, "1+1", 500, 200))
        yield Row("Python: fresh session, 1+1, in memory", fresh, "ms", 0.6)
        one = middle(await samples_of(runtime, SEQUENTIAL, 50)) / CALLS
        yield Row("Python: one sequential call, in memory", one, "ms", 0.25)
        yield Row("Python: 100 parallel calls, in memory", middle(await samples_of(runtime, PARALLEL, 50)), "ms", 20)
        alone = p99(await samples_of(runtime, SMALL, 200, 20))
        loop = asyncio.create_task(runtime.run(HOSTILE, language="python", limits=Limits(cpu_ms=30_000)))
        beside = p99(await samples_of(runtime, SMALL, 300))
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        yield Row("Python: wait of others beside an endless loop, p99", max(0.0, beside - alone), "ms", 50)
    async for row in _asleep():
        yield row


async def _asleep() -> AsyncIterator[Row]:
    """A program between two turns: its size, and the time to wake it and let it finish."""
    guest = PythonGuest()
    boot = Boot(program=Program(code=SLEEPER, language="python"), namespaces={"bench": ["add"]})
    samples: list[float] = []
    size = 0
    for _ in range(100):
        session = await guest.start(boot)
        await session.advance((), 0)
        blob = await session.snapshot()
        await session.close()
        assert blob is not None
        size = len(blob)
        began = perf_counter()
        woken = await guest.restore(boot, blob)
        turn = await woken.advance([Settled(1, Returned(Encoded("3")))], 1)
        samples.append((perf_counter() - began) * 1e3)
        assert turn.outcome is not None
    await guest.close()
    yield Row("Python: a small program asleep", size / 1_000, "KB", 10)
    yield Row("Python: a small program wakes and finishes", middle(samples), "ms", 5)
