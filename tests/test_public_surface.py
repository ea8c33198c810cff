from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

import toolscript

HEAVY = {"asyncio", "mcp", "wasmtime", "pydantic", "tree_sitter", "snowballstemmer", "sqlite3", "typer", "rich"}

NAMES = [
    "Actor",
    "Blob",
    "CallContext",
    "CallRecord",
    "Condition",
    "ConfigError",
    "Conflict",
    "Connector",
    "Event",
    "Failure",
    "Fault",
    "Guest",
    "GuestError",
    "Limits",
    "Listing",
    "McpConnector",
    "Media",
    "MemoryStore",
    "Observer",
    "Policy",
    "Program",
    "Progress",
    "Rerank",
    "Result",
    "Retention",
    "Revert",
    "Rollback",
    "Rule",
    "RunError",
    "Runtime",
    "SQLiteStore",
    "Session",
    "Snippet",
    "Store",
    "Tool",
    "ToolError",
    "ToolPath",
    "ToolscriptError",
    "__version__",
    "functions",
    "openapi",
    "tool",
]


def in_a_new_process(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_the_public_names_are_these_and_sorted() -> None:
    assert toolscript.__all__ == NAMES
    assert sorted(NAMES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_calls_itself_so(name: str) -> None:
    value = getattr(toolscript, name)
    assert getattr(value, "__name__", name) == name
    assert name in dir(toolscript)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'toolscript' has no attribute 'Runtimes'"):
        _ = toolscript.Runtimes  # type: ignore[attr-defined]


def test_the_version_is_that_of_the_distribution() -> None:
    assert toolscript.__version__ == importlib.metadata.version("toolscript")


def test_importing_the_package_brings_in_nothing_heavy() -> None:
    loaded = in_a_new_process("import sys, toolscript; print(*sys.modules)").split()
    assert "toolscript" in loaded
    assert not HEAVY & set(loaded)
    assert [name for name in loaded if name.startswith("toolscript.")] == []


def test_a_runtime_is_had_without_mcp_and_without_an_engine() -> None:
    code = (
        "import sys, toolscript; toolscript.Runtime, toolscript.functions, toolscript.SQLiteStore; print(*sys.modules)"
    )
    assert not {"mcp", "wasmtime", "tree_sitter"} & set(in_a_new_process(code).split())


def test_importing_the_package_takes_little_more_than_python_itself() -> None:
    code = "import time; t = time.perf_counter(); import toolscript; print((time.perf_counter() - t) * 1000)"
    assert min(float(in_a_new_process(code)) for _ in range(5)) <= 60
