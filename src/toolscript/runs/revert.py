"""How a call is undone, in one line: `crm.delete_contact(id=result.id, why="rolled back", owner=args.owner.0.name)`.

1. It is a call of one tool, with its arguments by name. The namespace may be left out where the reader gives one.
2. An argument is a path or a JSON literal. A path begins with `result`, what the call to be undone gave, or `args`,
   what it was given, and goes on with members: `.name`, `.0` in a list, `["any name"]`.
3. What a path names must be there when the call is undone; nothing is made up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn, cast

from toolscript.codec import Blob
from toolscript.errors import ConfigError
from toolscript.tools import Revert

MAX_SHOWN_CHARS = 60  # of a name that a message repeats
MAX_CHARS = 2_000  # of a whole revert: a line that a person wrote
MAX_INDEX_DIGITS = 9  # of a place in a list

_DIGITS = frozenset("0123456789")
_EXAMPLE = "crm.delete_contact(id=result.id)"
_EXPRESSION = 'write a path such as result.id or args.name, or a JSON value such as "text", 5 or true'


def read_revert(text: str, *, namespace: str = "") -> Revert:
    """The tool and the arguments of a revert; a method that stands alone is one of `namespace`.

    Raises `ConfigError` that shows the column, and says what would be right.
    """
    if len(text) > MAX_CHARS:
        raise ConfigError(f"revert: {len(text):,} characters, over the limit of {MAX_CHARS:,}; one call is enough")
    reader = _Reader(text)
    first = reader.name(f"a tool, such as {_EXAMPLE}")
    if reader.takes("."):
        namespace, method = first, reader.name(f"a method of {first}")
    else:
        method = first
        if not namespace:
            reader.fail(f"{_short(first)} has no namespace: write namespace.{_short(first)}(...)", at=0)
    reader.expect("(", f"`(` and the arguments, as in {_EXAMPLE}")
    args: dict[str, str] = {}
    while not reader.takes(")"):
        if args:
            reader.expect(",", "`,` and the next argument, or `)`")
            if reader.takes(")"):
                break
        begin = reader.here()
        name = reader.name("an argument's name, as in id=result.id, or `)`")
        if name in args:
            reader.fail(f"{_short(name)} is given twice", at=begin)
        reader.expect("=", f"`=` and the value of {_short(name)}")
        args[name] = reader.expression()[0]
    reader.end()
    return Revert(path=f"{namespace}.{method}", args=args)


def revert_args(revert: Revert, args: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """The arguments of the call that undoes one with these arguments and this result, both decoded.

    Raises `ValueError` that names what is not there.
    """
    known = {"args": args, "result": result}
    return {name: _evaluated(text, known) for name, text in revert.args.items()}


def _evaluated(text: str, known: Mapping[str, Any]) -> Any:
    try:
        reader = _Reader(text)
        _, (root, steps) = reader.expression()
        reader.end()
    except ConfigError as error:
        raise ValueError(str(error).partition("\n")[0]) from error
    if root is None:
        return steps
    value, path = known[root], root
    for step in steps:
        inner = f"{path}.{step}" if isinstance(step, int) or step.isidentifier() else f"{path}[{json.dumps(step)}]"
        match value:
            case dict() if str(step) in value:
                value = cast("dict[str, Any]", value)[str(step)]
            case list() if isinstance(step, int) and step < len(cast("list[Any]", value)):
                value = cast("list[Any]", value)[step]
            case _:
                raise ValueError(f"{inner} is not there: {path} is {_kind(value)}")
        path = inner
    return value


def _kind(value: Any) -> str:
    """What a value is, in few words and without its content."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return f"a list of {len(cast('list[Any]', value))}"
        case dict():
            names = [_short(name) for name in cast("dict[str, Any]", value)]
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""  # noqa: PLR2004 - as many as are shown
            return f"an object with {', '.join(names[:5])}{more}" if names else "an empty object"
        case Blob():
            return "a blob, whose content is not in the log"
        case _:
            return f"of type {type(value).__name__}"


Expression = tuple[str | None, Any]
"""The root of a path and its steps; or None and a literal's value."""


class _Reader:
    """Reads a text from left to right; spaces between its parts mean nothing."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def here(self) -> int:
        """Where the next part begins."""
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at

    def takes(self, sign: str) -> bool:
        """Whether this sign stands next; if so, it is passed."""
        at = self.here()
        if not self._text.startswith(sign, at):
            return False
        self._at = at + len(sign)
        return True

    def expect(self, sign: str, what: str) -> None:
        if not self.takes(sign):
            self.fail(f"expected {what}")

    def end(self) -> None:
        if self.here() < len(self._text):
            self.fail("nothing may follow here")

    def name(self, what: str) -> str:
        begin = self.here()
        text, end = self._text, begin
        while end < len(text) and (text[end].isalnum() or text[end] in "_$"):
            end += 1
        if end == begin or text[begin].isdigit():
            self.fail(f"expected {what}")
        self._at = end
        return text[begin:end]

    def expression(self) -> tuple[str, Expression]:
        """The text of a path or a literal, and what it says."""
        begin = self.here()
        sign = self._text[begin : begin + 1]
        if sign == "'":
            self.fail("texts stand in double quotes")
        if not sign or sign in ",)=":
            self.fail(f"a value is missing: {_EXPRESSION}")
        if sign in '"[{-' or sign.isdigit():
            found: Expression = (None, self._literal())
        else:
            word = self.name(_EXPRESSION.removeprefix("write "))
            if word in ("true", "false", "null"):
                found = (None, {"true": True, "false": False, "null": None}[word])
            elif word in ("result", "args"):
                found = (word, self._steps())
            else:
                self.fail(f"{_short(word)} is neither result nor args: {_EXPRESSION}", at=begin)
        return self._text[begin : self._at].rstrip(), found

    def _steps(self) -> tuple[str | int, ...]:
        steps: list[str | int] = []
        while True:
            if self.takes("."):
                steps.append(self._index() if self._text[self.here() : self._at + 1] in _DIGITS else self._member())
            elif self.takes("["):
                begin = self.here()
                key = self._literal() if self._text[begin : begin + 1] in {'"', *_DIGITS} else None
                if not isinstance(key, str | int):
                    self.fail('expected a name in double quotes or a number, as in ["first name"] or [0]', at=begin)
                steps.append(key)
                self.expect("]", "`]`")
            else:
                return tuple(steps)

    def _member(self) -> str:
        return self.name('a member\'s name; one with other signs stands in brackets: ["first-name"]')

    def _index(self) -> int:
        begin = end = self._at
        while self._text[end : end + 1] in _DIGITS:
            end += 1
        if end - begin > MAX_INDEX_DIGITS:
            self.fail("no list is that long", at=begin)
        self._at = end
        return int(self._text[begin:end])

    def _literal(self) -> Any:
        begin = self.here()
        try:
            value, self._at = _decoder.raw_decode(self._text, begin)
        except json.JSONDecodeError as error:
            self.fail(f"this is not JSON ({error.msg[:1].lower()}{error.msg[1:]})", at=error.pos)
        except (ValueError, RecursionError) as error:
            self.fail(f"this is not JSON ({error})", at=begin)
        return value

    def fail(self, why: str, *, at: int | None = None) -> NoReturn:
        """Raise `ConfigError` with a caret under the place."""
        at = self.here() if at is None else at
        line = "".join(sign if sign.isprintable() else " " for sign in self._text)
        raise ConfigError(f"revert, column {at + 1}: {why}\n  {line}\n  {' ' * at}^")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


_decoder = json.JSONDecoder(parse_constant=_no_constant)


def _short(name: str) -> str:
    return name if len(name) <= MAX_SHOWN_CHARS else f"{name[: MAX_SHOWN_CHARS - 1]}…"
