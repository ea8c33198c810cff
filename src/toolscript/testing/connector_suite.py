"""What any connector must do. Subclass `ConnectorSuite` in a test module and give it a `connector` fixture.

The fixture is a connector that is not open yet, in the namespace `up`, with these tools under their raw names: `echo`
gives its argument `value` (any JSON) back, `fail` fails with words that contain `no such thing`, `never` never
answers, and `started` and `cancelled` give a text that is empty until a `never` has begun, and was cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from toolscript import codec
from toolscript.errors import ToolError
from toolscript.ports import Connector
from toolscript.schema.names import is_identifier
from toolscript.tools import CallContext, Tool

PATIENCE_S = 30.0
CONTEXT = CallContext(run="run_1", seq=1)
VALUES: tuple[Any, ...] = ("text", "", "ü\u2028", 0, -1.5, True, None, [1, [2]], {"a": {"b": []}}, {"$date": "x"})


@asynccontextmanager
async def opened(connector: Connector) -> AsyncGenerator[dict[str, Tool]]:
    """The tools of a connector by raw name, once it is ready; closes it at the end."""
    moved = asyncio.Event()
    await connector.open(moved.set)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while connector.listing().state != "ready":
                await moved.wait()
                moved.clear()
        yield {tool.raw_name: tool for tool in connector.listing().tools}
    finally:
        await connector.close()


async def _call(connector: Connector, tool: Tool, **args: Any) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        return await connector.call(tool, args, CONTEXT)


async def _until(connector: Connector, tool: Tool) -> None:
    """Until a tool gives something; each turn asks the source, which is what we wait for."""
    async with asyncio.timeout(PATIENCE_S):
        while not await connector.call(tool, {}, CONTEXT):  # noqa: ASYNC110 - the source tells no event of it
            await asyncio.sleep(0)


class ConnectorSuite:
    """Laws of every connector, over the fixture `connector: Connector`."""

    async def test_every_tool_has_a_legal_path_of_its_own_in_the_namespace(self, connector: Connector) -> None:
        async with opened(connector) as tools:
            paths = [tool.path for tool in tools.values()]
            assert {path.namespace for path in paths} == {connector.namespace} == {"up"}
            assert all(is_identifier(path.method) for path in paths)
            assert len(set(paths)) == len(paths)

    async def test_the_listing_is_the_same_until_something_changes(self, connector: Connector) -> None:
        async with opened(connector):
            assert connector.listing() == connector.listing()

    async def test_values_go_there_and_come_back(self, connector: Connector) -> None:
        async with opened(connector) as tools:
            for value in VALUES:
                got = await _call(connector, tools["echo"], value=value)
                assert got == value
                assert type(got) is type(value)
                codec.encode(got)

    async def test_a_failure_is_a_tool_error_in_the_tools_words(self, connector: Connector) -> None:
        async with opened(connector) as tools:
            with pytest.raises(ToolError, match="no such thing") as caught:
                await _call(connector, tools["fail"])
            assert caught.value.failure.kind == "tool"

    async def test_calls_run_side_by_side(self, connector: Connector) -> None:
        async with opened(connector) as tools:
            answers = await asyncio.gather(*(_call(connector, tools["echo"], value=n) for n in range(50)))
            assert answers == list(range(50))

    async def test_cancelling_a_call_cancels_it_at_the_source(self, connector: Connector) -> None:
        async with opened(connector) as tools:
            call = asyncio.ensure_future(connector.call(tools["never"], {}, CONTEXT))
            await _until(connector, tools["started"])
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await _until(connector, tools["cancelled"])
            assert await _call(connector, tools["echo"], value="alive") == "alive"

    async def test_a_tool_that_is_gone_is_a_tool_error(self, connector: Connector) -> None:
        async with opened(connector) as tools:
            echo = tools["echo"]
            gone = Tool(path=echo.path, raw_name="no-such-tool", description="", input_schema=True)
            with pytest.raises(ToolError):
                await _call(connector, gone)

    async def test_close_may_come_twice_and_before_open(self, connector: Connector) -> None:
        await connector.close()
        await connector.close()
