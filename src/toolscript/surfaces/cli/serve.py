"""`toolscript serve`: offer all tools to an MCP client."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from typing import Any

from toolscript.runtime.plugs import load
from toolscript.surfaces.assemble import assemble, configured
from toolscript.surfaces.cli.opening import add_approve, add_store, approve_flags, store_flags, with_tools
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.surfaces.settings import SETTINGS


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--http", metavar="HOST:PORT", help="streamable HTTP at this address, instead of stdio")
    parser.add_argument(
        "--expose",
        metavar="PATTERN",
        action="append",
        help="offer these tools directly as well (git.*); may be given several times",
    )
    parser.add_argument("--types", choices=SETTINGS["serve.types"].choices, help="where clients read the tools' types")
    parser.add_argument(
        "--languages",
        metavar="NAMES",
        help="what programs may be written in: typescript (the default), python, or typescript,python",
    )
    parser.add_argument("--isolation", choices=("threads", "workers"), help="where programs run (workers)")
    add_approve(parser)
    add_store(parser)


def command(options: Namespace, terminal: Terminal) -> int:
    """Serve until the client goes, or the process is asked to end."""
    opening = with_tools(options, terminal, _flags(options))
    serve = opening.config.serve
    offered = ServeOptions(
        expose=serve.expose,
        types=serve.types,
        budget_tokens=serve.budget_tokens,
        languages=opening.config.languages,
    )
    build = partial(assemble, opening.config, opening.specs, isolation="workers", role="worker")
    if serve.http is not None:
        over_http: Callable[..., int] = load("toolscript.surfaces.mcp_server.http:serve_http")
        host, port = serve.http
        token = serve.token and serve.token.reveal(opening.config.environment)
        return over_http(build(), offered, host, port, token=token)
    over_stdio: Callable[..., int] = load("toolscript.surfaces.mcp_server.front:serve")
    return over_stdio(build, offered, configured(opening.config, opening.specs))


def _flags(options: Namespace) -> dict[str, tuple[str, Any]]:
    flags: dict[str, tuple[str, Any]] = {
        "serve.types": ("--types", options.types),
        "isolation": ("--isolation", options.isolation),
        "languages": ("--languages", options.languages),
        **approve_flags(options),
        **store_flags(options),
    }
    for key, flag, given in (("serve.expose", "--expose", options.expose), ("serve.http", "--http", options.http)):
        if given is not None:
            flags[key] = (flag, given)
    return flags
