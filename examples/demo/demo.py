"""The main job on real input: one program over three third-party MCP servers, and what it costs beside direct calls.

`python demo.py GIT TIME SQLITE` takes the commands of mcp-server-git, mcp-server-time and mcp-server-sqlite;
`--language python` runs the same program in Python.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from world import make_database, make_repository

from toolscript import Runtime
from toolscript.codec import plain
from toolscript.connectors.mcp import connect, read_servers
from toolscript.runs.result import Result
from toolscript.runs.turn import Raised
from toolscript.surfaces.mcp_server.offer import count, offer_of
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.tokens import estimate
from toolscript.tools import Tool

PROGRAMS = {"typescript": "program.ts", "python": "program.py"}


def write_config(folder: Path, git: str, time: str, sqlite: str) -> Path:
    """An `mcp.json`, as MCP clients have one."""
    servers = {
        "git": {"command": git, "args": ["--repository", str(folder / "repo")]},
        "time": {"command": time, "args": ["--local-timezone", "UTC"]},
        "sqlite": {"command": sqlite, "args": ["--db-path", str(folder / "shop.db")]},
    }
    path = folder / "mcp.json"
    path.write_text(json.dumps({"mcpServers": servers}, indent=2))
    return path


def print_timeline(result: Result) -> None:
    """One line a call: when it began and how long it took."""
    began = min((call.at for call in result.calls), default=0)
    width = max((len(call.path) for call in result.calls), default=0)
    for call in result.calls:
        took = (call.duration_us or 0) / 1_000
        mark = "failed" if isinstance(call.answer, Raised) else "ok"
        print(f"  {call.seq:3}  +{call.at - began:5} ms  {call.path:{width}}  {took:7.1f} ms  {mark}")


def tokens_of_direct_calls(tools: list[Tool], result: Result) -> tuple[int, int]:
    """What a model reads and writes for the same steps as single tool calls: definitions, then calls and results."""
    definitions = sum(
        estimate(json.dumps({"name": tool.raw_name, "description": tool.description, "inputSchema": tool.input_schema}))
        for tool in tools
    )
    steps = 0
    for call in result.calls:
        steps += estimate(call.path) + estimate(call.args)
        steps += 0 if call.answer is None or isinstance(call.answer, Raised) else estimate(call.answer.value)
    return definitions, steps


async def main() -> int:
    """Set the scene, run the program, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("git", "time", "sqlite"):
        parser.add_argument(name, help=f"the command of mcp-server-{name}")
    parser.add_argument("--language", choices=list(PROGRAMS), default="typescript", help="the language of the program")
    commands = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="toolscript-demo-") as name:
        folder = Path(name)
        make_repository(folder / "repo")
        make_database(folder / "shop.db")
        config = write_config(folder, commands.git, commands.time, commands.sqlite)
        connectors = [connect(spec) for spec in read_servers(config, {})]
        async with Runtime(connectors, languages=[commands.language]) as runtime:
            return await tell(runtime, {"repo": str(folder / "repo")})


async def tell(runtime: Runtime, given: dict[str, str]) -> int:
    """Run the program, and print it with its timeline, answer and price."""
    code = Path(__file__).with_name(PROGRAMS[runtime.languages[0]]).read_text()
    await runtime.ready()
    for namespace in runtime.catalog.namespaces.values():
        print(f"{namespace.name}: {namespace.state}, {len(namespace.methods)} tools", *namespace.problems, sep="\n  ")
    print("\n--- the program\n")
    print(code)
    result = await runtime.run(code, input=given)
    print(f"--- {len(result.calls)} calls in {result.duration_ms} ms\n")
    print_timeline(result)
    for line in result.printed:
        print(f"  console: {line}")
    if result.failure is not None:
        print(f"\n--- it failed\n\n{result.failure}", file=sys.stderr)
        return 1
    answer = json.dumps(plain(result.value), indent=1, ensure_ascii=False)
    print(f"\n--- the answer\n\n{answer}\n")
    definitions, steps = tokens_of_direct_calls(list(runtime.catalog.tools), result)
    offered = count(offer_of(runtime.catalog, ServeOptions(languages=runtime.languages)).tools)
    print("--- tokens (estimated as o200k_base)\n")
    print(f"  {'':22}{'definitions':>12}{'work':>9}{'total':>9}")
    print(f"  {'direct tool calls':22}{definitions:12,}{steps:9,}{definitions + steps:9,}")
    work = estimate(code) + estimate(answer)
    print(f"  {'one program':22}{offered:12,}{work:9,}{offered + work:9,}")
    print(f"\n  {(definitions + steps) / (offered + work):.1f} times fewer with one program; the work of direct calls")
    print("  is counted once, though each of its results would be read again at every later step.")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
