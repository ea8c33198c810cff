"""The arguments of the tools: read from what a client sent, or refused with the right call shown."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from toolscript.catalog.questions import questions
from toolscript.runs.program import Language
from toolscript.surfaces.mcp_server.options import ServeOptions

MAX_HITS = 50
_DIGITS = re.compile(r"[0-9]{1,6}")  # a whole number that was sent as text: nothing else it could mean

_RIGHT = {
    "search": '{"query": "find customers by name"}',
    "describe": '{"paths": ["crm.find"]}',
    "resume": '{"run": "run_..."}',
}
_CODE = {
    "typescript": "return await crm.find({ name: 'Ada' });",
    "python": "return await crm.find(name='Ada')",
}


_OTHER_NAMES = {"ts": "typescript", "js": "typescript", "javascript": "typescript", "py": "python", "python3": "python"}


class BadCall(Exception):
    """A call whose arguments cannot be read, or of a tool that is not there."""

    def __init__(self, problem: str, tool: str = "") -> None:
        super().__init__(problem)
        self._problem = problem
        self._tool = tool

    def words(self, options: ServeOptions) -> str:
        """What the model reads, with the right call."""
        right = _RIGHT.get(self._tool)
        if right is None:
            first, *others = options.syntaxes
            right = json.dumps({"code": _CODE[first], **({"language": first} if others else {})})
        if not self._tool:
            return f"{self._problem} Tools of namespaces are called from a program: execute({right})"
        return f"{self._tool}: {self._problem}. Call it like this: {self._tool}({right})"


@dataclass(frozen=True, slots=True)
class Search:
    """A question, or several."""

    query: tuple[str, ...]
    limit: int
    offset: int
    namespace: str | tuple[str, ...] | None
    language: Language | None


@dataclass(frozen=True, slots=True)
class Execute:
    """A program, what it reads as `input`, and the run that it corrects."""

    code: str
    input: Any
    retry_of: str | None
    language: Language


def search_of(arguments: Mapping[str, Any], options: ServeOptions) -> Search:
    """The arguments of `search`; also where they stand in the query, as for `codemode.search`."""
    if isinstance(inner := arguments.get("query"), dict):
        arguments = {**cast("dict[str, Any]", inner), **arguments}
    asked = {"query": arguments["queries"], **arguments} if "queries" in arguments else arguments
    if "query" not in asked:
        raise BadCall("query is missing" + _sent(arguments), "search")
    try:
        query = questions(asked["query"])
    except ValueError as error:
        raise BadCall(str(error), "search") from error
    namespace = None if arguments.get("namespace") in (None, "", []) else _texts("search", "namespace", arguments)
    limit = _number("limit", arguments.get("limit", 10), 1, f"from 1 to {MAX_HITS}")
    offset = _number("offset", arguments.get("offset", 0), 0, "from 0 on")
    language = _language("search", arguments, options)
    if "language" not in arguments and len(options.syntaxes) > 1:
        language = None  # then it is not known what the program will be written in
    return Search(query, min(limit, MAX_HITS), offset, namespace, language)


def paths_of(arguments: Mapping[str, Any], options: ServeOptions) -> tuple[tuple[str, ...], Language]:
    """The arguments of `describe`, by the name `path` too, which models use for one."""
    asked = {"paths": arguments["path"], **arguments} if "path" in arguments else arguments
    paths = _texts("describe", "paths", asked)
    language = _language("describe", arguments, options)
    return (paths,) if isinstance(paths, str) else paths, language


def execute_of(arguments: Mapping[str, Any], options: ServeOptions) -> Execute:
    """The arguments of `execute`."""
    code = _text("execute", "code", arguments)
    retry_of = None if arguments.get("retry_of") in (None, "") else _text("execute", "retry_of", arguments)
    return Execute(code, arguments.get("input"), retry_of, _language("execute", arguments, options))


def run_of(arguments: Mapping[str, Any]) -> str:
    """The run that `resume` asks after."""
    return _text("resume", "run", arguments)


def unknown(name: str, offered: Sequence[str]) -> BadCall:
    """The refusal of a tool that is not offered."""
    return BadCall(f"There is no tool {name[:80]!r} here; there are {', '.join(offered)}.")


def _language(tool: str, arguments: Mapping[str, Any], options: ServeOptions) -> Language:
    given = arguments.get("language")
    if given in (None, ""):
        return options.language(None)
    if not isinstance(given, str):
        raise BadCall(f"language is a string, not {_said(given)}", tool)
    name = given.strip().lower()
    try:
        return options.language(_OTHER_NAMES.get(name, name))
    except ValueError as error:
        raise BadCall(str(error), tool) from error


def _text(tool: str, field: str, arguments: Mapping[str, Any]) -> str:
    if field not in arguments:
        raise BadCall(f"{field} is missing" + _sent(arguments), tool)
    text = arguments[field]
    if not isinstance(text, str):
        raise BadCall(f"{field} is a string, not {_said(text)}", tool)
    if not text.strip():
        raise BadCall(f"{field} is empty", tool)
    return text


def _texts(tool: str, field: str, arguments: Mapping[str, Any]) -> str | tuple[str, ...]:
    if field not in arguments:
        raise BadCall(f"{field} is missing" + _sent(arguments), tool)
    value = arguments[field]
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        texts = cast("list[Any]", value)
        if texts and all(isinstance(text, str) for text in texts):
            return tuple(texts)
    raise BadCall(f"{field} is a string or an array of strings, not {_said(value)}", tool)


def _number(name: str, value: Any, least: int, allowed: str) -> int:
    value = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < least:
        raise BadCall(f"{name} is a whole number {allowed}, not {_said(value)}", "search")
    return int(value)


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
