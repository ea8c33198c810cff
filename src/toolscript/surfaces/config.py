"""What the command line and the server were told: files, environment and flags, as one value.

Two kinds of file, never mixed: `toolscript.toml` is ours; files of `mcpServers` are the users' own, and only read.
Every error names file, line and key.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast

from toolscript.errors import ConfigError
from toolscript.runs.policy import Approve, Rule
from toolscript.runs.program import Language, Limits
from toolscript.runs.retention import Retention
from toolscript.surfaces.apis import ApiConfig, named_apis, read_apis
from toolscript.surfaces.rules import read_rules
from toolscript.surfaces.settings import (
    FILE_NAME,
    NAMESPACE_KEYS,
    SETTINGS,
    Secret,
    parse,
    setting_of,
    state_folder,
    user_file,
)
from toolscript.surfaces.toml_file import TomlFile, check_file, read_toml, shown
from toolscript.tools import Effect

Isolation = Literal["threads", "workers"]
SnippetsBy = Literal["developer", "model"]
TypeCheck = Literal["off", "advise", "refuse"]

PROJECT_SERVERS = ("mcp.json", ".mcp.json", ".cursor/mcp.json", ".vscode/mcp.json")
"""Where the tools that people use with MCP keep a project's servers."""

_API = "openapi."


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreConfig:
    """Where runs are kept, and how long."""

    kind: Literal["memory", "sqlite"]
    path: Path
    durability: Literal["process", "power"]
    retention: Retention | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeConfig:
    """How `serve` offers the tools; `http` is host and port, or None for stdio, and `token` what clients must send."""

    expose: tuple[str, ...]
    types: Literal["auto", "upfront", "search"]
    budget_tokens: int
    http: tuple[str, int] | None
    token: Secret | None


@dataclass(frozen=True, slots=True)
class PythonTools:
    """`module:object`, and the folder that modules are found in beside the installed ones."""

    name: str
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyConfig:
    """What the policy is made of; its function is only named here."""

    approve: Approve = "destructive"
    rules: tuple[Rule, ...] = ()
    function: PythonTools | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceConfig:
    """What is changed about one source's tools; the words are those of `connectors.wrap`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict[str, str])
    effects: Mapping[str, Effect] = field(default_factory=dict[str, Effect])
    reverts: Mapping[str, str] = field(default_factory=dict[str, str])
    keyed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every setting, with the place it comes from.

    `origins` has a line for each key: `default`, a flag, `environment NAME`, or `FILE:LINE`. `found` are the files
    that were used without having been named. `scope` names the processes that take each other's runs over; `secrets`
    are kept out of logs, errors and results.
    """

    limits: Limits
    store: StoreConfig
    serve: ServeConfig
    languages: tuple[Language, ...]
    cpython_libraries: tuple[str, ...]
    isolation: Isolation | None
    connect_ms: int
    servers: tuple[Path, ...]
    python: tuple[PythonTools, ...]
    apis: tuple[ApiConfig, ...]
    namespaces: Mapping[str, NamespaceConfig]
    policy: PolicyConfig
    secrets: tuple[Secret, ...]
    scope: str
    lease_ms: int
    snippets_by: SnippetsBy
    type_check: TypeCheck
    tsc: Path | None
    environment: Mapping[str, str] = field(repr=False)
    origins: Mapping[str, str]
    values: Mapping[str, Any]
    found: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    """A value, and where it was said."""

    value: Any
    origin: str


def read_config(
    files: Sequence[Path] = (),
    *,
    flags: Mapping[str, tuple[str, Any]] | None = None,
    apis: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Config:
    """Read what is configured; `ConfigError` names the file, the line and the key that is wrong.

    `files` are those that `--config` named, of either kind; without any, the project's are looked for from `folder`
    (the working directory) upwards. `flags` hold the flag's name and its value by key, and win
    over everything; `apis` are those that `--openapi` named.
    """
    environment = os.environ if environment is None else environment
    folder = Path.cwd() if folder is None else folder
    said = {key: _of_flag(key, flag, raw, folder) for key, (flag, raw) in (flags or {}).items()}
    said |= {f"{_API}{name}": _Said(api, "--openapi") for name, api in named_apis(apis, folder).items()}
    if files:
        project, found = _named(files, folder), ()
        if servers := project.pop("servers", None):
            said["servers"] = servers
    else:
        project, found = _discovered(folder)
    user = user_file(environment)
    layers = [said, _of_environment(environment, folder), project, _of_file(user) if user.is_file() else {}]
    config = _config(layers, environment, found, os.path.realpath(_home(files or found, folder)))
    return replace(config, notes=config.notes + _passed_over(files, folder))


def _home(files: Sequence[Path], folder: Path) -> Path:
    """The folder of a project: that of its `toolscript.toml`, or the one that we are in."""
    own = [file for file in files if file.suffix == ".toml"]
    return folder / own[-1].expanduser().parent if own else folder


def _named(files: Sequence[Path], folder: Path) -> dict[str, _Said]:
    """What the files of `--config` say: a later file wins over an earlier one, and all their servers are used."""
    layer: dict[str, _Said] = {}
    servers: list[Path] = []
    for named in files:
        path = Path(os.path.abspath(folder / named.expanduser()))
        check_file(path, f"--config {named}")
        if path.suffix != ".toml":
            servers.append(path)
            continue
        one = _of_file(path)
        if further := one.pop("servers", None):
            servers.extend(further.value)
        layer |= one
    if servers:
        layer["servers"] = _Said(tuple(dict.fromkeys(servers)), "--config")
    return layer


def _discovered(folder: Path) -> tuple[dict[str, _Said], tuple[Path, ...]]:
    """What the project's files say: `toolscript.toml`, found upwards, and the files of servers beside it."""
    own = next((path for home in _upwards(folder) if (path := home / FILE_NAME).is_file()), None)
    layer = _of_file(own) if own else {}
    found = (own,) if own else ()
    if "servers" in layer:
        return layer, found
    home = own.parent if own else folder
    servers = tuple(path for name in PROJECT_SERVERS if (path := home / name).is_file())
    if servers:
        layer["servers"] = _Said(servers, ", ".join(shown(path) for path in servers))
    return layer, found + servers


def _passed_over(files: Sequence[Path], folder: Path) -> tuple[str, ...]:
    """A note where `--config` names servers only and settings lie beside: no policy is lost in silence."""
    if not files or any(file.suffix == ".toml" for file in files):
        return ()
    places = [(folder / file.expanduser()).parent for file in files]
    for home in (*places, *_upwards(folder)):
        if (own := home / FILE_NAME).is_file():
            name = shown(own)
            return (f"{name} is not read, because --config names other files; for its policy add --config {name}",)
    return ()


def _upwards(folder: Path) -> Iterator[Path]:
    """The folder and those above it, up to the root of its repository or the user's home."""
    for home in (folder, *folder.parents):
        yield home
        if (home / ".git").exists() or home == Path.home():
            return


def _of_flag(key: str, flag: str, raw: Any, folder: Path) -> _Said:
    try:
        return _Said(_placed(key, parse(SETTINGS[key], raw, folder), folder), flag)
    except ValueError as error:
        raise ConfigError(f"{flag} is {raw!r}; it must be {error}") from error


def _of_environment(environment: Mapping[str, str], folder: Path) -> dict[str, _Said]:
    layer: dict[str, _Said] = {}
    for key, setting in SETTINGS.items():
        raw = environment.get(setting.variable, "")
        if raw and setting.kind == "secret":
            raw = f"env:{setting.variable}"
        if raw:
            try:
                value = parse(setting, raw, folder)
            except ValueError as error:
                raise ConfigError(
                    f"the environment variable {setting.variable} is {raw!r}; it must be {error}"
                ) from error
            layer[key] = _Said(_placed(key, value, folder), f"environment {setting.variable}")
    return layer


def _of_file(path: Path) -> dict[str, _Said]:
    file = read_toml(path)
    layer: dict[str, _Said] = {}
    content = dict(file.content)
    for name, api in read_apis(file, content.pop("openapi", {})).items():
        layer[f"{_API}{name}"] = _Said(api, api.origin)
    for key, raw in _flat(file, "", content):
        setting = setting_of(key)
        assert setting is not None
        try:
            value = read_rules(file, key, raw) if setting.kind == "rules" else parse(setting, raw, path.parent)
        except ValueError as error:
            given = "" if setting.kind in ("secret", "secrets") else f" is {raw!r}; it"
            raise ConfigError(f"{file.at(key)}: {key}{given} must be {error}") from error
        layer[key] = _Said(_placed(key, value, path.parent), file.at(key))
    return layer


def _placed(key: str, value: Any, folder: Path) -> Any:
    match key:
        case "python.functions":
            return tuple(PythonTools(name, folder) for name in value)
        case "policy.function":
            return PythonTools(value, folder)
        case _:
            return value


def _flat(file: TomlFile, prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every key of the file that is a setting, with its value; `ConfigError` for one that is none."""
    for name, raw in table.items():
        key = f"{prefix}{name}"
        if setting_of(key) is not None:
            yield key, raw
        elif isinstance(raw, dict) and _is_table(key):
            yield from _flat(file, f"{key}.", cast("dict[str, Any]", raw))
        else:
            raise ConfigError(f"{file.at(key)}: {_unknown(key)}")


def _is_table(key: str) -> bool:
    head, *rest = key.split(".")
    return len(rest) < 2 if head == "namespaces" else any(known.startswith(f"{key}.") for known in SETTINGS)  # noqa: PLR2004


def _unknown(key: str) -> str:
    """What to say of a key that is no setting."""
    head, _, rest = key.partition(".")
    tables = sorted({known.partition(".")[0] for known in SETTINGS if "." in known} | {"namespaces", "openapi"})
    if head == "namespaces" and rest.count(".") == 1:
        own = [f"{key.rpartition('.')[0]}.{name}" for name in NAMESPACE_KEYS]
        near = get_close_matches(key, own, 1) or own
        return f"{key} is not a setting; " + _instead(near)
    if _is_table(key):
        return f"{key} must be a table: [{key}], with keys of its own below it"
    siblings = [known for known in SETTINGS if known.startswith(f"{head}.")]
    near = get_close_matches(key, [*SETTINGS, *tables], 1) or [known for known in SETTINGS if known.endswith(f".{key}")]
    return f"{key} is not a setting; " + _instead(near or siblings or [*(k for k in SETTINGS if "." not in k), *tables])


def _instead(names: Sequence[str]) -> str:
    return f"did you mean {names[0]}?" if len(names) == 1 else f"there are {', '.join(names)}"


def _config(
    layers: Sequence[Mapping[str, _Said]], environment: Mapping[str, str], found: tuple[Path, ...], home: str
) -> Config:
    said: dict[str, _Said] = {key: _Said(setting.default, "default") for key, setting in SETTINGS.items()}
    for layer in reversed(layers):
        said |= layer
    values = {key: one.value for key, one in said.items()}
    for path in values["servers"]:
        check_file(path, f"{said['servers'].origin}: {shown(path)}")
    if values["store.path"] is None:
        values["store.path"] = state_folder(environment) / "runs.db"
    values["scope"] = values["scope"] or home
    return Config(
        limits=Limits(**{limit.name: values[f"limits.{limit.name}"] for limit in fields(Limits)}),
        store=StoreConfig(
            kind=values["store.kind"],
            path=values["store.path"],
            durability=values["store.durability"],
            retention=_retention(values["store.keep_runs"], values["store.keep_days"]),
        ),
        serve=ServeConfig(
            expose=values["serve.expose"],
            types=values["serve.types"],
            budget_tokens=values["serve.budget_tokens"],
            http=values["serve.http"],
            token=values["serve.token"],
        ),
        languages=values["languages"],
        cpython_libraries=values["cpython.libraries"],
        isolation=values["isolation"],
        connect_ms=values["connect_ms"],
        servers=values["servers"],
        python=values["python.functions"],
        apis=tuple(value for key, value in values.items() if key.startswith(_API)),
        namespaces=_namespaces(values),
        policy=PolicyConfig(
            approve=values["policy.approve"], rules=values["policy.rules"], function=values["policy.function"]
        ),
        secrets=values["secrets"],
        scope=values["scope"],
        lease_ms=values["lease_ms"],
        snippets_by=values["snippets.by"],
        type_check=values["type_check"],
        tsc=values["tsc"],
        environment=environment,
        origins={key: one.origin for key, one in said.items()},
        values=values,
        found=tuple(path for path in found if path.suffix == ".toml" or path in values["servers"]),
        notes=_stray_variables(environment),
    )


def _retention(keep_runs: int | None, keep_days: int | None) -> Retention | None:
    if keep_runs is None and keep_days is None:
        return None
    return Retention(keep=keep_runs, max_age_ms=None if keep_days is None else keep_days * 86_400_000)


def _namespaces(values: Mapping[str, Any]) -> dict[str, NamespaceConfig]:
    own: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        match key.split("."):
            case ["namespaces", name, last]:
                own.setdefault(name, {})[last] = value
            case _:
                pass
    return {name: NamespaceConfig(**keys) for name, keys in own.items()}


def _stray_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """A note on each variable that looks like one of ours and is none."""
    known = {setting.variable for setting in SETTINGS.values()}
    near = {name: get_close_matches(name, known, 1, 0.85) for name in environment if name not in known}
    return tuple(
        f"the environment variable {name} is not read; did you mean {matches[0]}?"
        for name, matches in sorted(near.items())
        if matches and name.startswith("TOOLSCRIPT_")
    )
