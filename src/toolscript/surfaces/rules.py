"""The tables `[[policy.rules]]` of a `toolscript.toml`, as rules of the policy."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, cast, get_args

from toolscript.errors import ConfigError
from toolscript.runs.condition import Condition
from toolscript.runs.policy import Rule, Verdict
from toolscript.surfaces.toml_file import TomlFile
from toolscript.tools import Effect

RULE_KEYS = ("verdict", "tools", "effect", "destructive", "when", "after_calls", "because")


def read_rules(file: TomlFile, key: str, raw: object) -> tuple[Rule, ...]:
    """The rules of an array of tables, each with the line where it begins.

    `ValueError` for what is no such array, and `ConfigError` with the line of the key that is wrong in one.
    """
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in cast("list[object]", raw)):
        raise ValueError('an array of tables: [[policy.rules]], with verdict = "ask" and more below it')
    tables = cast("list[Mapping[str, object]]", raw)
    return tuple(_rule(file, f"{key}[{number}]", table) for number, table in enumerate(tables))


def _rule(file: TomlFile, key: str, table: Mapping[str, object]) -> Rule:
    values: dict[str, Any] = {}
    for name, raw in table.items():
        try:
            values[name] = _value(name, raw)
        except (ValueError, ConfigError) as error:
            raise ConfigError(f"{file.at(f'{key}.{name}')}: {_said(name, raw, error)}") from error
    if "verdict" not in values:
        raise ConfigError(f'{file.at(key)}: this rule lacks its verdict; add verdict = "allow", "ask" or "deny"')
    return Rule(**values, origin=file.at(key))


def _said(name: str, raw: object, error: Exception) -> str:
    if isinstance(error, ConfigError):
        return f"{name}: {error}"
    if name not in RULE_KEYS:
        return f"{name} is not a key of a rule; {error}"
    return f"{name} is {raw!r}; it must be {error}"


def _value(name: str, raw: object) -> Any:
    """The value of one key; `ValueError` with the words after "must be"."""
    match name:
        case "verdict":
            return _one_of(raw, get_args(Verdict))
        case "effect":
            return _one_of(raw, get_args(Effect))
        case "destructive":
            if not isinstance(raw, bool):
                raise ValueError("true or false")
            return raw
        case "tools":
            return _texts(raw, 'a pattern, or a list of them, such as ["crm.delete_*"]')
        case "when":
            return tuple(map(Condition.parse, _texts(raw, "a condition, or a list of them, such as 'amount > 100'")))
        case "after_calls":
            if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
                raise ValueError("a whole number of calls")
            return raw
        case "because":
            if not isinstance(raw, str) or not raw.strip():
                raise ValueError("text in quotes, and not empty")
            return " ".join(raw.split())
        case _:
            near = get_close_matches(name, RULE_KEYS, 1)
            raise ValueError(f"did you mean {near[0]}?" if near else f"there are {', '.join(RULE_KEYS)}")


def _one_of(raw: object, choices: tuple[str, ...]) -> str:
    if not isinstance(raw, str) or raw not in choices:
        raise ValueError(f"one of {', '.join(choices)}")
    return raw


def _texts(raw: object, expected: str) -> tuple[str, ...]:
    items = [raw] if isinstance(raw, str) else cast("list[object]", raw) if isinstance(raw, list) else []
    texts = tuple(item for item in items if isinstance(item, str) and item.strip())
    if not texts or len(texts) < len(items):
        raise ValueError(expected)
    return texts
