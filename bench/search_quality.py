"""How good search is, on labelled queries: `python -m bench.search_quality [--json] [--limit N] [--sets a,b]`.

It scores `toolscript.catalog.search.search` itself, with the script and the data that lie in `../shared/data/retrieval`
(development queries). Without them it says so and ends well. `--stripped` also scores the queries without stop words,
which is nearer to what a program asks. The bars are the best known method's numbers on the same data.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.search import search
from toolscript.catalog.terms import QUERY_STOPS, words
from toolscript.schema.names import method_names, namespace_names
from toolscript.tools import Tool, ToolPath

LABELLED = Path(__file__).parents[2] / "shared" / "data" / "retrieval"
BARS = {"nDCG@10": 0.68, "R@5": 0.72}


def build(tools: list[dict[str, Any]]) -> Callable[[str, int], Sequence[str]]:
    """A ranker over a catalogue of the tools, as the scoring script wants it."""
    by_namespace: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for tool in tools:
        by_namespace[tool["namespace"]].append(tool)
    spaces = namespace_names(by_namespace)
    catalog, ids = Catalog.empty(), {}
    for raw, members in by_namespace.items():
        names = method_names(f"{tool['name']}\0{place}" for place, tool in enumerate(members))
        made: list[Tool] = []
        for place, tool in enumerate(members):
            path = ToolPath(spaces[raw], names[f"{tool['name']}\0{place}"])
            ids[str(path)] = tool["id"]
            schema = tool.get("input_schema") or {"type": "object"}
            made.append(
                Tool(path=path, raw_name=tool["name"], description=tool.get("description") or "", input_schema=schema)
            )
        catalog = catalog.replace(spaces[raw], made)
    search(catalog, "warm up")
    return lambda query, k: [ids[hit.path] for hit in search(catalog, query, limit=k).hits]


def stripped(query: str) -> str:
    """The query without stop words, as a program would put it."""
    return " ".join(word for word, _ in words(query) if word not in QUERY_STOPS) or query


def main() -> None:
    """Print the scores of each set and their macro average."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--stripped", action="store_true")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--sets")
    options = parser.parse_args()
    script = LABELLED / "evaluate.py"
    if not script.exists():
        print("skipped: the labelled queries (../shared/data/retrieval) are not there", file=sys.stderr)
        return
    spec = importlib.util.spec_from_file_location("evaluate", script)
    assert spec is not None
    assert spec.loader is not None
    scoring = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scoring)
    sets = options.sets.split(",") if options.sets else sorted(p.name for p in LABELLED.iterdir() if p.is_dir())
    for label, ranker in [("", build)] + ([(" stripped", _stripping)] if options.stripped else []):
        rows = {
            name: scoring.evaluate(ranker, LABELLED / name, options.limit) for name in sets if _has(LABELLED / name)
        }
        _report(rows, label, as_json=options.json)


def _stripping(tools: list[dict[str, Any]]) -> Callable[[str, int], Sequence[str]]:
    ranker = build(tools)
    return lambda query, k: ranker(stripped(query), k)


def _has(folder: Path) -> bool:
    return any(folder.glob("queries.jsonl*"))


def _report(rows: dict[str, dict[str, float]], label: str, *, as_json: bool) -> None:
    macro = {
        key: statistics.mean(row[key] for row in rows.values()) for key in ("nDCG@10", "R@5", "MRR", "empty", "ms/q")
    }
    if as_json:
        for key, value in macro.items():
            bar = BARS.get(key) if not label else None
            line = {
                "metric": f"search{label} {key}",
                "value": round(value, 4),
                "unit": "ms" if key == "ms/q" else "ratio",
            }
            print(json.dumps({**line, "bar": bar, "holds": None if bar is None else value >= bar}))
        return
    for name, row in [*rows.items(), (f"macro{label}", macro)]:
        print(f"{name:18} " + "  ".join(f"{key} {row[key]:.3f}" for key in macro), flush=True)


if __name__ == "__main__":
    began = time.perf_counter()
    main()
    print(f"({time.perf_counter() - began:.0f} s)", file=sys.stderr)
