"""The command `toolscript`."""

from __future__ import annotations

import io
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from toolscript.errors import ConfigError, Conflict, ToolscriptError
from toolscript.runtime.plugs import load
from toolscript.surfaces.cli.arguments import parse
from toolscript.surfaces.cli.exits import COMPLETED, FAILED, INTERRUPTED, MISUSED, PIPE_CLOSED
from toolscript.surfaces.cli.terminal import Terminal

Command = Callable[[Namespace, Terminal], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a lone surrogate or a small code page loses no output
    try:
        try:
            code = _command(arguments)
        except SystemExit as leaving:  # how the parser ends, after help or a usage error
            code = leaving.code if isinstance(leaving.code, int) else MISUSED
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains as it ends
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _command(arguments: Sequence[str] | None) -> int:
    options = parse(arguments)
    if options.version:
        sys.stdout.write(f"toolscript {load('toolscript:__version__')}\n")
        return COMPLETED
    terminal = Terminal(json=options.json, quiet=options.quiet)
    _log(verbose=options.verbose)
    try:
        command: Command = load(f"toolscript.surfaces.cli.{options.command}:command")
        return command(options, terminal)
    except (ConfigError, Conflict) as error:
        return _failed(terminal, error, MISUSED)
    except ToolscriptError as error:
        return _failed(terminal, error, FAILED)


def _failed(terminal: Terminal, error: ToolscriptError, code: int) -> int:
    if terminal.json:
        terminal.value({"error": {"kind": type(error).__name__, "message": str(error)}})
    terminal.problem(f"toolscript: {error}")
    return code


def _log(*, verbose: bool) -> None:
    root = logging.getLogger()
    if verbose:
        logging.basicConfig(
            stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        logging.getLogger("toolscript").setLevel(logging.DEBUG)
    else:
        root.addHandler(logging.NullHandler())  # what matters is said in the command's own words
