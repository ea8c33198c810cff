"""`python -m bench [--json]`: ends with 1 if a bar does not hold."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator

from bench import (
    catalogs,
    cpython_programs,
    durable,
    openapi,
    openapi_calls,
    peers,
    programs,
    python_programs,
    starts,
    type_checks,
)
from bench.rows import Row


async def measured() -> AsyncIterator[Row]:
    async for row in programs.rows():
        yield row
    async for row in python_programs.rows():
        yield row
    async for row in cpython_programs.rows():
        yield row
    async for row in durable.rows():
        yield row
    async for row in catalogs.rows():
        yield row
    for row in openapi.rows():
        yield row
    async for row in openapi_calls.rows():
        yield row
    for row in type_checks.rows():
        yield row
    for row in starts.rows():
        yield row
    async for row in peers.rows():
        yield row


async def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    as_json = parser.parse_args().json
    fell = 0
    async for row in measured():
        print(row.as_json() if as_json else row.as_text(), flush=True)
        fell += row.holds is False
    return 1 if fell else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
