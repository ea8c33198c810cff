"""One run on one of two roads: woken from its snapshots at every park, or replayed because there is none."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, cast

from toolscript.ports import Event, Guest, RunEnded, RunParked, RunStore, Session
from toolscript.runs.entry import Answered, Ended, Entry
from toolscript.runs.program import Boot, Instant, Limits
from toolscript.runs.result import CallRecord, Result
from toolscript.runs.turn import Settled, Turn, Usage
from toolscript.runtime.runtime import Runtime
from toolscript.stores.memory import MemoryStore
from toolscript.testing.clock import FakeClock
from toolscript.testing.corpus import Example, corpus_connector, corpus_policy

Road = Literal["snapshot", "replay"]
MOST_PARKS = 200  # a program of the corpus that parks more often is a mistake

ROUNDS = 30  # of the event loop: in these a call that waits for no time comes to its answer


class SteadyGuest:
    """A guest while whose threads compute no time passes, and which can be made to take no snapshots.

    What is in flight beside a turn ends in it, whether the turn took a thread's time or none: else the order in which
    answers arrive would be that of a race, and differ from road to road.
    """

    def __init__(self, guest: Guest, clock: FakeClock, road: Road) -> None:
        self._guest, self._clock, self._road = guest, clock, road
        self.language, self.engine = guest.language, guest.engine
        self.restored = 0

    async def start(self, boot: Boot) -> Session:
        with self._clock.held():
            return SteadySession(await self._guest.start(boot), self._clock, self._road)

    async def restore(self, boot: Boot, snapshot: bytes) -> Session:
        self.restored += 1
        with self._clock.held():
            return SteadySession(await self._guest.restore(boot, snapshot), self._clock, self._road)

    async def compiled(self, code: str) -> str:
        with self._clock.held():
            return await self._guest.compiled(code)

    async def close(self) -> None:
        """The guest is shared, and goes on."""


@dataclass
class SteadySession:
    session: Session
    clock: FakeClock
    road: Road

    async def advance(self, answers: Sequence[Settled], now: Instant) -> Turn:
        with self.clock.held():
            turn = await self.session.advance(answers, now)
            for _ in range(ROUNDS):
                await asyncio.sleep(0)
            return turn

    async def snapshot(self) -> bytes | None:
        with self.clock.held():
            return await self.session.snapshot() if self.road == "snapshot" else None

    async def close(self) -> None:
        await self.session.close()


class SteadyStore:
    """A store while whose threads write no time passes."""

    def __init__(self, store: RunStore, clock: FakeClock) -> None:
        self._store, self._clock = store, clock

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return method if name == "rung" else partial(self._held, method)

    def _held(self, method: Any, *args: Any, **named: Any) -> Any:
        done = asyncio.ensure_future(method(*args, **named))  # queued by the call, as `Store.append` promises
        held = self._clock.held()
        held.__enter__()
        done.add_done_callback(lambda _: held.__exit__(None, None, None))
        return done


class Watch:
    """Stops the clock as soon as the run is parked or over, until somebody has looked at it."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._held = clock.held()
        self._rest = asyncio.Event()
        self._rests = self._looked_at = 0

    def observed(self, event: Event) -> None:
        if isinstance(event, RunParked | RunEnded):
            self._rests += 1
            if not self._rest.is_set():
                self._held = self._clock.held()
                self._held.__enter__()
                self._rest.set()

    async def rest(self) -> None:
        await asyncio.wait_for(self._rest.wait(), 30)
        self._looked_at = self._rests

    def go_on(self) -> None:
        """Let time pass again, unless the run is at rest once more: what people decided may need no time."""
        if self._rests == self._looked_at:
            self._rest.clear()
            self._held.__exit__(None, None, None)


@dataclass
class Travelled:
    result: Result
    entries: list[Entry]
    parks: int
    restored: int


async def travel(example: Example, guest: Guest, road: Road, *, store: RunStore | None = None) -> Travelled:
    """Run a program to its end, with the same answers of people on both roads."""
    clock = FakeClock()
    steady = SteadyGuest(guest, clock, road)
    store = cast("RunStore", SteadyStore(store, clock)) if store else MemoryStore()
    watch = Watch(clock)
    async with Runtime(
        [corpus_connector()],
        store=store,
        clock=clock,
        guests={example.language: steady},
        policy=corpus_policy(),
        limits=Limits(wall_ms=600_000),
        observers=[watch],
        entropy=bytes,
    ) as runtime:
        run = await runtime.start(example.code, language=example.language)
        for parks in range(MOST_PARKS):
            await watch.rest()
            result = await runtime.result(run)
            if result.outcome is not None:
                record, entries = await store.read(run)
                ended = any(call.decided and call.decided.choice == "end" for call in result.calls)
                assert await runtime.replay(run) == (None if ended else result.outcome)
                return Travelled(result, entries, parks, steady.restored)
            await decided(runtime, result, parks)
            # As long as time stands still: the run may wake, and park again, after it.
            record, _ = await store.read(run)
            watch.go_on()
            if not result.pending or (parks % 3 == 2 and sleeps(result)):
                await clock.advance(max(0, record.wake_at - clock.now()) / 1_000)
    raise AssertionError(f"still parked after {MOST_PARKS} times: {result}")


def sleeps(result: Result) -> bool:
    return any(call.path == "codemode.sleep" and call.answer is None for call in result.calls)


async def decided(runtime: Runtime, result: Result, parks: int) -> None:
    """Answer one pending call, or all of the same sort; or none, if a timer may come first."""
    if not result.pending or (parks % 3 == 2 and sleeps(result)):
        return
    first = result.pending[parks % len(result.pending)]
    how = wanted(first)
    seqs = [first.seq]
    if parks % 2 and how != "edit":
        seqs = [call.seq for call in result.pending if wanted(call) == how]
    match how:
        case "approve":
            await runtime.approve(result.run, *seqs)
        case "edit":
            await runtime.approve(result.run, *seqs, args=edited(first))
        case "reject":
            await runtime.reject(result.run, *seqs, reason="not on a Friday")
        case "end":
            await runtime.reject(result.run, *seqs, end=True)


def wanted(call: CallRecord) -> Literal["approve", "edit", "reject", "end"]:
    """What people say of a call: by its number alone, so that it is the same on both roads."""
    if call.seq % 17 == 16:
        return "end"
    return ("approve", "edit", "approve", "approve", "reject")[call.seq % 5]


def edited(call: CallRecord) -> dict[str, Any]:
    return {"key": f"edited {call.seq}"} if call.path == "t.put" else {"i": 1_000 + call.seq}


def comparable(entries: Sequence[Entry]) -> list[Entry]:
    """A log without what real time is in: how long tools took, and what the engine cost."""
    return [
        replace(entry, duration_us=0)
        if isinstance(entry, Answered)
        else replace(entry, usage=Usage(instructions=entry.usage.instructions))
        if isinstance(entry, Ended)
        else entry
        for entry in entries
    ]
