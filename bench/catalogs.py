"""Big catalogues: building, searching, and what a client sees up front."""

from __future__ import annotations

import gc
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time

from bench import labelled
from bench.programs import many_tools
from bench.rows import Row, middle
from toolscript import Runtime, functions
from toolscript.catalog.catalog import Catalog
from toolscript.catalog.letters import Letters
from toolscript.catalog.search import found_text, search
from toolscript.guests.javascript.check import inspect
from toolscript.runs.policy import Policy
from toolscript.runs.precheck import problems_of
from toolscript.surfaces.mcp_server.offer import count, offer_of
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.tokens import estimate
from toolscript.tools import Tool, ToolPath

FREQUENT = ("get list id user", "list", "get user by id", "create new item name", "update status type", "get data")
QUERIES = 60  # of each form


async def rows() -> AsyncIterator[Row]:
    tools = many_tools(10_000)
    began = perf_counter()
    async with Runtime([functions("bench", *tools)]) as runtime:
        await runtime.ready()
        yield Row("build a catalogue of 10,000 function tools", perf_counter() - began, "s", 2.0)
        found = search(runtime.catalog, "share item of an owner")
        yield Row("answer of a search, ten hits", estimate(found_text(found)), "tokens", 310)
        yield Row(
            "what a client sees up front, 10,000 tools",
            count(offer_of(runtime.catalog, ServeOptions()).tools),
            "tokens",
            650,
        )
    if labelled.present():
        for row in _search(10_000, 40, build_s=1.0, ms=1.0):
            yield row
        for row in _search(100_000, 500, build_s=10.0, ms=5.0):
            yield row
    else:
        print("skipped: search over the labelled tools (../shared/data/retrieval)", file=sys.stderr)


def _search(tools: int, spaces: int, *, build_s: float, ms: float) -> Iterator[Row]:
    """Real tools, and questions: whole utterances, their words alone, and words that half of the tools have.

    In time of the processor, as nothing here waits for anything.
    """
    catalog = labelled.large_catalog(tools, spaces)
    gc.collect()
    gc.freeze()
    before = _resident()
    began = process_time()
    search(catalog, "warm up")
    yield Row(f"index of {tools:,} tools in {spaces} namespaces", process_time() - began, "s", build_s)
    whole = list(islice(_questions(), QUERIES))
    forms = {
        "utterances": whole,
        "utterances without stop words": [labelled.stripped(text) for text in whole],
        "four words": [" ".join(labelled.stripped(text).split()[:4]) for text in whole],
        "frequent words": list(FREQUENT),
    }
    for form, texts in forms.items():
        took = [_took(catalog, text) for _ in range(4) for text in texts]
        yield Row(f"search, {tools:,} tools, {form}", middle(took[len(texts) :]), "ms", ms)
    gc.collect()
    yield Row(f"memory of search over {tools:,} tools", _resident() - before, "MB", 150 if tools > 10_000 else None)
    kept, letters = _resident(), Letters()
    for name, space in catalog.namespaces.items():
        letters.add(name, space.methods)
    yield Row(f"memory of the letters of {tools:,} names, built with the catalogue", _resident() - kept, "MB", 30)
    gc.unfreeze()
    for row in _unknown_names(catalog, tools, spaces):
        yield row
    if tools > 10_000:
        crowded = Catalog.empty().replace("m", [_moved(each) for each in catalog.tools])
        for row in _unknown_names(crowded, tools, 1):
            yield row
    changed = catalog.replace("s0", list(catalog.namespaces["s0"].methods.values())[1:])
    yield Row(f"first search of {tools:,} tools after a change", _took(changed, FREQUENT[0]), "ms")


def _unknown_names(catalog: Catalog, tools: int, spaces: int) -> Iterator[Row]:
    """The check of a program with five methods and two namespaces that are not there; the first one counts, too."""
    names, calls = sorted(catalog.namespaces), list[str]()
    for number in range(5):
        name = names[number * 7 % len(names)]
        methods = list(catalog.namespaces[name].methods)
        method = methods[(number * 31 + 5) % len(methods)]
        half = len(method) // 2
        wrong = (method[:half] + method[half + 1 :], f"{method[:half]}x{method[half:]}", f"{method}s")[number % 3]
        calls.append(f"const c{number} = await {name}.{wrong if number < 4 else 'frobnicate'}({{ id: 1 }});")
    calls += ["const g = await gihtub.list_issues({ id: 1 });", "const s = await slakc.post_message({ id: 1 });"]
    code = "\n".join([*calls, *(f"for (const x of [1, 2]) console.log(x + {number});" for number in range(43))])
    took: list[float] = []
    for _ in range(20):
        began = process_time()
        problems = problems_of(inspect(code), catalog, Policy())
        took.append((process_time() - began) * 1e3)
        assert len(problems) == 7
    yield Row(f"check of 50 lines with unknown names, {tools:,} tools in {spaces}, the first", took[0], "ms")
    yield Row(f"check of 50 lines with unknown names, {tools:,} tools in {spaces}", middle(took), "ms", 5)


def _moved(tool: Tool) -> Tool:
    """The tool in a namespace that has them all."""
    return replace(tool, path=ToolPath("m", f"{tool.path.method}_{tool.path.namespace}"))


def _questions() -> Iterator[str]:
    """Development queries of all sets in turn."""
    by_set = [labelled.queries_of(name) for name in labelled.names()]
    for number in range(QUERIES):
        queries = by_set[number % len(by_set)]
        yield queries[number * 7 % len(queries)]["query"]


def _took(catalog: Catalog, text: str) -> float:
    began = process_time()
    search(catalog, text)
    return (process_time() - began) * 1e3


def _resident() -> float:
    """Megabytes of this process's memory that are in use; 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4_096 / 2**20 if statm.exists() else 0.0
