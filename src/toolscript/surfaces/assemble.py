"""From a configuration to a runtime. Every plug is loaded by its name, so that reading settings stays light."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, cast

from toolscript.connectors.mcp.servers_config import ServerSpec, named, read_servers
from toolscript.connectors.mcp.targets import Http, Stdio
from toolscript.errors import ConfigError
from toolscript.ports import Connector, Guest, Observer, RunStore
from toolscript.runs.policy import Policy
from toolscript.runs.program import Language
from toolscript.runtime.plugs import load, require
from toolscript.surfaces.config import Config, NamespaceConfig, PolicyConfig, PythonTools, StoreConfig
from toolscript.surfaces.foretold import namespace_of
from toolscript.surfaces.settings import Secret
from toolscript.surfaces.toml_file import shown

if TYPE_CHECKING:
    from toolscript.runtime.runtime import Runtime

NOTHING = """\
no tools are configured. Name a file of MCP servers, as MCP clients write it:

    toolscript {command} --config mcp.json

with, for example,

    {{"mcpServers": {{"git": {{"command": "uvx", "args": ["mcp-server-git"]}}}}}}

A mcp.json, .mcp.json, .cursor/mcp.json or .vscode/mcp.json in this folder is found by itself, and so is a
toolscript.toml with `servers = [...]`, with `[python] functions = ["module:object"]` for Python functions, or with
`[openapi.github]` and `spec = "github.yaml"` for an API that has an OpenAPI document (or --openapi github.yaml).
`toolscript demo` works without any."""

MIN_SECRET = 6  # characters: what is shorter stands in too many words to be taken out of all texts
_SECRETIVE = ("key", "token", "secret", "password", "passwd", "passphrase", "authorization", "credential", "cookie")


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
    python = dict.fromkeys(namespace_of(one.name, one.folder) for one in config.python)
    return (*(spec.namespace for spec in specs), *(api.namespace for api in config.apis), *python)


def assemble(
    config: Config,
    specs: Sequence[ServerSpec],
    *,
    isolation: str = "threads",
    role: Literal["worker", "client"] = "client",
    observers: Sequence[Observer] = (),
) -> Runtime:
    """The runtime that a configuration asks for; `isolation` is for a configuration that does not say.

    A `worker` takes over every run of the scope that is due; a `client` minds only its own.
    """
    connectors: list[Connector] = []
    if specs:
        connect: Callable[..., Connector] = load("toolscript.connectors.mcp:connect")
        connectors += [connect(spec, max_answer_bytes=config.limits.answer_bytes) for spec in specs]
    connectors += _apis(config)
    connectors += _python(config.python, config.origins["python.functions"])
    logged: Observer = load("toolscript.observers.logging:LoggingObserver")()
    make: type[Runtime] = load("toolscript.runtime.runtime:Runtime")
    return make(
        _wrapped(connectors, config.namespaces),
        store=store(config.store),
        languages=_installed(config.languages),
        guests=_guests(config),
        isolation=cast("Any", config.isolation or isolation),
        limits=config.limits,
        observers=[logged, *observers],
        connect_timeout_s=config.connect_ms / 1_000,
        policy=policy(config.policy, config.origins["policy.function"]),
        scope=config.scope,
        role=role,
        lease_ms=config.lease_ms,
        retention=config.store.retention,
        secrets=secrets(config, specs),
        snippets_by=config.snippets_by,
        type_check=config.type_check,
        tsc=config.tsc,
    )


def _installed(languages: Sequence[Language]) -> Sequence[Language]:
    """The languages, once it is certain that their engines are there: a server must not find out at the first run."""
    if "python" in languages:
        require("pydantic_monty")
    return languages


def _guests(config: Config) -> Mapping[Language, Guest]:
    """The guests that are not made as they are by default."""
    if not config.cpython_libraries:
        return {}
    return {"cpython": load("toolscript.guests.cpython.guest:CPythonGuest")(config.cpython_libraries)}


def policy(config: PolicyConfig, origin: str) -> Policy:
    """The policy that is configured; its function is imported here. `origin` says where it is named."""
    if config.function is None:
        return Policy(config.rules, config.approve)
    module, attribute = _named(config.function, "policy.function", "shop.policy:decide", origin)
    function = _imported(module, attribute, config.function, origin)
    try:
        return Policy(config.rules, config.approve, function)
    except ConfigError as error:
        raise ConfigError(f"{origin}: {config.function.name}: {error}") from error


def secrets(config: Config, specs: Sequence[ServerSpec]) -> tuple[str, ...]:
    """What must not be read in logs, errors and results: the values that settings, APIs and servers hold."""
    found: list[str] = []
    for secret in config.secrets:
        try:
            found.append(secret.reveal(config.environment))
        except ConfigError as error:
            raise ConfigError(f"{config.origins['secrets']}: secrets: {error}") from error
    if config.serve.token is not None:
        with suppress(ConfigError):  # only a server over HTTP needs it, and says so
            found.append(config.serve.token.reveal(config.environment))
    for reference in (one for api in config.apis for one in _references(api.said.get("auth"))):
        with suppress(ConfigError):  # who calls the API is told
            found.append(Secret(reference).reveal(config.environment))
    for spec in specs:
        for name, value in _settings_of(spec).items():
            if _is_secretive(name):
                found += (value, value.partition(" ")[2].strip())  # `Bearer` and its kin are no part of the secret
    return tuple(dict.fromkeys(value for value in found if len(value) >= MIN_SECRET))


def _references(auth: object) -> Iterator[str]:
    """Where the secrets of an API's credentials are; a user beside a password and a client's id are none."""
    if isinstance(auth, str) and auth.startswith(("env:", "file:")):
        yield auth
    elif isinstance(auth, dict):
        table = cast("dict[str, object]", auth)
        for name, one in table.items():
            if name != "client_id" and not (name == "user" and "password" in table):
                yield from _references(one)


def _settings_of(spec: ServerSpec) -> Mapping[str, str]:
    match spec.target:
        case Stdio(env=env):
            return env
        case Http(headers=headers):
            return headers
        case None:
            return {}


def _is_secretive(name: str) -> bool:
    """Whether a word of a name says that its value is a secret: `GITHUB_TOKEN`, `X-Api-Key`, `clientSecret`."""
    words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    return any(word.removesuffix("s").endswith(_SECRETIVE) for word in words)


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


def _apis(config: Config) -> list[Connector]:
    """The connectors of the APIs that are described by OpenAPI documents."""
    if not config.apis:
        return []
    connector: Callable[..., Connector] = load("toolscript.connectors.openapi.configured:configured")
    made: list[Connector] = []
    for api in config.apis:
        try:
            made.append(connector(api.namespace, api.spec, api.said, environment=config.environment))
        except ConfigError as error:
            raise ConfigError(f"{api.origin}: {error}") from error
    return made


def _python(named: Sequence[PythonTools], origin: str) -> list[Connector]:
    """The connectors that `module:object` names: one itself, a list of them, or functions, gathered by their module."""
    own: list[Connector] = []
    plain: dict[str, list[Any]] = {}
    for one in named:
        module, attribute = _named(one, "python.functions", "shop:tools", origin)
        found = _imported(module, attribute, one, origin)
        items: list[Any] = list(cast("Sequence[Any]", found)) if isinstance(found, list | tuple) else [found]
        connectors = [item for item in items if hasattr(item, "listing") and hasattr(item, "call")]
        functions = [item for item in items if item not in connectors]
        if not items or not all(callable(item) for item in functions):
            raise ConfigError(
                f"{origin}: {one.name} is {_kind(found)}; name a connector, such as tools = functions('shop', find), "
                "a function, or a list of either"
            )
        own += connectors
        if functions:
            plain.setdefault(module.rpartition(".")[2], []).extend(functions)
    if not plain:
        return own
    gather: Callable[..., Connector] = load("toolscript.connectors.functions:functions")
    return [*own, *(gather(namespace, *functions) for namespace, functions in plain.items())]


def _named(one: PythonTools, key: str, example: str, origin: str) -> tuple[str, str]:
    """The module and the object of `module:object`."""
    module, colon, attribute = one.name.partition(":")
    if not (module and colon and attribute):
        raise ConfigError(f"{origin}: {key} holds {one.name!r}; it must be module:object, such as {example}")
    return module, attribute


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
        wrap(connector, **_changes(own)) if (own := namespaces.get(connector.namespace)) is not None else connector
        for connector in connectors
    ]


def _changes(own: NamespaceConfig) -> dict[str, Any]:
    """The words of `wrap` that are said of a namespace."""
    return {field.name: said for field in fields(own) if (said := getattr(own, field.name))}
