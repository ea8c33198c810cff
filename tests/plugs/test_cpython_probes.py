"""The probes of the language, over CPython: all of them pass."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.plugs.cpython_machine import lockable
from tests.plugs.test_python_probes import PROBES, find

from toolscript import Runtime, functions

pytestmark = [lockable, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime([functions("crm", find)], languages=["cpython"]) as runtime:
        yield runtime


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe["name"])
async def test_a_probe_passes(probe: dict[str, Any], runtime: Runtime) -> None:
    result = await runtime.run(probe["code"], language="cpython")
    assert result.value == probe["value"]
    assert "\n".join(result.printed) == probe.get("prints", "").rstrip("\n")
