"""Runs that outlast a call: handles, retries of what broke, and what a policy hides."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from mcp_bank import bank, customer, payments
from mcp_parts import over_http, words

from toolscript.runs.policy import Policy, Rule
from toolscript.surfaces.mcp_server.options import ServeOptions


@pytest.fixture(params=["auto", "legacy"])
def mode(request: Any) -> str:
    return request.param


def run_of(result: Any) -> str:
    return result.meta["toolscript/run"]


def status(result: Any) -> str:
    return result.meta["toolscript/status"]


async def test_a_run_that_takes_long_is_handed_back_and_asked_after(tmp_path: Path, mode: str) -> None:
    async with customer(tmp_path, "http", mode, patience_s=0.3) as client:
        result = await client.call_tool("execute", {"code": "await bank.note({ text: 'a' }); await bank.slow({})"})
        run = run_of(result)
        assert (result.is_error, status(result)) == (False, "running")
        assert words(result) == (
            f"The run {run} has not ended: it is calling bank.slow. 2 calls made, 1 of them a write (bank.note). "
            f'Ask after it with resume({{ "run": "{run}" }}); do not execute the program again, '
            "which would do what it did twice."
        )
        again = await client.call_tool("resume", {"run": run})
        assert (words(again), status(again)) == (words(result), "running")


async def test_a_run_that_sleeps_is_handed_back_and_goes_on_by_itself(tmp_path: Path, mode: str) -> None:
    async with customer(tmp_path, "http", mode, patience_s=0.3) as client:
        result = await client.call_tool("execute", {"code": "await codemode.sleep(3600); return 1"})
        assert status(result) == "parked"
        assert "it sleeps for another 3,600 s." in words(result)
        soon = await client.call_tool("execute", {"code": "await codemode.sleep(0.8); return 2"})
        ended = soon
        async with asyncio.timeout(20):
            while status(ended) == "running":
                ended = await client.call_tool("resume", {"run": run_of(soon)})
        assert words(ended) == "2"


async def test_a_run_that_was_handed_back_goes_on_in_the_next_server(tmp_path: Path, mode: str) -> None:
    code = "await bank.note({ text: 'before' }); await codemode.sleep(0.8); return await bank.note({ text: 'after' })"
    async with customer(tmp_path, "stdio", mode, patience_s=0.2) as client:
        run = run_of(await client.call_tool("execute", {"code": code}))
    async with customer(tmp_path, "stdio", mode) as client:
        assert words(await client.call_tool("resume", {"run": run})) == "after"
    assert payments(tmp_path) == ["note before", "note after"]


async def test_a_client_that_hears_of_progress_is_not_sent_away(tmp_path: Path, mode: str) -> None:
    async def heard(progress: float, total: float | None, message: str | None) -> None:
        return None

    async with customer(tmp_path, "http", mode, patience_s=0.2) as client:
        code = {"code": "await codemode.sleep(1); return 1"}
        assert words(await client.call_tool("execute", code, progress_callback=heard)) == "1"


async def test_leaving_resume_leaves_the_run_as_it_is(tmp_path: Path, mode: str) -> None:
    async with customer(tmp_path, "http", mode, patience_s=0.2) as client:
        run = run_of(await client.call_tool("execute", {"code": "await bank.slow({})"}))

        async def heard(progress: float, total: float | None, message: str | None) -> None:
            return None

        asking = asyncio.create_task(client.call_tool("resume", {"run": run}, progress_callback=heard))
        await client.list_tools(cache_mode="refresh")
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert status(await client.call_tool("resume", {"run": run})) == "running"


async def test_a_corrected_program_does_nothing_twice(tmp_path: Path, mode: str) -> None:
    async with customer(tmp_path, "http", mode) as client:
        failed = await client.call_tool(
            "execute", {"code": "await bank.note({ text: 'one' });\nawait bank.broken({});"}
        )
        run = run_of(failed)
        assert (
            "2 calls made, 1 of them a write (bank.note).\n"
            f'Correct the program and send it with retry_of: "{run}": then nothing is done twice.'
        ) in words(failed)
        code = "await bank.note({ text: 'one' });\nreturn await bank.note({ text: 'two' });"
        retried = await client.call_tool("execute", {"code": code, "retry_of": run})
        assert words(retried) == "two\n1 call was answered from the corrected run and not made again (bank.note)."
    assert payments(tmp_path) == ["note one", "note two"]


async def test_a_failed_retry_can_be_corrected_again(tmp_path: Path) -> None:
    async with customer(tmp_path, "http", "auto") as client:
        begin = "await bank.note({ text: 'one' });\n"
        first = await client.call_tool("execute", {"code": f"{begin}await bank.broken({{}});"})
        second = await client.call_tool("execute", {"code": f"{begin}oops();", "retry_of": run_of(first)})
        assert f'retry_of: "{run_of(second)}"' in words(second)
        third = await client.call_tool("execute", {"code": f"{begin}return 3", "retry_of": run_of(second)})
        assert words(third).startswith("3")
    assert payments(tmp_path) == ["note one"]


async def test_a_failure_without_writes_says_nothing_of_retries(tmp_path: Path) -> None:
    async with customer(tmp_path, "http", "auto") as client:
        assert "retry_of" not in words(await client.call_tool("execute", {"code": "await bank.balance({}); oops()"}))


async def test_what_cannot_be_corrected_is_refused_in_words(tmp_path: Path) -> None:
    async with customer(tmp_path, "http", "auto", patience_s=0.2) as client:
        unknown = await client.call_tool("execute", {"code": "return 1", "retry_of": "run_unknown"})
        assert (unknown.is_error, "run_unknown" in words(unknown)) == (True, True)
        running = run_of(await client.call_tool("execute", {"code": "await bank.slow({})"}))
        refused = await client.call_tool("execute", {"code": "return 1", "retry_of": running})
        assert (refused.is_error, "it can be corrected when it has ended" in words(refused)) == (True, True)
        assert words(await client.call_tool("execute", {"code": "return 1", "retry_of": ""})) == "1"


async def test_what_the_policy_denies_is_neither_listed_nor_offered(tmp_path: Path, mode: str) -> None:
    policy = Policy(rules=(Rule(verdict="deny", tools=("bank.pay",)),))
    options = ServeOptions(expose=("bank.*",))
    async with over_http(bank(tmp_path, policy=policy), options) as url, Client(url, mode=mode) as client:
        listed = (await client.list_tools()).tools
        assert "bank (4 tools)" in str(listed[0].description)
        assert "pay" not in json.dumps([tool.model_dump(mode="json") for tool in listed])
        assert "bank.pay" not in words(await client.call_tool("search", {"query": "pay somebody"}))
        assert "bank.pay" not in words(await client.call_tool("describe", {"paths": ["bank"]}))
        assert "There is no tool 'bank__pay'" in words(await client.call_tool("bank__pay", {"to": "A", "amount": 1}))
        said = words(await client.call_tool("execute", {"code": "await bank.pay({ to: 'A', amount: 1 })"}))
        assert "bank.pay is not allowed here" in said
    everything = Policy(rules=(Rule(verdict="deny", tools=("bank",)),))
    async with over_http(bank(tmp_path, policy=everything), options) as url, Client(url, mode=mode) as client:
        assert "bank" not in json.dumps([tool.model_dump(mode="json") for tool in (await client.list_tools()).tools])
    assert payments(tmp_path) == []
