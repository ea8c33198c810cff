"""`toolscript run FILE|-`: run a program and print its value."""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, assert_never, cast

from toolscript.codec import CodecError, encode, plain
from toolscript.connectors.mcp.servers_config import ServerSpec
from toolscript.errors import ConfigError
from toolscript.runs.program import Language
from toolscript.runs.result import Result
from toolscript.runs.visible import mentioned
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.assemble import assemble, configured
from toolscript.surfaces.cli.exits import COMPLETED, FAILED, PARKED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.opening import Opened, add_approve, add_store, approve_flags, opened, store_flags
from toolscript.surfaces.cli.progress import ProgressLine
from toolscript.surfaces.cli.shapes import result_object, shown_values
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.config import Config

_PYTHON = (".py", ".pyi")
_SEARCHING = frozenset({"codemode", "globalThis", "eval", "Function", "globals", "locals", "vars", "getattr"})
"""Words of a program that may come upon any namespace, beside those that it names."""


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("program", metavar="FILE", help="the program; - reads it from stdin")
    parser.add_argument("--input", metavar="JSON", help="what the program reads as `input`; @FILE reads it from a file")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, help="end the run after so long")
    parser.add_argument("--language", choices=("typescript", "python"), help="by default as the file's name says")
    parser.add_argument("--isolation", choices=("threads", "workers"), help="where the program runs")
    add_approve(parser)
    add_store(parser)


def command(options: Namespace, terminal: Terminal) -> int:
    """Run it; the exit code says how it ended."""
    code = read_program(options.program, terminal)
    value = read_input(options.input)
    language = cast("Language", options.language or ("python" if options.program.endswith(_PYTHON) else "typescript"))
    flags = {"isolation": ("--isolation", options.isolation), **approve_flags(options), **store_flags(options)}
    opening = opened(options, terminal, flags)
    config = opening.config
    if options.timeout is not None:
        config = _timed(config, options.timeout)
    return until_done(_run(Opened(config, opening.specs), code, value, language, terminal), terminal)


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


def read_input(text: str | None) -> Any:
    """The value of `--input`."""
    if text is None:
        return None
    shown, content = "--input", text
    if text.startswith("@"):
        shown = text[1:]
        content = (sys.stdin.buffer.read() if shown == "-" else _read(Path(shown), f"--input {text}")).decode(
            "utf-8-sig", "replace"
        )
    try:
        value = json.loads(content)
        encode(value)
    except json.JSONDecodeError as error:
        hint = "" if shown != "--input" else "; a text needs its double quotes: --input '\"text\"'"
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


def needed(opening: Opened, code: str) -> Sequence[ServerSpec]:
    """The servers that a program can reach: those it names, or all where it may look for tools itself.

    Where it names nothing that is known it may misspell a name, so all are there to be suggested.
    """
    named = mentioned(code, frozenset(configured(opening.config, opening.specs)) | _SEARCHING)
    if not named or named & _SEARCHING:
        return opening.specs
    return [spec for spec in opening.specs if spec.namespace in named]


async def _run(opening: Opened, code: str, value: Any, language: Language, terminal: Terminal) -> int:
    runtime = assemble(opening.config, needed(opening, code))
    progress = ProgressLine(terminal, runtime)
    try:
        async with runtime, progress:
            result = await runtime.run(code, input=value, language=language, observer=progress)
            progress.clear()
            _tell(result, runtime, terminal)
    except asyncio.CancelledError:
        progress.clear()
        if progress.run is not None:
            terminal.problem(
                f"cancelled the run {progress.run}; toolscript runs show {progress.run} tells how far it came"
            )
            if terminal.json:
                terminal.value({"run": progress.run, "status": "cancelled"})
        raise
    return exit_code(result)


def exit_code(result: Result) -> int:
    """0 for a run that completed, 3 for one that waits, else 1."""
    match result.status:
        case "completed":
            return COMPLETED
        case "running" | "parked":
            return PARKED
        case "failed" | "rejected" | "cancelled" | "expired" | "rolled_back":
            return FAILED
        case _:
            assert_never(result.status)


def _tell(result: Result, runtime: Runtime, terminal: Terminal) -> None:
    for line in result.printed:
        terminal.note(line)
    for value in shown_values(result):
        terminal.note(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    if terminal.json:
        terminal.value(result_object(result))
    elif result.ok:
        tell_value(plain(result.value), terminal)
    if result.failure is not None:
        terminal.problem(str(result.failure) + (f"\n{result.hint}" if result.hint else ""))
        for connector in runtime.connectors:
            listing = connector.listing()
            if listing.state == "unreachable":
                why = f": {listing.problems[0]}" if listing.problems else ""
                terminal.note(f"{connector.namespace} is unreachable{why} (toolscript doctor says more)")
    elif not result.ok:
        terminal.problem(f"the run {result.run} is {result.status}; toolscript runs show {result.run} tells more")


def tell_value(value: Any, terminal: Terminal) -> None:
    """A text as it is, anything else as JSON."""
    if isinstance(value, str):
        terminal.result(value)
    else:
        terminal.value(value)
