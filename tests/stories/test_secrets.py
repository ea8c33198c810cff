"""Secrets: never in the log, an error, a result or a printed line; but the tool gets what it needs."""

import base64

import pytest
from house import House, ends, rule
from programs import Program, program, tried

from toolscript.errors import Conflict
from toolscript.runs.policy import Policy

SECRET = "sk-live-4f9c81d2"
MARKED = "correct horse battery"
LOGIN = program(
    f"return await w.login({{ user: 'ada', password: '{MARKED}' }})",
    f"return await w.login(user='ada', password='{MARKED}')",
)
WRITE = program("return await w.write({ key: input, amount: 1 })", "return await w.write(key=input, amount=1)")
ASK_LOGIN = Policy((rule("ask", "w.login"),))


async def everything(house: House, runtime, run: str) -> str:
    """All that the store and the surfaces have of a run, but for the program that the developer handed in."""
    record, entries = await house.store.read(run)
    return "\n".join(map(str, (entries, await runtime.audit(run), await runtime.result(run), record.limits)))


@pytest.mark.parametrize(
    "code",
    [
        program("return await w.echo({ value: input })", "return await w.echo(value=input)"),
        program(
            "return await w.echo({ value: { deep: [{ token: 'Bearer ' + input }] } })",
            "return await w.echo(value={'deep': [{'token': 'Bearer ' + input}]})",
        ),
        program(
            "return await w.quote({ text: 'the token ' + input })", "return await w.quote(text='the token ' + input)"
        ),
        tried("w.quote({ text: input })", "w.quote(text=input)"),
        WRITE,
        program(
            "return await w.echo({ value: encodeURIComponent(input) + btoa(input) })",
            "import base64\nreturn await w.echo(value=base64.b64encode(input.encode()).decode())",
        ),
        tried("w.echo({ valu: input })", "w.echo(valu=input)"),
        tried("w['nope']({ x: input })", "getattr(w, 'nope')(x=input)"),
        program(
            "console.log('the token', input, { token: input }); return 1",
            "print('the token', input, {'token': input})\nreturn 1",
        ),
        program("throw new Error('it was ' + input)", "raise ValueError('it was ' + input)"),
        program("return { token: input }", "return {'token': input}"),
        program("await codemode.show({ token: input }); return 1", "await codemode.show({'token': input}); return 1"),
    ],
    ids=str,
)
async def test_a_configured_secret_is_nowhere(house: House, code: Program):
    async with house.process(secrets=[SECRET]) as runtime:
        result = await runtime.run(code, input=SECRET)
        seen = await everything(house, runtime, result.run) + str(result)
        assert SECRET not in seen
        assert base64.b64encode(SECRET.encode()).decode()[:-4] not in seen


async def test_a_tool_gets_the_secret_that_the_log_does_not_have(house: House):
    async with house.process(secrets=[SECRET]) as runtime:
        await runtime.run(WRITE, input=SECRET)
        assert house.done == [f"write {SECRET}"]


async def test_a_marked_argument_is_redacted_in_the_log_and_in_what_the_tool_says(house: House):
    async with house.process() as runtime:
        result = await runtime.run(LOGIN)
        assert result.value == "ada signed in with [redacted]"
        assert house.done == [f"login ada {MARKED}"]
        assert MARKED not in await everything(house, runtime, result.run)
        assert '"user":"ada"' in result.calls[0].args


async def test_a_person_who_approves_does_not_see_it_and_the_tool_gets_it(house: House):
    async with house.process(policy=ASK_LOGIN) as runtime:
        parked = await runtime.run(LOGIN)
        assert parked.pending[0].args == '{"user":"ada","password":"[redacted]"}'
        await runtime.approve(parked.run)
        assert (await ends(runtime, parked.run)).ok
        assert house.done == [f"login ada {MARKED}"]


async def test_it_still_reaches_the_tool_after_an_approval_in_another_process(house: House):
    async with house.process(policy=ASK_LOGIN) as runtime:
        run = (await runtime.run(program("await w.read({});", "await w.read()") + LOGIN)).run
        assert MARKED not in await everything(house, runtime, run)
    async with house.process(policy=ASK_LOGIN, role="client") as operator:
        await operator.approve(run)
    async with house.process(policy=ASK_LOGIN) as runtime:
        assert (await ends(runtime, run)).value == "ada signed in with [redacted]"
        assert house.done == ["read 0", f"login ada {MARKED}"]
        assert MARKED not in await everything(house, runtime, run)


async def test_a_configured_secret_reaches_the_tool_after_an_approval_in_another_process(house: House):
    policy = Policy((rule("ask", "w.write"),))
    async with house.process(policy=policy, secrets=[SECRET]) as runtime:
        run = (await runtime.run(WRITE, input=SECRET)).run
    async with house.process(policy=policy, secrets=[SECRET]) as runtime:
        await runtime.approve(run)
        assert (await ends(runtime, run)).value == "wrote [redacted]"
        assert house.done == [f"write {SECRET}"]


async def test_where_an_edit_leaves_the_mask_the_programs_own_secret_is_sent(house: House):
    async with house.process(policy=ASK_LOGIN) as runtime:
        run = (await runtime.run(LOGIN)).run
        await runtime.approve(run, args={"user": "bob", "password": "[redacted]"})
        await ends(runtime, run)
        assert house.done == [f"login bob {MARKED}"]


async def test_an_edit_cannot_bring_in_a_secret_that_the_log_would_have_to_keep(house: House):
    async with house.process(policy=ASK_LOGIN) as runtime:
        run = (await runtime.run(LOGIN)).run
        with pytest.raises(Conflict, match=r"leave \[redacted\] in its place"):
            await runtime.approve(run, args={"user": "ada", "password": "another staple 42"})
        assert "another staple 42" not in await everything(house, runtime, run)
        assert (await runtime.result(run)).status == "parked"


async def test_a_run_with_secrets_replays(house: House):
    code = program(
        "const r = await w.login({ user: 'ada', password: input }); await w.echo({ value: [r, input] }); return r",
        "r = await w.login(user='ada', password=input)\nawait w.echo(value=[r, input])\nreturn r",
    )
    async with house.process(secrets=[SECRET]) as runtime:
        result = await runtime.run(code, input=SECRET)
        assert await runtime.replay(result.run) == result.outcome


async def test_what_a_policy_function_or_a_tool_logs_for_the_operator_has_no_secret(
    house: House, caplog: pytest.LogCaptureFixture
):
    async with house.process(secrets=[SECRET]) as runtime:
        await runtime.run(program("await w.quote({ text: input })", "await w.quote(text=input)"), input=SECRET)
        said = [record.getMessage() for record in caplog.records]
        assert all(SECRET not in line for line in said)
