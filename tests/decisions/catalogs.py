"""Catalogues for tests: recorded tool lists of real servers, and synthetic ones of any size."""

import json
from pathlib import Path

import pytest

from toolscript.catalog.catalog import Catalog
from toolscript.schema.names import method_names
from toolscript.tools import Tool, ToolPath

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "mcp_tools"
needs_recorded = pytest.mark.skipif(not RECORDED.exists(), reason="the recorded tool lists are not there")


def tool(
    path: str, description: str = "", properties=None, *, raw=None, effect="write", required=(), output=None
) -> Tool:
    namespace, method = path.split(".")
    return Tool(
        path=ToolPath(namespace, method),
        raw_name=raw or method,
        description=description,
        input_schema={"type": "object", "properties": properties or {}, "required": list(required)},
        output_schema=output,
        effect=effect,
    )


def small() -> Catalog:
    issue = {"owner": {"type": "string"}, "repo": {"type": "string"}}
    hub = [
        tool(
            "hub.list_issues",
            "List the issues of a repository. Pages.",
            issue,
            effect="read",
            required=["owner", "repo"],
        ),
        tool(
            "hub.create_issue", "Open a new issue", {**issue, "title": {"type": "string"}}, required=["owner", "repo"]
        ),
        tool("hub.delete_customer", "Remove a customer for good"),
        tool("hub.get_env", "Environment", raw="get-env", effect="read"),
    ]
    files = [
        tool("files.read", "Read a file", {"path": {"type": "string", "description": "Where the spreadsheet lies"}}),
        tool("files.list_issues", "Problems of the file system", effect="read"),
        tool("files.convert", "Change the format", {"to": {"enum": ["parquet", "avro"]}}),
    ]
    return Catalog.empty().replace("hub", hub, about="A code host").replace("files", files)


def recorded(*names: str) -> Catalog:
    catalog = Catalog.empty()
    for file in sorted(RECORDED.glob("*.json")):
        if names and file.stem not in names:
            continue
        listing = json.loads(file.read_text(encoding="utf-8"))
        legal = method_names(each["name"] for each in listing["tools"])
        tools = [
            Tool(
                path=ToolPath(file.stem, legal[each["name"]]),
                raw_name=each["name"],
                description=each.get("description", ""),
                input_schema=each["inputSchema"],
                output_schema=each.get("outputSchema"),
                effect="read" if each.get("annotations", {}).get("readOnlyHint") else "write",
            )
            for each in listing["tools"]
        ]
        catalog = catalog.replace(file.stem, tools, about=listing["initialize"].get("instructions") or "")
    return catalog


def large(count: int = 10_000, spaces: int = 40) -> Catalog:
    verbs = ["create", "delete", "get", "list", "update", "search", "archive", "export", "share", "validate"]
    nouns = ["invoice", "customer", "report", "ticket", "payment", "shipment", "contract", "campaign", "device", "user"]
    nouns += ["order", "product", "message", "folder", "webhook", "schedule", "budget", "forecast", "survey", "vehicle"]
    nouns += ["policy", "claim", "patient", "course", "asset"]
    catalog = Catalog.empty()
    each = count // spaces
    for space in range(spaces):
        name = f"service{space}"
        tools = [
            tool(
                f"{name}.{verbs[n % 10]}_{nouns[n // 10 % 25]}{'' if n < 250 else n}",
                f"{verbs[n % 10].title()} one {nouns[n // 10 % 25]} of service {space}, by its id",
                {
                    "id": {"type": "string", "description": f"Which {nouns[n // 10 % 25]}"},
                    "limit": {"type": "integer", "description": "How many at most"},
                    "note": {"type": "string"},
                },
                required=["id"],
            )
            for n in range(each)
        ]
        catalog = catalog.replace(name, tools)
    return catalog
