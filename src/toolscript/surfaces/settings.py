"""What can be set: every key of `toolscript.toml`, which is also `TOOLSCRIPT_KEY` in the environment.

A key's value comes from the first of: a flag, the environment, the project's file, the user's file, the default.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, assert_never, cast, get_args

from toolscript.errors import ConfigError
from toolscript.runs.policy import Approve
from toolscript.runs.program import LANGUAGES, Limits
from toolscript.runs.revert import read_revert
from toolscript.tools import Effect

Kind = Literal[
    "number",
    "choice",
    "text",
    "texts",
    "path",
    "paths",
    "address",
    "secret",
    "secrets",
    "names",
    "effects",
    "languages",
    "reverts",
    "rules",
]

FILE_NAME = "toolscript.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One key, such as `limits.call_ms`, and what may stand there."""

    key: str
    kind: Kind
    default: Any = None
    choices: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"TOOLSCRIPT_{self.key.upper().replace('.', '_')}"


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is: `env:NAME` or `file:PATH`. Its value is read when it is needed, and kept nowhere."""

    reference: str

    def reveal(self, environment: Mapping[str, str]) -> str:
        """The secret itself; `ConfigError` where there is none."""
        kind, _, place = self.reference.partition(":")
        if kind == "env":
            value = environment.get(place, "")
        else:
            try:
                value = Path(place).read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{self.reference} cannot be read: {error}") from error
        if not value.strip():
            raise ConfigError(f"{self.reference} holds no secret; set it, or leave the setting out")
        return value.strip()


def state_folder(environment: Mapping[str, str]) -> Path:
    """Where this user's programs keep what they have done."""
    if sys.platform == "win32":
        return _folder(environment, "LOCALAPPDATA", "~/AppData/Local")
    return _folder(environment, "XDG_STATE_HOME", "~/.local/state")


def user_file(environment: Mapping[str, str]) -> Path:
    """The user's own `toolscript.toml`."""
    if sys.platform == "win32":
        return _folder(environment, "APPDATA", "~/AppData/Roaming") / FILE_NAME
    return _folder(environment, "XDG_CONFIG_HOME", "~/.config") / FILE_NAME


def _folder(environment: Mapping[str, str], variable: str, otherwise: str) -> Path:
    named = environment.get(variable, "")
    root = named if Path(named).is_absolute() else otherwise  # a relative one is to be ignored (XDG base directories)
    return Path(root).expanduser() / "toolscript"


SETTINGS: Mapping[str, Setting] = {
    setting.key: setting
    for setting in (
        Setting(key="servers", kind="paths", default=()),
        Setting(key="languages", kind="languages", default=("typescript",), choices=LANGUAGES),
        Setting(key="isolation", kind="choice", choices=("threads", "workers")),
        Setting(key="connect_ms", kind="number", default=30_000),
        *(Setting(key=f"limits.{limit.name}", kind="number", default=limit.default) for limit in fields(Limits)),
        Setting(key="store.kind", kind="choice", default="sqlite", choices=("memory", "sqlite")),
        Setting(key="store.path", kind="path"),
        Setting(key="store.durability", kind="choice", default="process", choices=("process", "power")),
        Setting(key="store.keep_runs", kind="number"),
        Setting(key="store.keep_days", kind="number"),
        Setting(key="serve.expose", kind="texts", default=()),
        Setting(key="serve.types", kind="choice", default="auto", choices=("auto", "upfront", "search")),
        Setting(key="serve.budget_tokens", kind="number", default=6_000),
        Setting(key="serve.http", kind="address"),
        Setting(key="serve.token", kind="secret"),
        Setting(key="cpython.libraries", kind="texts", default=()),
        Setting(key="python.functions", kind="texts", default=()),
        Setting(key="policy.approve", kind="choice", default="destructive", choices=get_args(Approve)),
        Setting(key="policy.function", kind="text"),
        Setting(key="policy.rules", kind="rules", default=()),
        Setting(key="secrets", kind="secrets", default=()),
        Setting(key="scope", kind="text"),
        Setting(key="lease_ms", kind="number", default=15_000),
        Setting(key="snippets.by", kind="choice", default="developer", choices=("developer", "model")),
        Setting(key="type_check", kind="choice", default="refuse", choices=("off", "advise", "refuse")),
        Setting(key="tsc", kind="path"),
    )
}
"""Every key but those of `[namespaces.NAME]`, which `setting_of` knows."""

NAMESPACE_KEYS: Mapping[str, Kind] = {
    "include": "texts",
    "exclude": "texts",
    "rename": "names",
    "effects": "effects",
    "reverts": "reverts",
    "keyed": "texts",
}


def setting_of(key: str) -> Setting | None:
    """The setting that a key of a file means."""
    if found := SETTINGS.get(key):
        return found
    match key.split("."):
        case ["namespaces", _, last] if last in NAMESPACE_KEYS:
            return Setting(key=key, kind=NAMESPACE_KEYS[last])
        case _:
            return None


def parse(setting: Setting, raw: object, folder: Path) -> Any:
    """The value that a file, a flag or a variable gives; `ValueError` with the words after "must be".

    Text stands for any kind, so that the environment can set all of them; relative paths count from the folder.
    """
    match setting.kind:
        case "number":
            return _number(raw)
        case "choice":
            if raw not in setting.choices:
                raise ValueError(f"one of {', '.join(setting.choices)}")
            return raw
        case "text":
            return _text(raw)
        case "texts":
            return _texts(raw, ",")
        case "path":
            return _path(_text(raw), folder)
        case "paths":
            return tuple(_path(text, folder) for text in _texts(raw, os.pathsep))
        case "address":
            return _address(_text(raw))
        case "secret":
            return _secret(_text(raw), folder)
        case "secrets":
            return tuple(_secret(text, folder) for text in _texts(raw, ",", '["env:API_KEY", "file:token"]'))
        case "names":
            return _table(raw, f"a table of names, such as {_TABLES[setting.key.rpartition('.')[2]]}")
        case "reverts":
            return _reverts(raw)
        case "rules":
            raise ValueError("tables in a file: [[policy.rules]]")
        case "effects":
            return _effects(raw)
        case "languages":
            return _some(_texts(raw, ","), setting.choices)
        case _:
            assert_never(setting.kind)


def _number(raw: object) -> int:
    number = raw
    if isinstance(raw, str) and re.fullmatch(r"\s*\d[\d_]*\s*", raw):
        number = int(raw)
    if isinstance(number, bool) or not isinstance(number, int) or number <= 0:
        raise ValueError("a whole number above 0")
    return number


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError("text in quotes, and not empty")
    return raw


def _texts(raw: object, separator: str, example: str = '["one", "two"]') -> tuple[str, ...]:
    if isinstance(raw, str):
        return tuple(part.strip() for part in raw.split(separator) if part.strip())
    items = cast("list[object]", raw) if isinstance(raw, list | tuple) else []
    texts = [item for item in items if isinstance(item, str) and item.strip()]
    if not isinstance(raw, list | tuple) or len(texts) < len(items):
        raise ValueError(f"a list of texts, such as {example}")
    return tuple(texts)


def _some(chosen: tuple[str, ...], choices: tuple[str, ...]) -> tuple[str, ...]:
    if not chosen or not set(chosen) <= set(choices):
        raise ValueError(f"a list of some of {', '.join(choices)}")
    return tuple(dict.fromkeys(chosen))


def _path(text: str, folder: Path) -> Path:
    try:
        return Path(os.path.abspath(folder / Path(text).expanduser()))
    except RuntimeError:
        raise ValueError("a path whose ~ can be told: write it out") from None


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) >= 1 << 16:
        raise ValueError("HOST:PORT, such as 127.0.0.1:8000")
    return host.strip("[]") or "127.0.0.1", int(port)


def _secret(text: str, folder: Path) -> Secret:
    kind, colon, place = text.partition(":")
    if colon and place and kind == "env":
        return Secret(text)
    if colon and place and kind == "file":
        return Secret(f"file:{_path(place, folder)}")
    raise ValueError("env:NAME or file:PATH, which say where the secret is")


_TABLES = {
    "rename": "{ list_all = 'list' }",
    "reverts": "{ create_contact = 'crm.delete_contact(id=result.id)' }",
}


def _table(raw: object, expected: str) -> dict[str, str]:
    if not isinstance(raw, dict):
        raise ValueError(expected)
    table = cast("dict[str, object]", raw)
    texts = {key: value for key, value in table.items() if isinstance(value, str) and value}
    if len(texts) < len(table):
        raise ValueError(expected)
    return texts


def _reverts(raw: object) -> dict[str, str]:
    expected = f"a table of names, such as {_TABLES['reverts']}"
    table = _table(raw, expected)
    for name, text in table.items():
        try:
            read_revert(text, namespace="any")
        except ConfigError as error:
            raise ValueError(f"{expected}; {name}: {error}") from error
    return table


def _effects(raw: object) -> dict[str, Effect]:
    expected = "a table of effects, such as { delete = 'write', list = 'read' }"
    table = _table(raw, expected)
    if any(value not in get_args(Effect) for value in table.values()):
        raise ValueError(expected)
    return cast("dict[str, Effect]", table)
