"""`toolscript describe PATH...`: documentation and types."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from difflib import get_close_matches

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import missing_part
from toolscript.catalog.letters import bare
from toolscript.errors import ConfigError
from toolscript.runs.usage import BUILTIN
from toolscript.surfaces.assemble import assemble
from toolscript.surfaces.cli.exits import COMPLETED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.languages import add_syntax
from toolscript.surfaces.cli.opening import Opened, with_tools
from toolscript.surfaces.cli.progress import ProgressLine
from toolscript.surfaces.cli.terminal import Terminal


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        help="a tool (git.log), a namespace (git, codemode), a part (git.log:input)",
    )
    add_syntax(parser)
    parser.add_argument("--budget-tokens", metavar="N", type=int, default=8_000, help="how long it may be (8000)")


def command(options: Namespace, terminal: Terminal) -> int:
    """Describe them; a path that is not there is an error."""
    return until_done(_describe(with_tools(options, terminal), options, terminal), terminal)


async def _describe(opening: Opened, options: Namespace, terminal: Terminal) -> int:
    runtime = assemble(opening.config, opening.specs)
    async with runtime, ProgressLine(terminal, runtime) as progress:
        await runtime.ready()
        progress.clear()
        for path in options.paths:
            _check_part(runtime.catalog, path)
        budget_tokens, language = options.budget_tokens, options.language
        text = await runtime.describe(options.paths, budget_tokens=budget_tokens, language=language)
        if terminal.json:
            terminal.value({"paths": options.paths, "text": text})
        else:
            terminal.result(text)
    return COMPLETED


def _check_part(catalog: Catalog, path: str) -> None:
    """The same for a path that may name a part of a tool's types: `git.git_log:input`."""
    if path.partition(".")[0] == BUILTIN:
        return
    tool, colon, _ = path.partition(":")
    if not colon or catalog.meant(path) is not None:
        check_path(catalog, path)
        return
    check_path(catalog, tool)
    if missing := missing_part(catalog, path):
        raise ConfigError(missing)


def check_path(catalog: Catalog, path: str) -> None:
    """Raise `ConfigError` where a path names neither a namespace nor a tool."""
    head = path.partition(".")[0]
    names = {bare(name): name for name in catalog.namespaces}
    known = names.get(bare(head))
    if known is not None and catalog.namespaces[known].state != "ready":
        namespace = catalog.namespaces[known]
        why = f": {namespace.problems[0]}" if namespace.problems else ""
        raise ConfigError(f"{known} is {namespace.state}{why} (toolscript doctor says more)")
    if bare(path) in names or catalog.meant(path) is not None:
        return
    if known is None:
        near = get_close_matches(head, catalog.namespaces, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(catalog.namespaces)) or 'none'}"
        raise ConfigError(f"there is no namespace {head}; {hint}")
    near = get_close_matches(path, [f"{known}.{method}" for method in catalog.namespaces[known].methods], 3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"toolscript tools {known} lists what there is"
    raise ConfigError(f"there is no tool {path}; {hint}")
