"""MCP servers from configuration files as Claude Desktop, Claude Code, Cursor and VS Code write them.

1. The servers are under `mcpServers`, or under `servers` (VS Code). Comments and trailing commas are allowed.
2. `${VAR}`, `${VAR:-default}` and `${env:VAR}` are filled in from the environment, in every text of a server;
   `${workspaceFolder}` and `${userHome}` are folders. A variable without value and default is an error: a literal
   `${TOKEN}` must never reach a server.
3. A file that cannot be read is a `ConfigError`. What is wrong with one server makes that one unusable, with a
   sentence in its `problems`; the others stay.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from toolscript.connectors.mcp.jsonc import read_jsonc
from toolscript.connectors.mcp.targets import Http, Stdio
from toolscript.errors import ConfigError
from toolscript.schema.names import namespace_names

_KNOWN = frozenset(("command", "args", "env", "cwd", "url", "headers", "type", "transport", "timeout", "disabled"))
# What other programs keep in the same files, and we have no use for.
_FOREIGN = frozenset(
    (
        "envFile",
        "autoApprove",
        "alwaysAllow",
        "description",
        "name",
        "icon",
        "gallery",
        "version",
        "dev",
        "enabled",
        "note",
    )
)
_KINDS: dict[str, Literal["stdio", "auto", "streamable", "sse"]] = {
    "stdio": "stdio",
    "http": "auto",
    "streamable-http": "streamable",
    "streamableHttp": "streamable",
    "streamable_http": "streamable",
    "sse": "sse",
}
_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_VARIABLE = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSpec:
    """One server of a configuration file.

    `name` is as written, `namespace` what programs call it. Without `target` the server cannot be used, and
    `problems` says why; otherwise `problems` are warnings.
    """

    name: str
    namespace: str
    source: Path
    target: Stdio | Http | None = None
    timeout_s: float | None = None
    disabled: bool = False
    problems: tuple[str, ...] = ()


class _Unusable(Exception):
    """Why this one server cannot be used."""


def read_servers(path: Path, env: Mapping[str, str]) -> tuple[ServerSpec, ...]:
    """The servers of a configuration file, in its order; relative folders count from the file.

    Raises `ConfigError` for a file that is missing or is no configuration of servers, with line and column where the
    JSON is broken.
    """
    path = path.expanduser()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: the file is not UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    if not text.strip():
        raise ConfigError(f'{path}: the file is empty; it should hold {{"mcpServers": {{...}}}}')
    servers = _servers(read_jsonc(text, str(path)), path)
    return named([_spec(name, entry, path.absolute(), env) for name, entry in servers.items()])


def named(specs: Sequence[ServerSpec]) -> tuple[ServerSpec, ...]:
    """The servers of one or several files with distinct namespaces; of two with one name the later one stays."""
    last = {spec.name: spec for spec in specs}
    spaces = namespace_names(last)
    result: list[ServerSpec] = []
    for name, spec in last.items():
        others = [one.source for one in specs if one.name == name and one is not spec]
        notes = tuple(f"{name}: also in {other}; the one of {spec.source} is used." for other in others)
        result.append(replace(spec, namespace=spaces[name], problems=(*spec.problems, *notes)))
    return tuple(result)


def _servers(document: Any, path: Path) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise ConfigError(f'{path}: should hold an object {{"mcpServers": {{...}}}}, not {_kind(document)}')
    known = cast("dict[str, Any]", document)
    for key in ("mcpServers", "servers"):
        if key in known:
            found = known[key]
            if not isinstance(found, dict):
                raise ConfigError(f"{path}: `{key}` should be an object of servers by name, not {_kind(found)}")
            return cast("dict[str, Any]", found)
    near = get_close_matches("mcpServers", known, 1, 0.6)
    hint = f"; did you mean `mcpServers` instead of `{near[0]}`?" if near else ""
    raise ConfigError(f"{path}: has neither `mcpServers` nor `servers`{hint}")


def _spec(name: str, entry: Any, path: Path, env: Mapping[str, str]) -> ServerSpec:
    spec = ServerSpec(name=name, namespace=name, source=path)
    try:
        if not isinstance(entry, dict):
            raise _Unusable(f"should be an object with `command` or `url`, not {_kind(entry)}")
        fields = cast("dict[str, Any]", entry)
        spec = replace(spec, disabled=_disabled(fields), problems=tuple(_unknown(name, fields, path)))
        if spec.disabled:
            return spec
        fields = {key: _filled(value, key, env, path) for key, value in fields.items() if key in _KNOWN}
        return replace(spec, target=_target(fields, path), timeout_s=_timeout(fields))
    except _Unusable as error:
        return replace(spec, problems=(*spec.problems, f"{path}: server `{name}`: {error}."))


def _disabled(fields: Mapping[str, Any]) -> bool:
    disabled, enabled = fields.get("disabled", False), fields.get("enabled", True)
    if not isinstance(disabled, bool) or not isinstance(enabled, bool):
        raise _Unusable("`disabled` should be true or false")
    return disabled or not enabled


def _unknown(name: str, fields: Mapping[str, Any], path: Path) -> Iterator[str]:
    for key in fields:
        if key not in _KNOWN and key not in _FOREIGN:
            near = get_close_matches(key, _KNOWN, 1, 0.6)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            yield f"{path}: server `{name}`: `{key}` is not known and has no effect{hint}"


def _target(fields: Mapping[str, Any], path: Path) -> Stdio | Http:
    said = fields.get("type", fields.get("transport"))
    if said is not None and not (isinstance(said, str) and said in _KINDS):
        near = get_close_matches(str(said), _KINDS, 1, 0.5)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        raise _Unusable(f"`type` is {said!r}, not one of stdio, http, streamable-http, sse{hint}")
    kind = _KINDS[said] if said is not None else ("stdio" if "command" in fields else "auto")
    if kind == "stdio":
        return _stdio(fields, path)
    if "url" not in fields:
        raise _Unusable("lacks `url`" if said is not None else "has neither `command` nor `url`")
    url = _text(fields, "url")
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise _Unusable("`url` should begin with http:// or https://, followed by a host")
    return Http(url=url, headers=_texts(fields, "headers"), kind=kind)


def _stdio(fields: Mapping[str, Any], path: Path) -> Stdio:
    if "command" not in fields:
        raise _Unusable("lacks `command`")
    command = _text(fields, "command")
    if not command.strip():
        raise _Unusable("`command` is empty")
    args = fields.get("args", [])
    if not isinstance(args, list):
        raise _Unusable(f"`args` should be a list of texts, not {_kind(args)}")
    items = cast("list[Any]", args)
    for item in items:
        if isinstance(item, bool) or not isinstance(item, str | int | float):
            raise _Unusable(f"`args` should hold texts, not {_kind(item)}")
    cwd = path.parent / Path(_text(fields, "cwd")).expanduser() if fields.get("cwd") is not None else None
    if os.sep in command or command.startswith("~"):
        expanded = Path(command).expanduser()
        command = str(expanded if expanded.is_absolute() else (cwd or path.parent) / expanded)
    return Stdio(command=command, args=tuple(str(item) for item in items), env=_texts(fields, "env"), cwd=cwd)


def _timeout(fields: Mapping[str, Any]) -> float | None:
    """Seconds; clients disagree on the unit, and nobody means more than 1,000 s or less than 1 s."""
    value = fields.get("timeout")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise _Unusable(f"`timeout` should be a positive number of seconds, not {value!r}")
    return value / 1000 if value >= 1_000 else float(value)  # noqa: PLR2004 - explained above


def _text(fields: Mapping[str, Any], key: str) -> str:
    value = fields[key]
    if not isinstance(value, str):
        raise _Unusable(f"`{key}` should be a text, not {_kind(value)}")
    return value


def _texts(fields: Mapping[str, Any], key: str) -> dict[str, str]:
    value = fields.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _Unusable(f"`{key}` should be an object of texts, not {_kind(value)}")
    result: dict[str, str] = {}
    for name, one in cast("dict[str, Any]", value).items():
        match one:
            case str():
                result[name] = one
            case bool():
                result[name] = "true" if one else "false"
            case int() | float():
                result[name] = str(one)
            case None:
                continue
            case _:
                raise _Unusable(f"`{key}.{name}` should be a text, not {_kind(one)}")
    return result


def _filled(value: Any, field: str, env: Mapping[str, str], path: Path) -> Any:
    """The value with references filled in, at any depth; `field` is where we are."""
    match value:
        case str():
            return _REFERENCE.sub(lambda match: _referred(match[1], field, env, path), value)
        case list():
            items = cast("list[Any]", value)
            return [_filled(one, f"{field}[{index}]", env, path) for index, one in enumerate(items)]
        case dict():
            members = cast("dict[str, Any]", value)
            return {key: _filled(one, f"{field}.{key}", env, path) for key, one in members.items()}
        case _:
            return value


def _referred(reference: str, field: str, env: Mapping[str, str], path: Path) -> str:
    if reference.startswith("input:"):
        raise _Unusable(
            f"`{field}` asks for the input `{reference[6:]}`, which only an editor can prompt for; "
            "use ${env:NAME} and set the variable"
        )
    if reference in ("workspaceFolder", "workspaceRoot"):
        folder = path.parent
        return str(folder.parent if folder.name in (".vscode", ".cursor") else folder)
    if reference == "userHome":
        return env.get("HOME") or str(Path.home())
    if reference in ("pathSeparator", "/"):
        return os.sep
    match = _VARIABLE.fullmatch(reference)
    if match is None:
        raise _Unusable(f"`{field}` holds `${{{reference}}}`, which is no reference to a variable")
    name, default = match[1], match[2]
    found = env.get(name)
    if found or (found is not None and default is None):
        return found
    if default is None:
        raise _Unusable(f"`{field}` needs the variable {name}, which is not set; set it, or write ${{{name}:-default}}")
    return default


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"
