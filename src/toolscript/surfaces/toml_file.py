"""A TOML file, with the line of each of its keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolscript.errors import ConfigError

_part = r"(?:[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*')"
_table = re.compile(rf"\s*\[\[?\s*({_part}(?:\s*\.\s*{_part})*)\s*\]")
_key = re.compile(rf"\s*({_part}(?:\s*\.\s*{_part})*)\s*=")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """What a file holds, and the line of each of its keys, which are dotted from the root.

    The keys of an array of tables are numbered: `policy.rules[0].verdict`; `policy.rules` is its first.
    """

    path: Path
    content: Mapping[str, Any]
    lines: Mapping[str, int]

    def at(self, key: str) -> str:
        """`FILE:LINE` of a key, or of the nearest table that holds it."""
        while key and key not in self.lines:
            key = key[: key.rindex("[")] if key.endswith("]") else key.rpartition(".")[0]
        return f"{shown(self.path)}:{self.lines[key]}" if key else shown(self.path)


def shown(path: Path) -> str:
    """A path as a person would write it: from the working directory or the home, where it lies below."""
    for root, prefix in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_relative_to(root) and path != root:
            return f"{prefix}{path.relative_to(root).as_posix()}"
    return str(path)


def check_file(path: Path, named: str) -> None:
    """Raise `ConfigError` unless there is a file to be read."""
    if path.is_dir():
        raise ConfigError(f"{named} is a folder; name the file in it, such as {shown(path / 'mcp.json')}")
    if not path.exists():
        raise ConfigError(f"{named}: there is no such file ({path}); check the path, or leave it out")


def read_toml(path: Path) -> TomlFile:
    """Read a file; `ConfigError` names the line where it is no TOML."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{shown(path)} is not UTF-8 text (byte {error.start + 1}); save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{shown(path)} cannot be read: {error.strerror}") from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at (?:line (\d+), column (\d+)|end of document)\)", str(error))
        line = where[1] if where and where[1] else max(1, len(text.splitlines()))
        column = f":{where[2]}" if where and where[2] else ""
        words = str(error).partition(" (at ")[0]
        raise ConfigError(f"{shown(path)}:{line}{column}: not TOML: {words}") from error
    return TomlFile(path, content, _lines(text))


def _lines(text: str) -> dict[str, int]:
    """The line of every table and key. A line inside a text or list of several lines may be taken for a key; such a
    key is never asked for."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _table.match(line):
            prefix = _dotted(found[1])
            lines.setdefault(prefix, number)
            if line.lstrip().startswith("[["):
                counts[prefix] = counts.get(prefix, -1) + 1
                prefix = f"{prefix}[{counts[prefix]}]"
                lines[prefix] = number
        elif found := _key.match(line):
            own = _dotted(found[1])
            lines.setdefault(f"{prefix}.{own}" if prefix else own, number)
    return lines


def _dotted(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in re.findall(_part, key))
