"""The arguments of the tools: read from what a client sent, or refused with the right call shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from toolscript.catalog.questions import questions

MAX_HITS = 50
_DIGITS = re.compile(r"[0-9]{1,6}")  # a whole number that was sent as text: nothing else it could mean

_RIGHT = {
    "search": 'search({ "query": "find customers by name" })',
    "describe": 'describe({ "paths": ["crm.find"] })',
    "execute": 'execute({ "code": "return await crm.find({ name: \\"Ada\\" });" })',
    "resume": 'resume({ "run": "run_..." })',
}


class BadCall(Exception):
    """A call whose arguments cannot be read; its text is for the model."""


@dataclass(frozen=True, slots=True)
class Search:
    """A question, or several."""

    query: tuple[str, ...]
    limit: int
    offset: int
    namespace: str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Execute:
    """A program, what it reads as `input`, and the run that it corrects."""

    code: str
    input: Any
    retry_of: str | None


def search_of(arguments: Mapping[str, Any]) -> Search:
    """The arguments of `search`; also where they stand in the query, as for `codemode.search`."""
    if isinstance(inner := arguments.get("query"), dict):
        arguments = {**cast("dict[str, Any]", inner), **arguments}
    asked = {"query": arguments["queries"], **arguments} if "queries" in arguments else arguments
    if "query" not in asked:
        raise _bad("search", "query is missing" + _sent(arguments))
    try:
        query = questions(asked["query"])
    except ValueError as error:
        raise _bad("search", str(error)) from error
    namespace = None if arguments.get("namespace") in (None, "", []) else _texts("search", "namespace", arguments)
    limit = _number("limit", arguments.get("limit", 10), 1, f"from 1 to {MAX_HITS}")
    return Search(query, min(limit, MAX_HITS), _number("offset", arguments.get("offset", 0), 0, "from 0 on"), namespace)


def paths_of(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The arguments of `describe`, by the name `path` too, which models use for one."""
    asked = {"paths": arguments["path"], **arguments} if "path" in arguments else arguments
    paths = _texts("describe", "paths", asked)
    return (paths,) if isinstance(paths, str) else paths


def execute_of(arguments: Mapping[str, Any]) -> Execute:
    """The arguments of `execute`."""
    code = _text("execute", "code", arguments)
    retry_of = None if arguments.get("retry_of") in (None, "") else _text("execute", "retry_of", arguments)
    return Execute(code, arguments.get("input"), retry_of)


def run_of(arguments: Mapping[str, Any]) -> str:
    """The run that `resume` asks after."""
    return _text("resume", "run", arguments)


def unknown(name: str, offered: Sequence[str]) -> BadCall:
    """The refusal of a tool that is not offered."""
    return BadCall(
        f"There is no tool {name[:80]!r} here; there are {', '.join(offered)}. "
        f"Tools of namespaces are called from a program: {_RIGHT['execute']}"
    )


def _text(tool: str, field: str, arguments: Mapping[str, Any]) -> str:
    if field not in arguments:
        raise _bad(tool, f"{field} is missing" + _sent(arguments))
    text = arguments[field]
    if not isinstance(text, str):
        raise _bad(tool, f"{field} is a string, not {_said(text)}")
    if not text.strip():
        raise _bad(tool, f"{field} is empty")
    return text


def _texts(tool: str, field: str, arguments: Mapping[str, Any]) -> str | tuple[str, ...]:
    if field not in arguments:
        raise _bad(tool, f"{field} is missing" + _sent(arguments))
    value = arguments[field]
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        texts = cast("list[Any]", value)
        if texts and all(isinstance(text, str) for text in texts):
            return tuple(texts)
    raise _bad(tool, f"{field} is a string or an array of strings, not {_said(value)}")


def _number(name: str, value: Any, least: int, allowed: str) -> int:
    value = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < least:
        raise _bad("search", f"{name} is a whole number {allowed}, not {_said(value)}")
    return int(value)


def _bad(tool: str, problem: str) -> BadCall:
    return BadCall(f"{tool}: {problem}. Call it like this: {_RIGHT[tool]}")


def _sent(arguments: Mapping[str, Any]) -> str:
    names = ", ".join(str(name)[:40] for name in list(arguments)[:5])
    return f" (the call had {names})" if names else ""


def _said(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the string {value[:40]!r}"
        case list():
            return "an array" if value else "an empty array"
        case _:
            return "an object"
