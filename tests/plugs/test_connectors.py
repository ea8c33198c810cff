"""Every connector passes the suite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp_upstreams import sdk, serving

from toolscript.connectors.functions import functions, tool
from toolscript.connectors.mcp import Http, McpConnector
from toolscript.connectors.wrap import wrap
from toolscript.errors import ToolError
from toolscript.ports import Connector
from toolscript.testing.connector_suite import ConnectorSuite


def of_functions(namespace: str = "up") -> Connector:
    seen: dict[str, str] = {"started": "", "cancelled": ""}

    async def echo(value: Any) -> Any:
        return value

    def fail() -> None:
        raise ToolError("no such thing")

    async def never() -> None:
        seen["started"] = "yes"
        try:
            await asyncio.Event().wait()
        finally:
            seen["cancelled"] = "yes"

    def started() -> str:
        return seen["started"]

    async def cancelled() -> str:
        return seen["cancelled"]

    return functions(namespace, echo, fail, never, tool(started, effect="read"), cancelled)


class TestFunctions(ConnectorSuite):
    @pytest.fixture
    def connector(self) -> Connector:
        return of_functions()


class TestWrapped(ConnectorSuite):
    @pytest.fixture
    def connector(self) -> Connector:
        return wrap(of_functions("inner"), namespace="up", rename={"echo": "parrot"})


class TestMcpOverStdio(ConnectorSuite):
    @pytest.fixture
    def connector(self) -> Connector:
        return McpConnector("up", sdk())


class TestMcpOverHttp(ConnectorSuite):
    @pytest.fixture
    async def connector(self) -> AsyncIterator[Connector]:
        async with serving("http") as (url, _):
            yield McpConnector("up", Http(url=url))
