"""How good search is, on labelled queries: `python -m bench.search_quality [--json] [--every N] [--sets a,b]`.

It scores `toolscript.catalog.search.search` itself, with the script and the data that lie in `../shared/data/retrieval`
(development queries), and ends with 1 if the macro average falls below its bar, or by more than SLACK below what was
recorded. Without the data it says so and ends well. `--stripped` also scores the queries without stop words, which is
nearer to what a program asks.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench import labelled
from bench.rows import Row
from toolscript.catalog.search import search

MEASURES = ("nDCG@10", "R@5", "MRR", "empty")
BAR = 0.64  # macro nDCG@10
SLACK = 0.01
RECORDED = 0.691  # macro nDCG@10 over all development queries
SAMPLE = 8  # every so manieth query, but at least SMALL a set: what a test has time for
SMALL = 60
RECORDED_SAMPLE = 0.695  # the same over that sample


Ranker = Callable[[str, int], Sequence[str]]
Build = Callable[[list[dict[str, Any]]], Ranker]


def build(tools: list[dict[str, Any]]) -> Ranker:
    """A ranker over a catalogue of the tools, as the scoring script wants it."""
    catalog, ids = labelled.catalog_of(tools)
    search(catalog, "warm up")
    return lambda query, k: [ids[hit.path] for hit in search(catalog, query, limit=k).hits]


def scores(name: str, *, every: int = 1, strip: bool = False, build: Build = build) -> dict[str, float]:
    """The mean measures of one set, over every so manieth query, and the median milliseconds of one."""
    ranker = build(labelled.tools_of(name))
    queries = labelled.queries_of(name)
    queries = queries[:: min(every, max(1, len(queries) // SMALL))]
    rows: list[dict[str, float]] = []
    took: list[float] = []
    for query in queries:
        text = labelled.stripped(query["query"]) if strip else query["query"]
        began = time.perf_counter()
        ranked = ranker(text, 10)
        took.append((time.perf_counter() - began) * 1e3)
        rows.append(labelled.scoring().score(ranked, set(query["relevant"])))
    means = {measure: statistics.mean(row[measure] for row in rows) for measure in MEASURES}
    return {**means, "ms": statistics.median(took)}


def macro(sets: Sequence[dict[str, float]]) -> dict[str, float]:
    """The average over sets, each of which counts once."""
    return {measure: statistics.mean(each[measure] for each in sets) for measure in sets[0]}


def main() -> int:
    """Print the scores of each set and their macro average."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--stripped", action="store_true")
    parser.add_argument("--every", type=int, default=1, help="only every so manieth query")
    parser.add_argument("--sets")
    options = parser.parse_args()
    if not labelled.present():
        print("skipped: the labelled queries (../shared/data/retrieval) are not there", file=sys.stderr)
        return 0
    fell = False
    for strip in (False, True) if options.stripped else (False,):
        chosen = options.sets.split(",") if options.sets else labelled.names()
        sets = {name: scores(name, every=options.every, strip=strip) for name in chosen}
        whole = macro(list(sets.values()))
        if not options.json:
            for name, row in [*sets.items(), ("macro stripped" if strip else "macro", whole)]:
                print(f"{name:18} " + "  ".join(f"{key} {value:.4f}" for key, value in row.items()), flush=True)
        complete = not strip and not options.sets and options.every == 1
        row = Row(
            f"search{' stripped' if strip else ''}, macro nDCG@10",
            whole["nDCG@10"],
            "ratio",
            max(BAR, RECORDED - SLACK) if complete else None,
            at_most=False,
        )
        print(row.as_json() if options.json else row.as_text())
        fell = fell or row.holds is False
    return int(fell)


if __name__ == "__main__":
    sys.exit(main())
