"""The declarations of real tools: what the checkers are given is right by itself, and given in time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.decisions.catalogs import needs_recorded, recorded
from tests.decisions.openapi_documents import FILES, operations
from typed_tools import Checked, installed_tsc

from toolscript.catalog.catalog import Catalog
from toolscript.guests.javascript.declared import declared, module
from toolscript.guests.javascript.tsc import TypeServer
from toolscript.guests.javascript.type_check import TypeScriptChecker
from toolscript.tools import Tool, ToolPath

CASES = Path(__file__).parent.parent / "cases"
AT_A_TIME = 40  # tools in one text: what a program may name
MAX_MS = 100  # of one check with five tools: warm; the first one starts the process


@pytest.fixture(scope="module")
def server() -> Iterator[TypeServer]:
    server = TypeServer(installed_tsc())
    yield server
    server.close()


def recorded_tools() -> list[Tool]:
    catalog: Catalog = recorded()
    return [tool for space in catalog.namespaces.values() for tool in space.methods.values()]


def texts(tools: list[Tool]) -> Iterator[str]:
    for start in range(0, len(tools), AT_A_TIME):
        batch = tools[start : start + AT_A_TIME]
        yield module([(tool, declared(tool, start + number)) for number, tool in enumerate(batch)])


@needs_recorded
def test_the_declarations_of_recorded_tools_have_no_flaw(server: TypeServer):
    tools = recorded_tools()
    assert len(tools) > 100
    for text in texts(tools):
        assert server.findings(f"{text}\nexport {{}}") == []


@pytest.mark.parametrize("name", FILES)
def test_the_declarations_of_published_apis_have_no_flaw(server: TypeServer, name: str):
    tools = list(operations(name))
    step = max(1, len(tools) // 60)
    for text in texts(tools[::step]):
        assert server.findings(f"{text}\nexport {{}}") == []


def test_the_declarations_of_what_leads_back_to_itself_have_no_flaw(server: TypeServer):
    for case in json.loads((CASES / "self_references.json").read_text(encoding="utf-8")):
        path = ToolPath("space", "act")
        tool = Tool(
            path=path, raw_name="act", description="", input_schema=case["output"], output_schema=case["output"]
        )
        assert server.findings(f"{module([(tool, declared(tool, 0))])}\nexport {{}}") == [], case["name"]


@needs_recorded
def test_five_tools_of_any_size_are_checked_in_time():
    tools = recorded_tools()
    checked = Checked("typescript", TypeScriptChecker(installed_tsc()))
    spent: list[float] = []
    for start in range(0, len(tools) - 5, 5):
        batch = tuple(tools[start : start + 5])
        code = "\n".join(
            f"const r{number} = await {tool.path}(input); r{number}.x ?? 0" for number, tool in enumerate(batch)
        )
        begun = time.perf_counter()
        assert checked.certain(code, batch) == [], code
        spent.append((time.perf_counter() - begun) * 1_000)
    checked.checker.close()
    assert sorted(spent)[len(spent) // 2] < MAX_MS


@needs_recorded
def test_the_stubs_of_recorded_tools_have_no_flaw_for_python():
    pytest.importorskip("pydantic_monty", reason="the Python engine is not installed")
    from toolscript.guests.python.type_check import PythonTypeChecker

    tools = recorded_tools()
    checked = Checked("python", PythonTypeChecker())
    for start in range(0, len(tools) - 5, 5):
        batch = tuple(tools[start : start + 5])
        code = "\n".join(f"r{number} = await {tool.path}(**input)\nr{number}" for number, tool in enumerate(batch))
        assert checked.certain(code, batch) == [], code
    checked.checker.close()
