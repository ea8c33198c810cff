"""`toolscript doctor`: check the installation, the settings and every server."""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from toolscript.connectors.openapi.examination import Examination
from toolscript.errors import ConfigError
from toolscript.runs.policy import Rule
from toolscript.surfaces.apis import ApiConfig
from toolscript.surfaces.assemble import NOTHING
from toolscript.surfaces.cli.checkup import (
    Checkup,
    EngineCheck,
    LanguageCheck,
    RunsCheck,
    SourceCheck,
    StoreCheck,
    Wall,
    checkup,
)
from toolscript.surfaces.cli.exits import COMPLETED, FAILED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.opening import Opened, add_store, opened, store_flags
from toolscript.surfaces.cli.terminal import Style, Terminal
from toolscript.surfaces.config import Config, PythonTools
from toolscript.surfaces.settings import Secret
from toolscript.surfaces.toml_file import shown

_STDERR_LINES = 8
_MARKS: dict[str, tuple[str, Style]] = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "bad": ("✗", "red")}


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=15.0, help="wait so long for servers (15)")
    add_store(parser)


def command(options: Namespace, terminal: Terminal) -> int:
    """Check everything; 1 when something that is configured does not work."""
    if not 0 < options.timeout < math.inf:
        raise ConfigError(f"--timeout is {options.timeout:g}; it must be a number of seconds above 0")
    return until_done(_doctor(opened(options, terminal, store_flags(options)), options.timeout, terminal), terminal)


async def _doctor(opening: Opened, timeout_s: float, terminal: Terminal) -> int:
    found = await checkup(opening.config, opening.specs, timeout_s=timeout_s)
    if terminal.json:
        terminal.value(_object(found, opening.config))
    else:
        for mark, text in _lines(found, opening.config):
            if mark == "head":
                terminal.result(text)
            else:
                terminal.marked(*_MARKS.get(mark, (" ", "dim")), text)
        if not opening.has_tools:
            terminal.note(f"\n{NOTHING.format(command='tools')}")
    return COMPLETED if found.is_healthy else FAILED


def _lines(found: Checkup, config: Config) -> Iterator[tuple[str, str]]:
    """A mark and a text for each line."""
    versions = dict(found.versions)
    yield "head", f"toolscript {versions.pop('toolscript')}"
    yield "", ", ".join(f"{name} {version}" for name, version in versions.items())
    yield from _engine_lines(found.engine)
    for language in found.languages:
        yield _language_line(language)
    yield from _wall_lines(found.walls)
    yield _types_line(found.types, config)
    yield from _store_lines(found.store)
    yield from _setting_lines(config)
    yield "head", f"sources of tools: {len(found.sources)}"
    for source in found.sources:
        yield from _source_lines(source)


def _engine_lines(engine: EngineCheck) -> Iterator[tuple[str, str]]:
    if engine.problem:
        yield "bad", f"engine: {engine.problem}"
    else:
        yield "ok", f"engine: a program runs ({engine.first_ms} ms with loading)"
    if not engine.cache_is_writable:
        yield (
            "warn",
            f"engine cache: {shown(engine.cache)} is not writable, so that each process compiles for a second; "
            "set TOOLSCRIPT_CACHE to a folder that is",
        )


def _language_line(found: LanguageCheck) -> tuple[str, str]:
    name = "Python" if found.language == "python" else "Python in CPython"
    if found.problem is None:
        return "ok", f"{name}: a program runs ({found.first_ms} ms with loading)"
    return ("bad", f"{name}: {found.problem}") if found.wanted else ("", f"{name}, which is not used: {found.problem}")


def _wall_lines(walls: tuple[Wall, ...] | str) -> Iterator[tuple[str, str]]:
    if isinstance(walls, str):
        yield "bad", f"worker processes: {walls}"
        return
    standing = [wall.name for wall in walls if wall.holds]
    missing = [f"{wall.name} ({wall.reason})" for wall in walls if not wall.holds]
    yield "ok", f"worker processes: locked down by {', '.join(standing) or 'the sandbox alone'}"
    if missing:
        yield "warn", f"this platform lacks {', '.join(missing)}; the sandbox itself does not depend on them"


def _types_line(version: str, config: Config) -> tuple[str, str]:
    if config.type_check == "off":
        return "", "types of programs: not checked (type_check is off)"
    if version:
        return "ok", f"types of TypeScript programs: checked by tsc {version}"
    if config.tsc is not None:
        return "warn", f"types of TypeScript programs: {shown(config.tsc)} is no native tsc (version 7 or later)"
    said = (
        "only literal arguments are checked; `npm install -g typescript@7` or toolscript-typecheck brings the checker"
    )
    return "", f"types of TypeScript programs: {said}"


def _store_lines(kept: StoreCheck) -> Iterator[tuple[str, str]]:
    if kept.path is None:
        yield "warn", "store: memory; runs are forgotten when the process ends"
        return
    text = f"store: {kept.kind} in {shown(kept.path)}, durability {kept.durability}"
    if not kept.problem:
        text += f" ({_DURABILITY[kept.durability]})"
    yield ("bad", f"{text}: {kept.problem}") if kept.problem else ("ok", text)
    if kept.file_system:
        yield (
            "warn",
            f"the store lies on a network file system ({kept.file_system}), where SQLite's write-ahead log is unsafe "
            "and runs may be lost; set store.path to a local disk",
        )
    if kept.runs is not None:
        yield from _run_lines(kept.runs)


_DURABILITY = {
    "process": "keeps what is recorded when a process is killed; a power failure may take the newest",
    "power": "keeps what is recorded through a power failure",
}


def _run_lines(runs: RunsCheck) -> Iterator[tuple[str, str]]:
    yield "", f"runs: {runs.running} running, {runs.parked} parked"
    if runs.due:
        yield (
            "warn",
            f"{runs.due} of the runs could be gone on with, and nobody does: start toolscript serve where they belong, "
            "or toolscript runs resume RUN",
        )
    if runs.uncertain:
        yield (
            "warn",
            f"{runs.uncertain} of the runs made a write of which is not known whether it took effect: "
            "toolscript runs --status parked",
        )


def _setting_lines(config: Config) -> Iterator[tuple[str, str]]:
    said = {key: origin for key, origin in config.origins.items() if origin != "default"}
    yield "head", f"settings: {len(said)} set, {len(config.origins) - len(said)} by default (--json lists all)"
    for key, origin in sorted(said.items()):
        yield "", f"{key} = {_plain(config.values[key])}  ({origin})"
    for note in config.notes:
        yield "warn", note


def _source_lines(source: SourceCheck) -> Iterator[tuple[str, str]]:
    status = source.status
    text = f"{source.namespace}: {source.state}, {source.tools} tool{'' if source.tools == 1 else 's'}"
    if status is not None and source.state == "ready":
        text += f", {status.server_name} {status.server_version} over {status.transport}"
        text += f", protocol {status.protocol}, connected in {status.connect_ms} ms"
    yield ("warn" if source.problems else "ok") if source.is_sound else "bad", text
    if source.state == "connecting":
        yield "", "  it has not answered yet; give it longer with --timeout, or look at what it prints"
    if source.api is not None:
        yield from (("", f"  {line}") for line in _api_lines(source.api))
    for problem in source.problems:
        yield "", f"  {problem}"
    if status is not None and source.state != "ready":
        for line in status.stderr[-_STDERR_LINES:]:
            yield "", f"  | {line}"


def _api_lines(api: Examination) -> Iterator[str]:
    for one in api.addresses:
        yield f"{one.what} answers" if one.problem is None else f"{one.what}: {one.problem}"
    for one in api.secrets:
        yield f"credentials: {one.what} is there" if one.problem is None else f"credentials: {one.problem}"
    if api.wanted:
        yield f"credentials: none are set (auth), and its document names {', '.join(api.wanted)}"


def _object(found: Checkup, config: Config) -> dict[str, Any]:
    walls = found.walls
    return {
        "healthy": found.is_healthy,
        "versions": dict(found.versions),
        "engine": _plain(asdict(found.engine)),
        "languages": [asdict(one) for one in found.languages],
        "workers": {
            "problem": walls if isinstance(walls, str) else None,
            "walls": [] if isinstance(walls, str) else [asdict(wall) for wall in walls],
        },
        "types": {"tsc": found.types or None},
        "store": _plain(asdict(found.store)),
        "settings": [
            {"key": key, "value": _plain(config.values[key]), "origin": origin}
            for key, origin in sorted(config.origins.items())
        ],
        "notes": list(config.notes),
        "sources": [_plain(asdict(source)) for source in found.sources],
    }


def _plain(value: Any) -> Any:
    """A setting's value as JSON knows it."""
    match value:
        case Path():
            return str(value)
        case PythonTools():
            return value.name
        case Secret():
            return value.reference
        case ApiConfig():
            return value.spec
        case Rule():
            return f"{value.verdict} {value.text}"
        case dict():
            return {str(key): _plain(item) for key, item in cast("dict[Any, Any]", value).items()}
        case list() | tuple():
            return [_plain(item) for item in cast("list[Any]", value)]
        case _:
            return value
