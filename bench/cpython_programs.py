"""Programs in CPython through the runtime: fresh processes, and calls in a row and in parallel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter

from bench.programs import CALLS, add
from bench.python_programs import PARALLEL, SEQUENTIAL
from bench.rows import Row, middle
from toolscript import Runtime, functions
from toolscript.guests.cpython.checkup import checkup

PAUSE_S = 0.02  # between programs: the next process is started in it, as it is where programs do not come in a row


async def samples_of(runtime: Runtime, code: str, times: int) -> list[float]:
    """Milliseconds of each run of a program, after some to warm up."""
    samples: list[float] = []
    for number in range(times + 5):
        await asyncio.sleep(PAUSE_S)
        began = perf_counter()
        result = await runtime.run(code, language="cpython")
        took = (perf_counter() - began) * 1e3
        result.value  # noqa: B018 - raises if the run failed
        if number >= 5:
            samples.append(took)
    return samples


async def rows() -> AsyncIterator[Row]:
    began = perf_counter()
    if (await checkup()).problem is not None:
        return
    yield Row("CPython: first program, with the start of the zygote", (perf_counter() - began) * 1e3, "ms")
    async with Runtime([functions("bench", add)]) as runtime:
        yield Row("CPython: fresh process, 1+1, in memory", middle(await samples_of(runtime, "1+1", 200)), "ms", 6)
        one = middle(await samples_of(runtime, SEQUENTIAL, 20)) / CALLS
        yield Row("CPython: one sequential call, in memory", one, "ms", 0.25)
        yield Row("CPython: 100 parallel calls, in memory", middle(await samples_of(runtime, PARALLEL, 20)), "ms", 20)
