"""Toolscript: a model writes one program that finds and calls tools, in a sandbox, and returns only the answer.

Every name is loaded when it is first used: importing the package brings in neither a sandbox engine nor a protocol.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolscript.codec import Blob
    from toolscript.connectors.functions import functions, tool
    from toolscript.connectors.mcp import McpConnector
    from toolscript.connectors.openapi.connector import openapi
    from toolscript.errors import (
        ConfigError,
        Conflict,
        Failure,
        Fault,
        GuestError,
        RunError,
        ToolError,
        ToolscriptError,
    )
    from toolscript.ports import Connector, Event, Guest, Listing, Observer, Session, Store
    from toolscript.runs.condition import Condition
    from toolscript.runs.entry import Actor
    from toolscript.runs.policy import Policy, Rule
    from toolscript.runs.program import Limits, Program
    from toolscript.runs.result import CallRecord, Result
    from toolscript.runs.retention import Retention
    from toolscript.runs.rollback import Rollback
    from toolscript.runs.snippet import Snippet
    from toolscript.runtime.rerank import Rerank
    from toolscript.runtime.runtime import Runtime
    from toolscript.stores.memory import MemoryStore
    from toolscript.stores.sqlite import SQLiteStore
    from toolscript.tools import CallContext, Media, Progress, Revert, Tool, ToolPath

    __version__: str

__all__ = [
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

_homes = {
    "codec": ("Blob",),
    "connectors.functions": ("functions", "tool"),
    "connectors.mcp": ("McpConnector",),
    "connectors.openapi.connector": ("openapi",),
    "errors": (
        "ConfigError",
        "Conflict",
        "Failure",
        "Fault",
        "GuestError",
        "RunError",
        "ToolError",
        "ToolscriptError",
    ),
    "ports": ("Connector", "Event", "Guest", "Listing", "Observer", "Session", "Store"),
    "runs.condition": ("Condition",),
    "runs.entry": ("Actor",),
    "runs.policy": ("Policy", "Rule"),
    "runs.program": ("Limits", "Program"),
    "runs.result": ("CallRecord", "Result"),
    "runs.retention": ("Retention",),
    "runs.rollback": ("Rollback",),
    "runs.snippet": ("Snippet",),
    "runtime.rerank": ("Rerank",),
    "runtime.runtime": ("Runtime",),
    "stores.memory": ("MemoryStore",),
    "stores.sqlite": ("SQLiteStore",),
    "tools": ("CallContext", "Media", "Progress", "Revert", "Tool", "ToolPath"),
}
_home = {name: f"toolscript.{module}" for module, names in _homes.items() for name in names}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value = importlib.import_module("importlib.metadata").version("toolscript")
    elif name in _home:
        value = importlib.import_module("toolscript.runtime.plugs").load(f"{_home[name]}:{name}")
    else:
        raise AttributeError(f"module 'toolscript' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
