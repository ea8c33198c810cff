"""The tools, as the reference client meets them: both eras, both transports."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp_parts import PNG, connected, words

from toolscript.surfaces.mcp_server.texts import EXAMPLES
from toolscript.tokens import estimate


@pytest.fixture(params=["stdio", "http"])
def transport(request: Any) -> str:
    return request.param


@pytest.fixture(params=["auto", "legacy"])
def mode(request: Any) -> str:
    return request.param


@pytest.fixture
async def client(transport: str, mode: str) -> AsyncGenerator[Client]:
    async with connected(transport, mode) as client:
        yield client


@pytest.fixture
async def near() -> AsyncGenerator[Client]:
    """A client of the quickest kind, where era and transport make no difference."""
    async with connected("http", "auto") as client:
        yield client


async def test_the_tools_do_the_main_job(client: Client, mode: str) -> None:
    assert client.protocol_version == ("2026-07-28" if mode == "auto" else "2025-11-25")
    assert [tool.name for tool in (await client.list_tools()).tools] == ["search", "describe", "execute", "resume"]
    assert "crm.find({ name: string })" in words(await client.call_tool("search", {"query": "find a customer"}))
    assert "crm.find(input: {" in words(await client.call_tool("describe", {"paths": ["crm.find"]}))
    result = await client.call_tool("execute", {"code": EXAMPLES["typescript"]})
    assert (words(result), result.is_error, result.structured_content) == ("2", False, None)
    assert result.meta is not None
    assert result.meta["toolscript/status"] == "completed"


async def test_several_questions_and_one_path_as_text_are_accepted(near: Client) -> None:
    found = words(await near.call_tool("search", {"query": ["customers by name", "orders"], "limit": 3}))
    assert "crm.find" in found
    assert "shop.orders" in found
    assert "The orders of a customer" in words(await near.call_tool("describe", {"paths": "shop.orders"}))


async def test_a_program_reads_its_input(near: Client) -> None:
    result = await near.call_tool("execute", {"code": "return input.a + 1", "input": {"a": 1}})
    assert words(result) == "2"


async def test_a_deep_input_reaches_the_program(near: Client) -> None:
    deep = json.loads("[" * 190 + '{"a": 1}' + "]" * 190)
    result = await near.call_tool("execute", {"code": "return input.flat(Infinity)[0].a", "input": deep})
    assert (words(result), result.is_error) == ("1", False)


async def test_printed_lines_stand_beside_the_value(near: Client) -> None:
    result = await near.call_tool("execute", {"code": "console.log('one', { two: 2 }); return 'three'"})
    assert [block.text for block in result.content if block.type == "text"] == ["three", "Printed:\none { two: 2 }"]


async def test_a_shown_image_reaches_the_model_as_an_image(client: Client) -> None:
    result = await client.call_tool("execute", {"code": "codemode.show(await crm.picture({})); return 'see'"})
    (image,) = [block for block in result.content if block.type == "image"]
    assert (image.mime_type, base64.b64decode(image.data)) == ("image/png", PNG)
    returned = await client.call_tool("execute", {"code": "return await crm.picture({})"})
    assert [block.type for block in returned.content] == ["image"]


async def test_a_failure_says_what_where_and_what_was_done(client: Client) -> None:
    code = "console.log('before');\nawait crm.create({ name: 'Eve' });\nawait shop.refund({ order: 7 });"
    result = await client.call_tool("execute", {"code": code})
    assert result.is_error
    said = words(result)
    assert "ToolError: order 7 was refunded before" in said
    assert "at line 3" in said
    assert "2 calls made, 1 of them a write (crm.create)." in said
    assert said.endswith("Printed:\nbefore")


async def test_a_call_that_was_refused_was_not_made(near: Client) -> None:
    said = words(await near.call_tool("execute", {"code": "await crm.fnd({})"}))
    assert "Did you mean crm.find" in said
    assert "made" not in said


@pytest.mark.parametrize(
    "code",
    [
        "throw new Error('x y '.repeat(1000000))",
        f"/* {'long ' * 150_000} */ throw new Error('short')",
        "throw Array.from({ length: 100000 }, (_, n) => n)",
        "for (let n = 0; n < 20000; n++) console.log('line', n); throw new Error('short')",
        "for (let n = 0; n < 30; n++) codemode.show('word '.repeat(10000)); return 'word '.repeat(100000)",
        "await shop.refund({ order: 'x'.repeat(100000) })",
    ],
)
async def test_no_answer_is_over_its_budget(near: Client, code: str) -> None:
    result = await near.call_tool("execute", {"code": code})
    assert 10 < estimate(words(result)) <= 6_300


async def test_the_words_of_an_error_come_before_a_long_line(near: Client) -> None:
    result = await near.call_tool("execute", {"code": f"/* {'long ' * 150_000} */ throw new Error('short')"})
    assert words(result).startswith("Error: short\n  at line 1")


async def test_what_the_description_promises_holds(near: Client) -> None:
    async def value(code: str, **more: Any) -> str:
        return words(await near.call_tool("execute", {"code": code} | more))

    assert "crm.find" in await value("return await codemode.search('customers by name')")
    for asked in (
        "['crm.find']",
        "'crm.find'",
        "{ paths: ['crm.find'] }",
        "{ paths: 'crm.find' }",
        "'crm.find', { budget_tokens: 500 }",
    ):
        assert "crm.find(input: {" in await value(f"return await codemode.describe({asked})")
    assert await value("try { await shop.refund({ order: 1 }) } catch (error) { return error.message }") == (
        "order 1 was refunded before"
    )
    for missing in ("fetch('https://example.com')", "require('fs')", "process.env"):
        said = await value(f"return {missing}")
        assert said.startswith("CheckError")
        assert "nothing was called" in said
    assert (await value("1 + 1;")).startswith("2")
    assert "returned nothing" in await value("const nothing = 1;")


async def test_a_call_that_can_mean_one_thing_only_is_not_refused(near: Client) -> None:
    async def said(tool: str, **arguments: Any) -> str:
        return words(await near.call_tool(tool, arguments))

    assert await said("describe", path="crm.find") == await said("describe", paths=["crm.find"])
    one = await said("search", query="customers", limit=1, offset=1)
    assert "number 2 of" in one
    assert await said("search", query="customers", limit="1", offset="1") == one
    assert await said("search", query={"query": "customers", "limit": 1, "offset": 1}) == one


async def test_a_long_value_is_cut_and_can_be_read_on(client: Client) -> None:
    first = words(await client.call_tool("execute", {"code": "return await crm.listing({ rows: 5000 })"}))
    way = first[first.rindex("const r =") : first.rindex("]")]
    assert "more of 5,000 items" in first
    number = int(way.partition("slice(")[2].partition(",")[0])
    rest = json.loads(words(await client.call_tool("execute", {"code": way})))
    assert rest[0] == {"id": number, "name": f"Customer {number}"}


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("execute", {}, "code is missing"),
        ("execute", {"source": "1"}, "the call had source"),
        ("execute", {"code": {"code": "1"}}, "code is a string, not an object"),
        ("execute", {"code": "  "}, "code is empty"),
        ("search", {"query": 7}, 'a query is "find customers"'),
        ("search", {"query": "x", "limit": "many"}, "limit is a whole number from 1 to 50"),
        ("search", {"query": "x", "limit": 1e400}, "limit is a whole number from 1 to 50"),
        ("search", {"query": {}}, "not an empty object"),
        ("describe", {"paths": [1]}, "paths is a string or an array of strings"),
        ("search", {"query": {"query": "x", "limit": 0}}, "limit is a whole number from 1 to 50"),
        ("search", {"query": "x", "offset": "-1"}, "offset is a whole number from 0 on"),
        ("describe", None, "paths is missing"),
        ("describe", {"path": 7}, "paths is a string or an array of strings"),
        ("execute", {"code": "1", "retry_of": 7}, "retry_of is a string, not the number 7"),
        ("resume", {}, "run is missing"),
        ("resume", {"run": ["run_1"]}, "run is a string, not an array"),
        ("crm.find", {"name": "Ada"}, "There is no tool 'crm.find' here; there are search, describe, execute, resume"),
    ],
)
async def test_a_wrong_call_shows_the_right_one(near: Client, tool: str, arguments: Any, said: str) -> None:
    result = await near.call_tool(tool, arguments)
    assert result.is_error
    assert said in words(result)
    assert "({" in words(result)


async def test_a_cancelled_call_cancels_its_run_and_no_further_call_starts(client: Client) -> None:
    begun = asyncio.Event()

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        if message and "crm.forever" in message:
            begun.set()

    code = "await crm.forever({}); await crm.create({ name: 'late' });"
    call = asyncio.create_task(client.call_tool("execute", {"code": code}, progress_callback=on_progress))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    ended = await client.call_tool("execute", {"code": "return await crm.until_forever_ends({})"})
    assert words(ended) == "ended"
    assert words(await client.call_tool("execute", {"code": "return await crm.names({})"})) == "[]"


async def test_programs_of_one_connection_run_at_the_same_time(client: Client) -> None:
    calls = [client.call_tool("execute", {"code": "return await crm.meet({})"}) for _ in range(3)]
    assert sorted([words(result) for result in await asyncio.gather(*calls)]) == ["0", "1", "2"]


async def test_exposed_tools_are_called_directly(transport: str, mode: str) -> None:
    async with connected(transport, mode, '{"expose": ["crm.find", "shop.*"]}') as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == ["search", "describe", "execute", "resume", "crm__find", "shop__orders", "shop__refund"]
        assert tools["crm__find"].description == "Find customers by name."
        assert tools["crm__find"].input_schema["required"] == ["name"]
        assert json.loads(words(await client.call_tool("crm__find", {"name": "Grace"}))) == [{"id": 2, "name": "Grace"}]
        refused = await client.call_tool("crm__find", {"nam": "Grace"})
        assert refused.is_error
        assert "Expected: crm.find({ name: string })" in words(refused)
        failed = await client.call_tool("shop__refund", {"order": 3})
        assert failed.is_error
        assert words(failed) == "ToolError: order 3 was refunded before"


async def test_few_declarations_stand_in_the_description_once_the_tools_are_known(transport: str) -> None:
    async with connected(transport, "legacy") as client:
        await client.call_tool("search", {"query": "orders"})  # waits until all is connected
        description = (await client.list_tools(cache_mode="refresh")).tools[2].description
        assert description is not None
        assert "crm.find(input: {" in description
    async with connected(transport, "legacy", '{"types": "search"}') as client:
        await client.call_tool("search", {"query": "orders"})
        assert "crm.find(input" not in str((await client.list_tools(cache_mode="refresh")).tools[2].description)


async def test_an_unknown_method_is_an_error_of_the_protocol(client: Client) -> None:
    with pytest.raises(MCPError):
        await client.read_resource("file:///etc/passwd")
