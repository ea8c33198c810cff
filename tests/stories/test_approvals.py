"""Approvals: what is asked, what people may answer, and what the program sees of it."""

import asyncio

import pytest
from house import House, ends, rule, until
from programs import program

from toolscript.codec import decode
from toolscript.errors import ConfigError, Conflict
from toolscript.runs.entry import Actor, Decided, Granted, Intended
from toolscript.runs.policy import Policy

ADA, BOB = Actor("Ada", "cli"), Actor("Bob", "console")
DROP = program("return await w.drop({ name: 'a' })", "return await w.drop(name='a')")
BOTH = program(
    "return Promise.all(['a', 'b'].map((name) => w.drop({ name })))",
    "return await asyncio.gather(*(w.drop(name=name) for name in ['a', 'b']))",
)


async def test_a_call_that_is_asked_waits_and_acts_once_approved(house: House):
    async with house.process() as runtime:
        parked = await runtime.run(DROP)
        assert parked.status == "parked"
        assert not parked.ok
        assert [(call.seq, call.path, decode(call.args)) for call in parked.pending] == [(1, "w.drop", {"name": "a"})]
        assert house.done == []
        approved = await runtime.approve(parked.run, 1, by=ADA)
        assert approved.pending == ()
        result = await ends(runtime, parked.run)
        assert (result.status, result.value, house.done) == ("completed", "dropped a", ["drop a"])
        decided = result.calls[0].decided
        assert decided is not None
        assert (decided.choice, decided.by, decided.args) == ("approve", ADA, None)


async def test_both_branches_of_a_promise_all_are_offered_together(house: House):
    async with house.process() as runtime:
        parked = await runtime.run(BOTH)
        assert [call.seq for call in parked.pending] == [1, 2]
        await runtime.approve(parked.run)
        assert (await ends(runtime, parked.run)).value == ["dropped a", "dropped b"]
        assert house.done == ["drop a", "drop b"]


async def test_one_of_several_is_approved_and_the_others_go_on_waiting(house: House):
    async with house.process() as runtime:
        run = (
            await runtime.run(
                program(
                    "return Promise.all(['a', 'b', 'c'].map((name) => w.drop({ name })))",
                    "return await asyncio.gather(*[w.drop(name=name) for name in 'abc'])",
                )
            )
        ).run
        await runtime.approve(run, 2)
        await until(lambda: house.done == ["drop b"])
        assert [call.seq for call in (await ends(runtime, run)).pending] == [1, 3]
        await runtime.approve(run, 1, 3)
        assert (await ends(runtime, run)).value == ["dropped a", "dropped b", "dropped c"]


async def test_edited_arguments_are_what_the_tool_gets_and_both_are_kept(house: House):
    async with house.process() as runtime:
        run = (await runtime.run(DROP)).run
        await runtime.approve(run, 1, args={"name": "b"}, by=ADA)
        result = await ends(runtime, run)
        assert (result.value, house.done) == ("dropped b", ["drop b"])
        call = result.calls[0]
        assert call.decided is not None
        assert call.decided.args is not None
        assert (decode(call.args), decode(call.decided.args)) == ({"name": "a"}, {"name": "b"})
        assert await runtime.replay(run) == result.outcome


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"name": [1]}, "name: expected string"),
        ({}, "name"),
        ({"name": "a", "nope": 1}, "nope"),
        ({"name": "system"}, "not allowed"),
        ({"name": object()}, "cannot be used"),
    ],
)
async def test_edited_arguments_pass_the_schema_and_the_policy_or_nothing_changes(house: House, args, words):
    async with house.process() as runtime:
        run = (await runtime.run(DROP)).run
        before = await house.store.read(run)
        with pytest.raises(Conflict, match=words):
            await runtime.approve(run, 1, args=args)
        assert await house.store.read(run) == before
        assert house.done == []


async def test_edited_arguments_are_for_one_call(home: House):
    async with home.process() as runtime:
        run = (await runtime.run(BOTH)).run
        with pytest.raises(Conflict, match="for one call, and 2"):
            await runtime.approve(run, args={"name": "x"})


async def test_a_rejection_reaches_the_program_as_an_exception_with_its_reason(house: House):
    code = program(
        "try { await w.drop({ name: 'a' }) } catch (e) { return [e.name, e.message, await w.read({ i: 1 })] }",
        """
        try:
            await w.drop(name='a')
        except Exception as e:
            return [codemode.failure(e)['name'], str(e), await w.read(i=1)]""",
    )
    async with house.process() as runtime:
        run = (await runtime.run(code)).run
        await runtime.reject(run, 1, reason="it is in use", by=ADA)
        result = await ends(runtime, run)
        assert result.value == ["RejectedError", "w.drop was rejected by a person: it is in use", 10]
        assert (result.status, result.calls[0].status, house.done) == ("completed", "rejected", ["read 1"])


async def test_a_rejection_that_nobody_catches_rejects_the_run(house: House):
    async with house.process() as runtime:
        run = (await runtime.run(DROP)).run
        await runtime.reject(run, reason="no")
        result = await ends(runtime, run)
        assert result.status == "rejected"
        assert result.failure is not None
        assert "rejected by a person: no" in result.failure.message


async def test_a_rejection_can_end_the_run_whatever_the_program_would_catch(house: House):
    code = program(
        "while (true) { try { return await w.drop({ name: 'a' }) } catch { await w.write({ key: 'caught' }) } }",
        """
        while True:
            try:
                return await w.drop(name='a')
            except:
                await w.write(key='caught')""",
    )
    async with house.process() as runtime:
        run = (await runtime.run(code)).run
        await runtime.reject(run, reason="stop", end=True)
        result = await ends(runtime, run)
        assert (result.status, house.done) == ("rejected", [])
        assert result.failure is not None
        assert "stop" in result.failure.message


async def test_the_end_wins_over_approvals_beside_it(house: House):
    async with house.process() as runtime:
        run = (await runtime.run(BOTH)).run
        async with house.process(role="client") as other:
            await asyncio.gather(runtime.reject(run, 1, end=True), other.approve(run, 2), return_exceptions=True)
        result = await ends(runtime, run)
        assert result.status == "rejected"
        assert len(house.done) <= 1  # if the approval came first; never both


async def test_a_program_that_catches_everything_cannot_go_round_a_pause(house: House):
    code = program(
        """
        let n = 0;
        for (let i = 0; i < 50; i++) {
          try { await Promise.race([w.drop({ name: 'a' }), w.read({ i })]) } catch { n++ } finally { n++ }
        }
        try { await w.drop({ name: 'last' }) } finally { n++ }
        return n""",
        """
        n, asked = 0, []
        for i in range(50):
            try:
                asked.append(asyncio.create_task(w.drop(name='a')))
                await w.read(i=i)
            except BaseException:
                n += 1
            finally:
                n += 1
        try:
            await w.drop(name='last')
        except:
            pass
        finally:
            n += 1
        return n""",
    )
    async with house.process() as runtime:
        parked = await runtime.run(code)
        assert parked.status == "parked"
        assert len(parked.pending) == 51
        assert not any(line.startswith("drop") for line in house.done)


async def test_wrong_arguments_are_refused_before_anybody_is_asked(house: House):
    code = program(
        "try { await w.drop({ nam: 'a' }) } catch (e) { return e.message }",
        """
        try:
            await w.drop(nam='a')
        except Exception as e:
            return str(e)""",
    )
    async with house.process() as runtime:
        result = await runtime.run(code)
        assert result.status == "completed"
        assert "name" in result.value


async def test_of_two_people_one_wins_and_the_other_is_told_what_happened(house: House):
    async with house.process() as runtime, house.process(role="client") as other:
        run = (await runtime.run(DROP)).run
        said = await asyncio.gather(
            runtime.approve(run, 1, by=ADA), other.reject(run, 1, reason="no", by=BOB), return_exceptions=True
        )
        lost = [one for one in said if isinstance(one, BaseException)]
        assert len(lost) == 1
        assert isinstance(lost[0], Conflict)
        assert "Ada (cli) decided already: approve" in str(lost[0]) or "Bob (console) decided already" in str(lost[0])
        result = await ends(runtime, run)
        assert sum(isinstance(entry, Decided) for entry in await house.log(run)) == 1
        assert (result.status, house.done) in [("completed", ["drop a"]), ("rejected", [])]


async def test_a_second_decision_says_who_decided_the_first(house: House):
    async with house.process() as runtime:
        run = (await runtime.run(BOTH)).run
        await runtime.reject(run, 1, reason="in use", by=ADA)
        before = house.done.copy()
        with pytest.raises(Conflict, match=r"not pending: Ada \(cli\) decided already: reject, because: in use"):
            await runtime.approve(run, 1, by=BOB)
        assert house.done == before


async def test_decisions_on_what_is_not_there_are_conflicts(house: House):
    async with house.process() as runtime:
        parked = await runtime.run(DROP)
        with pytest.raises(Conflict, match="no run run_0"):
            await runtime.approve("run_0")
        with pytest.raises(Conflict, match="has no call 7") as wrong:
            await runtime.approve(parked.run, 7)
        assert "1 (w.drop, pending)" in str(wrong.value)
        with pytest.raises(Conflict, match="not uncertain"):
            await runtime.settle(parked.run, 1, "done")
        await runtime.approve(parked.run)
        await ends(runtime, parked.run)
        for late in (
            runtime.approve(parked.run, 1),
            runtime.reject(parked.run),
            runtime.grant(parked.run, ["w.*"]),
            runtime.settle(parked.run, 1, "retry"),
        ):
            with pytest.raises(Conflict, match="has ended"):
                await late
        assert house.done == ["drop a"]


async def test_a_run_that_goes_on_has_nothing_to_approve(home: House):
    async with home.process() as runtime:
        run = await runtime.start(
            program("await w.read({ i: 1 }); await w.hang({})", "await w.read(i=1); await w.hang()")
        )
        await home.upstream.entered.wait()
        with pytest.raises(Conflict, match="no call of the run"):
            await runtime.approve(run)
        with pytest.raises(Conflict, match=r"call 1 .* is not pending: it is returned"):
            await runtime.approve(run, 1)


async def test_calls_act_while_others_wait_for_a_person(house: House):
    code = program(
        "const asked = w.drop({ name: 'a' }); const hung = await w.hang({}); return [hung, await asked]",
        """
        asked = asyncio.create_task(w.drop(name='a'))
        hung = await w.hang()
        return [hung, await asked]""",
    )
    async with house.process() as runtime:
        run = await runtime.start(code)
        await asyncio.wait_for(house.upstream.entered.wait(), 20)
        assert [call.seq for call in (await runtime.result(run)).calls if call.status == "pending"] == [1]
        await runtime.approve(run, 1)
        await until(lambda: house.done == ["drop a"])
        house.upstream.gate.set()
        assert (await ends(runtime, run)).value == ["read on", "dropped a"]


class TestGrants:
    CODE = program(
        "for (const amount of [200, 300, 5000, 400]) await w.pay({ to: 'x', amount })",
        """
        for amount in [200, 300, 5000, 400]:
            await w.pay(to='x', amount=amount)""",
    )

    async def test_a_grant_approves_what_waits_and_what_comes(self, house: House):
        async with house.process() as runtime:
            run = (await runtime.run(self.CODE)).run
            await runtime.grant(run, ["w.pay"], by=ADA)
            result = await ends(runtime, run)
            assert result.status == "completed"
            assert len(house.done) == 4
            grant = next(entry for entry in await house.log(run) if isinstance(entry, Granted))
            assert result.calls[0].decided is not None
            assert (result.calls[0].decided.grant, result.calls[0].decided.by) == (grant.id, ADA)
            later = [entry for entry in await house.log(run) if isinstance(entry, Intended)][1:]
            assert {entry.grant for entry in later} == {grant.id}

    async def test_a_grant_with_a_condition_is_about_no_more_than_that(self, house: House):
        async with house.process() as runtime:
            run = (await runtime.run(self.CODE)).run
            await runtime.grant(run, ["w.*"], when=["amount < 1000"])
            result = await ends(runtime, run)
            assert [call.seq for call in result.pending] == [3]
            assert house.done == ["pay x 200", "pay x 300"]
            await runtime.reject(run, 3, reason="too much")
            assert (await ends(runtime, run)).status == "rejected"

    async def test_a_grant_is_used_up_after_so_many_calls(self, house: House):
        async with house.process() as runtime:
            run = (await runtime.run(self.CODE)).run
            await runtime.grant(run, ["w.pay"], calls=2)
            assert [call.seq for call in (await ends(runtime, run)).pending] == [3]
            await runtime.grant(run, ["w.pay"], calls=1)
            assert [call.seq for call in (await ends(runtime, run)).pending] == [4]

    async def test_a_grant_is_over_after_its_time(self, house: House):
        code = program(
            "await w.drop({ name: 'a' }); await codemode.sleep(60); await w.drop({ name: 'b' })",
            "await w.drop(name='a'); await asyncio.sleep(60); await w.drop(name='b')",
        )
        async with house.process() as runtime:
            run = (await runtime.run(code)).run
            await runtime.grant(run, ["w.drop"], for_s=30)
            result = await ends(runtime, run)
            assert [call.path for call in result.pending] == ["w.drop"]
            assert house.done == ["drop a"]

    async def test_a_grant_never_allows_what_is_denied(self, house: House):
        code = program(
            "await w.drop({ name: 'a' }); try { await w.drop({ name: 'system' }) } catch (e) { return e.message }",
            """
            await w.drop(name='a')
            try:
                await w.drop(name='system')
            except Exception as e:
                return str(e)""",
        )
        async with house.process() as runtime:
            run = (await runtime.run(code)).run
            await runtime.grant(run, ["*"])
            assert "not allowed" in (await ends(runtime, run)).value
            assert house.done == ["drop a"]

    async def test_a_grant_holds_in_its_run_only(self, home: House):
        async with home.process() as runtime:
            run = (await runtime.run(DROP)).run
            await runtime.grant(run, ["w.drop"])
            assert (await ends(runtime, run)).status == "completed"
            assert (await runtime.run(DROP)).status == "parked"

    async def test_a_grant_of_nothing_is_refused(self, home: House):
        async with home.process() as runtime:
            run = (await runtime.run(DROP)).run
            before = await home.store.read(run)
            with pytest.raises(ConfigError, match="grants nothing"):
                await runtime.grant(run, ["w.drop"], calls=0)
            with pytest.raises(ConfigError):
                await runtime.grant(run, ["w.drop"], when=["amount >"])
            assert await home.store.read(run) == before

    async def test_a_grant_outlives_its_process(self, house: House):
        async with house.process() as runtime:
            run = (await runtime.run(self.CODE)).run
        async with house.process(role="client") as operator:
            await operator.grant(run, ["w.pay"], when=["amount < 1000"], calls=2)
        async with house.process() as runtime:
            await until(lambda: len(house.done) == 2)
            assert [call.seq for call in (await ends(runtime, run)).pending] == [3]
            await runtime.grant(run, ["w.pay"])
            assert (await ends(runtime, run)).status == "completed"


async def test_a_tool_that_changed_while_the_run_was_parked_is_checked_again(house: House):
    code = program(
        "try { return await w.drop({ name: 'a' }) } catch (e) { return e.message }",
        """
        try:
            return await w.drop(name='a')
        except Exception as e:
            return str(e)""",
    )
    async with house.process() as runtime:
        run = (await runtime.run(code)).run
    async with house.process(connectors=[]) as runtime:
        await runtime.approve(run)
        assert "there is no tool w.drop" in (await ends(runtime, run)).value


async def test_what_was_pending_is_not_denied_by_a_policy_that_came_later_but_edits_are(home: House):
    async with home.process() as runtime:
        run = (await runtime.run(DROP)).run
    async with home.process(policy=Policy((rule("deny", "w.drop"),))) as runtime:
        with pytest.raises(Conflict, match="not allowed"):
            await runtime.approve(run, args={"name": "b"})
        assert (await runtime.result(run)).status == "parked"
