"""JSON with comments and trailing commas, as editors write it; errors name line and column."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from toolscript.errors import ConfigError

# One pass over the text, so that what looks like a comment inside a string stays.
_TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/|/\*|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)
_NOT_NEWLINE = re.compile(r"[^\n]")


def read_jsonc(text: str, source: str) -> Any:
    """The value of a text; `source` names it in the `ConfigError` for what is no JSON, or has a key twice."""

    def blank(match: re.Match[str]) -> str:
        found = match[0]
        if found.startswith('"'):
            return found
        if found == "/*":
            _refuse(text, source, match.start(), "the comment that begins here does not end")
        return _NOT_NEWLINE.sub(" ", found)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise ConfigError(f"{source}: the key {json.dumps(key)} stands twice in one object")
            found[key] = value
        return found

    plain = _TOKEN.sub(blank, text)
    try:
        return json.loads(plain, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        _refuse(text, source, error.pos, f"this is not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}")
    except RecursionError as error:
        raise ConfigError(f"{source}: nested too deeply") from error


def _refuse(text: str, source: str, position: int, reason: str) -> NoReturn:
    line = text.count("\n", 0, position) + 1
    begin = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    shown = text[begin : end if end >= 0 else len(text)][:120]
    column = position - begin + 1
    raise ConfigError(f"{source}, line {line}, column {column}: {reason}\n  {line} | {shown}")
