"""The form of what calls gave, for a program that took a result for something else.

1. It is told where the program's own code failed on a value, in the ways in which a result of another form does that.
2. Only the form: types and names of properties, as for types that are observed. No value is in it.
3. Three tools at most: those that the failing line names, then the latest, and last those that gave nothing. Many
   calls of a tool are one form.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from toolscript.codec import CodecError, Encoded, decode, encode
from toolscript.errors import Failure
from toolscript.runs.result import CallRecord
from toolscript.runs.turn import Returned
from toolscript.runs.usage import BUILTIN
from toolscript.schema.observed import observe
from toolscript.schema.syntax import Syntax, type_text
from toolscript.tools import Schema

MAX_TOOLS = 3
MAX_CALLS = 10  # of one tool that are looked at, the latest
MAX_TYPE_CHARS = 160
MAX_VALUE_CHARS = 1_000_000  # of a result that is looked at: 10 ms
_BY_FORM = frozenset(("TypeError", "KeyError", "AttributeError", "IndexError"))
_TELLING = frozenset((f"{BUILTIN}.search", f"{BUILTIN}.result"))  # of our own tools; others give what they were given
_NOTHING = encode(None)
_EMPTY = {"typescript": "[], an empty array", "python": "[], an empty list"}
_PARSER = {"typescript": "JSON.parse", "python": "json.loads"}


def forms(failure: Failure, calls: Sequence[CallRecord], syntax: Syntax) -> str:
    """What the calls of a failed program gave, a line a tool; empty where the failure is of another kind."""
    if failure.code != "thrown" or failure.name not in _BY_FORM:
        return ""
    gave: dict[str, list[Encoded]] = {}
    for call in reversed(calls):
        if call.path.startswith(f"{BUILTIN}.") and call.path not in _TELLING:
            continue
        match call.answer:
            case Returned(value) if len(value) <= MAX_VALUE_CHARS and len(gave.get(call.path, ())) < MAX_CALLS:
                gave.setdefault(call.path, []).append(value)
            case _:
                continue
    line = failure.source or ""
    rank = {path: (path.partition(".")[2] not in line, set(values) == {_NOTHING}) for path, values in gave.items()}
    chosen = sorted(gave, key=rank.__getitem__)[:MAX_TOOLS]
    lines = [f"  {path}: {_form(values, syntax)}" for path in chosen if (values := _decoded(gave[path]))]
    return "\n".join(["What the calls gave:", *lines]) if lines else ""


def _decoded(values: Sequence[Encoded]) -> list[Any]:
    """The values that can be read."""
    read: list[Any] = []
    for value in values:
        with suppress(CodecError):
            read.append(decode(value))
    return read


def _form(values: Sequence[Any], syntax: Syntax) -> str:
    if all(value == [] for value in values):
        return _EMPTY[syntax]
    parsed = [_parsed(value) for value in values]
    if None not in parsed:
        return f"{_type(values, syntax)}, which {_PARSER[syntax]} reads as {_type(parsed, syntax)}"
    return _type(values, syntax)


def _type(values: Sequence[Any], syntax: Syntax) -> str:
    seen: Schema | None = None
    for value in values:
        seen = observe(seen, value)
    return "unknown" if seen is None else type_text(seen, syntax, max_chars=MAX_TYPE_CHARS)


def _parsed(value: Any) -> Any:
    """The object or array that a text is the JSON of; None if it is not."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
