"""Law: crash anywhere. Whichever write to the store is the last one, another process brings the run to its end."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from places import Place, told
from programs import Lent, Program, Speaking, program
from upstream import Upstream

from toolscript.errors import Conflict, Fault
from toolscript.ports import Guest, RunStore
from toolscript.runs.entry import Answered, Claimed, Decided, Intended
from toolscript.runs.policy import Policy, Rule
from toolscript.runs.result import Result
from toolscript.runs.turn import Returned
from toolscript.runtime.runtime import Runtime
from toolscript.stores.memory import MemoryStore
from toolscript.stores.sqlite import SQLiteStore
from toolscript.testing.clock import FakeClock
from toolscript.testing.failing_store import FailingStore

ASKS = Policy((Rule(verdict="ask", tools=("w.drop",)),))

READS = {
    "reads_in_a_row": program(
        "let s = 0; for (let i = 0; i < 4; i++) s += await w.read({ i }); return s",
        """
        s = 0
        for i in range(4):
            s += await w.read(i=i)
        return s""",
    ),
    "reads_at_once": program(
        "return Promise.all([3, 1, 2].map((i) => w.read({ i })))",
        "return await asyncio.gather(*(w.read(i=i) for i in [3, 1, 2]))",
    ),
    "a_caught_failure": program(
        "try { await w.fail({}) } catch (e) { return [e.message, await w.read({ i: 1 })] }",
        """
        try:
            await w.fail()
        except Exception as e:
            return [str(e), await w.read(i=1)]""",
    ),
    "sleeps": program(
        "const r = [await w.read({ i: 1 })]; await codemode.sleep(60); r.push(await w.read({ i: 2 })); return r",
        "r = [await w.read(i=1)]\nawait codemode.sleep(60)\nr.append(await w.read(i=2))\nreturn r",
    ),
    "short_timers": program(
        "setTimeout(() => console.log('x'), 100); await codemode.sleep(1); return await w.read({ i: 5 })",
        """
        async def later():
            await asyncio.sleep(0.1)
            print('x')
        await asyncio.gather(later(), codemode.sleep(1))
        return await w.read(i=5)""",
    ),
}
WRITES = {
    "keyed_writes": program(
        "const r = []; for (const to of ['a', 'b', 'c']) r.push(await w.pay({ to })); return r",
        "return [await w.pay(to=to) for to in 'abc']",
    ),
    "keyed_writes_at_once": program(
        "return Promise.all(['a', 'b', 'c'].map((to) => w.pay({ to })))",
        "return await asyncio.gather(*(w.pay(to=to) for to in 'abc'))",
    ),
    "plain_writes": program(
        "const r = []; for (const key of ['a', 'b']) r.push(await w.write({ key })); return r",
        "return [await w.write(key=key) for key in 'ab']",
    ),
    "plain_writes_at_once": program(
        """
        return (await Promise.allSettled(['a', 'b', 'c'].map((key) => w.write({ key })))).map((s) => s.status)""",
        """
        all = await asyncio.gather(*(w.write(key=key) for key in 'abc'), return_exceptions=True)
        return [isinstance(one, Exception) for one in all]""",
    ),
    "all_sorts_at_once": program(
        """
        const all = await Promise.allSettled([w.read({ i: 1 }), w.pay({ to: 'x' }), w.write({ key: 'y' }), w.fail({})]);
        return [all.map((s) => s.value ?? s.reason.message), await w.pay({ to: 'last' })]""",
        """
        all = [w.read(i=1), w.pay(to='x'), w.write(key='y'), w.fail()]
        return [[str(one) for one in await asyncio.gather(*all, return_exceptions=True)], await w.pay(to='last')]""",
    ),
    "an_approval": program(
        """
        const before = await w.pay({ to: 'before' });
        const asked = await w.drop({ name: 'table' }).catch((e) => e.message);
        return [before, asked, await w.pay({ to: 'after' })]""",
        """
        before = await w.pay(to='before')
        try:
            asked = await w.drop(name='table')
        except Exception as e:
            asked = str(e)
        return [before, asked, await w.pay(to='after')]""",
    ),
    "approvals_at_once_beside_a_timer": program(
        """
        const asks = Promise.allSettled([w.drop({ name: 'a' }), w.drop({ name: 'b' }), w.pay({ to: 'p' })]);
        await codemode.sleep(30);
        return (await asks).map((s) => s.status)""",
        """
        asks = [asyncio.create_task(call) for call in [w.drop(name='a'), w.drop(name='b'), w.pay(to='p')]]
        await codemode.sleep(30)
        return [str(one) for one in await asyncio.gather(*asks, return_exceptions=True)]""",
    ),
    "un_awaited_writes": program(
        "w.write({ key: 'a' }); w.pay({ to: 'b' }); return 'done'",
        "asyncio.create_task(w.write(key='a')); asyncio.create_task(w.pay(to='b'))\nreturn 'done'",
    ),
    "state": program(
        "await codemode.state.set('n', 1); await w.pay({ to: 'x' }); return await codemode.state.get('n')",
        "await codemode.state.set('n', 1)\nawait w.pay(to='x')\nreturn await codemode.state.get('n')",
    ),
    "a_failing_program": program(
        "await w.pay({ to: 'x' }); await w.write({ key: 'y' }); throw new Error('mine')",
        "await w.pay(to='x')\nawait w.write(key='y')\nraise ValueError('mine')",
    ),
}
Mode = Literal["before", "after"]
MOST_WRITES = 60
CUTS = [
    told(Place("typescript", "memory"), "before"),
    told(Place("typescript", "sqlite"), "after"),
    told(Place("python", "memory"), "after"),
    told(Place("python", "sqlite"), "before"),
    told(Place("cpython", "memory"), "after"),
]
"""Each language with each store and each end, though not each with each."""


@pytest.fixture
def new_store(place: Place, tmp_path: Path) -> Callable[[int], RunStore]:
    """A new store, opened again by any number of processes."""
    return (lambda n: MemoryStore()) if place.store == "memory" else lambda n: SQLiteStore(tmp_path / f"runs{n}.db")


@dataclass
class Life:
    """A program that was gone on with after a crash."""

    result: Result
    upstream: Upstream
    entries: list[Any]
    crashed: bool


async def crashed_at(code: Program, store: RunStore, guest: Guest, fail_at: int, mode: Mode) -> Life:
    """Run a program whose process is gone at a write, and let another process finish it."""
    clock, upstream = FakeClock(), Upstream()
    failing = FailingStore(Lent(store), fail_at, mode=mode, for_good=True)  # type: ignore[arg-type]

    def process(on: Any) -> Speaking:
        return Speaking([upstream.connector()], store=on, clock=clock, policy=ASKS, guest=guest)

    with contextlib.suppress(Fault):
        async with process(failing) as first:
            await finished(first, code)
    clock.set(clock.now() + 20_000)  # its lease is over
    async with process(Lent(store)) as second:
        result = await finished(second, code)
        replayed = await second.replay(result.run)
        assert replayed == result.outcome
        record, entries = await store.read(result.run)
        assert record.status == result.status
    return Life(result, upstream, entries, failing.failed)


async def finished(runtime: Speaking, code: Program) -> Result:
    """The result of the program, with a person who answers whatever is asked."""
    run = await runtime.start(code, key="once")
    for _ in range(MOST_WRITES):
        result = await asyncio.wait_for(runtime.wait(run), 20)
        if result.outcome is not None:
            return result
        for call in result.pending:
            with contextlib.suppress(Conflict):  # it was decided by the process that is gone
                if call.status == "uncertain":
                    choice = ("retry", "done", "fail")[call.seq % 3]
                    await runtime.settle(run, call.seq, choice, value="settled" if choice == "done" else None)
                elif call.seq % 3:
                    await runtime.approve(run, call.seq)
                else:
                    await runtime.reject(run, call.seq, reason="no")
    raise AssertionError(f"it never ends: {result}")


def check(life: Life) -> None:
    """What must hold of every life, wherever it was cut."""
    run, upstream = life.result.run, life.upstream
    calls = {call.seq: call for call in life.result.calls}
    retried = [e.seq for e in life.entries if isinstance(e, Decided) and e.choice == "retry"]
    intended = [e.seq for e in life.entries if isinstance(e, Intended)]
    answered = [e.seq for e in life.entries if isinstance(e, Answered)]
    assert intended == sorted(set(intended))
    assert sorted(answered) == intended
    for key, times in upstream.attempts.items():
        seq = int(key.rpartition(":")[2])
        assert key == f"{run}:{seq}"
        assert seq in calls, "something happened that the log does not know"
        if calls[seq].path != "w.pay":
            assert times <= 1 + retried.count(seq), f"{calls[seq].path} happened {times} times"
    for seq, call in calls.items():
        by_hand = call.decided is not None and call.decided.choice == "done"
        if call.effect == "write" and isinstance(call.answer, Returned) and call.path.startswith("w.") and not by_hand:
            assert upstream.attempts[f"{run}:{seq}"] >= 1, "the log says that something happened, and it did not"


async def test_a_runtime_whose_store_fails_while_it_is_left_is_left():
    asked, gate = asyncio.Event(), asyncio.Event()

    class Failing(Lent):
        async def claim(self, **_: Any) -> None:
            asked.set()
            await gate.wait()
            raise Fault("the disk is gone")

    async with asyncio.timeout(20):
        async with Runtime(store=Failing(MemoryStore())):
            await asked.wait()
            asyncio.get_running_loop().call_later(0.01, gate.set)


@pytest.mark.parametrize(("place", "mode"), CUTS, indirect=["place"])
@pytest.mark.parametrize("name", [*READS, *WRITES])
async def test_whichever_write_is_the_last_one_the_run_comes_to_its_end(
    name: str, mode: Mode, new_store: Callable[[int], RunStore], guest: Guest
):
    code = {**READS, **WRITES}[name]
    calm = await crashed_at(code, new_store(0), guest, 0, mode)
    check(calm)
    for fail_at in range(1, MOST_WRITES):
        kept = new_store(fail_at)
        life = await crashed_at(code, kept, guest, fail_at, mode)
        await kept.close()
        check(life)
        if name in READS or name.startswith("keyed"):
            assert life.result.outcome == calm.result.outcome
        if name.startswith("keyed"):
            assert sorted(life.upstream.effects.values()) == ["pay a 1", "pay b 1", "pay c 1"]
        if not life.crashed:
            assert (
                not any(isinstance(entry, Claimed) for entry in life.entries)
                or "sleep" in str(code)
                or "drop" in str(code)
            )
            return
    raise AssertionError("it was never left alone")
