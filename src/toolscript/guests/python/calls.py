"""What a program writes as a call, as the host knows calls: a path, and arguments by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

RUN = "codemode.run"
SLEEP = "codemode.sleep"
READ_BLOB = "codemode.read_blob"
STATE = "codemode.state"
FAILURE = "codemode.failure"
_SNIPPETS = "snippets"
_OPTIONS = "…"  # in this place a dict of further arguments may stand

_POSITIONS: Mapping[str, Sequence[str]] = {
    "codemode.search": ("query", _OPTIONS),
    "codemode.describe": ("paths", _OPTIONS),
    SLEEP: ("seconds",),
    "codemode.result": ("run",),
    "codemode.show": ("value",),
    RUN: ("name", "input"),
    READ_BLOB: ("id", "start", "end"),
    "codemode.state_get": ("key",),
    "codemode.state_set": ("key", "value"),
    "codemode.state_delete": ("key",),
}
"""The calls whose arguments may stand by position, as the names of those positions."""
_ANY_VALUE = frozenset(("codemode.show",))  # whose only argument may itself be a dict


def call_of(path: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The path and the named arguments of a call; `TypeError` in words for the program."""
    space, _, method = path.partition(".")
    if path.startswith(STATE + "."):
        path = f"codemode.state_{path.rpartition('.')[2]}"
    if space == _SNIPPETS:
        return RUN, {"name": method, "input": _named(path, args, kwargs)}
    names = _POSITIONS.get(path)
    if names is None or not args or (_is_one_dict(args, kwargs) and path not in _ANY_VALUE):
        return path, _named(path, args, kwargs)
    return path, _by_position(path, names, args, kwargs)


def _is_one_dict(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    return len(args) == 1 and not kwargs and isinstance(args[0], dict)


def _named(path: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    if not args or (len(args) == 1 and args[0] is None and not kwargs):
        return kwargs
    if len(args) > 1 or not isinstance(args[0], dict):
        raise TypeError(f"{path} takes named arguments: {path}(name=value), or one dict: {path}({{...}})")
    return {**cast("dict[str, Any]", args[0]), **kwargs}


def _by_position(path: str, names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    if len(args) > len(names):
        listed = ", ".join(name for name in names if name != _OPTIONS)
        raise TypeError(f"{path} takes {listed} by position, and all else by name")
    named: dict[str, Any] = {}
    for name, value in zip(names, args, strict=False):
        if name != _OPTIONS:
            named[name] = value
        elif isinstance(value, dict):
            named.update(cast("dict[str, Any]", value))
        else:
            raise TypeError(f"{path} takes further arguments by name: {path}(..., limit=5)")
    twice = named.keys() & kwargs.keys()
    if twice:
        raise TypeError(f"{path} got more than one value for {', '.join(sorted(twice))}")
    return {**named, **kwargs}
