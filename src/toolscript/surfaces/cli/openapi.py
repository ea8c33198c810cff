"""`toolscript openapi lint SPEC...`: what is wrong with OpenAPI documents, and what was made of it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from typing import Any

from toolscript.errors import ConfigError
from toolscript.runtime.plugs import load
from toolscript.surfaces.cli.exits import COMPLETED, FAILED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.terminal import Terminal

_USAGE = "toolscript openapi lint github.yaml"
MAX_SHOWN = 200  # lines of one document; --json has them all


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("words", metavar="lint SPEC", nargs="*", help="documents: files or addresses")


def command(options: Namespace, terminal: Terminal) -> int:
    """Lint; a document of which operations are lost, or that cannot be read, is a failure."""
    match options.words:
        case ["lint", str(first), *others]:
            return until_done(_lint([first, *others], terminal), terminal)
        case []:
            raise ConfigError(f"say what is to be looked at: {_USAGE}")
        case words:
            raise ConfigError(f"{' '.join(words)!r} is not understood; write: {_USAGE}")


async def _lint(specs: Sequence[str], terminal: Terminal) -> int:
    checked: Callable[..., Any] = load("toolscript.connectors.openapi.checkup:checked")
    looked = [(spec, await checked(spec)) for spec in specs]
    if terminal.json:
        terminal.value({"documents": [_object(spec, one) for spec, one in looked]})
    else:
        for spec, one in looked:
            _show(spec, one, terminal)
    return FAILED if any(one.has_errors for _, one in looked) else COMPLETED


def _show(spec: str, one: Any, terminal: Terminal) -> None:
    errors = sum(finding.severity == "error" for finding in one.findings)
    warnings = len(one.findings) - errors
    said = f"{spec}: {one.operations:,} operations, {errors:,} errors, {warnings:,} warnings"
    if errors:
        terminal.marked("✗", "red", said)
    else:
        terminal.marked("!" if warnings else "✓", "yellow" if warnings else "green", said)
    for finding in one.findings[:MAX_SHOWN]:
        terminal.result(f"  {finding.severity}  {finding}")
    if len(one.findings) > MAX_SHOWN:
        terminal.result(f"  and {len(one.findings) - MAX_SHOWN:,} more; --json lists all")


def _object(spec: str, one: Any) -> dict[str, Any]:
    return {
        "spec": spec,
        "title": one.title,
        "operations": one.operations,
        "findings": [
            {"severity": finding.severity, "pointer": finding.pointer, "message": finding.message}
            for finding in one.findings
        ],
    }
