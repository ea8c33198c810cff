"""The tables `[openapi.NAME]` of a `toolscript.toml`, and `--openapi NAME=SPEC`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast, get_args
from urllib.parse import urlsplit

from toolscript.errors import ConfigError
from toolscript.schema.names import namespace_names
from toolscript.surfaces.toml_file import TomlFile, shown
from toolscript.tools import Effect

_REFERENCES = "env:NAME, file:PATH, cmd:COMMAND or keyring:SERVICE/USER"
_SECRET = f"a reference to a secret: {_REFERENCES}"

AUTH_KEYS: Mapping[str, Mapping[str, bool]] = {
    "bearer": {"token": True, "prefix": False},
    "basic": {"user": True, "password": False},
    "api_key": {"key": True, "name": True, "in": False},
    "oauth2": {
        **{"client_id": True, "client_secret": False, "refresh_token": False},
        **{"token_url": False, "scopes": False, "client_in": False, "extra": False},
    },
}
"""The keys of each `type` of credentials, and whether they must be there."""

_SECRETS = ("token", "user", "password", "key", "client_id", "client_secret", "refresh_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """One API: its document, and what the table says beside; paths are absolute. `origin` is where it was said."""

    namespace: str
    spec: str
    origin: str
    said: Mapping[str, Any] = field(default_factory=dict[str, Any])


def named_apis(named: Sequence[str], folder: Path) -> dict[str, ApiConfig]:
    """The APIs that `--openapi` names, by name: `NAME=SPEC`, or a document alone."""
    apis: dict[str, ApiConfig] = {}
    for text in named:
        try:
            name, api = _named(text, folder)
        except ValueError as error:
            raise ConfigError(f"--openapi is {text!r}; it must be {error}") from error
        if name in apis:
            raise ConfigError(f"--openapi names two APIs {name}; give one of them another name: NAME=SPEC")
        apis[name] = api
    return apis


def _named(text: str, folder: Path) -> tuple[str, ApiConfig]:
    name, equals, spec = text.partition("=")
    if not equals or re.search(r"[/\\:?]", name):  # an address may have a query
        word = _name_of(text, folder)
        name, spec = namespace_names([word])[word], text
    if not name.strip() or not spec.strip():
        raise ValueError("NAME=SPEC, such as github=github.yaml, where SPEC is a file or an address")
    return name.strip(), ApiConfig(
        namespace=_namespace(name.strip()), spec=_spec(spec.strip(), folder), origin="--openapi"
    )


def read_apis(file: TomlFile, raw: object) -> dict[str, ApiConfig]:
    """Every table below `[openapi]`, by name; `ConfigError` with the line of the key that is wrong."""
    if not isinstance(raw, dict) or not all(isinstance(one, dict) for one in cast("dict[str, object]", raw).values()):
        raise ConfigError(
            f'{file.at("openapi")}: openapi holds a table for each API: [openapi.github], with spec = "…"'
        )
    tables = cast("dict[str, Mapping[str, object]]", raw)
    return {name: _api(file, name, table) for name, table in tables.items()}


def _api(file: TomlFile, name: str, table: Mapping[str, object]) -> ApiConfig:
    at, folder = f"openapi.{name}", file.path.parent
    values: dict[str, Any] = {}
    for key, raw in table.items():
        try:
            values[key] = _value(key, raw, folder)
        except ValueError as error:
            # What stands in a secret's place may be the secret.
            given = "" if key == "auth" else f" is {raw!r}; it"
            said = f"{key} is not a key of an API; {error}" if key not in API_KEYS else f"{key}{given} must be {error}"
            raise ConfigError(f"{file.at(f'{at}.{key}')}: {said}") from error
    if "spec" not in values:
        raise ConfigError(f'{file.at(at)}: this API lacks its document; add spec = "github.yaml", or its address')
    try:
        namespace = _namespace(name)
    except ValueError as error:
        raise ConfigError(f"{file.at(at)}: {error}") from error
    spec = values.pop("spec")
    return ApiConfig(namespace=namespace, spec=spec, said=values, origin=file.at(at))


def _value(key: str, raw: object, folder: Path) -> Any:
    read = API_KEYS.get(key)
    if read is None:
        near = [*_ELSEWHERE.get(key, ()), *(f"did you mean {one}?" for one in get_close_matches(key, API_KEYS, 1))]
        raise ValueError(near[0] if near else f"there are {', '.join(API_KEYS)}")
    return read(raw, folder)


def _namespace(name: str) -> str:
    would_do = namespace_names([name])[name]
    if would_do != name:
        raise ValueError(f"a name that programs can use, and {name!r} is none; {would_do!r} would do")
    return name


def _name_of(spec: str, folder: Path) -> str:
    """What a document is called that has no name.

    `github.v3.yaml` is github, and so are `github/openapi.yaml` and `https://api.github.com/openapi.json`.
    """
    if _is_address(spec):
        parts = urlsplit(spec)
        host = (parts.hostname or "").removeprefix("www.").removeprefix("api.")
        names = [parts.path.rpartition("/")[2], host]
    else:
        path = Path(_path(spec, folder))
        names = [path.name.removeprefix("api."), *(one.name for one in path.parents)]
    words = map(_word, names)
    return next((word for word in words if not (word in _GENERIC or word.isdecimal())), "api")


def _word(name: str) -> str:
    return re.sub(r"\W+", "_", name.partition(".")[0]).strip("_")


# What documents, and the folders that they lie in, are called whatever the API.
_GENERIC = frozenset(
    ("", *"openapi swagger api apis spec specs spec3 schema index docs doc oas v1 v2 v3 json yaml".split())  # noqa: SIM905
)


def _spec(text: str, folder: Path) -> str:
    if _is_address(text):
        return text
    path = _path(text, folder)
    if not os.path.isfile(path):
        what = "is a folder" if os.path.isdir(path) else "is not there"
        raise ValueError(f"an OpenAPI document, a file or an address; {shown(Path(path))} {what}")
    return path


def _is_address(text: str) -> bool:
    return urlsplit(text).scheme in ("http", "https")


def _path(raw: object, folder: Path) -> str:
    try:
        return os.path.abspath(folder / Path(_text(raw, folder)).expanduser())
    except RuntimeError:
        raise ValueError("a path whose ~ can be told: write it out") from None


def _text(raw: object, folder: Path) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError("text in quotes, and not empty")
    return raw.strip()


def _texts(raw: object, folder: Path) -> tuple[str, ...]:
    items = [raw] if isinstance(raw, str) else cast("list[object]", raw) if isinstance(raw, list) else []
    texts = tuple(item for item in items if isinstance(item, str) and item.strip())
    if not texts or len(texts) < len(items):
        raise ValueError('a list of patterns, such as ["issues/*", "GET /repos/*"]')
    return texts


def _number(raw: object, folder: Path) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or raw <= 0:
        raise ValueError("a number above 0")
    return raw


def _count(raw: object, folder: Path) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or raw <= 0:
        raise ValueError("a whole number above 0")
    return raw


def _table(raw: object, folder: Path) -> dict[str, str]:
    table = cast("dict[str, object]", raw) if isinstance(raw, dict) else {}
    texts = {name: text for name, text in table.items() if isinstance(text, str) and text}
    if not texts or len(texts) < len(table):
        raise ValueError("a table of texts, such as { 'issues/list' = 'issues' }")
    return texts


def _effects(raw: object, folder: Path) -> dict[str, str]:
    table = _table(raw, folder)
    if not set(table.values()) <= set(get_args(Effect)):
        raise ValueError('a table of effects, such as { "POST /search" = "read" }')
    return table


def _private(raw: object, folder: Path) -> bool | tuple[str, ...]:
    if isinstance(raw, bool):
        return raw
    try:
        return _texts(raw, folder)
    except ValueError:
        raise ValueError('true, or a list of hosts, such as ["crm.internal"]') from None


def _certificate(raw: object, folder: Path) -> dict[str, str]:
    try:
        table = _table(raw, folder)
    except ValueError:
        table = {}
    if "cert" not in table or not set(table) <= {"cert", "key"}:
        raise ValueError('a table of PEM files, such as { cert = "client.pem", key = "client.key" }')
    return {name: _path(text, folder) for name, text in table.items()}


def _auth(raw: object, folder: Path) -> Any:
    """A reference, the table of one credential, or a table of either by the name of a security scheme."""
    if isinstance(raw, str):
        return _reference(raw, folder)
    if not isinstance(raw, dict) or not raw:
        raise ValueError(f"{_SECRET}; or a table, such as {{ type = 'basic', user = 'env:CRM_USER' }}")
    table = cast("dict[str, object]", raw)
    if isinstance(table.get("type"), str):
        return _credential(table, folder)
    for name, one in table.items():
        if not isinstance(one, str | dict):
            raise ValueError(f"a table of credentials by the names of security schemes, and {name} holds none")
        if isinstance(one, dict) and "type" not in one:
            raise ValueError(f"a table of credentials, and {name} lacks its type: one of {', '.join(AUTH_KEYS)}")
    return {name: _auth(one, folder) for name, one in table.items()}


def _credential(table: Mapping[str, object], folder: Path) -> dict[str, Any]:
    kind = str(table["type"])
    if kind not in AUTH_KEYS:
        near = get_close_matches(kind, AUTH_KEYS, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(AUTH_KEYS)}"
        raise ValueError(f"credentials of a type that there is, and {kind!r} is none; {hint}")
    known, read = AUTH_KEYS[kind], {"type": kind}
    for name in table:
        if name not in known and name != "type":
            near = get_close_matches(name, known, 1)
            raise ValueError(
                f"without {name}, which {kind} has not; "
                + (f"did you mean {near[0]}?" if near else f"it has {', '.join(known)}")
            )
    if missing := [name for name, is_needed in known.items() if is_needed and name not in table]:
        raise ValueError(f"complete: {kind} needs {', '.join(missing)}")
    for name in known:
        if name in table:
            read[name] = _part(kind, name, table[name], folder)
    return read


def _part(kind: str, name: str, raw: object, folder: Path) -> Any:
    if name in _SECRETS:
        if not isinstance(raw, str):
            raise ValueError(f"with {name} as {_SECRET}")
        return _reference(raw, folder)
    choices = {"in": ("header", "query", "cookie"), "client_in": ("header", "body")}.get(name)
    if choices is not None and raw not in choices:
        raise ValueError(f"with {name} as one of {', '.join(choices)}")
    match name:
        case "scopes":
            return _texts(raw, folder)
        case "extra":
            return _table(raw, folder)
        case _:
            if not isinstance(raw, str):
                raise ValueError(f"with {name} as text in quotes")
            return raw


def _reference(text: str, folder: Path) -> str:
    kind, colon, place = text.partition(":")
    if not colon or kind not in ("env", "file", "cmd", "keyring") or not place.strip():
        raise ValueError(_SECRET)
    return f"file:{_path(place, folder)}" if kind == "file" else text


API_KEYS: Mapping[str, Callable[[object, Path], Any]] = {
    "spec": lambda raw, folder: _spec(_text(raw, folder), folder),
    "auth": _auth,
    "base_url": _text,
    "server_variables": _table,
    "tags": _texts,
    "paths": _texts,
    "methods": _texts,
    "include": _texts,
    "exclude": _texts,
    "rename": _table,
    "effects": _effects,
    "keyed": _texts,
    "key_header": _text,
    "files": _path,
    "rate_per_s": _number,
    "concurrency": _count,
    "connect_timeout_s": _number,
    "silence_timeout_s": _number,
    "max_bytes": _count,
    "allow_private": _private,
    "ca_file": _path,
    "certificate": _certificate,
    "attempts": _count,
    "max_wait_s": _number,
}
"""The keys of an API, each with what reads it; what they mean is said of `openapi` and `HttpOptions`."""

# Words that people look for here, and what stands for them.
_ELSEWHERE: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("url", "server", "host", "address"), ("did you mean base_url?",)),
    **dict.fromkeys(("token", "key", "secret", "headers"), ('say it as auth = "env:NAME"',)),
    **dict.fromkeys(
        ("timeout", "timeout_s"), ("there are connect_timeout_s and silence_timeout_s, and limits.call_ms",)
    ),
    **dict.fromkeys(("retries", "max_retries"), ("did you mean attempts?",)),
    **dict.fromkeys(("idempotency_header", "idempotency_key"), ("did you mean key_header?",)),
    **dict.fromkeys(("rate", "rate_limit"), ("did you mean rate_per_s?",)),
    **dict.fromkeys(("operations", "only"), ("did you mean include?",)),
    "reverts": ("reverts stand in a table [namespaces.NAME]",),
    "approve": ("which calls a person is asked about say [[policy.rules]]",),
}
