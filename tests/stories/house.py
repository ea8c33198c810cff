"""Runtimes that share one store, one guest, one clock and one upstream: the processes of a story."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from programs import Lent, Speaking
from upstream import Upstream

from toolscript.ports import Guest, RunStore
from toolscript.runs.condition import Condition
from toolscript.runs.entry import Entry
from toolscript.runs.policy import Policy, Rule
from toolscript.runs.program import Language
from toolscript.runs.result import Result
from toolscript.runtime.runtime import Runtime
from toolscript.testing.clock import FakeClock


@dataclass
class House:
    store: RunStore
    guest: Guest
    clock: FakeClock = field(default_factory=FakeClock)
    upstream: Upstream = field(default_factory=Upstream)

    @property
    def language(self) -> Language:
        return self.guest.language

    def process(self, **options: Any) -> Speaking:
        """One more process on the store; by default it asks before `w.drop` and before every write of over 100."""
        options.setdefault("policy", ASKING)
        options.setdefault("store", Lent(self.store))
        options.setdefault("connectors", [self.upstream.connector()])
        options.setdefault("clock", self.clock)
        return Speaking(guest=self.guest, **options)

    @property
    def done(self) -> list[str]:
        return self.upstream.done

    async def log(self, run: str) -> list[Entry]:
        return (await self.store.read(run))[1]

    async def status(self, run: str) -> str:
        return (await self.store.read(run))[0].status


def rule(verdict: Any, *tools: str, when: str = "", **more: Any) -> Rule:
    conditions = (Condition.parse(when),) if when else ()
    return Rule(verdict=verdict, tools=tools or ("*",), when=conditions, **more)


ASKING = Policy((rule("deny", "w.drop", when='name == "system"'), rule("ask", "w.drop"),
                 rule("ask", "w.write", "w.pay", when="amount > 100")))  # fmt: skip


async def until(condition: Callable[[], Any]) -> None:
    """Wait for what another task brings about, and not for long."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - there is no event for it: it is seen from outside
            await asyncio.sleep(0.001)


async def ends(runtime: Runtime, run: str) -> Result:
    """The result of a run that has ended, or waits for a person."""
    return await asyncio.wait_for(runtime.wait(run), 20)


async def reaches(runtime: Runtime, run: str, wanted: str | Callable[[Result], Any]) -> Result:
    """What a run has come to, as soon as it has this status, or is as wanted."""
    async with asyncio.timeout(20):
        while True:
            result = await runtime.result(run)
            if result.status == wanted or (callable(wanted) and wanted(result)):
                return result
            await asyncio.sleep(0.001)
