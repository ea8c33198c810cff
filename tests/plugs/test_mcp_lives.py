"""Connecting to MCP servers, losing them, and getting them back: against servers that misbehave."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import mcp.client.session
import pytest
from mcp_upstreams import CONTEXT, PATIENCE_S, Watched, is_alive, raw, ready, sdk, serving, watched

from toolscript.connectors.mcp import Http, McpConnector, ServerSpec, Stdio, connect
from toolscript.errors import ToolError
from toolscript.tools import Tool, ToolPath

GOOD = Tool(path=ToolPath("up", "good"), raw_name="good", description="", input_schema={"type": "object"})


class Pauses:
    """A pause that notes how long it should be, and lasts until it is let go."""

    def __init__(self, *, waits: bool = True) -> None:
        self.asked: list[float] = []
        self.entered = asyncio.Event()
        self.go = asyncio.Event()
        if not waits:
            self.go.set()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.entered.set()
        await self.go.wait()
        await asyncio.sleep(0)


async def failure(one: Watched, raw_name: str = "good", **args: Any) -> Any:
    with pytest.raises(ToolError) as caught:
        await one.call(raw_name, **args)
    return caught.value.failure


# --- opening


async def test_open_returns_at_once_and_a_call_waits_for_the_server() -> None:
    async with watched(sdk()) as one:
        assert one.connector.listing().state == "connecting"
        tool = Tool(path=ToolPath("up", "echo"), raw_name="echo", description="", input_schema={"type": "object"})
        async with asyncio.timeout(PATIENCE_S):
            assert await one.connector.call(tool, {"value": 1}, CONTEXT) == 1
        assert one.connector.listing().state == "ready"


@pytest.mark.parametrize("mode", ["plain", "exits-at-probe"])
async def test_an_old_server_is_opened_the_old_way_and_that_is_remembered(mode: str) -> None:
    async with ready(raw(mode)) as one:
        assert one.connector.status.era == "legacy"
        assert one.connector.status.protocol == "2025-11-25"
        assert int(await one.call("good")) > 0


async def test_a_modern_server_that_leaves_out_what_is_new_is_understood() -> None:
    async with ready(raw("bare-modern")) as one:
        assert one.connector.status.protocol == "2026-07-28"
        assert one.connector.status.server_name is None
        assert int(await one.call("good")) > 0


async def test_a_call_that_is_turned_away_for_a_stale_schema_is_repeated_after_listing_again() -> None:
    async with ready(raw("header-mismatch")) as one:
        assert int(await one.call("good")) > 0


async def test_a_server_that_speaks_something_else_is_said_so() -> None:
    async with watched(raw("no-protocol"), pause=Pauses()) as one:
        (problem,) = (await one.state("unreachable")).problems
        assert problem.endswith(
            "could not be used: It does not speak MCP as it should: `capabilities`: Field required."
        )


async def test_a_server_that_is_silent_at_the_probe_is_opened_the_old_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp.client.session, "DISCOVER_TIMEOUT_SECONDS", 0.5)  # 10 s in the SDK
    async with ready(raw("silent-at-probe")) as one:
        assert one.connector.status.era == "legacy"


async def test_a_server_that_never_answers_is_unreachable_after_the_time_for_connecting() -> None:
    async with watched(raw("mute"), era="legacy", connect_timeout_s=1.0, pause=Pauses()) as one:
        listing = await one.state("unreachable")
        assert listing.problems[0].endswith("could not be used: It did not answer within 1 s.")
        with pytest.raises(ToolError, match="up cannot be reached now") as caught:
            await one.connector.call(GOOD, {}, CONTEXT)
        assert caught.value.failure.code == "unreachable"


async def test_a_server_that_dies_at_the_start_shows_its_exit_code_and_last_words_to_people_only() -> None:
    async with watched(raw("dies"), pause=Pauses()) as one:
        listing = await one.state("unreachable")
        assert "ended with exit code 4" in listing.problems[0]
        assert listing.problems[1] == "stderr: cannot read the licence file"
        assert one.connector.status.stderr == ("cannot read the licence file",)
        with pytest.raises(ToolError) as caught:
            await one.connector.call(GOOD, {}, CONTEXT)
        assert "licence" not in str(caught.value)
        assert sys.executable not in str(caught.value)


async def test_a_program_that_is_not_installed_is_said_so() -> None:
    async with watched(Stdio(command="no-such-program-here"), pause=Pauses()) as one:
        (problem,) = (await one.state("unreachable")).problems
        assert problem == (
            "`no-such-program-here` could not be used: There is no such program; is it installed, and on the PATH?"
        )


async def test_a_folder_that_is_missing_is_said_so(tmp_path: Path) -> None:
    target = Stdio(command=sys.executable, cwd=tmp_path / "none")
    async with watched(target, pause=Pauses()) as one:
        (problem,) = (await one.state("unreachable")).problems
        assert problem.endswith(f"The folder {tmp_path}/none does not exist.")


async def test_a_server_that_wants_credentials_is_said_so() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
        async with watched(Http(url=url, headers={"Authorization": "Bearer secret"}), pause=Pauses()) as one:
            (problem,) = (await one.state("unreachable")).problems
    assert "status 401. It wants credentials: set `headers`." in problem
    assert "secret" not in problem


async def test_an_address_where_nothing_answers_is_said_so_without_its_secrets() -> None:
    async with watched(Http(url="http://user:secret@127.0.0.1:9/mcp?key=secret"), pause=Pauses()) as one:
        (problem,) = (await one.state("unreachable")).problems
        assert problem == "http://127.0.0.1:9/mcp could not be reached: Nothing answers at this address."


async def test_a_noisy_server_is_read_and_only_its_last_lines_are_kept() -> None:
    async with ready(raw("noisy")) as one:
        assert int(await one.call("good")) > 0
        assert len(one.connector.status.stderr) <= 40
        assert one.connector.listing().problems == ()


async def test_what_a_server_prints_between_messages_is_no_harm() -> None:
    async with ready(raw("strays")) as one:
        assert int(await one.call("good")) > 0
        assert "printed 2 lines to standard output" in one.connector.listing().problems[0]


async def test_one_malformed_tool_does_not_lose_the_others() -> None:
    async with ready(raw("malformed")) as one:
        listing = one.connector.listing()
        tools = {tool.raw_name: tool for tool in listing.tools}
        assert " ".join(tools) == (
            "empty no-schema text-schema number-words text-output list-of-properties one-odd-property good"
        )
        assert tools["one-odd-property"].input_schema == {
            "type": "object",
            "properties": {"a": {}, "b": {"type": "string"}},
            "required": ["b"],
        }
        assert tools["empty"].input_schema == {"type": "object"}
        assert tools["number-words"].effect == "read"
        assert tools["text-output"].output_schema is None
        told = "\n".join(listing.problems)
        for words in (
            'empty: its input schema lacks `"type": "object"`',
            "Tool number 2 of the list has no name",
            "no-schema: its input schema is missing",
            "text-schema: its input schema is of type str",
            "number-words: fields of its definition are malformed",
            "text-output: its output schema is of type str",
            "Tool number 7",
            "Tool number 8",
            "list-of-properties: fields of its definition are malformed",
            "good: listed twice",
        ):
            assert words in told
        assert int(await one.call("good")) > 0


RECORDED = Path(__file__).parents[3] / "shared" / "data" / "mcp_tools"


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded tool lists are not beside the repository")
async def test_recorded_lists_of_published_servers_are_read_whole_and_without_repair() -> None:
    for file in sorted(RECORDED.glob("*.json")):
        recorded: list[Any] = json.loads(file.read_text(encoding="utf-8"))["tools"]
        async with ready(raw("recorded", str(file)), era="legacy") as one:
            listing = one.connector.listing()
        assert [tool.raw_name for tool in listing.tools] == [tool["name"] for tool in recorded]
        assert len({tool.path for tool in listing.tools}) == len(recorded)
        assert listing.problems == (), file.name
        reads = {tool.raw_name for tool in listing.tools if tool.effect == "read"}
        assert reads == {tool["name"] for tool in recorded if '"readOnlyHint": true' in json.dumps(tool)}


@pytest.mark.parametrize("mode", ["no-list", "endless"])
async def test_a_list_that_is_none_or_never_ends_leaves_a_server_without_tools(mode: str) -> None:
    async with ready(raw(mode)) as one:
        assert one.connector.listing().tools == ()


async def test_a_server_without_tools_is_no_error() -> None:
    from mcp.server import Server

    async with ready(Server("bare")) as one:
        assert one.connector.listing().problems == ("The server offers no tools.",)


async def test_a_server_object_of_this_process_needs_no_wire() -> None:
    from mcp.server import MCPServer

    server = MCPServer("inner", instructions="Inside.")

    @server.tool()
    def double(n: int) -> int:
        return 2 * n

    async with ready(server) as one:
        assert await one.call("double", n=4) == 8
        assert one.connector.listing().about == "Inside."


async def test_slow_and_dead_servers_do_not_hold_up_the_others() -> None:
    async with watched(raw("mute")) as slow, watched(raw("dies"), pause=Pauses()) as dead, ready(raw()) as good:
        assert int(await good.call("good")) > 0
        assert slow.connector.listing().state == "connecting"
        await dead.state("unreachable")


# --- losing


async def test_a_server_that_dies_in_a_call_fails_that_call_and_serves_the_next() -> None:
    async with ready(sdk()) as one:
        failed = await failure(one, "exit")
        assert (failed.code, failed.kind) == ("unreachable", "tool")
        assert failed.message.endswith("broke while up.exit was running; whether it took effect is not known.")
        assert await one.call("echo", value="back") == "back"
        assert one.connector.status.retries == 0


async def test_a_server_that_dies_again_and_again_is_tried_less_and_less_and_keeps_its_tools() -> None:
    pauses = Pauses(waits=False)
    async with ready(raw("dies-in-call"), pause=pauses, jitter=lambda: 1.0) as one:
        for _ in range(5):
            await one.state("ready")
            assert (await failure(one)).code == "unreachable"
            await one.until(lambda listing: listing.state != "ready")
            assert len(one.connector.listing().tools) == 1
        await one.state("ready")
    assert pauses.asked[:5] == [0.0, 1.0, 2.0, 4.0, 8.0]


async def test_back_off_grows_to_a_cap_with_jitter() -> None:
    pauses = Pauses(waits=False)
    async with watched(Stdio(command="no-such-program-here"), pause=pauses, jitter=lambda: 0.5) as one:
        await one.until(lambda _: len(pauses.asked) >= 10)
    assert pauses.asked[:9] == [0.375, 0.75, 1.5, 3.0, 6.0, 12.0, 24.0, 45.0, 45.0]
    assert one.connector.status.retries >= 9


async def test_a_changed_list_that_cannot_be_read_leaves_the_tools_as_they_were() -> None:
    async with ready(raw("list-fails-later")) as one:
        assert int(await one.call("good")) > 0
        listing = await one.until(lambda listing: bool(listing.problems))
        assert listing.problems == ("The tools changed, and could not be listed again: out of tools",)
        assert int(await one.call("good")) > 0


async def test_an_owner_that_the_loop_ended_leaves_nobody_waiting() -> None:
    async with watched(raw("mute")) as one:
        call = asyncio.ensure_future(one.connector.call(GOOD, {}, CONTEXT))
        await asyncio.sleep(0)
        for task in asyncio.all_tasks():
            if task.get_name() == "mcp:up":
                task.cancel()
        with pytest.raises(ToolError, match="up is not connected"):
            async with asyncio.timeout(PATIENCE_S):
                await call


async def test_an_http_server_that_restarts_is_found_again() -> None:
    pauses = Pauses(waits=False)
    async with serving("http") as (url, process), ready(Http(url=url), era="legacy", pause=pauses) as one:
        assert await one.call("echo", value=1) == 1
        process.kill()
        await process.wait()
        assert (await failure(one, "echo", value=2)).code == "unreachable"
        async with serving("http", int(url.split(":")[2].split("/")[0])):
            await one.state("ready")
            assert await one.call("echo", value=3) == 3


async def test_a_session_that_an_http_server_forgot_is_opened_again_and_the_call_repeated() -> None:
    async with serving("http") as (url, process), ready(Http(url=url), era="legacy") as one:
        port = int(url.split(":")[2].split("/")[0])
        process.kill()
        await process.wait()
        async with serving("http", port):  # a new server at the same address knows no session of ours
            assert await one.call("echo", value="again") == "again"


async def test_an_answer_that_is_no_result_is_a_failure_in_words() -> None:
    async with ready(raw("bad-result")) as one:
        assert (await failure(one)).message == "up.good answered with something that is no result of a tool."


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("not JSON", "up.good answered with something that cannot be read: it is not JSON."),
        ("too deep", "up.good answered with something that cannot be read: it is nested too deeply."),
        ("no result", "up.good answered with something that cannot be read: it has no result."),
        ("no error", "boom"),
    ],
)
async def test_an_answer_that_cannot_be_read_fails_at_once(kind: str, message: str) -> None:
    async with ready(raw("odd-json")) as one, asyncio.timeout(PATIENCE_S):
        assert (await failure(one, kind=kind)).message == message


@pytest.mark.parametrize(("kind", "value"), [("half an emoji", "cut \ud83d"), ("not UTF-8", "caf\ufffd")])
async def test_text_that_was_cut_or_is_not_utf_8_arrives(kind: str, value: str) -> None:
    async with ready(raw("odd-json")) as one, asyncio.timeout(PATIENCE_S):
        assert await one.call("good", kind=kind) == value


async def test_a_schema_that_is_nested_deeply_does_not_lose_the_others() -> None:
    async with ready(raw("deep")) as one:
        listing = one.connector.listing()
        assert [tool.raw_name for tool in listing.tools] == ["deep", "good"]
        assert "deep: its input schema is nested too deeply to read; it takes any arguments." in listing.problems


async def test_an_answer_over_the_cap_is_named_by_size_where_the_id_comes_last() -> None:
    async with ready(raw("large"), max_answer_bytes=1 << 18) as one:
        failed = await failure(one)
        assert failed.message.startswith("up.good answered with 3,000,0")
        assert (await failure(one)).code == "too_large"


# --- leaving


async def test_close_ends_the_process_and_calls_in_flight() -> None:
    async with ready(raw()) as one:
        pid = int(await one.call("good"))
        assert is_alive(pid)
        await one.connector.close()
        assert not is_alive(pid)
        await one.connector.close()  # twice is once
        assert one.connector.listing().state == "unreachable"
        with pytest.raises(ToolError, match="is not connected"):
            await one.connector.call(GOOD, {}, CONTEXT)


async def test_close_ends_a_call_in_flight_with_words() -> None:
    async with ready(sdk()) as one:
        call = asyncio.ensure_future(one.call("never"))
        while await one.call("started") == "":
            pass
        await one.connector.close()
        with pytest.raises(ToolError) as caught:
            await call
        assert caught.value.failure.code == "unreachable"


async def test_close_while_connecting_is_quick() -> None:
    async with watched(raw("mute")) as one:
        begin = time.monotonic()
        await one.connector.close()
        assert time.monotonic() - begin < 5


async def test_close_before_open_and_open_after_close_do_nothing() -> None:
    connector = McpConnector("up", raw())
    await connector.close()
    await connector.open(lambda: None)
    assert connector.listing().state == "unreachable"


@pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups are POSIX")
async def test_a_server_that_will_not_stop_is_killed_with_its_children(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    async with ready(raw("stubborn", str(file))) as one:
        pids = [int(text) for text in file.read_text().split()]
        assert all(is_alive(pid) for pid in pids)
        await one.connector.close()
    assert not any(is_alive(pid) for pid in pids)


TORN_DOWN = """
import asyncio, sys
from toolscript.connectors.mcp import McpConnector, Stdio

async def opened():
    connector = McpConnector("up", Stdio(command=sys.executable, args={args!r}))
    await connector.open(lambda: None)
    for _ in range(1000):
        if {until}:
            return connector
        await asyncio.sleep(0.01)
    raise SystemExit("not reached")

{run}
"""
RUNS = {
    "asyncio.run without close": "asyncio.run(opened())",
    "a loop that is dropped": "loop = asyncio.new_event_loop(); connector = loop.run_until_complete(opened())",
    "a loop that is closed": (
        "loop = asyncio.new_event_loop(); connector = loop.run_until_complete(opened()); loop.close()"
    ),
    "an exception": "async def main():\n    await opened()\n    raise KeyError\nasyncio.run(main())",
    "a close that is cancelled": (
        "async def main():\n    connector = await opened()\n    closing = asyncio.ensure_future(connector.close())\n"
        "    await asyncio.sleep(0.05)\n    closing.cancel()\nasyncio.run(main())"
    ),
}
MOMENTS = {
    "in the middle of connecting": "connector.status.stderr",
    "when ready": "connector.listing().state == 'ready'",
}


@pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups are POSIX")
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_no_process_is_left_when_the_event_loop_is_torn_down(run: str, moment: str, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    mute = moment.startswith("in the middle")
    code = textwrap.dedent(f"""
        import os, runpy, signal, sys
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open({str(file)!r}, "w").write(str(os.getpid()))
        print("up", file=sys.stderr, flush=True)
        sys.argv = ["raw_server.py", "{"mute" if mute else "plain"}"]
        runpy.run_path({raw().args[0]!r})
        signal.pause()
    """)
    script = TORN_DOWN.format(args=("-c", code), until=MOMENTS[moment], run=RUNS[run])
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60, check=False, text=True)
    assert "not reached" not in ended.stderr
    pid = int(file.read_text())
    try:
        assert not is_alive(pid)
    finally:
        if is_alive(pid):
            os.kill(pid, signal.SIGKILL)


async def test_a_server_whose_configuration_is_broken_is_listed_as_unreachable(tmp_path: Path) -> None:
    spec = ServerSpec(name="x", namespace="x", source=tmp_path, problems=("x: needs the variable TOKEN.",))
    connector = connect(spec)
    await connector.open(lambda: None)
    assert connector.listing().state == "unreachable"
    assert connector.listing().problems == ("x: needs the variable TOKEN.",)
    with pytest.raises(ToolError, match="x is not connected"):
        await connector.call(GOOD, {}, CONTEXT)
    await connector.close()
