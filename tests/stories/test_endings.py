"""Endings: cancelled, expired, deleted, cleared away; and values that are too large for the log."""

import asyncio

import pytest
from house import House, ends, reaches, until
from programs import program

from toolscript.codec import Blob, decode
from toolscript.errors import Conflict
from toolscript.ports import Event, RunParked
from toolscript.runs.complaint import complaint
from toolscript.runs.entry import Actor, Answered, CalledOff, Ended
from toolscript.runs.program import Limits
from toolscript.runs.result import Result
from toolscript.runs.retention import Retention
from toolscript.runs.turn import Finished, Raised
from toolscript.runtime.runtime import Runtime

ADA = Actor("Ada", "cli")
DROP = program(
    "try { return await w.drop({ name: 'a' }) } catch { return await w.write({ key: 'caught' }) }",
    """
    try:
        return await w.drop(name='a')
    except:
        return await w.write(key='caught')""",
)
BIG = 1_200_000


async def test_a_parked_run_is_cancelled_and_nothing_acts_any_more(house: House):
    async with house.process() as runtime:
        run = (await runtime.run(DROP)).run
        result = await runtime.cancel(run, by=ADA)
        assert (result.status, result.pending, house.done) == ("cancelled", (), [])
        log = await house.log(run)
        assert [entry.by for entry in log if isinstance(entry, CalledOff)] == [ADA]
        assert isinstance(log[-1], Ended)
        with pytest.raises(Conflict, match="has ended"):
            await runtime.approve(run)
        assert await runtime.cancel(run) == result


async def test_a_running_run_is_cancelled_with_its_calls(house: House):
    code = program(
        "try { await w.hang({}) } catch { await w.write({ key: 'caught' }) }",
        """
        try:
            await w.hang()
        except:
            await w.write(key='caught')""",
    )
    async with house.process() as runtime:
        run = await runtime.start(code)
        await asyncio.wait_for(house.upstream.entered.wait(), 20)
        result = await runtime.cancel(run, by=ADA)
        assert (result.status, house.done) == ("cancelled", ["hang cancelled"])
        answered = [entry for entry in await house.log(run) if isinstance(entry, Answered)]
        assert [isinstance(entry.answer, Raised) and entry.answer.failure.code for entry in answered] == ["cancelled"]
        assert any(isinstance(entry, CalledOff) and entry.by == ADA for entry in await house.log(run))


async def test_a_sleeping_run_is_cancelled(house: House):
    code = program(
        "await codemode.sleep(1_000_000); await w.write({ key: 'awake' })",
        "await codemode.sleep(1_000_000); await w.write(key='awake')",
    )
    async with house.process() as runtime:
        run = await runtime.start(code)
        await reaches(runtime, run, "parked")
        assert (await runtime.cancel(run)).status == "cancelled"
        await house.clock.advance(2_000_000)
        assert house.done == []


@pytest.mark.parametrize("rounds", [0, 1, 2, 3, 5, 8, 13, 21, 34])
async def test_a_cancel_that_comes_while_the_run_is_being_parked_is_not_lost(house: House, rounds: int):
    async with house.process() as runtime:
        run = await runtime.start(DROP)
        await reaches(runtime, run, lambda result: result.calls)
        for _ in range(rounds):
            await asyncio.sleep(0)
        assert (await runtime.cancel(run)).status == "cancelled"
        assert house.done == []


class CancelsAtOnce:
    """Cancels a run at the very moment in which it is parked, before the drive's task has ended."""

    runtime: Runtime
    cancelled: asyncio.Task[Result] | None = None

    def observed(self, event: Event) -> None:
        if isinstance(event, RunParked):
            self.cancelled = asyncio.ensure_future(self.runtime.cancel(event.run))


async def test_a_cancel_at_the_moment_of_parking_is_not_lost(house: House):
    canceller = CancelsAtOnce()
    async with house.process(observers=[canceller]) as runtime:
        canceller.runtime = runtime
        await runtime.start(DROP)
        await until(lambda: canceller.cancelled)
        assert canceller.cancelled is not None
        assert (await canceller.cancelled).status == "cancelled"


async def test_a_run_that_another_process_drives_is_cancelled_there(house: House):
    code = program("await w.hang({}); await w.write({ key: 'never' })", "await w.hang(); await w.write(key='never')")
    async with house.process() as worker, house.process(role="client") as operator:
        run = await worker.start(code)
        await asyncio.wait_for(house.upstream.entered.wait(), 20)
        result = await asyncio.wait_for(operator.cancel(run, by=ADA), 20)
        assert (result.status, house.done) == ("cancelled", ["hang cancelled"])
        await until(lambda: not worker._parts.drives.fences)


async def test_cancelling_a_wait_for_run_that_sleeps_cancels_the_run(home: House):
    async with home.process() as runtime:
        task = asyncio.create_task(runtime.run("await codemode.sleep(1_000_000)"))
        await until(lambda: home.store._runs and all(k.record.status == "parked" for k in home.store._runs.values()))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert [record.status for record in await runtime.recent()] == ["cancelled"]


async def test_unknown_runs_are_conflicts(house: House):
    async with house.process() as runtime:
        for asked in (
            runtime.cancel("run_0"),
            runtime.delete("run_0"),
            runtime.rollback("run_0"),
            runtime.resume("run_0"),
            runtime.wait("run_0"),
            runtime.audit("run_0"),
            runtime.grant("run_0", ["*"]),
            runtime.start("return 1", retry_of="run_0"),
        ):
            with pytest.raises(Conflict, match="no run run_0"):
                await asked


async def test_leaving_a_runtime_lets_its_runs_go_and_another_goes_on_at_once(house: House):
    code = program(
        "const a = await w.hang({}); return [a, await w.write({ key: 'k', amount: 1 })]",
        "a = await w.hang()\nreturn [a, await w.write(key='k', amount=1)]",
    )
    async with house.process() as first:
        run = await first.start(code)
        await asyncio.wait_for(house.upstream.entered.wait(), 20)
    assert await house.status(run) == "running"
    house.upstream.gate.set()
    async with house.process() as second:
        assert (await ends(second, run)).value == ["read on", "wrote k"]
        assert house.done == ["hang cancelled", "write k"]


async def test_an_ended_run_is_deleted_with_all_that_belongs_to_it(house: House):
    code = program(f"return await w.text({{ size: {BIG} }})", f"return await w.text(size={BIG})")
    async with house.process() as runtime:
        result = await runtime.run(code)
        assert isinstance(result.outcome, Finished)
        blob = decode(result.outcome.value)
        assert isinstance(blob, Blob)
        assert (await runtime.blob(blob.id))[0]
        await runtime.delete(result.run)
        with pytest.raises(Conflict):
            await runtime.result(result.run)
        with pytest.raises(Conflict):
            await runtime.blob(blob.id)
        with pytest.raises(Conflict):
            await runtime.delete(result.run)


async def test_a_live_run_cannot_be_deleted(house: House):
    async with house.process() as runtime:
        run = (await runtime.run(DROP)).run
        with pytest.raises(Conflict, match="is parked: cancel it first"):
            await runtime.delete(run)
        assert (await runtime.result(run)).status == "parked"


async def left(runtime: Runtime, count: int) -> None:
    """Wait until only so many runs are kept."""
    async with asyncio.timeout(20):
        while len(await runtime.recent()) > count:  # noqa: ASYNC110 - the keeper tells nobody
            await asyncio.sleep(0.001)


async def test_old_runs_are_cleared_away_but_never_live_ones(house: House):
    async with house.process() as runtime:
        parked = (await runtime.run(DROP)).run
        ended = []
        for i in range(4):
            house.clock.set(house.clock.now() + 1_000)
            ended.append((await runtime.run(f"return {i}")).run)
    async with house.process(retention=Retention(keep=2)) as runtime:
        await left(runtime, 3)
        assert {record.id for record in await runtime.recent()} == {parked, *ended[2:]}
    house.clock.set(house.clock.now() + 10_000_000)
    async with house.process(retention=Retention(max_age_ms=60_000)) as runtime:
        await left(runtime, 1)
        await runtime.approve(parked)
        assert (await ends(runtime, parked)).status == "completed"


async def test_an_argument_that_is_too_large_is_refused_before_the_call_and_before_anybody_is_asked(house: House):
    code = program(
        f"""
        const big = 'x'.repeat({BIG}), out = [];
        for (const call of [() => w.write({{ key: big, amount: 1 }}), () => w.drop({{ name: big }})]) {{
          try {{ await call() }} catch (e) {{ out.push(e.message) }}
        }}
        return out""",
        f"""
        big, out = 'x' * {BIG}, []
        for call in [lambda: w.write(key=big, amount=1), lambda: w.drop(name=big)]:
            try:
                await call()
            except Exception as e:
                out.append(str(e))
        return out""",
    )
    dropping = program(f"return await w.drop({{ name: 'x'.repeat({BIG}) }})", f"return await w.drop(name='x' * {BIG})")
    async with house.process() as runtime:
        result = await runtime.run(code)
        assert all("bytes; the limit is 1,048,576 (value_bytes)" in message for message in result.value)
        assert house.done == []
        assert sum(len(str(entry)) for entry in await house.log(result.run)) < 10_000
        failed = await runtime.run(dropping)
        assert failed.failure is not None
        assert "sha256" not in complaint(failed.failure, failed.calls), "the digest is not what the program passed"


async def test_a_result_that_is_too_large_becomes_a_handle_whose_json_gives_it_back(house: House):
    code = program(
        f"""
        const blob = await w.text({{ size: {BIG} }});
        const value = await blob.json();
        return [blob.size, blob.type, value.size, value.text.length, value.text.slice(0, 3)]""",
        f"""
        blob = await w.text(size={BIG})
        value = await blob.json()
        return [blob.size, blob.media_type, value['size'], len(value['text']), value['text'][:3]]""",
    )
    async with house.process() as runtime:
        result = await runtime.run(code)
        size, media_type, said, length, start = result.value
        assert (said, length, start) == (BIG, BIG, "ééé")
        assert size > 2 * BIG
        assert media_type.startswith("application/json")
        assert len(str(result.calls[0].answer)) < 1_000


async def test_a_result_under_the_limit_is_itself(home: House):
    async with home.process() as runtime:
        code = program(
            "return (await w.text({ size: 100_000 })).text.length", "return len((await w.text(size=100_000))['text'])"
        )
        assert (await runtime.run(code)).value == 100_000


async def test_a_handle_lives_through_a_pause(house: House):
    code = program(
        f"""
        const blob = await w.text({{ size: {BIG} }});
        await w.drop({{ name: 'a' }});
        return (await blob.json()).text.length""",
        f"""
        blob = await w.text(size={BIG})
        await w.drop(name='a')
        return len((await blob.json())['text'])""",
    )
    async with house.process() as runtime:
        run = (await runtime.run(code)).run
    async with house.process() as runtime:
        await runtime.approve(run)
        assert (await ends(runtime, run)).value == BIG


async def test_a_final_value_that_is_too_large_reaches_the_caller_and_the_log_has_its_handle(house: House):
    code = program(f"return {{ text: 'x'.repeat({BIG}) }}", f"return {{'text': 'x' * {BIG}}}")
    async with house.process() as runtime:
        result = await runtime.run(code)
        assert len(result.value["text"]) == BIG
        kept = (await runtime.result(result.run)).value
        assert isinstance(kept, Blob)
        content, media_type = await runtime.blob(kept.id)
        assert len(content) > BIG
        assert media_type.startswith("application/json")
        assert sum(len(str(entry)) for entry in await house.log(result.run)) < 10_000


async def test_the_cap_on_values_can_be_set(home: House):
    argument = program(
        "try { await w.write({ key: 'x'.repeat(2000) }) } catch (e) { return e.message }",
        """
        try:
            await w.write(key='x' * 2000)
        except Exception as e:
            return str(e)""",
    )
    answer = program(
        "const b = await w.text({ size: 2_000 }); return (await b.json()).size",
        "b = await w.text(size=2_000)\nreturn (await b.json())['size']",
    )
    async with home.process(limits=Limits(value_bytes=1_000)) as runtime:
        assert "(value_bytes)" in (await runtime.run(argument)).value
        assert (await runtime.run(answer)).value == 2_000
