"""The labelled tool sets of `../shared/data/retrieval` as catalogues, and a catalogue of any size made from them."""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.terms import QUERY_STOPS, words
from toolscript.schema.names import method_names, namespace_names
from toolscript.tools import Tool, ToolPath

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "retrieval"


def present() -> bool:
    return (FOLDER / "evaluate.py").exists()


@cache
def scoring() -> ModuleType:
    """The script that lies beside the data: `evaluate`, `score`, `read_lines`."""
    spec = importlib.util.spec_from_file_location("evaluate", FOLDER / "evaluate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def names() -> list[str]:
    """The sets, in order."""
    return sorted(folder.name for folder in FOLDER.iterdir() if any(folder.glob("queries.jsonl*")))


def tools_of(name: str) -> list[dict[str, Any]]:
    return scoring().read_lines(FOLDER / name, "tools")


def queries_of(name: str) -> list[dict[str, Any]]:
    return scoring().read_lines(FOLDER / name, "queries")


def catalog_of(tools: Iterable[Mapping[str, Any]]) -> tuple[Catalog, dict[str, str]]:
    """A catalogue of labelled tools, and the id of each path."""
    by_namespace: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for tool in tools:
        by_namespace[tool["namespace"]].append(tool)
    spaces = namespace_names(by_namespace)
    catalog, ids = Catalog.empty(), dict[str, str]()
    for raw, members in by_namespace.items():
        legal = method_names(f"{tool['name']}\0{place}" for place, tool in enumerate(members))
        made: list[Tool] = []
        for place, tool in enumerate(members):
            path = ToolPath(spaces[raw], legal[f"{tool['name']}\0{place}"])
            ids[str(path)] = tool["id"]
            schema = tool.get("input_schema") or {"type": "object"}
            made.append(
                Tool(path=path, raw_name=tool["name"], description=tool.get("description") or "", input_schema=schema)
            )
        catalog = catalog.replace(spaces[raw], made)
    return catalog, ids


def large_catalog(count: int, spaces: int) -> Catalog:
    """So many labelled tools in so many namespaces; of a tool that is needed again, each copy lacks other words."""
    every = [tool for name in names() for tool in tools_of(name)]
    made: list[dict[str, Any]] = []
    for number in range(count):
        tool, copy = every[number * 7_919 % len(every)], number // len(every)
        told = (tool.get("description") or "").split()
        if copy:
            told = [word for place, word in enumerate(told) if (place + number) % 7 != copy]
        made.append(
            {
                "id": str(number),
                "namespace": f"s{number % spaces}",
                "name": f"{tool['name']}_{copy}" if copy else tool["name"],
                "description": " ".join(told),
                "input_schema": tool.get("input_schema"),
            }
        )
    return catalog_of(made)[0]


def stripped(query: str) -> str:
    """The query without stop words, as a program would put it."""
    return " ".join(word for word, _ in words(query) if word not in QUERY_STOPS) or query
