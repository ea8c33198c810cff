"""`toolscript search QUERY`: find tools by what they do."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from toolscript.catalog.search import found_text
from toolscript.surfaces.assemble import assemble
from toolscript.surfaces.cli.exits import COMPLETED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.languages import add_syntax
from toolscript.surfaces.cli.opening import Opened, with_tools
from toolscript.surfaces.cli.progress import ProgressLine
from toolscript.surfaces.cli.terminal import Terminal

_SCREEN_TOKENS = 4_000  # a screen is wider than a model's answer


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("query", metavar="QUERY", nargs="+", help="what the tool should do, in plain words")
    parser.add_argument("--limit", metavar="N", type=int, default=10, help="at most so many tools (10)")
    parser.add_argument("--offset", metavar="N", type=int, default=0, help="leave out the first so many")
    add_syntax(parser)
    parser.add_argument("--namespace", metavar="NAME", action="append", help="only this namespace; repeatable")


def command(options: Namespace, terminal: Terminal) -> int:
    """Search; finding nothing is an answer too."""
    return until_done(_search(with_tools(options, terminal), options, terminal), terminal)


async def _search(opening: Opened, options: Namespace, terminal: Terminal) -> int:
    runtime = assemble(opening.config, opening.specs)
    async with runtime, ProgressLine(terminal, runtime) as progress:
        query = " ".join(options.query)
        found = await runtime.search(
            query,
            limit=options.limit,
            offset=max(0, options.offset),
            namespace=options.namespace,
            language=options.language,
        )
        progress.clear()
        if terminal.json:
            terminal.value({"query": query, **found.plain()})
        else:
            terminal.result(found_text(found, budget_tokens=_SCREEN_TOKENS))
    return COMPLETED
