"""Programs as models write them, over the whole of the language: what Python makes of them, and what the guest does.

A program that the guest cannot run is refused before it calls anything, with words on what to write instead.
"""

from __future__ import annotations

import ast
import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, cast

import pytest

from toolscript import Runtime, functions
from toolscript.codec import decode, encode
from toolscript.errors import GuestError, ToolError

PROBES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "cases" / "python_probes.json").read_text(encoding="utf-8")
)["probes"]
CALLS: list[int] = []
BAR = 60  # of 64; what is asked for is 52


async def find(id: int) -> dict[str, Any]:
    """Find a contact."""
    CALLS.append(id)
    if id == 13:
        raise ToolError("boom")
    return {"id": id, "n": "find"}


class Crm:
    """The tools as a module of CPython's has them."""

    async def find(self, id: int) -> dict[str, Any]:
        await asyncio.sleep(0)
        if id == 13:
            raise RuntimeError("boom")
        return {"id": id, "n": "find"}


def in_cpython(code: str) -> tuple[Any, str]:
    """What Python itself makes of a program: the value of its last expression, and what it prints."""
    tree = ast.parse(code)
    held: ast.Module | ast.If = tree
    while isinstance(held.body[-1], ast.If):
        held = held.body[-1]
    last = held.body[-1]
    if isinstance(last, ast.Expr):
        held.body[-1] = ast.Assign([ast.Name("_value", ast.Store())], last.value)
    elif isinstance(last, ast.Assign):
        held.body.append(
            ast.Assign([ast.Name("_value", ast.Store())], ast.Name(cast("Any", last.targets[0]).id, ast.Load()))
        )
    script = compile(ast.fix_missing_locations(tree), "probe", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names: dict[str, Any] = {"crm": Crm(), "__name__": "__main__"}
    printed = io.StringIO()
    with redirect_stdout(printed):
        coroutine = eval(script, names)
        if coroutine is not None:
            asyncio.run(coroutine)
    return names.get("_value"), printed.getvalue()


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime([functions("crm", find)], languages=["python"]) as runtime:
        yield runtime


def test_there_are_sixty_four_probes_and_no_two_are_the_same() -> None:
    assert len(PROBES) == 64
    assert len({probe["name"] for probe in PROBES}) == 64
    assert len({probe["code"] for probe in PROBES}) == 64


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe["name"])
def test_python_itself_comes_to_the_value(probe: dict[str, Any]) -> None:
    value, printed = in_cpython(probe["code"])
    assert decode(encode(value)) == probe["value"]
    assert printed == probe.get("prints", "")


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe["name"])
async def test_a_probe_passes_or_is_refused_before_a_call(probe: dict[str, Any], runtime: Runtime) -> None:
    CALLS.clear()
    result = await runtime.run(probe["code"], language="python")
    if "refused" not in probe:
        assert result.value == probe["value"]
        assert "\n".join(result.printed) == probe.get("prints", "").rstrip("\n")
        return
    with pytest.raises(GuestError) as caught:
        _ = result.value
    assert caught.value.failure.code == "check"
    assert probe["refused"] in str(caught.value)
    assert CALLS == []


def test_the_bar_is_held() -> None:
    assert sum("refused" not in probe for probe in PROBES) >= BAR
