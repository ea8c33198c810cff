"""The policy, in runs: one decision point for search and calls, which fails closed."""

from typing import Any

import pytest
from house import House, ends, rule
from programs import program, tried

from toolscript.runs.entry import Intended
from toolscript.runs.policy import Policy

WRITE = tried("w.write({ key: 'k' })", "w.write(key='k')")


async def test_by_default_destructive_writes_are_asked_and_others_are_not(house: House):
    async with house.process(policy=Policy()) as runtime:
        code = program(
            "await w.read({ i: 1 }); await w.write({ key: 'k' }); await w.drop({ name: 'a' })",
            "await w.read(i=1); await w.write(key='k'); await w.drop(name='a')",
        )
        result = await runtime.run(code)
        assert (result.status, house.done) == ("parked", ["read 1", "write k"])
        assert [call.rule for call in result.calls] == [
            "default: reads are allowed", "default: writes are allowed", "default: destructive writes are asked",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("approve", "status"), [("none", "completed"), ("destructive", "completed"), ("writes", "parked")]
)
async def test_the_setting_says_which_writes_are_asked(home: House, approve: Any, status: str):
    async with home.process(policy=Policy(approve=approve)) as runtime:
        code = program("await w.read({}); await w.write({ key: 'k' })", "await w.read(); await w.write(key='k')")
        assert (await runtime.run(code)).status == status


async def test_a_denied_call_is_refused_in_words_and_the_program_goes_on(house: House):
    policy = Policy((rule("deny", "w.write", because="the ledger is closed"),))
    async with house.process(policy=policy) as runtime:
        result = await runtime.run(WRITE)
        name, message = result.value
        assert name == "GuestError"
        assert "w.write is not allowed here" in message
        assert "the ledger is closed" in message
        assert house.done == []
        assert [(call.status, "the ledger is closed" in call.rule) for call in result.calls] == [("raised", True)]


async def test_a_denied_tool_is_not_found_but_a_call_says_that_it_is_denied(house: House):
    policy = Policy((rule("deny", "w.write", because="closed"),))
    async with house.process(policy=policy) as runtime:
        assert all("w.write" not in str(hit) for hit in (await runtime.search("write each time that it is asked")).hits)
        assert "Write, each time" not in await runtime.describe(["w.write"])
        assert "w.write" not in [str(tool.path) for tool in runtime.catalog.tools]
        code = program(
            "return (await codemode.search('write each time that it is asked')).hits.map((hit) => hit.path)",
            "return [hit['path'] for hit in (await codemode.search('write each time that it is asked'))['hits']]",
        )
        found = await runtime.run(code)
        assert "w.write" not in found.value
        assert "w.echo" not in found.value or found.value
        denied = await runtime.run(WRITE)
        assert "not allowed here" in denied.value[1]


async def test_a_near_name_never_names_what_is_denied(home: House):
    policy = Policy((rule("deny", "w.write"),))
    async with home.process(policy=policy) as runtime:
        result = await runtime.run(tried("w.writ({ key: 'k' })", "w.writ(key='k')"))
        assert "there is no tool w.writ" in result.value[1]
        assert "w.write" not in result.value[1]


async def test_a_rule_looks_at_the_arguments(house: House):
    code = program(
        "for (const amount of [1, 100, 101]) await w.write({ key: 'k' + amount, amount })",
        "for amount in [1, 100, 101]: await w.write(key=f'k{amount}', amount=amount)",
    )
    async with house.process() as runtime:
        result = await runtime.run(code)
        assert ([call.seq for call in result.pending], house.done) == ([3], ["write k1", "write k100"])
        assert "amount > 100" in result.pending[0].rule


async def test_an_argument_that_a_rule_cannot_decide_on_is_asked_about(home: House):
    async with home.process() as runtime:
        assert (await runtime.run(WRITE)).status == "parked"


async def test_a_rule_counts_the_calls_of_its_run(house: House):
    policy = Policy((rule("ask", "w.*", effect="write", after_calls=2),))
    code = program(
        "for (const key of ['a', 'b', 'c']) { await w.read({}); await w.write({ key }) }",
        """
        for key in ['a', 'b', 'c']:
            await w.read()
            await w.write(key=key)""",
    )
    async with house.process(policy=policy) as runtime:
        result = await runtime.run(code)
        assert result.status == "parked"
        assert [call.path for call in result.pending] == ["w.write"]
        assert house.done.count("write a") == 1


async def test_counts_go_on_after_a_pause_in_another_process(house: House):
    policy = Policy((rule("deny", "w.write", after_calls=2), rule("ask", "w.write")))
    code = program(
        """
        const out = [];
        for (const key of ['a', 'b', 'c']) out.push(await w.write({ key }).catch((e) => 'no'));
        return out""",
        """
        out = []
        for key in ['a', 'b', 'c']:
            try:
                out.append(await w.write(key=key))
            except Exception:
                out.append('no')
        return out""",
    )
    async with house.process(policy=policy) as runtime:
        run = (await runtime.run(code)).run
    for _ in range(2):
        async with house.process(policy=policy) as runtime:
            await ends(runtime, run)
            await runtime.approve(run)
            result = await ends(runtime, run)
    assert (result.value, house.done) == (["wrote a", "wrote b", "no"], ["write a", "write b"])


async def test_the_first_rule_that_fits_decides_in_a_turn_with_many_calls(house: House):
    policy = Policy((rule("allow", "w.write", when='key == "fine"'), rule("deny", "w.write")))
    code = program(
        """
        const all = await Promise.allSettled(['fine', 'other'].map((key) => w.write({ key })));
        return all.map((s) => s.value ?? 'no')""",
        """
        all = await asyncio.gather(*(w.write(key=key) for key in ['fine', 'other']), return_exceptions=True)
        return ['no' if isinstance(one, Exception) else one for one in all]""",
    )
    async with house.process(policy=policy) as runtime:
        assert (await runtime.run(code)).value == ["wrote fine", "no"]
        assert house.done == ["write fine"]


async def test_a_function_decides_with_a_reason_or_leaves_it_to_the_rules(house: House):
    def decide(tool: Any, args: Any) -> Any:
        match args.get("key"):
            case "ask":
                return "ask", "have a look"
            case "deny":
                return "deny"
            case _:
                return None

    async with house.process(policy=Policy(function=decide)) as runtime:
        assert (await runtime.run(WRITE)).value == "wrote k"
        assert "not allowed" in (await runtime.run(tried("w.write({ key: 'deny' })", "w.write(key='deny')"))).value[1]
        parked = await runtime.run(tried("w.write({ key: 'ask' })", "w.write(key='ask')"))
        assert parked.pending[0].rule == "policy function: have a look"


@pytest.mark.parametrize("answer", [ZeroDivisionError, "yes", None.__class__, 1, ("allow", 3), True])
async def test_a_function_that_raises_or_answers_nonsense_denies(house: House, answer: Any):
    def decide(tool: Any, args: Any) -> Any:
        if isinstance(answer, type) and issubclass(answer, Exception):
            raise answer("the password is hunter2")
        return answer

    async with house.process(policy=Policy(function=decide)) as runtime:
        result = await runtime.run(WRITE)
        assert "not allowed" in result.value[1]
        assert "hunter2" not in str(result.outcome)
        assert "the policy function failed" in result.calls[0].rule
        assert house.done == []


async def test_what_a_function_does_to_the_arguments_does_not_reach_the_tool(home: House):
    def decide(tool: Any, args: Any) -> Any:
        args["key"] = "forged"
        return "allow"

    async with home.process(policy=Policy(function=decide)) as runtime:
        assert (await runtime.run(WRITE)).value == "wrote k"


async def test_the_builtin_tools_are_allowed_unless_a_rule_names_them(house: House):
    policy = Policy((rule("deny", "*"),))
    async with house.process(policy=policy) as runtime:
        assert (await runtime.run("await codemode.sleep(1); return await codemode.search('x')")).ok
    async with house.process(policy=Policy((rule("ask", "codemode.state_set", "codemode.*"),))) as runtime:
        parked = await runtime.run("await codemode.state.set('a', 1); return 1")
        assert parked.status == "parked"


async def test_every_decision_is_in_the_log_with_its_rule(house: House):
    code = program(
        """
        await w.read({});
        await Promise.allSettled([w.drop({ name: 'system' }), w.drop({ name: 'a' }), w['nope']({})])""",
        """
        await w.read()
        calls = [w.drop(name='system'), w.drop(name='a'), getattr(w, 'nope')()]
        await asyncio.gather(*calls, return_exceptions=True)""",
    )
    async with house.process() as runtime:
        run = (await runtime.run(code)).run
        verdicts = [(e.path, e.verdict) for e in await house.log(run) if isinstance(e, Intended)]
        assert verdicts == [("w.read", "allow"), ("w.drop", "refuse"), ("w.drop", "ask"), ("w.nope", "refuse")]
        audit = await runtime.audit(run)
        assert all(isinstance(line, dict) for line in audit)
        assert any("w.drop" in str(line) and "ask" in str(line) for line in audit)
