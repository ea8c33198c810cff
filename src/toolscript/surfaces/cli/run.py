"""`toolscript run FILE|-`, or `-e CODE`: run a program and print its value."""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from toolscript.codec import CodecError, decode, encode
from toolscript.errors import ConfigError
from toolscript.runs.program import Program
from toolscript.surfaces.cli.driving import actor, exit_code, needed, runtime_for, tell, to_rest
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.kept import meant
from toolscript.surfaces.cli.languages import add_language, language_of
from toolscript.surfaces.cli.opening import Opened, add_approve, add_store, approve_flags, opened, store_flags
from toolscript.surfaces.cli.progress import ProgressLine
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.config import Config


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("program", metavar="FILE", nargs="?", help="the program; - reads it from stdin")
    parser.add_argument("--eval", "-e", metavar="CODE", help="the program itself, in place of FILE")
    parser.add_argument("--input", metavar="JSON", help="what the program reads as `input`; @FILE reads it from a file")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, help="end the run after so long")
    add_language(parser)
    parser.add_argument("--isolation", choices=("threads", "workers"), help="where the program runs")
    add_starting(parser)
    add_approve(parser)
    add_store(parser)


def command(options: Namespace, terminal: Terminal) -> int:
    """Run it; the exit code says how it ended."""
    code = _program(options, terminal)
    value = read_input(options.input)
    flags = {"isolation": ("--isolation", options.isolation), **approve_flags(options), **store_flags(options)}
    opening = opened(options, terminal, flags)
    config = opening.config
    if options.timeout is not None:
        config = _timed(config, options.timeout)
    language = language_of(options.program or "", options.language, config.languages)
    program = Program(code=code, language=language, input=encode(value))
    return until_done(run_program(Opened(config, opening.specs), program, options, terminal), terminal)


def add_starting(parser: ArgumentParser) -> None:
    """The options that say how a run begins."""
    parser.add_argument("--key", metavar="KEY", help="if a run has this key, go on with it instead of starting another")
    parser.add_argument(
        "--retry-of", metavar="RUN", help="correct this run: calls that are the same get the answers that they had"
    )


def _program(options: Namespace, terminal: Terminal) -> str:
    if (options.program is None) == (options.eval is None):
        raise ConfigError("say which program to run, one of the two: a FILE (- is stdin), or -e CODE")
    if options.eval is None:
        return read_program(options.program, terminal)
    if not options.eval.strip():
        raise ConfigError("-e is empty; write a program that returns a value, such as: -e 'return 1 + 1'")
    return options.eval


def read_program(name: str, terminal: Terminal) -> str:
    """The program's text, from a file or from stdin; `ConfigError` for what cannot be one."""
    if name == "-":
        if sys.stdin.isatty():
            terminal.note("reading the program from the terminal; end it with Ctrl-D")
        content, shown = sys.stdin.buffer.read(), "the program on stdin"
    else:
        content, shown = _read(Path(name), f"the program {name}"), name
    try:
        code = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{shown} is not text: byte {error.start + 1} is no UTF-8") from error
    if "\0" in code:
        raise ConfigError(f"{shown} is not text: byte {content.index(0) + 1} is zero")
    if not code.strip():
        raise ConfigError(f"{shown} is empty; write a program that returns a value, such as: return 1 + 1")
    return code


def read_input(text: str | None, option: str = "--input") -> Any:
    """The value of an option that takes JSON, or `@FILE` with JSON in it."""
    if text is None:
        return None
    shown, content = option, text
    if text.startswith("@"):
        shown = text[1:]
        content = (sys.stdin.buffer.read() if shown == "-" else _read(Path(shown), f"{option} {text}")).decode(
            "utf-8-sig", "replace"
        )
    try:
        value = json.loads(content)
        encode(value)
    except json.JSONDecodeError as error:
        hint = "" if shown != option else f"; a text needs its double quotes: {option} '\"text\"'"
        raise ConfigError(f"{shown} is not JSON: {error}{hint}") from error
    except (CodecError, RecursionError) as error:
        raise ConfigError(f"{shown} cannot be handed to a program: {error}") from error
    return value


def _read(path: Path, named: str) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(f"{named}: there is no such file") from error
    except IsADirectoryError as error:
        raise ConfigError(f"{named}: this is a folder") from error
    except OSError as error:
        raise ConfigError(f"{named}: cannot be read: {error.strerror}") from error


def _timed(config: Config, seconds: float) -> Config:
    if not 0 < seconds < float("inf"):
        raise ConfigError(f"--timeout is {seconds:g}; it must be a number of seconds above 0")
    return replace(config, limits=replace(config.limits, wall_ms=max(1, round(seconds * 1_000))))


async def run_program(
    opening: Opened, program: Program, options: Namespace, terminal: Terminal, *, text: str | None = None
) -> int:
    """Run a program here until it ends or waits for somebody who is not; the exit code says which.

    `text` is what says which servers are needed, if that is not the program's own.
    """
    progress = ProgressLine(terminal)
    by = actor(options)
    async with runtime_for(needed(opening, text or program.code), progress) as runtime:
        retry_of = None
        if options.retry_of is not None:
            retry_of = await meant(runtime.recent, options.retry_of, opening.config.scope)
        async with progress:
            value, language = decode(program.input), program.language
            run = await runtime.start(program.code, input=value, language=language, key=options.key, retry_of=retry_of)
        try:
            result = await to_rest(runtime, run, progress, terminal, by)
        except asyncio.CancelledError:
            await runtime.cancel(run, by=by)
            terminal.problem(f"cancelled the run {run}; toolscript runs show {run} tells how far it came")
            if terminal.json:
                terminal.value({"run": run, "status": "cancelled"})
            raise
        tell(result, runtime, terminal, options)
    return exit_code(result)
