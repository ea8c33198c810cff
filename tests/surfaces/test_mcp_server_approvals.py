"""People approve calls through their client: both eras, both transports."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx2
import mcp_types as types
import pytest
from mcp.client import Client
from mcp_bank import Person, bank, customer, payments
from mcp_parts import over_http, words

from toolscript.ports import CallStarted, Event
from toolscript.runs.entry import Actor
from toolscript.tokens import estimate

PAY = "await bank.note({ text: 'begin' }); return await bank.pay({ to: 'Ada', amount: 50 })"
BOTH = """
const paid = await Promise.allSettled([bank.pay({ to: 'Ada', amount: 1 }), bank.pay({ to: 'Bob', amount: 2 })]);
return paid.map((one) => one.value ?? one.reason.message);"""
TWICE = (
    "const first = await bank.pay({ to: 'Ada', amount: 1 }); return await bank.pay({ to: 'Bob', amount: first + 1 })"
)
YES = {"decision": "approve"}


@pytest.fixture(params=["stdio", "http"])
def transport(request: Any) -> str:
    return request.param


@pytest.fixture(params=["auto", "legacy"])
def mode(request: Any) -> str:
    return request.param


async def execute(client: Any, code: str, **more: Any) -> types.CallToolResult:
    return await client.call_tool("execute", {"code": code, **more})


def status(result: Any) -> str:
    return result.meta["toolscript/status"]


def run_of(result: Any) -> str:
    return result.meta["toolscript/run"]


async def test_a_person_approves_in_the_client_and_the_program_goes_on(
    tmp_path: Path, transport: str, mode: str
) -> None:
    person = Person([YES])
    async with customer(tmp_path, transport, mode, person) as client:
        result = await execute(client, PAY)
    assert (words(result), result.is_error, status(result)) == ("50", False, "completed")
    assert payments(tmp_path) == ["note begin", "Ada 50"]
    (asked,) = person.asked
    run = run_of(result)
    assert asked.message == (
        "A program wants to call bank.pay. You are asked because: destructive writes are asked.\n\n"
        'Arguments:\n{"to": "Ada", "amount": 50}\n\n'
        f"Call 2 of {run}. Before it: 1 call made, 1 of them a write (bank.note)."
    )
    assert asked.requested_schema == {
        "type": "object",
        "properties": {
            "decision": {"type": "string", "title": "Decision", "enum": ["approve", "reject"]},
            "reason": {"type": "string", "title": "Reason", "description": "if you reject: what the program is told"},
            "arguments": {
                "type": "string",
                "title": "Other arguments",
                "description": "to approve it with these instead: all of them, as JSON",
                "default": '{"to": "Ada", "amount": 50}',
            },
        },
        "required": ["decision"],
    }
    async with bank(tmp_path) as runtime:
        (decided,) = [call.decided for call in (await runtime.result(run)).calls if call.decided]
    assert (decided.choice, decided.by, decided.args) == ("approve", Actor("mcp", "mcp"), None)


async def test_a_rejection_reaches_the_program_with_its_reason(tmp_path: Path, transport: str, mode: str) -> None:
    person = Person([{"decision": "reject", "reason": "too much"}])
    async with customer(tmp_path, transport, mode, person) as client:
        result = await execute(client, "try { await bank.pay({ to: 'A', amount: 5 }) } catch (e) { return e.message }")
    assert words(result) == "bank.pay was rejected by a person: too much"
    assert payments(tmp_path) == []


async def test_edited_arguments_are_what_the_tool_gets(tmp_path: Path, transport: str, mode: str) -> None:
    person = Person([YES | {"arguments": '{"to": "Ada", "amount": 5}'}])
    async with customer(tmp_path, transport, mode, person) as client:
        assert words(await execute(client, PAY)) == "5"
    assert payments(tmp_path)[1:] == ["Ada 5"]


async def test_an_edit_that_is_no_use_is_asked_for_again_with_the_reason(tmp_path: Path, mode: str) -> None:
    edits = ["{to: Ada}", "[1]", '{"to": "Ada", "amount": "five"}', '{"to": "Ada", "amount": 5}']
    person = Person([{"decision": "maybe"}, *(YES | {"arguments": edit} for edit in edits)])
    async with customer(tmp_path, "http", mode, person) as client:
        assert words(await execute(client, PAY)) == "5"
    said = [asked.message.partition("\n")[0] for asked in person.asked]
    assert said[0].startswith("A program wants")
    assert "the decision is approve or reject" in said[1]
    assert "the edited arguments are not JSON" in said[2]
    assert "the edited arguments are not a JSON object" in said[3]
    assert "amount" in said[4]
    assert payments(tmp_path)[1:] == ["Ada 5"]


async def test_a_second_call_is_asked_about_in_a_second_round(tmp_path: Path, transport: str, mode: str) -> None:
    person = Person([YES, YES])
    async with customer(tmp_path, transport, mode, person) as client:
        assert words(await execute(client, TWICE)) == "2"
    assert [re.findall("Ada|Bob", asked.message)[0] for asked in person.asked] == ["Ada", "Bob"]
    assert payments(tmp_path) == ["Ada 1", "Bob 2"]


async def test_calls_that_wait_together_are_asked_about_together(tmp_path: Path, transport: str, mode: str) -> None:
    person = Person([YES, {"decision": "reject", "reason": "not him"}])
    async with customer(tmp_path, transport, mode, person) as client:
        result = await execute(client, BOTH)
    assert words(result) == '[1,"bank.pay was rejected by a person: not him"]'
    assert payments(tmp_path) == ["Ada 1"]
    assert len(person.asked) == 2


async def test_a_declined_form_is_a_rejection(tmp_path: Path, transport: str, mode: str) -> None:
    async with customer(tmp_path, transport, mode, Person(["decline"])) as client:
        result = await execute(client, PAY)
    assert (result.is_error, status(result)) == (True, "rejected")
    assert "RejectedError: bank.pay was rejected by a person" in words(result)
    assert payments(tmp_path) == ["note begin"]


async def test_a_dismissed_form_leaves_the_run_parked(tmp_path: Path, transport: str, mode: str) -> None:
    person = Person(["cancel", YES])
    async with customer(tmp_path, transport, mode, person) as client:
        result = await execute(client, PAY)
        assert (result.is_error, status(result), len(person.asked)) == (False, "parked", 1)
        assert "a person has to decide on 1 call" in words(result)
        again = await client.call_tool("resume", {"run": run_of(result)})  # the person is asked again, not the model
        assert (words(again), len(person.asked)) == ("50", 2)


async def test_of_two_calls_one_can_be_left_for_later(tmp_path: Path, mode: str) -> None:
    person = Person([YES, "cancel"])
    async with customer(tmp_path, "http", mode, person) as client:
        result = await execute(client, BOTH)
    assert status(result) == "parked"
    assert "call 2: bank.pay" in words(result)
    assert "call 1: bank.pay" not in words(result)
    assert "Before that: 1 call made, 1 of them a write (bank.pay)." in words(result)
    assert payments(tmp_path) == ["Ada 1"]


async def test_a_client_without_forms_gets_a_handle_and_asks_after_it(
    tmp_path: Path, transport: str, mode: str
) -> None:
    async with customer(tmp_path, transport, mode, patience_s=0.5) as client:
        result = await execute(client, PAY)
        run = run_of(result)
        assert (result.is_error, status(result)) == (False, "parked")
        assert words(result) == (
            f"The run {run} is parked: a person has to decide on 1 call.\n"
            '- call 2: bank.pay({"to": "Ada", "amount": 50}) (destructive writes are asked)\n'
            "Before that: 1 call made, 1 of them a write (bank.note).\n"
            f"Deciding is not yours. A person does, with: toolscript runs approve {run} 2 (or reject). Tell the user. "
            f'Ask after it with resume({{ "run": "{run}" }}); do not execute the program again, '
            "which would do what it did twice."
        )
        for arguments in ({"run": run}, {"run": run, "decision": "approve", "approve": True, "seq": 2}):
            waits = await client.call_tool("resume", arguments)
            assert (words(waits), status(waits)) == (words(result), "parked")
        assert payments(tmp_path) == ["note begin"]
        async with bank(tmp_path, role="client") as other:
            await other.approve(run, 2, by=Actor("ada", "cli"))
        assert words(await client.call_tool("resume", {"run": run})) == "50"
        assert words(await client.call_tool("resume", {"run": run})) == "50"  # and of an ended run as often as asked
    assert payments(tmp_path) == ["note begin", "Ada 50"]


async def test_an_unknown_run_is_said(tmp_path: Path) -> None:
    async with customer(tmp_path, "http", "auto") as client:
        result = await client.call_tool("resume", {"run": "run_unknown"})
    assert result.is_error
    assert "run_unknown" in words(result)


async def test_a_client_that_shows_pages_but_no_forms_is_not_asked(tmp_path: Path) -> None:
    async with over_http(bank(tmp_path)) as url:
        for declared, asked in (('{"url": {}}', False), ("{}", True), ('{"form": {}}', True), ("", False)):
            capabilities: Any = {"elicitation": json.loads(declared)} if declared else {}
            result = await raw(url, capabilities, "execute", {"code": PAY})
            assert (result["resultType"] == "input_required") == asked


async def raw(url: str, capabilities: Any, name: str, arguments: Any) -> Any:
    """The result of a call of the 2026-07-28 era, as it is on the wire."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    }
    params = {"name": name, "arguments": arguments, "_meta": meta}
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2026-07-28"}
    async with httpx2.AsyncClient(headers=headers | {"Mcp-Method": "tools/call", "Mcp-Name": name}) as http:
        sent = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        text = (await http.post(url, json=sent, timeout=20)).text
    return json.loads(text[text.index("{") :].strip())["result"]


async def test_an_exposed_tool_is_asked_about_in_the_same_way(tmp_path: Path, transport: str, mode: str) -> None:
    person = Person([YES | {"arguments": '{"to": "Ada", "amount": 7}'}])
    async with customer(tmp_path, transport, mode, person, expose=["bank.pay"]) as client:
        await client.list_tools()
        assert words(await client.call_tool("bank__pay", {"to": "Ada", "amount": 50})) == "7"
    async with customer(tmp_path, transport, mode, expose=["bank.pay"]) as client:
        waits = await client.call_tool("bank__pay", {"to": "Ada", "amount": 50})
        assert (status(waits), waits.is_error) == ("parked", False)
        assert "toolscript runs approve" in words(waits)
    assert payments(tmp_path) == ["Ada 7"]


async def test_a_long_question_says_that_it_is_not_all_and_keeps_its_budget(tmp_path: Path, mode: str) -> None:
    long = "word " * 20_000
    code = f"const to = '{long}'; await Promise.all([...'123456789abc'].map(() => bank.pay({{ to, amount: 1 }})))"
    person = Person(["cancel"] * 12)
    async with customer(tmp_path, "http", mode, person) as client:
        result = await execute(client, code)
    assert estimate(words(result)) <= 6_300
    assert "and 2 more" in words(result)
    assert all("This is not all of it" in asked.message for asked in person.asked)
    asked = sum(estimate(f"{one.message} {one.requested_schema}") for one in person.asked)
    assert asked <= 6_300 + 10 * 150


async def test_what_does_not_show_is_spelled_out(tmp_path: Path, mode: str) -> None:
    person = Person(["cancel"])
    async with customer(tmp_path, "http", mode, person) as client:
        await execute(client, "await bank.pay({ to: 'Ada\\u202e\\n\\nArguments: none\\u200b', amount: 1 })")
    assert '{"to": "Ada\\u202e\\n\\nArguments: none\\u200b", "amount": 1}' in person.asked[0].message
    assert "default" not in person.asked[0].requested_schema["properties"]["arguments"]


async def test_a_client_that_goes_away_while_it_asks_leaves_the_run_parked(tmp_path: Path, transport: str) -> None:
    begun = asyncio.Event()

    async def never(context: Any, params: Any) -> Any:
        begun.set()
        await asyncio.Event().wait()

    async with customer(tmp_path, transport, "legacy", never) as client:
        call = asyncio.create_task(execute(client, PAY))
        async with asyncio.timeout(20):
            await begun.wait()
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        async with bank(tmp_path, role="client") as runtime:
            (record,) = await runtime.recent()
            assert record.status == "parked"
            await runtime.approve(record.id)
            async with asyncio.timeout(20):
                assert (await runtime.wait(record.id)).value == 50


async def test_a_write_that_was_cut_off_is_settled_in_the_client(tmp_path: Path, mode: str) -> None:
    run = await cut_off(tmp_path)
    for answer, said in (
        ({"decision": "done", "value": "{nothing"}, None),
        ({"decision": "done", "value": "7"}, "7"),
    ):
        person = Person([answer, "cancel"])
        async with customer(tmp_path, "http", mode, person) as client:
            result = await client.call_tool("resume", {"run": run})
        assert "bank.slow was cut off: whether it took effect is not known" in person.asked[0].message
        assert person.asked[0].requested_schema["properties"]["decision"]["enum"] == ["retry", "done", "failed"]
        if said is None:
            assert "the value is not JSON" in person.asked[1].message
            assert "was cut off; whether it took effect is not known" in words(result)
            assert f"toolscript runs show {run}" in words(result)
        else:
            assert words(result) == said


class Seen:
    """Sees a call begin."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    def observed(self, event: Event) -> None:
        if isinstance(event, CallStarted):
            self.begun.set()


async def cut_off(folder: Path) -> str:
    """A run whose write was under way when its process went, taken over by nobody yet."""
    seen = Seen()
    async with bank(folder, lease_ms=300) as runtime, asyncio.timeout(20):
        run = await runtime.start("return await bank.slow({})", observer=seen)
        await seen.begun.wait()
    async with bank(folder, lease_ms=300) as runtime, asyncio.timeout(20):
        assert (await runtime.wait(run)).status == "parked"
    return run


async def test_a_client_that_answers_nonsense_for_ever_gets_the_handle_in_the_end(tmp_path: Path) -> None:
    person = Person([{"decision": "perhaps"}] * 100)
    async with customer(tmp_path, "http", "legacy", person) as client:
        result = await execute(client, PAY)
    assert (status(result), len(person.asked)) == ("parked", 10)
    assert "Call 2: the decision is approve or reject." in words(result)


async def test_a_client_that_cannot_show_a_form_after_all_gets_the_handle(tmp_path: Path, transport: str) -> None:
    async def refuse(context: Any, params: Any) -> Any:
        return types.ErrorData(code=-32603, message="no window")

    async with customer(tmp_path, transport, "legacy", refuse) as client:
        result = await execute(client, PAY)
    assert (status(result), result.is_error) == ("parked", False)
    assert "no window" not in words(result)


async def test_who_decided_is_the_client_s_name_in_one_line(tmp_path: Path, mode: str) -> None:
    named = types.Implementation(name="a\nclient\u202e" + "x" * 200, version="1")
    async with over_http(bank(tmp_path)) as url:
        how: Any = {"mode": mode, "client_info": named, "elicitation_callback": Person([YES])}
        async with Client(url, **how) as client:
            run = run_of(await execute(client, PAY))
    async with bank(tmp_path) as runtime:
        (decided,) = [call.decided for call in (await runtime.result(run)).calls if call.decided]
    assert decided.by.name.startswith("a client\\u202ex")
    assert (len(decided.by.name), decided.by.via) == (80, "mcp")
