"""Sharper words for the engine's own errors: which name, which expression, and what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping

from toolscript.errors import Failure

_undefined_name = re.compile(r"^(\S+) is not defined$")
_unread = re.compile(r"^cannot (?:read|set) property '([^']+)' of (undefined|null)$")
_chain_before = re.compile(r"[\w$.\[\]]*$")
_name = re.compile(r"[\w$]+")
_called_before = re.compile(r"([\w$][\w$.\[\]]*)\($")
_function = re.compile(r"(?:async|function)\b|[\w$]+\s*=>")
_value = re.compile(r"([\w$.\[\]]+)\s*[,)]")
_combinator = re.compile(r"(Promise\.(?:all|allSettled|any|race))\((?!\s*\[)(?:(?!=>|\.\.\.|Promise\.)[^;])*$")
_own_names = ("input", "console", "codemode")


def sharpened(
    failure: Failure,
    source: str,
    column: int,
    namespaces: Collection[str],
    declared: Callable[[], Mapping[str, int]] = dict[str, int],
) -> str:
    """The message of a failure that happened at this column of this line.

    `declared` are the program's own names and the lines that declare them.
    """
    message = failure.message
    if failure.name == "ReferenceError" and (found := _undefined_name.match(message)):
        return _nowhere(message, found[1], declared(), namespaces)
    if failure.name != "TypeError" or failure.code != "thrown":
        return message
    before, after = source[: column - 1], source[column - 1 :]
    if message == "not a function" and (called := _called_before.search(before)):
        # The engine points at the first argument, whether the call has no function or the argument is none.
        if _function.match(after):
            return f"{called[1]} is not a function"
        if argument := _value.match(after):
            return f"{called[1]} or {argument[1]} is not a function"
    if message == "not a function" and (name := _name.match(after)):
        chain = _chain_before.search(before)
        return f"{chain[0] if chain else ''}{name[0]} is not a function"
    if message == "Cannot convert undefined or null to object" and after.startswith("{"):
        return "cannot destructure undefined or null"
    if (found := _unread.match(message)) and found[1] == "Symbol.iterator":
        message = f"{found[2]} is not iterable"
    elif found:
        holder = re.match(r"([\w$.\[\]]+?)\??\." + re.escape(found[1]) + r"\b", after)
        return f"{message} ({holder[1]} is {found[2]})" if holder else message
    if message.endswith(" is not iterable") and (taker := _list_taker(before)):
        return f"{message}; `{taker}` takes one list, as in `await {taker}([a, b])`"
    if message.endswith(" is not iterable") and _call_without_await(source, namespaces):
        return f"{message}; did you forget await?"
    return message


def _nowhere(message: str, name: str, declared: Mapping[str, int], namespaces: Collection[str]) -> str:
    if name in declared:
        return f"{message} here; line {declared[name]} declares it in another block or function"
    near = difflib.get_close_matches(name, {**declared, **dict.fromkeys((*namespaces, *_own_names))}, n=2)
    return f"{message}; did you mean {' or '.join(near)}?" if near else message


def _list_taker(before: str) -> str:
    """The combinator of promises whose arguments, no list, the place is in."""
    found = _combinator.search(before)
    return found[1] if found else ""


def _call_without_await(source: str, namespaces: Collection[str]) -> bool:
    names = "|".join(re.escape(name) for name in namespaces)
    return bool(names and re.search(rf"(?<!await )\b(?:{names})\.\w+\(", source))
