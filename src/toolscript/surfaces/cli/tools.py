"""`toolscript tools [PATTERN]`: list the tools that programs can call."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.search import summary_of
from toolscript.runs.program import syntax_of
from toolscript.schema.syntax import Syntax, signature
from toolscript.surfaces.assemble import assemble
from toolscript.surfaces.cli.exits import COMPLETED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.opening import Opened, with_tools
from toolscript.surfaces.cli.progress import ProgressLine
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.tools import Tool

_MAX_INDENT = 44  # descriptions stand in one column unless a path is longer than this


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("pattern", metavar="PATTERN", nargs="?", default="*", help="such as git, git.* or *.list_*")


def command(options: Namespace, terminal: Terminal) -> int:
    """List them; a server that cannot be reached is a note."""
    return until_done(_tools(with_tools(options, terminal), options.pattern, terminal), terminal)


async def _tools(opening: Opened, pattern: str, terminal: Terminal) -> int:
    runtime = assemble(opening.config, opening.specs)
    async with runtime, ProgressLine(terminal, runtime) as progress:
        await runtime.ready()
        progress.clear()
        catalog = runtime.catalog
        tools = [tool for tool in _sorted(catalog) if matches(tool, pattern)]
        if terminal.json:
            terminal.value(_object(catalog, tools, syntax_of(opening.config.languages[0])))
        else:
            _show(tools, terminal)
        if not tools and len(catalog):
            names = ", ".join(sorted(catalog.namespaces))
            terminal.note(f"no tool matches {pattern!r}; the namespaces are {names}")
    for namespace in catalog.namespaces.values():
        if namespace.state != "ready":
            why = f": {namespace.problems[0]}" if namespace.problems else ""
            terminal.note(f"{namespace.name} is {namespace.state}{why} (toolscript doctor says more)")
    return COMPLETED


def matches(tool: Tool, pattern: str) -> bool:
    """Whether a path fits a pattern: a namespace, or a path with `*` and `?`."""
    return tool.path.namespace == pattern or fnmatchcase(str(tool.path), pattern)


def _sorted(catalog: Catalog) -> list[Tool]:
    return sorted((tool for one in catalog.namespaces.values() for tool in one.methods.values()), key=lambda t: t.path)


def _show(tools: Sequence[Tool], terminal: Terminal) -> None:
    indent = min(max((len(str(tool.path)) for tool in tools), default=0), _MAX_INDENT)
    for tool in tools:
        effect = "read " if tool.effect == "read" else "write"
        mark = terminal.styled(effect, "green" if tool.effect == "read" else "yellow")
        terminal.out.write(f"{tool.path!s:{indent}}  {mark}  {summary_of(tool)}".rstrip() + "\n")


def _object(catalog: Catalog, tools: Sequence[Tool], syntax: Syntax) -> dict[str, Any]:
    return {
        "namespaces": [
            {
                "name": one.name,
                "state": one.state,
                "tools": len(one.methods),
                "problems": list(one.problems),
            }
            for _, one in sorted(catalog.namespaces.items())
        ],
        "tools": [
            {
                "path": str(tool.path),
                "raw_name": tool.raw_name,
                "effect": tool.effect,
                "signature": signature(tool, syntax),
                "description": tool.description,
                "input_schema": tool.input_schema,
                "output_schema": tool.output_schema,
            }
            for tool in tools
        ],
    }
