"""From a configuration to a runtime. Every plug is loaded by its name, so that reading settings stays light."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from toolscript.connectors.mcp.servers_config import ServerSpec, named, read_servers
from toolscript.errors import ConfigError
from toolscript.ports import Connector, Observer, RunStore
from toolscript.runtime.plugs import load
from toolscript.surfaces.config import Config, NamespaceConfig, PythonTools, StoreConfig
from toolscript.surfaces.toml_file import shown

if TYPE_CHECKING:
    from toolscript.runtime.runtime import Runtime

NOTHING = """\
no tools are configured. Name a file of MCP servers, as MCP clients write it:

    toolscript {command} --config mcp.json

with, for example,

    {{"mcpServers": {{"git": {{"command": "uvx", "args": ["mcp-server-git"]}}}}}}

A mcp.json, .mcp.json, .cursor/mcp.json or .vscode/mcp.json in this folder is found by itself, and so is a
toolscript.toml with `servers = [...]` or, for Python functions, `[python] functions = ["module:object"]`.
`toolscript demo` works without any."""


def servers(config: Config) -> tuple[ServerSpec, ...]:
    """The servers of all configured files, without those that are switched off.

    A server that two files define alike is one. Of two different ones with one name, the later gets a number after
    its name, in the order of the files.
    """
    kept: dict[str, ServerSpec] = {}
    for path in config.servers:
        for spec in read_servers(path, config.environment):
            if spec.disabled or any(_same(spec, other) for other in kept.values()):
                continue
            renamed = _numbered(spec, kept)
            kept[renamed.name] = renamed
    return named(list(kept.values()))


def configured(config: Config, specs: Sequence[ServerSpec]) -> tuple[str, ...]:
    """The namespaces as far as they can be known before anything is imported."""
    python = (one.name.partition(":")[2].partition(".")[0] for one in config.python)
    return (*(spec.namespace for spec in specs), *python)


def assemble(
    config: Config,
    specs: Sequence[ServerSpec],
    *,
    isolation: str = "threads",
) -> Runtime:
    """The runtime that a configuration asks for; `isolation` is for a configuration that does not say."""
    connectors: list[Connector] = []
    if specs:
        connect: Callable[..., Connector] = load("toolscript.connectors.mcp:connect")
        connectors += [connect(spec, max_answer_bytes=config.limits.answer_bytes) for spec in specs]
    for one in config.python:
        connectors += _python(one, config.origins["python.functions"])
    observer: Observer = load("toolscript.observers.logging:LoggingObserver")()
    make: type[Runtime] = load("toolscript.runtime.runtime:Runtime")
    return make(
        _wrapped(connectors, config.namespaces),
        store=store(config.store),
        isolation=cast("Any", config.isolation or isolation),
        limits=config.limits,
        observers=[observer],
        connect_timeout_s=config.connect_ms / 1_000,
    )


def store(config: StoreConfig) -> RunStore:
    """The store, which opens nothing before it is used."""
    match config.kind:
        case "memory":
            return load("toolscript.stores.memory:MemoryStore")()
        case "sqlite":
            return load("toolscript.stores.sqlite:SQLiteStore")(config.path, durability=config.durability)


def _same(one: ServerSpec, other: ServerSpec) -> bool:
    return one.name == other.name and one.target is not None and one.target == other.target


def _numbered(spec: ServerSpec, kept: Mapping[str, ServerSpec]) -> ServerSpec:
    if spec.name not in kept:
        return spec
    number = 2
    while (name := f"{spec.name}_{number}") in kept:
        number += 1
    first = shown(kept[spec.name].source)
    note = f"{shown(spec.source)}: there is another server `{spec.name}` in {first}, so this one is called `{name}`."
    return replace(spec, name=name, problems=(*spec.problems, note))


def _python(one: PythonTools, origin: str) -> list[Connector]:
    """The connectors that `module:object` names: one itself, a list of them, or functions, which are gathered."""
    module, colon, attribute = one.name.partition(":")
    if not (module and colon and attribute):
        raise ConfigError(
            f"{origin}: python.functions holds {one.name!r}; it must be module:object, such as shop:tools"
        )
    found = _imported(module, attribute, one, origin)
    items: list[Any] = list(cast("Sequence[Any]", found)) if isinstance(found, list | tuple) else [found]
    own: list[Connector] = [item for item in items if hasattr(item, "listing") and hasattr(item, "call")]
    plain = [item for item in items if item not in own]
    if not items or not all(callable(item) for item in plain):
        raise ConfigError(
            f"{origin}: {one.name} is {_kind(found)}; name a connector, such as tools = functions('shop', find), "
            "a function, or a list of either"
        )
    if plain:
        namespace = module.rpartition(".")[2]
        own.append(load("toolscript.connectors.functions:functions")(namespace, *plain))
    return own


def _imported(module: str, attribute: str, one: PythonTools, origin: str) -> Any:
    folder = str(one.folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        if module == missing or module.startswith(f"{missing}."):
            reason = f"there is no module {missing} in {shown(one.folder)}, nor is it installed"
        else:
            reason = f"the module {module} needs {missing}, which is not installed"
        raise ConfigError(f"{origin}: {one.name}: {reason}") from error
    except ConfigError as error:
        raise ConfigError(f"{origin}: {one.name}: {error}") from error
    for part in attribute.split("."):
        names = [name for name in dir(found) if not name.startswith("_")]
        if not hasattr(found, part):
            near = get_close_matches(part, names, 1)
            hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(names[:8]) or 'nothing'}"
            raise ConfigError(f"{origin}: {one.name}: {module} has no {part}{hint}")
        found = getattr(found, part)
    return found


def _kind(value: Any) -> str:
    return "an empty list" if value in ([], ()) else f"of type {type(value).__name__}"


def _wrapped(connectors: list[Connector], namespaces: Mapping[str, NamespaceConfig]) -> list[Connector]:
    known = [connector.namespace for connector in connectors]
    for name in namespaces:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known) or 'none'}"
            raise ConfigError(f"[namespaces.{name}]: there is no namespace {name}; {hint}")
    if not namespaces:
        return connectors
    wrap: Callable[..., Connector] = load("toolscript.connectors.wrap:wrap")
    return [
        wrap(connector, include=own.include, exclude=own.exclude, rename=own.rename, effects=own.effects)
        if (own := namespaces.get(connector.namespace)) is not None
        else connector
        for connector in connectors
    ]
