"""One program over two APIs and an MCP server. The APIs are served here, from the documents of their vendors.

`python demo.py PRISM SQLITE` takes the commands of Prism, a mock server for OpenAPI documents that answers with their
examples and refuses what they do not allow, and of mcp-server-sqlite. The program runs in TypeScript, then in Python;
`--language` chooses one.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import shlex
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from toolscript import Connector, Runtime, openapi
from toolscript.codec import plain
from toolscript.connectors.mcp import connect, read_servers

HERE = Path(__file__).parent
PROGRAMS = {"typescript": "films.ts", "python": "films.py"}
APIS = {"tmdb": "env:TMDB_KEY", "box": "env:BOX_TOKEN"}
SECRETS = {"TMDB_KEY": "a-key", "BOX_TOKEN": "a-token"}  # the mock servers want some, whatever they are
PATIENCE_S = 60.0


async def main() -> int:
    """Serve the APIs, run the programs, and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prism", type=shlex.split, help="the command of Prism")
    parser.add_argument("sqlite", help="the command of mcp-server-sqlite")
    parser.add_argument("--language", choices=list(PROGRAMS), help="what the program is written in")
    options = parser.parse_args()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toolscript-demo-")))
        specs = {name: unpacked(name, folder) for name in APIS}
        try:
            async with asyncio.TaskGroup() as starting:
                servers = [served(options.prism, spec) for spec in specs.values()]
                started = [starting.create_task(stack.enter_async_context(server)) for server in servers]
        except ExceptionGroup as failed:
            print(*failed.exceptions, sep="\n", file=sys.stderr)
            return 2
        addresses = {name: task.result() for name, task in zip(specs, started, strict=True)}
        languages = [options.language] if options.language else list(PROGRAMS)
        ended = [await run(language, specs, addresses, options.sqlite, folder) for language in languages]
    return max(ended)


def unpacked(name: str, folder: Path) -> Path:
    """A document as it was published."""
    path = folder / f"{name}.json"
    path.write_bytes(gzip.decompress((HERE / "specs" / f"{name}.json.gz").read_bytes()))
    return path


@asynccontextmanager
async def served(prism: Sequence[str], spec: Path) -> AsyncGenerator[str]:
    """A mock server of one API, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [*prism, "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), str(spec)]
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    listening: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    reading = asyncio.create_task(_read(process.stdout, listening))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait([listening, reading], return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():
            raise RuntimeError(f"{shlex.join(words)} ended: does the command run?")
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reading


async def _read(printed: asyncio.StreamReader, listening: asyncio.Future[bool]) -> None:
    """All that a server prints, so that it never waits for a reader."""
    async for line in printed:
        if b"is listening" in line and not listening.done():
            listening.set_result(True)


async def run(language: str, specs: dict[str, Path], addresses: dict[str, str], sqlite: str, folder: Path) -> int:
    """Run the program in one language, and print its calls and its answer."""
    config = folder / f"{language}.json"
    server = {"command": sqlite, "args": ["--db-path", str(folder / f"{language}.db")]}
    config.write_text(json.dumps({"mcpServers": {"sqlite": server}}))
    connectors: list[Connector] = [connect(spec) for spec in read_servers(config, {})]
    for name, spec in specs.items():
        connectors.append(openapi(name, spec, base_url=addresses[name], auth=APIS[name], environment=SECRETS))
    async with Runtime(connectors, languages=[language]) as runtime:
        await runtime.ready()
        code = (HERE / PROGRAMS[language]).read_text()
        print(f"--- {PROGRAMS[language]}, {len(code):,} characters; {len(runtime.catalog):,} tools it could call\n")
        result = await runtime.run(code)
    for call in result.calls:
        print(f"  {call.seq:3}  {call.path:30}  {(call.duration_us or 0) / 1_000:7.1f} ms")
    print(*(f"  console: {line}" for line in result.printed), sep="\n")
    if result.failure is not None:
        print(f"\n--- it failed\n\n{result.failure}", file=sys.stderr)
        return 1
    print(f"\n--- the answer\n\n{json.dumps(plain(result.value), indent=1, ensure_ascii=False)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
