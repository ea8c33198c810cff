"""Retry from where it broke: a corrected program takes over what the failed one did, and nothing is done twice."""

import asyncio
from typing import Any

import pytest
from house import House, ends, rule
from programs import program

from toolscript.connectors.functions import functions, tool
from toolscript.errors import Conflict, ToolError
from toolscript.runs.entry import Intended
from toolscript.runs.policy import Policy

FIRST = program(
    "const a = await w.write({ key: 'a', amount: 1 }); const r = await w.read({ i: 1 });",
    "a = await w.write(key='a', amount=1)\nr = await w.read(i=1)",
)
THROW = program("throw new Error('wrong');", "raise ValueError('wrong')")
RETURN = program("return [a, r]", "return [a, r]")
DROP = program("return await w.drop({ name: 'a' })", "return await w.drop(name='a')")
FAILED, FIXED = FIRST + THROW, FIRST + RETURN


async def verdicts(house: House, run: str) -> list[tuple[str, str]]:
    return [(entry.path, entry.verdict) for entry in await house.log(run) if isinstance(entry, Intended)]


async def test_equal_calls_get_the_recorded_answers_and_nothing_is_made_again(house: House):
    async with house.process() as runtime:
        failed = await runtime.run(FAILED)
        assert (failed.status, house.done) == ("failed", ["write a", "read 1"])
        fixed = await runtime.run(FIXED, retry_of=failed.run)
        assert (fixed.value, house.done) == (["wrote a", 10], ["write a", "read 1"])
        assert await verdicts(house, fixed.run) == [("w.write", "replay"), ("w.read", "replay")]
        assert all(failed.run in call.rule for call in fixed.calls)
        assert (await house.store.read(fixed.run))[0].retry_of == failed.run
        assert await runtime.replay(fixed.run) == fixed.outcome
        assert any(line.get("retry_of") == failed.run for line in await runtime.audit(fixed.run))


async def test_the_first_difference_goes_live_and_all_after_it(house: House):
    failed_code = program(
        "for (const key of ['a', 'b', 'c']) await w.write({ key, amount: 1 }); await w.fail({})",
        "for key in 'abc': await w.write(key=key, amount=1)\nawait w.fail()",
    )
    fixed_code = program(
        "for (const key of ['a', 'B', 'c']) await w.write({ key, amount: 1 }); return 'fine'",
        "for key in 'aBc': await w.write(key=key, amount=1)\nreturn 'fine'",
    )
    async with house.process() as runtime:
        failed = await runtime.run(failed_code)
        house.done.clear()
        fixed = await runtime.run(fixed_code, retry_of=failed.run)
        assert (fixed.value, house.done) == ("fine", ["write B", "write c"])
        assert [verdict for _, verdict in await verdicts(house, fixed.run)] == ["replay", "allow", "allow"]


async def test_the_failing_last_call_is_made_again(house: House):
    broken = ["flaky"]

    @tool(effect="read")
    async def shaky() -> str:
        """Fail while it is broken."""
        if broken:
            raise ToolError(f"{broken[0]}: try later")
        return "steady"

    code = program(
        "await w.write({ key: 'a', amount: 1 }); return await x.shaky({})",
        "await w.write(key='a', amount=1)\nreturn await x.shaky()",
    )
    async with house.process(connectors=[house.upstream.connector(), functions("x", shaky)]) as runtime:
        failed = await runtime.run(code)
        assert failed.status == "failed"
        broken.clear()
        fixed = await runtime.run(code, retry_of=failed.run)
        assert (fixed.value, house.done) == ("steady", ["write a"])
        assert await verdicts(house, fixed.run) == [("w.write", "replay"), ("x.shaky", "allow")]


async def test_a_failure_that_the_program_had_caught_is_kept(house: House):
    code = program(
        "const m = await w.fail({}).catch((e) => e.message); await w.write({ key: m, amount: 1 });",
        """
        m = None
        try:
            await w.fail()
        except Exception as e:
            m = str(e)
        await w.write(key=m, amount=1)""",
    )
    async with house.process() as runtime:
        failed = await runtime.run(code + THROW)
        fixed = await runtime.run(code + program("return m", "return m"), retry_of=failed.run)
        assert (fixed.value, house.done) == ("no: test", ["write no: test"])
        assert [verdict for _, verdict in await verdicts(house, fixed.run)] == ["replay", "replay"]


async def test_calls_in_parallel_are_taken_over_in_their_order(house: House):
    code = program(
        """
        const order = [];
        await Promise.all(['a', 'b', 'c'].map(async (key) => { await w.write({ key, amount: 1 }); order.push(key) }));
        console.log(Date.now(), Math.random(), order);""",
        """
        import random, time
        order = []
        async def write(key):
            await w.write(key=key, amount=1)
            order.append(key)
        await asyncio.gather(*(write(key) for key in 'abc'))
        print(time.time(), random.random(), order)""",
    )
    async with house.process() as runtime:
        failed = await runtime.run(code + THROW)
        house.clock.set(house.clock.now() + 50_000)
        fixed = await runtime.run(code + program("return 1", "return 1"), retry_of=failed.run)
        assert (fixed.value, fixed.printed) == (1, failed.printed)
        assert len(house.done) == 3


async def test_a_write_of_which_nobody_knows_is_put_to_a_person(house: House):
    code = program(
        "await w.write({ key: 'a', amount: 1 }); return await w.hang_write({})",
        "await w.write(key='a', amount=1)\nreturn await w.hang_write()",
    )
    async with house.process() as runtime:
        run = await runtime.start(code)
        await asyncio.wait_for(house.upstream.entered.wait(), 20)
        await runtime.cancel(run)
        house.upstream.gate.set()
        parked = await runtime.run(code, retry_of=run)
        assert [(call.path, call.status) for call in parked.pending] == [("w.hang_write", "pending")]
        assert "not known whether it took effect" in parked.pending[0].rule
        assert house.done.count("hang_write") == 1
        await runtime.approve(parked.run)
        assert (await ends(runtime, parked.run)).value == "written"
        assert house.done.count("hang_write") == 2
        assert house.done.count("write a") == 1


async def test_what_was_approved_once_is_not_asked_again(house: House):
    async with house.process() as runtime:
        run = (await runtime.run(program("await w.drop({ name: 'a' });", "await w.drop(name='a')") + THROW)).run
        await runtime.approve(run)
        assert (await ends(runtime, run)).status == "failed"
        fixed = await runtime.run(DROP, retry_of=run)
        assert (fixed.value, house.done) == ("dropped a", ["drop a"])


async def test_what_was_rejected_is_asked_again(house: House):
    async with house.process() as runtime:
        run = (await runtime.run(DROP)).run
        await runtime.reject(run)
        assert (await ends(runtime, run)).status == "rejected"
        assert (await runtime.run(DROP, retry_of=run)).status == "parked"


async def test_a_retry_of_a_retry_goes_back_to_the_first(house: House):
    more = program("await w.write({ key: 'm', amount: 2 });", "await w.write(key='m', amount=2)")
    middle, last = FIRST + more + THROW, FIRST + more + RETURN
    async with house.process() as runtime:
        first = await runtime.run(FAILED)
        second = await runtime.run(middle, retry_of=first.run)
        third = await runtime.run(last, retry_of=second.run)
        assert (third.value, house.done) == (["wrote a", 10], ["write a", "read 1", "write m"])
        records = {run: (await house.store.read(run))[0] for run in (second.run, third.run)}
        assert [(one.retry_of, one.seeded_by) for one in records.values()] == [
            (first.run, first.run),
            (second.run, first.run),
        ]
        assert await runtime.replay(third.run) == third.outcome


async def test_a_retry_that_parks_goes_on_in_another_process(house: House):
    write = program("const a = await w.write({ key: 'a', amount: 1 });", "a = await w.write(key='a', amount=1)")
    rest = program(
        "const d = await w.drop({ name: 't' }); return [a, d, await w.write({ key: 'b', amount: 1 })]",
        "d = await w.drop(name='t')\nreturn [a, d, await w.write(key='b', amount=1)]",
    )
    async with house.process() as runtime:
        failed = await runtime.run(write + THROW)
        run = (await runtime.run(write + rest, retry_of=failed.run)).run
    async with house.process() as runtime:
        await runtime.approve(run)
        assert (await ends(runtime, run)).value == ["wrote a", "dropped t", "wrote b"]
        assert house.done == ["write a", "drop t", "write b"]


async def test_a_secret_argument_is_no_difference(house: House):
    code = program(
        "const s = await w.login({ user: 'ada', password: 'correct horse' });",
        "s = await w.login(user='ada', password='correct horse')",
    )
    async with house.process() as runtime:
        failed = await runtime.run(code + THROW)
        fixed = await runtime.run(code + program("return s", "return s"), retry_of=failed.run)
        assert fixed.ok
        assert house.done == ["login ada correct horse"]


async def test_a_rollback_leaves_what_another_run_did(house: House):
    code = program("await w.book({ name: 'a' });", "await w.book(name='a')")
    async with house.process() as runtime:
        failed = await runtime.run(code + THROW)
        more = program("await w.book({ name: 'b' })", "await w.book(name='b')")
        fixed = await runtime.run(code + more, retry_of=failed.run)
        rollback = await runtime.rollback(fixed.run)
        assert [call.seq for call in rollback.reverted] == [2]
        assert "not made by this run" in rollback.standing[0].why
        assert [call.seq for call in (await runtime.rollback(failed.run)).reverted] == [1]
        assert house.done == ["book a", "book b", "unbook b", "unbook a"]


async def test_a_run_that_goes_on_cannot_be_corrected(house: House):
    async with house.process() as runtime:
        run = (await runtime.run(DROP)).run
        with pytest.raises(Conflict, match="is parked: it can be corrected when it has ended"):
            await runtime.run(FIXED, retry_of=run)


async def test_a_policy_that_denies_now_does_not_undo_what_was_allowed(home: House):
    async with home.process() as runtime:
        failed = await runtime.run(FAILED)
    denying: Any = Policy((rule("deny", "w.write"),))
    async with home.process(policy=denying) as runtime:
        assert (await runtime.run(FIXED, retry_of=failed.run)).ok
