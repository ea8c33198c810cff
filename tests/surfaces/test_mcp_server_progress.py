"""How far a run is, told to a client that asked."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from mcp_parts import connected

from toolscript.codec import Encoded
from toolscript.ports import CallEnded, CallProgressed, CallStarted
from toolscript.runs.turn import Called, Returned, Settled
from toolscript.surfaces.mcp_server.progress import ProgressTeller
from toolscript.testing.clock import FakeClock
from toolscript.tools import Progress

START = 1_700_000_000_000


class Told:
    """What a client heard, and when."""

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.messages: list[tuple[float, str]] = []
        self.enough = asyncio.Event()
        self.wanted = 0
        self.teller = ProgressTeller(self.report, self.clock)

    async def report(self, seconds: float, message: str) -> None:
        self.messages.append((seconds, message))
        if len(self.messages) >= self.wanted:
            self.enough.set()

    async def until(self, wanted: int) -> None:
        self.wanted = wanted
        self.enough.clear()
        async with asyncio.timeout(10):
            await self.enough.wait()


def started(seq: int, path: str) -> CallStarted:
    return CallStarted("run_1", Called(seq, path, Encoded("{}")))


def ended(seq: int) -> CallEnded:
    return CallEnded("run_1", Settled(seq, Returned(Encoded("null"))), 1)


async def test_a_silent_run_is_reported_at_least_every_ten_seconds() -> None:
    told = Told()
    telling = asyncio.create_task(told.teller.tell())
    told.teller.observed(started(1, "crm.export"))
    await told.until(12)
    telling.cancel()
    times = [seconds for seconds, _ in told.messages]
    assert all(0 < later - sooner <= 10 for sooner, later in pairwise(times))
    assert {message for _, message in told.messages} == {"calling crm.export; 0 calls done"}


async def test_a_run_that_waits_for_its_servers_says_so() -> None:
    told = Told()
    telling = asyncio.create_task(told.teller.tell())
    await told.until(1)
    telling.cancel()
    assert told.messages == [(9.0, "waiting for servers to connect")]


async def test_starts_and_ends_are_told_soon_and_summed_up() -> None:
    told = Told()
    telling = asyncio.create_task(told.teller.tell())
    for seq in range(1, 6):
        told.teller.observed(started(seq, f"crm.call{seq}"))
    await told.until(1)
    assert told.messages[0] == (0.001, "calling crm.call1, crm.call2, crm.call3 and 2 more; 0 calls done")
    for seq in range(1, 6):
        told.teller.observed(ended(seq))
    await told.until(2)
    telling.cancel()
    seconds, message = told.messages[1]
    assert (seconds < 1, message) == (True, "5 calls done")


async def test_thousands_of_calls_make_few_messages() -> None:
    told = Told()
    telling = asyncio.create_task(told.teller.tell())
    for seq in range(1, 2_001):
        told.teller.observed(started(seq, "crm.find"))
        told.teller.observed(ended(seq))
        await asyncio.sleep(0)
    telling.cancel()
    seconds = (told.clock.now() - START) / 1_000
    assert len(told.messages) <= 2 + seconds / 0.25


async def test_what_a_tool_reports_is_passed_on() -> None:
    told = Told()
    telling = asyncio.create_task(told.teller.tell())
    told.teller.observed(started(1, "crm.export"))
    told.teller.observed(CallProgressed("run_1", 1, Progress(30, 100, "page 3")))
    await told.until(1)
    telling.cancel()
    assert told.messages[0][1] == "calling crm.export (30/100: page 3); 0 calls done"


async def test_a_client_hears_of_calls_in_both_eras() -> None:
    for mode in ("auto", "legacy"):
        heard: list[Any] = []
        told = asyncio.Event()

        async def on_progress(
            progress: float, total: float | None, message: str | None, heard: list[Any] = heard, told: Any = told
        ) -> None:
            heard.append((progress, total, message))
            told.set()

        async with connected("http", mode) as client:
            code = "await crm.forever({})"  # a run that ends soon may end before anything is told of it
            calling = asyncio.create_task(client.call_tool("execute", {"code": code}, progress_callback=on_progress))
            async with asyncio.timeout(20):
                await told.wait()
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
            await client.call_tool("execute", {"code": "return 1"})  # asked for none, and gets none
        assert all(total is None for _, total, _ in heard)
        assert heard[-1][2] == "calling crm.forever; 0 calls done"
