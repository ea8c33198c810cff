"""What every command begins with: its settings, and the servers that they name."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from toolscript.connectors.mcp.servers_config import ServerSpec
from toolscript.errors import ConfigError
from toolscript.surfaces.assemble import NOTHING, servers
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.config import Config, PolicyConfig, read_config
from toolscript.surfaces.settings import SETTINGS
from toolscript.surfaces.toml_file import shown

Flags = Mapping[str, tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Opened:
    """The settings of a command, and the servers to connect."""

    config: Config
    specs: tuple[ServerSpec, ...]

    @property
    def has_tools(self) -> bool:
        """Whether anything is configured that could bring tools, be it an empty file."""
        return bool(self.config.servers or self.config.apis or self.config.python)


def opened(options: Namespace, terminal: Terminal, flags: Flags | None = None) -> Opened:
    """Read what is configured; says on a terminal which files were found by themselves."""
    given = {key: one for key, one in (flags or {}).items() if one[1] is not None}
    config = read_config(options.config, flags=given, apis=options.openapi)
    if config.found and terminal.is_interactive:
        terminal.styled_note(f"using {', '.join(shown(path) for path in config.found)}", "dim")
    for note in config.notes:
        terminal.note(f"toolscript: {note}")
    return Opened(config, servers(config))


def with_tools(options: Namespace, terminal: Terminal, flags: Flags | None = None) -> Opened:
    """The same for a command that is of no use without tools."""
    opening = opened(options, terminal, flags)
    if not opening.has_tools:
        raise ConfigError(NOTHING.format(command=options.command))
    return opening


def bare(opening: Opened) -> Opened:
    """The settings without all that brings tools: for what only looks into the store, or writes to it."""
    config = replace(opening.config, servers=(), apis=(), python=(), namespaces={}, policy=PolicyConfig())
    return Opened(config, ())


def add_store(parser: ArgumentParser, default: str | None = None) -> None:
    """The option that says where runs are kept. An action's default is `SUPPRESS`: what its command was given stays."""
    parser.add_argument("--store", metavar="PATH", default=default, help="the file that keeps the runs, or :memory:")


def store_flags(options: Namespace) -> Flags:
    """The settings that `--store` makes."""
    match options.store:
        case None:
            return {}
        case ":memory:":
            return {"store.kind": ("--store", "memory")}
        case path:
            return {"store.kind": ("--store", "sqlite"), "store.path": ("--store", path)}


def add_approve(parser: ArgumentParser) -> None:
    """The option that says which writes a person is asked about."""
    parser.add_argument(
        "--approve",
        choices=SETTINGS["policy.approve"].choices,
        help="ask a person before no write, before destructive ones (the default), or before all writes",
    )


def approve_flags(options: Namespace) -> Flags:
    """The setting that `--approve` makes."""
    return {"policy.approve": ("--approve", options.approve)}
