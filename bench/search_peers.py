"""Other systems' search on our labelled queries: `python -m bench.search_peers [--every N] [--cloudflare FOLDER]`.

One row a system: the same tools, queries and measures as in `bench.search_quality`. Each system gets what it indexes
itself. SQLite is always there; `bm25s` (with PyStemmer) and `fastmcp` where they are installed. FOLDER is the unpacked
npm package `@cloudflare/codemode`; node runs its scorer, which the package does not export.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench import labelled, search_quality
from bench.search_quality import Build, Ranker
from toolscript.catalog.terms import words

_COLUMNS = ("namespace", "name", "description", "names", "descriptions")
_WEIGHTS = (1.2, 1.5, 0.7, 1.0, 0.35)  # the fields' weights of our own ranking
_CLOUDFLARE = """
const text = require('fs').readFileSync(process.argv[1] + '/dist/index.js', 'utf8');
const from = text.indexOf('//#region src/connectors/search.ts');
const scorer = text.slice(from, text.indexOf('//#endregion', from));
const searchConnectors = new Function(scorer + '; return searchConnectors')();
let connectors;
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const asked = JSON.parse(line);
  if (asked.connectors) connectors = asked.connectors;
  else console.log(JSON.stringify(searchConnectors(asked.query, connectors).results.map((hit) => hit.path)));
});
"""


def fts5(tools: list[dict[str, Any]]) -> Ranker:
    """SQLite's full-text search with the porter stemmer; names are split and stop words left out as ours are."""
    table = sqlite3.connect(":memory:")
    table.execute(f"CREATE VIRTUAL TABLE tools USING fts5({', '.join(_COLUMNS)}, tokenize = 'porter unicode61')")
    for tool in tools:
        table.execute("INSERT INTO tools VALUES (?, ?, ?, ?, ?)", [" ".join(_split(text)) for text in _fields(tool)])

    def rank(query: str, k: int) -> list[str]:
        asked = " OR ".join(f'"{word}"' for word in dict.fromkeys(_split(labelled.stripped(query))))
        weights = ", ".join(map(str, _WEIGHTS))
        order = f"SELECT rowid FROM tools WHERE tools MATCH ? ORDER BY bm25(tools, {weights}), rowid LIMIT ?"
        return [tools[row - 1]["id"] for (row,) in table.execute(order, (asked, k))] if asked else []

    return rank


def bm25s(tools: list[dict[str, Any]]) -> Ranker:
    """The `bm25s` library with Snowball's stemmer; names are split as ours are."""
    import bm25s as library
    from Stemmer import Stemmer

    stemmer = Stemmer("english")
    tokens = partial(library.tokenize, stopwords="en", stemmer=stemmer, show_progress=False)
    index = library.BM25()
    index.index(tokens([" ".join(_split(" ".join(_fields(tool)))) for tool in tools]), show_progress=False)

    def rank(query: str, k: int) -> list[str]:
        found, scores = index.retrieve(tokens([" ".join(_split(query))]), k=min(k, len(tools)), show_progress=False)
        return [tools[place]["id"] for place, score in zip(found[0], scores[0], strict=True) if score > 0]

    return rank


def fastmcp(tools: list[dict[str, Any]]) -> Ranker:
    """FastMCP's BM25 over the text that it takes of a tool, without its hash of all texts on each search."""
    from fastmcp.server.transforms.search.bm25 import BM25SearchTransform

    index = BM25SearchTransform()._index
    index.build(
        [" ".join(part for part in (tool["name"], *_fields(tool)[2:3], *_parameters(tool)) if part) for tool in tools]
    )
    return lambda query, k: [tools[place]["id"] for place in index.query(query, k)]


@contextmanager
def cloudflare(folder: Path) -> Iterator[Build]:
    """Cloudflare codemode's scorer, in node."""
    command = ["node", "-e", _CLOUDFLARE, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdin is not None
        assert node.stdout is not None
        wanted, given = node.stdin, node.stdout

        def build(tools: list[dict[str, Any]]) -> Ranker:
            spaces: dict[str, dict[str, Any]] = {}
            ids: dict[str, str] = {}
            for tool in tools:
                space = spaces.setdefault(tool["namespace"], {"name": tool["namespace"], "descriptors": {}})
                space["descriptors"][tool["name"]] = {"description": tool.get("description") or ""}
                ids[f"{tool['namespace']}.{tool['name']}"] = tool["id"]
            print(json.dumps({"connectors": list(spaces.values())}), file=wanted, flush=True)

            def rank(query: str, k: int) -> list[str]:
                print(json.dumps({"query": query}), file=wanted, flush=True)
                return [ids[path] for path in json.loads(given.readline())[:k]]

            return rank

        yield build
        wanted.close()


def _split(text: str) -> list[str]:
    return [word for word, _ in words(text)]


def _fields(tool: dict[str, Any]) -> tuple[str, str, str, str, str]:
    properties: dict[str, Any] = (tool.get("input_schema") or {}).get("properties") or {}
    told = [each.get("description") for each in properties.values() if isinstance(each, dict)]
    told = [each for each in told if isinstance(each, str)]
    return tool["namespace"], tool["name"], tool.get("description") or "", " ".join(properties), " ".join(told)


def _parameters(tool: dict[str, Any]) -> Iterator[str]:
    for name, each in ((tool.get("input_schema") or {}).get("properties") or {}).items():
        yield name
        if isinstance(each, dict) and isinstance(each.get("description"), str):
            yield each["description"]


def main() -> int:
    """Print each system's macro averages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so manieth query")
    parser.add_argument("--cloudflare", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    if not labelled.present():
        print("skipped: the labelled queries (../shared/data/retrieval) are not there", file=sys.stderr)
        return 0

    def show(name: str, build: Build) -> None:
        sets = [search_quality.scores(each, every=options.every, build=build) for each in labelled.names()]
        row = {**search_quality.macro(sets), "ms": statistics.mean(each["ms"] for each in sets)}
        print(f"{name:34} " + "  ".join(f"{key} {value:.3f}" for key, value in row.items()), flush=True)

    show("toolscript", search_quality.build)
    show("SQLite FTS5, porter, names split", fts5)
    if find_spec("bm25s") and find_spec("Stemmer"):
        show("bm25s, stemmed, names split", bm25s)
    if find_spec("fastmcp"):
        show("FastMCP", fastmcp)
    if options.cloudflare:
        with cloudflare(options.cloudflare) as build:
            show("Cloudflare codemode", build)
    return 0


if __name__ == "__main__":
    sys.exit(main())
