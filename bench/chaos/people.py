"""The people: approve what waits, half of it with an edit, and say what became of what is uncertain.

They drive no run: all that they do goes through the store. Of an uncertain call they ask the upstream. What took effect
is done, what was refused has failed, what is still under way is looked at again later, and the rest is to be retried.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys

from bench.chaos.plan import Plan
from bench.chaos.upstream import ask
from bench.chaos.worker import connector
from toolscript.errors import Conflict
from toolscript.runs.entry import Actor
from toolscript.runs.result import CallRecord
from toolscript.runtime.runtime import Runtime
from toolscript.stores.sqlite import SQLiteStore

APPROVER, SETTLER = Actor("approver", "chaos"), Actor("settler", "chaos")
LOOK_EVERY_S = 0.1


async def decide(runtime: Runtime, plan: Plan, run: str, call: CallRecord) -> bool:
    """Decide on one call; False if it cannot be said yet."""
    if call.status == "pending":
        args = json.loads(call.args)
        what = plan.what(args["what"], args["item"])
        edited = None if what == args["what"] else {**args, "what": what}
        await runtime.approve(run, call.seq, args=edited, by=APPROVER)
        return True
    state = await ask(plan.socket, do="state", key=f"{run}:{call.seq}")
    if state["under_way"]:
        return False
    if state["effects"]:
        await runtime.settle(run, call.seq, "done", value=state["effects"][-1], by=SETTLER)
    elif state["refused"]:
        await runtime.settle(run, call.seq, "fail", reason="the upstream refused it", by=SETTLER)
    else:
        await runtime.settle(run, call.seq, "retry", by=SETTLER)
    return True


async def look(runtime: Runtime, plan: Plan, seen: dict[str, tuple[int, int]]) -> None:
    """Decide on all that waits; `seen` are the runs that wait for nobody, by the fence and the decisions of then."""
    for record in await runtime.recent(limit=plan.runs, status="parked"):
        state = (record.fence, record.decisions)
        if seen.get(record.id) == state:
            continue
        pending = (await runtime.result(record.id)).pending
        try:
            decided = [await decide(runtime, plan, record.id, call) for call in pending]
        except Conflict as conflict:
            print(conflict, file=sys.stderr, flush=True)
            continue
        if not pending and all(decided):
            seen[record.id] = state


async def main(plan: Plan) -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    seen: dict[str, tuple[int, int]] = {}
    async with Runtime([connector(plan)], store=SQLiteStore(plan.file), role="client") as runtime:
        while not told.is_set():
            await look(runtime, plan, seen)
            await asyncio.sleep(LOOK_EVERY_S)


if __name__ == "__main__":
    asyncio.run(main(Plan.handed()))
