"""Rollback: what a run did is undone, newest first, and what cannot be is listed."""

import asyncio

import pytest
from house import House, ends, rule, until
from programs import program

from toolscript.errors import Conflict
from toolscript.runs.entry import Actor, CalledOff, Reverted, Reverting
from toolscript.runs.policy import Policy

ADA = Actor("Ada", "cli")
BOOK = program("return await w.book({ name: 'a' })", "return await w.book(name='a')")
BOOKS = program(
    "for (const name of ['a', 'b', 'c']) await w.book({ name }); return 'booked'",
    "for name in 'abc': await w.book(name=name)\nreturn 'booked'",
)


async def test_a_completed_run_is_undone_newest_first(house: House):
    async with house.process() as runtime:
        run = (await runtime.run(BOOKS)).run
        house.done.clear()
        rollback = await runtime.rollback(run, by=ADA)
        assert house.done == ["unbook c", "unbook b", "unbook a"]
        assert [call.seq for call in rollback.reverted] == [3, 2, 1]
        assert rollback.standing == ()
        result = await runtime.result(run)
        assert result.status == "rolled_back"
        assert [call.status for call in result.calls] == ["reverted"] * 3
        log = await house.log(run)
        assert [entry.by for entry in log if isinstance(entry, Reverting)] == [ADA] * 3
        assert [entry.seq for entry in log if isinstance(entry, Reverted)] == [3, 2, 1]


async def test_newest_first_is_by_the_order_in_which_answers_were_handed_over(house: House):
    code = program(
        "await Promise.all(['a', 'b', 'c'].map((name) => w.book({ name }))); await w.book({ name: 'd' })",
        "await asyncio.gather(*(w.book(name=name) for name in 'abc'))\nawait w.book(name='d')",
    )
    async with house.process() as runtime:
        result = await runtime.run(code)
        house.done.clear()
        await runtime.rollback(result.run)
        assert house.done[0] == "unbook d"
        assert sorted(house.done) == ["unbook a", "unbook b", "unbook c", "unbook d"]


async def test_a_failed_run_is_undone(house: House):
    async with house.process() as runtime:
        code = program(
            "await w.book({ name: 'a' }); await w.read({}); await w.fail({})",
            "await w.book(name='a'); await w.read(); await w.fail()",
        )
        result = await runtime.run(code)
        assert result.status == "failed"
        await runtime.rollback(result.run)
        assert house.done == ["book a", "read 0", "unbook a"]


async def test_what_cannot_be_undone_is_left_standing_with_the_reason(house: House):
    code = program(
        "await w.book({ name: 'a' }); await w.note({ text: 'for ever' }); await w.fail({}).catch(() => 0)",
        """
        await w.book(name='a')
        await w.note(text='for ever')
        try:
            await w.fail()
        except Exception:
            pass""",
    )
    async with house.process() as runtime:
        run = (await runtime.run(code)).run
        rollback = await runtime.rollback(run)
        assert [call.seq for call in rollback.reverted] == [1]
        assert [(one.seq, one.path, one.why) for one in rollback.standing] == [(2, "w.note", "it has no revert")]
        assert "standing" in str(rollback)


async def test_a_revert_that_fails_does_not_stop_the_rest_and_is_tried_again_later(house: House):
    house.upstream.broken.add("b")
    async with house.process() as runtime:
        run = (await runtime.run(BOOKS)).run
        house.done.clear()
        first = await runtime.rollback(run)
        assert house.done == ["unbook c", "unbook a"]
        assert [(one.seq, one.why) for one in first.standing] == [(2, "its revert failed: b cannot be undone now")]
        house.upstream.broken.clear()
        house.done.clear()
    async with house.process() as runtime:
        second = await runtime.rollback(run)
        assert house.done == ["unbook b"]
        assert (len(second.reverted), second.standing) == (3, ())
        third = await runtime.rollback(run)
        assert third == second
        assert house.done == ["unbook b"]


async def test_a_parked_run_is_cancelled_first(house: House):
    async with house.process() as runtime:
        code = program(
            "await w.book({ name: 'a' }); await w.drop({ name: 't' })", "await w.book(name='a'); await w.drop(name='t')"
        )
        run = (await runtime.run(code)).run
        rollback = await runtime.rollback(run, by=ADA)
        assert house.done == ["book a", "unbook a"]
        assert (len(rollback.reverted), rollback.standing) == (1, ())
        assert any(isinstance(entry, CalledOff) and entry.by == ADA for entry in await house.log(run))
        with pytest.raises(Conflict, match="has ended"):
            await runtime.approve(run)


async def test_a_cancelled_run_is_undone_and_its_uncertain_write_is_left_standing(house: House):
    async with house.process() as runtime:
        code = program(
            "await w.book({ name: 'a' }); await w.hang_write({})", "await w.book(name='a'); await w.hang_write()"
        )
        run = await runtime.start(code)
        await asyncio.wait_for(house.upstream.entered.wait(), 20)
        await runtime.cancel(run)
        rollback = await runtime.rollback(run)
        assert [call.path for call in rollback.reverted] == ["w.book"]
        assert [(one.path, one.unknown) for one in rollback.standing] == [("w.hang_write", True)]


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_run_cannot_be_rolled_back_while_it_runs(house: House, elsewhere: bool):
    async with house.process() as runtime, house.process(role="client") as other:
        run = await runtime.start(
            program("await w.book({ name: 'a' }); await w.hang({})", "await w.book(name='a'); await w.hang()")
        )
        await asyncio.wait_for(house.upstream.entered.wait(), 20)
        with pytest.raises(Conflict, match="is running: cancel it first"):
            await (other if elsewhere else runtime).rollback(run)
        assert house.done == ["book a"]
        house.upstream.gate.set()
        assert (await ends(runtime, run)).ok
        await until(lambda: not runtime._parts.drives.fences)
        assert len((await other.rollback(run)).reverted) == 1


async def test_an_edited_call_is_undone_with_the_arguments_that_it_was_made_with(house: House):
    async with house.process(policy=Policy((rule("ask", "w.book"),))) as runtime:
        run = (await runtime.run(BOOK)).run
        await runtime.approve(run, args={"name": "b"})
        await ends(runtime, run)
        await runtime.rollback(run)
        assert house.done == ["book b", "unbook b"]


async def test_of_two_rollbacks_at_once_each_call_is_undone_once(house: House):
    async with house.process() as runtime, house.process(role="client") as other:
        run = (await runtime.run(BOOKS)).run
        house.done.clear()
        said = await asyncio.gather(runtime.rollback(run), other.rollback(run), return_exceptions=True)
        assert sorted(house.done) == ["unbook a", "unbook b", "unbook c"]
        assert all(not isinstance(one, BaseException) or isinstance(one, Conflict) for one in said)


async def test_a_tool_that_is_gone_is_left_standing(house: House):
    async with house.process() as runtime:
        run = (await runtime.run(BOOK)).run
    async with house.process(connectors=[]) as runtime:
        rollback = await runtime.rollback(run)
        assert [one.why for one in rollback.standing] == ["there is no tool w.book now"]
    async with house.process() as runtime:
        assert len((await runtime.rollback(run)).reverted) == 1


async def test_nothing_to_undo_is_no_error(house: House):
    async with house.process() as runtime:
        run = (await runtime.run(program("return await w.read({})", "return await w.read()"))).run
        assert "there was nothing to undo" in str(await runtime.rollback(run))
