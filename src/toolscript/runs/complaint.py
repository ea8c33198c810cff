"""Why a program failed, in the words that its author reads: what and where, which call, and what it had done by then.

1. The failure itself comes first: its words, the line of the program and a caret (`Failure`).
2. Of the call that failed, and that nothing caught, the arguments follow, unless the line shows them already, the
   words are about them, or the tool is one of `codemode`, whose words name what they are about.
3. Nothing is said twice, all is cut to a length, and secrets are not in the log that this is made from.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from toolscript.catalog.catalog import Catalog
from toolscript.codec import CodecError, decode, plain
from toolscript.errors import Failure
from toolscript.runs.result import CallRecord
from toolscript.runs.turn import Raised
from toolscript.runs.usage import BUILTIN, expected_call
from toolscript.schema.syntax import Syntax

MAX_ARGS_CHARS = 200
MAX_NAMED = 8  # tools in one line
_AT_FAULT = ("argument", "parameter", "validation", "params", "required", "field", "schema", "property", "-32602")


def complaint(failure: Failure, calls: Sequence[CallRecord]) -> str:
    """A failure in words, with the call that it came from."""
    call = None if failure.code == "bad_arguments" else culprit(failure, calls)
    if call is None or call.path.startswith(f"{BUILTIN}.") or _is_digest(call) or _is_shown(call, failure.source or ""):
        return str(failure)
    return f"{failure}\n  in {called(call)}"


def culprit(failure: Failure, calls: Sequence[CallRecord]) -> CallRecord | None:
    """The call whose failure ended the program, if one did."""
    for call in reversed(calls):
        match call.answer:
            case Raised(raised) if (raised.code, raised.message) == (failure.code, failure.message):
                return call
            case _:
                pass
    return None


def called(call: CallRecord) -> str:
    """A call with its arguments, cut to a line."""
    text = json.dumps(_args(call), ensure_ascii=False)
    text = "" if text == "{}" else text
    return f"{call.path}({text if len(text) <= MAX_ARGS_CHARS else text[: MAX_ARGS_CHARS - 1] + '…'})"


def made(calls: Iterable[CallRecord]) -> str:
    """The calls that reached a tool and may have done something, as `crm.find ×2, crm.create (write)`."""
    counts = Counter((call.path, call.effect) for call in calls if acted(call) and call.status in _DONE)
    named = [
        path + (f" ×{count}" if count > 1 else "") + (" (write)" if effect == "write" else "")
        for (path, effect), count in counts.items()
    ]
    more = f" and {len(named) - MAX_NAMED} more" if len(named) > MAX_NAMED else ""
    return ", ".join(named[:MAX_NAMED]) + more


def acted(call: CallRecord) -> bool:
    """Whether a call reached a tool: one that was refused did not, and those of `codemode` are no news."""
    if call.path.startswith(f"{BUILTIN}.") or call.verdict in ("refuse", "replay"):
        return False
    if call.verdict == "ask" and (call.decided is None or call.decided.choice in ("reject", "end")):
        return False
    match call.answer:
        case Raised(failure):
            return failure.kind != "guest" or failure.code == "cancelled"
        case _:
            return True


def expected(failure: Failure, calls: Sequence[CallRecord], catalog: Catalog, syntax: Syntax = "typescript") -> str:
    """The signature of the tool that failed, where it complains of its arguments; else nothing."""
    if failure.code != "tool" or not any(word in failure.message.lower() for word in _AT_FAULT):
        return ""
    call = culprit(failure, calls)
    tool = None if call is None else catalog.find(call.path)
    return "" if tool is None else expected_call(tool, syntax)


_DIGEST = {"bytes", "sha256"}
_DONE = ("returned", "uncertain", "reverted")


def _args(call: CallRecord) -> Any:
    try:
        return plain(decode(call.made_with))
    except CodecError:
        return {}


def _is_digest(call: CallRecord) -> bool:
    """Whether the log has only the size and the digest of the arguments (`digest_of`), because they were too large."""
    args = _args(call)
    return call.verdict == "refuse" and isinstance(args, dict) and set(cast("dict[str, Any]", args)) == _DIGEST


def _is_shown(call: CallRecord, source: str) -> bool:
    """Whether a line of the program says which tool was called, and with what: it holds one call of it alone."""
    method = call.path.partition(".")[2]
    calls = list(re.finditer(rf"(?<![\w$]){re.escape(method)}\s*\(", source))
    if len(calls) != 1:
        return False
    args = _within_brackets(source[calls[0].end() :])
    return all(text in args for text in _leaves(_args(call)))


def _within_brackets(text: str) -> str:
    """The text up to the bracket that closes what was opened before it; all of it, where none does."""
    depth = 1
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if not depth:
            return text[:at]
    return text


def _leaves(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, held in cast("dict[str, Any]", value).items():
                yield name
                yield from _leaves(held)
        case list():
            for item in cast("list[Any]", value):
                yield from _leaves(item)
        case str():
            yield value
        case _:
            yield json.dumps(value)
