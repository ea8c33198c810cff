"""Big catalogues: building, searching, and what a client sees up front."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import perf_counter

from bench.programs import many_tools
from bench.rows import Row, middle, timed
from toolscript import Runtime, functions
from toolscript.catalog.search import found_text, search
from toolscript.surfaces.mcp_server.offer import count, offer_of
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.tokens import estimate

QUERIES = ("share item of an owner", "delete item number 4714", "count", "list items by owner and name")


async def rows() -> AsyncIterator[Row]:
    tools = many_tools(10_000)
    began = perf_counter()
    async with Runtime([functions("bench", *tools)]) as runtime:
        await runtime.ready()
        yield Row("build a catalogue of 10,000 function tools", perf_counter() - began, "s", 2.0)
        began = perf_counter()
        found = search(runtime.catalog, "share item of an owner")
        yield Row("first search, builds the index of 10,000 tools", perf_counter() - began, "s")
        waiting = iter([*QUERIES] * 10)
        yield Row("search, 10,000 tools", middle(timed(lambda: search(runtime.catalog, next(waiting)), 40)), "ms")
        yield Row("answer of a search, ten hits", estimate(found_text(found)), "tokens")
        yield Row(
            "what a client sees up front, 10,000 tools",
            count(offer_of(runtime.catalog, ServeOptions()).tools),
            "tokens",
            650,
        )
