"""A worker: starts its share of the runs, and drives whatever is due, until it is killed or told to end."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence

from bench.chaos.plan import PROGRAM, Plan
from bench.chaos.upstream import ask
from toolscript.connectors.functions import functions, tool
from toolscript.errors import ToolError
from toolscript.ports import Connector
from toolscript.runs.program import Instant
from toolscript.runtime.clock import SystemClock
from toolscript.runtime.runtime import Runtime
from toolscript.stores.sqlite import SQLiteStore
from toolscript.tools import CallContext


class SkewedClock(SystemClock):
    """A clock that is wrong by so much."""

    def __init__(self, skew_ms: int) -> None:
        self._skew_ms = skew_ms

    def now(self) -> Instant:
        return super().now() + self._skew_ms


def connector(plan: Plan) -> Connector:
    """The upstream's tools."""

    @tool(effect="read")
    async def look(item: int) -> dict[str, int]:
        return await ask(plan.socket, do="look", item=item)

    @tool(keyed=plan.keyed)
    async def add(item: int, what: str, context: CallContext) -> dict[str, str | int]:
        return await ask(plan.socket, do="add", key=context.idempotency_key, what=what)

    @tool(keyed=plan.keyed, destructive=True)
    async def transfer(item: int, what: str, context: CallContext) -> dict[str, str | int]:
        return await ask(plan.socket, do="add", key=context.idempotency_key, what=what)

    @tool(keyed=plan.keyed)
    async def refuse(item: int, context: CallContext) -> None:
        await ask(plan.socket, do="refuse", key=context.idempotency_key)
        raise ToolError("refused")

    return functions("up", look, add, transfer, refuse)


async def start(runtime: Runtime, plan: Plan, items: Sequence[int], over_s: float) -> None:
    """Start what of these is not there yet, spread over the time that is left."""
    there = {run.key for run in await runtime.recent(limit=plan.runs)}
    missing = [item for item in items if plan.key(item) not in there]
    for item in missing:
        await runtime.start(PROGRAM, input={"item": item}, key=plan.key(item))
        await asyncio.sleep(over_s / len(missing))


async def main(plan: Plan, number: int, over_s: float) -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    clock = SkewedClock(plan.random(f"clock {number}").randint(-plan.skew_ms, plan.skew_ms))
    store = SQLiteStore(plan.file)
    async with Runtime([connector(plan)], store=store, clock=clock, lease_ms=plan.lease_ms) as runtime:
        starting = asyncio.create_task(start(runtime, plan, range(number, plan.runs, plan.workers), over_s))
        await told.wait()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(main(Plan.handed(), int(sys.argv[2]), float(sys.argv[3])))
