"""A large OpenAPI document (GitHub's, 1,223 operations): from parsed JSON to tools that can be found and described."""

from __future__ import annotations

import gc
import gzip
import json
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

from bench.rows import Row
from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import describe
from toolscript.catalog.search import search
from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.tools import tools_of

DOCUMENT = Path(__file__).parents[2] / "shared" / "data" / "openapi" / "github" / "api.github.com.json.gz"
TIMES = 3


def rows() -> Iterator[Row]:
    if not DOCUMENT.exists():
        print("skipped: GitHub's OpenAPI document (../shared/data/openapi)", file=sys.stderr)
        return
    document = json.loads(gzip.decompress(DOCUMENT.read_bytes()))
    catalog = Catalog.empty()
    imported: list[float] = []
    found: list[float] = []
    digested: list[float] = []
    described: list[float] = []
    for _ in range(TIMES):
        catalog = Catalog.empty()
        gc.collect()
        began = process_time()
        catalog = _imported(document)
        imported.append(process_time() - began)
        search(catalog, "list the open issues of a repository")
        found.append(process_time() - began)
        began = process_time()
        assert catalog.digest
        digested.append(process_time() - began)
        began = process_time()
        describe(catalog, ["github.issues_update"])
        described.append((process_time() - began) * 1e3)
    yield Row(f"import {len(catalog):,} operations, from parsed JSON", min(imported), "s", 1.0)
    yield Row("the same, until the first search is answered", min(found), "s", 2.0)
    yield Row("digest of its catalogue", min(digested), "s")
    yield Row("describe its largest kind of operation", min(described), "ms", 50)
    catalog = Catalog.empty()
    yield Row("peak memory of it, over the parsed document", _peak(document), "MB", 150)


def _imported(document: dict[str, Any]) -> Catalog:
    return Catalog.empty().replace("github", tools_of(read_api(document).operations, "github"))


def _peak(document: dict[str, Any]) -> float:
    """Megabytes at the highest point, until the first search is answered."""
    gc.collect()
    tracemalloc.start()
    try:
        search(_imported(document), "list the open issues of a repository")
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
