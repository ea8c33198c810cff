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
MAX_GROUPS, MAX_PLACES = 50, 3  # of one document; --json has them all


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
    counts = ((one.operations, "operation"), (errors, "error"), (warnings, "warning"))
    said = f"{spec}: " + ", ".join(f"{count:,} {word}" + ("" if count == 1 else "s") for count, word in counts)
    if errors:
        terminal.marked("✗", "red", said)
    else:
        terminal.marked("!" if warnings else "✓", "yellow" if warnings else "green", said)
    for group in one.groups[:MAX_GROUPS]:
        _show_group(group, terminal)
    if len(one.groups) > MAX_GROUPS:
        terminal.result(f"  {len(one.groups) - MAX_GROUPS:,} more; --json lists all")


def _show_group(group: Any, terminal: Terminal) -> None:
    places = group.places
    if len(places) == 1:
        terminal.result(f"  {group.severity}  {group}")
        return
    terminal.result(f"  {group.severity}  {group.message} ({len(places):,} times)")
    for place in places[:MAX_PLACES]:
        terminal.result(f"             {place}")
    if len(places) > MAX_PLACES:
        terminal.result(f"             {len(places) - MAX_PLACES:,} more")


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
