"""Conditions over the arguments of a call, such as `amount > 100 and to endsWith "@example.org"`.

    condition  := clause { "and" clause }
    clause     := field ( "exists" | "missing" | operator value )
    field      := step { "." step }            a name, a position in a list, `*` for any element, or a "quoted name"
    operator   := == != < <= > >= in contains startsWith endsWith matches within
    value      := any JSON

1. A clause holds, does not hold, or cannot be decided: where the field is missing, or where it and the value are of
   types that do not compare. A number in quotes is not a number: the tool may read it as one, and it may not.
2. Of several clauses one that does not hold decides; else one that cannot be decided does.
3. With `*` a clause holds if it holds for any element, and cannot be decided if that is so for one and holds for none.
4. `within` compares POSIX paths by their normal form: `/work/../etc` is not within `/work`. A relative path, a home
   (`~`) or a backslash cannot be decided.
5. `matches` looks for a pattern anywhere in the text. Patterns that could run for long are refused when they are read.
6. `holds` never raises, and takes time in proportion to the arguments.
"""

from __future__ import annotations

import json
import math
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn, cast

from toolscript.errors import ConfigError
from toolscript.schema.patterns import compiled_safely

MAX_CONDITION = 2_000  # characters
MAX_DEPTH = 16  # of a value written in a condition
MAX_MATCHED = 500  # characters that a pattern is tried on: bounds what a quadratic pattern can cost

_SYMBOLS = ("==", "!=", ">=", "<=", ">", "<")
_WORDS = ("in", "contains", "startsWith", "endsWith", "matches", "within", "exists", "missing")
_TEXTUAL = ("startsWith", "endsWith", "matches", "within")

_Compare = Callable[[Any], "bool | None"]


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of a call's arguments; made by `Condition.parse`, equal by its text."""

    text: str
    _clauses: tuple[_Clause, ...]

    @staticmethod
    def parse(text: str) -> Condition:
        """Read a condition; `ConfigError` shows the column where it is none."""
        if len(text) > MAX_CONDITION:
            raise ConfigError(f"a condition of {len(text):,} characters; at most {MAX_CONDITION:,} are read")
        return Condition(text, _Reader(text).clauses())

    def holds(self, args: Mapping[str, Any]) -> bool | None:
        """Whether it holds of these arguments; None where that cannot be decided."""
        return _all(clause.holds(args) for clause in self._clauses)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class _Clause:
    steps: tuple[str, ...]
    operator: str
    value: Any
    pattern: re.Pattern[str] | None = None

    def holds(self, args: Mapping[str, Any]) -> bool | None:
        found, absent, strange = _reached(args, self.steps)
        match self.operator:
            case "exists":
                return True if found else None if strange else False
            case "missing":
                return False if found else None if strange else True
            case _:
                judged = [self._compared(value) for value in found]
                return _any(judged + [None] * (absent or strange))

    def _compared(self, found: Any) -> bool | None:
        match self.operator:
            case "==":
                return _equal(found, self.value)
            case "!=":
                equal = _equal(found, self.value)
                return None if equal is None else not equal
            case "<" | "<=" | ">" | ">=":
                return _ordered(found, self.operator, self.value)
            case "in":
                alike = [_equal(found, one) for one in self.value if _kind(one) == _kind(found)]
                return _any(alike) if alike else None
            case "contains":
                return _contains(found, self.value)
            case _:
                return _textual(found, self.operator, self.value, self.pattern) if isinstance(found, str) else None


def _reached(args: Mapping[str, Any], steps: Sequence[str]) -> tuple[list[Any], bool, bool]:
    """The values at a field; whether it is absent somewhere, and whether something there has no fields at all."""
    held: list[Any] = [args]
    absent = strange = False
    for step in steps:
        below: list[Any] = []
        for value in held:
            match value:
                case None:
                    absent = True
                case Mapping():
                    members = cast("Mapping[str, Any]", value)
                    chosen = list(members.values()) if step == "*" else [members[step]] if step in members else None
                    absent = absent or chosen is None
                    below += chosen or ()
                case list() | tuple() if step == "*" or _is_index(step):
                    items = cast("Sequence[Any]", value)
                    absent = absent or (step != "*" and int(step) >= len(items))
                    below += items if step == "*" else items[int(step) : int(step) + 1]
                case _:
                    strange = True
        held = below
    return held, absent, strange


def _is_index(step: str) -> bool:
    return step.isascii() and step.isdecimal()


def _kind(value: Any) -> str:
    """The JSON type of a value; other types stand for themselves."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list() | tuple():
            return "list"
        case dict() | Mapping():
            return "object"
        case _:
            return type(cast("object", value)).__name__


def _all(judged: Iterable[bool | None]) -> bool | None:
    answer: bool | None = True
    for one in judged:
        if one is False:
            return False
        answer = answer and one
    return answer


def _any(judged: Iterable[bool | None]) -> bool | None:
    answer: bool | None = False
    for one in judged:
        if one:
            return True
        if one is None:
            answer = None
    return answer


def _equal(found: Any, value: Any) -> bool | None:
    if value is None:
        return found is None
    if _kind(found) != _kind(value):
        return None
    match value:
        case float() | int() if math.isnan(found):
            return None
        case list():
            items = cast("list[Any]", value)
            return len(found) == len(items) and _all(map(_equal, found, items))
        case dict():
            members = cast("dict[str, Any]", value)
            return found.keys() == members.keys() and _all(_equal(found[name], one) for name, one in members.items())
        case _:
            return bool(found == value)


def _ordered(found: Any, operator: str, value: Any) -> bool | None:
    if _kind(found) != _kind(value) or found != found:  # noqa: PLR0124 - NaN, which has no order
        return None
    match operator:
        case "<":
            return bool(found < value)
        case "<=":
            return bool(found <= value)
        case ">":
            return bool(found > value)
        case _:
            return bool(found >= value)


def _contains(found: Any, value: Any) -> bool | None:
    match found:
        case str():
            return value in found if isinstance(value, str) else None
        case list() | tuple():
            return _any(_equal(one, value) for one in cast("Sequence[Any]", found))
        case _:
            return None


def _textual(found: str, operator: str, value: str, pattern: re.Pattern[str] | None) -> bool | None:
    match operator:
        case "startsWith":
            return found.startswith(value)
        case "endsWith":
            return found.endswith(value)
        case "within":
            return _within(found, value)
        case _:
            assert pattern is not None
            return pattern.search(found) is not None if len(found) <= MAX_MATCHED else None


def _within(path: str, folder: str) -> bool | None:
    if path.startswith("/") != folder.startswith("/") or not path or path[0] == "~" or "\\" in path or "\0" in path:
        return None
    inner, outer = _normal(path), _normal(folder)
    if outer == ".":
        return inner != ".." and not inner.startswith("../")
    return inner == outer or inner.startswith(outer if outer == "/" else f"{outer}/")


def _normal(path: str) -> str:
    normal = posixpath.normpath(path)
    return f"/{normal.lstrip('/')}" if normal.startswith("/") else normal  # POSIX lets two slashes mean something else


class _Reader:
    """Reads a condition from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def clauses(self) -> tuple[_Clause, ...]:
        """All of the text."""
        read = [self._clause()]
        while self._skip() < len(self._text):
            at, word = self._at, self._word()
            if word != "and":
                self._fail(at, "expected `and` or the end")
            read.append(self._clause())
        return tuple(read)

    def _clause(self) -> _Clause:
        steps = [self._step()]
        while self._skip() < len(self._text) and self._text[self._at] == ".":
            self._at += 1
            steps.append(self._step())
        at, operator = self._at, self._operator()
        if operator in ("exists", "missing"):
            return _Clause(tuple(steps), operator, None)
        at = self._skip()
        value = self._value()
        if operator == "in" and not (isinstance(value, list) and value):
            self._fail(at, "expected a list after `in`, such as [1, 2]")
        if operator in _TEXTUAL and not isinstance(value, str):
            self._fail(at, f"expected a text after `{operator}`")
        if operator in ("<", "<=", ">", ">=") and _kind(value) not in ("number", "text"):
            self._fail(at, f"expected a number or a text after `{operator}`")
        pattern = self._pattern(at, cast("str", value)) if operator == "matches" else None
        if operator == "within" and (not value or value[0] == "~" or "\\" in value):
            self._fail(at, "expected a POSIX path without `~` or backslashes")
        return _Clause(tuple(steps), operator, value, pattern)

    def _pattern(self, at: int, text: str) -> re.Pattern[str]:
        pattern = compiled_safely(text)
        if pattern is None:
            self._fail(at, "expected a pattern that ends soon: at most two * or +, none within another, no look-around")
        return pattern

    def _step(self) -> str:
        at = self._skip()
        if self._text[at : at + 1] == "*":
            self._at += 1
            return "*"
        if self._text[at : at + 1] == '"':
            return cast("str", self._value())
        return self._word() or self._fail(at, "expected the name of an argument, such as amount or items.*.price")

    def _operator(self) -> str:
        at = self._skip()
        for symbol in _SYMBOLS:
            if self._text.startswith(symbol, at):
                self._at += len(symbol)
                return symbol
        word = self._word()
        return word if word in _WORDS else self._no_operator(at, word)

    def _no_operator(self, at: int, word: str) -> NoReturn:
        lower = {one.lower(): one for one in _WORDS}
        near = get_close_matches(word.lower(), lower, 1) if word else ()
        hint = f"; did you mean {lower[near[0]]}?" if near else ""
        hint = hint or ("; did you mean ==?" if self._text[at : at + 1] == "=" else "")
        self._fail(at, f"expected one of {' '.join((*_SYMBOLS, *_WORDS))}{hint}")

    def _value(self) -> Any:
        at = self._skip()
        try:
            value, self._at = _json.raw_decode(self._text, at)
        except (ValueError, RecursionError):
            single = "; texts stand in double quotes" if self._text[at : at + 1] in ("'", "") or self._word() else ""
            self._fail(at, f'expected a value: 100, "text", true, null or [1, 2]{single}')
        if _depth(value) > MAX_DEPTH:
            self._fail(at, f"expected a value of at most {MAX_DEPTH} levels")
        return value

    def _word(self) -> str:
        start = self._skip()
        while self._at < len(self._text) and (self._text[self._at].isalnum() or self._text[self._at] in "_-$"):
            self._at += 1
        return self._text[start : self._at]

    def _skip(self) -> int:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at

    def _fail(self, at: int, expected: str) -> NoReturn:
        rest = self._text[at:].strip()
        got = f"{rest[:24]}…" if len(rest) > 24 else rest or "the end"  # noqa: PLR2004 - enough to find the place
        raise ConfigError(f"the condition {self._text!r}, column {at + 1}: {expected}, got {got}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_json = json.JSONDecoder(parse_constant=_no_constant)


def _depth(value: Any) -> int:
    match value:
        case list():
            return 1 + max(map(_depth, cast("list[Any]", value)), default=0)
        case dict():
            return 1 + max(map(_depth, cast("dict[str, Any]", value).values()), default=0)
        case _:
            return 0
