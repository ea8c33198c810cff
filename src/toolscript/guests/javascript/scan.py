"""A light scan of JavaScript text: which brackets, strings, templates and comments it leaves open.

The scan knows no grammar. It serves where a parse tree does not help: in text that is broken, and in text of which it
is not yet known whether it is a program at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_BEFORE_REGEX = frozenset(
    (
        "return",
        "typeof",
        "case",
        "in",
        "of",
        "delete",
        "void",
        "throw",
        "new",
        "await",
        "yield",
        "instanceof",
        "else",
        "do",
        "if",
        "while",
        "for",
    )
)
_HEADS = frozenset(("if", "while", "for", "with"))
_CLOSERS = {"(": ")", "[": "]", "{": "}", "${": "}", "`": "`"}


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something opened and never closed, or closed and never opened; offsets count characters.

    `opened` is where the bracket that should have been closed first was opened.
    """

    offset: int
    message: str
    opened: int | None = None


def flaw_in(text: str, *, max_depth: int) -> Flaw | None:
    """The first flaw of a text, or None."""
    scanner = Scanner(text, max_depth=max_depth)
    scanner.run()
    return scanner.flaw


class Scanner:
    """Reads a text token by token from `start`."""

    __slots__ = ("at", "end", "flaw", "max_depth", "regex_allowed", "stack", "text", "word")

    def __init__(self, text: str, start: int = 0, *, max_depth: int = 1 << 30) -> None:
        self.text, self.at, self.end, self.max_depth = text, start, len(text), max_depth
        self.flaw: Flaw | None = None
        self.stack: list[tuple[str, int, bool]] = []
        self.regex_allowed = True
        self.word = ""

    def run(self) -> None:
        self.run_to(self.end)
        for opened, offset, _ in self.stack[:1] if self.stack and self.stack[-1][0] != "`" else self.stack[-1:]:
            self.report(offset, _never_closed(opened))

    def run_to(self, offset: int) -> bool:
        """Read on up to the offset; whether it lies between two tokens, not inside a template or a comment."""
        token_at = _token().match
        while self.at < offset:
            match = token_at(self.text, self.at)
            assert match is not None
            self.token(match.lastgroup or "", match)
        return self.at == offset

    def token(self, kind: str, match: re.Match[str]) -> None:
        offset, self.at = self.at, match.end()
        text = match.group()
        match kind:
            case "space" | "comment":
                return
            case "open_comment":
                self.report(offset, "this comment is never closed: expected '*/'")
            case "word":
                self.regex_allowed = text in _BEFORE_REGEX
                self.word = text
                return
            case "string" | "increment":
                self.regex_allowed = False
            case "quote":
                self.report(offset, f"this string is never closed: expected {text} before the end of the line")
                self.regex_allowed = False
            case "template":
                self.stack.append(("`", offset, False))
                self.template()
            case "opener":
                self.push(text, offset)
            case "closer":
                self.close(text, offset)
            case "slash":
                self.slash(offset)
            case _:
                self.regex_allowed = True
        self.word = ""

    def push(self, opener: str, offset: int) -> None:
        self.stack.append((opener, offset, self.word in _HEADS))
        self.regex_allowed = True
        if len(self.stack) > self.max_depth:
            self.report(offset, f"brackets are nested more than {self.max_depth} deep")

    def slash(self, offset: int) -> None:
        literal = _regex().match(self.text, offset) if self.regex_allowed else None
        if literal is not None:
            self.at = literal.end()
        self.regex_allowed = literal is None

    def template(self) -> None:
        """Read on in the template literal on top of the stack, up to its end or to a `${`."""
        match = _template().match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        if match.group(1) == "`":
            self.stack.pop()
            self.regex_allowed = False
        elif match.group(1):
            self.push("${", self.at - 2)
        else:
            self.at = self.end

    def close(self, closer: str, offset: int) -> None:
        self.regex_allowed = False
        if not self.stack:
            self.report(offset, f"unexpected '{closer}': nothing is open here")
            return
        opener, opened, head = self.stack.pop()
        if _CLOSERS[opener] != closer:
            self.report(offset, f"expected '{_CLOSERS[opener]}' but found '{closer}'", opened)
        elif opener == "${":
            self.template()
        else:
            self.regex_allowed = head

    def report(self, offset: int, message: str, opened: int | None = None) -> None:
        if self.flaw is None:
            self.flaw = Flaw(offset, message, opened)


@cache
def _token() -> re.Pattern[str]:
    """One token. Compiled, like the others, when a text needs the scan: few do, and together they take 3 ms."""
    return re.compile(
        r"""(?P<space>[\s\ufeff]+)
      | (?P<comment>//[^\n\r\u2028\u2029]*|/\*.*?\*/)
      | (?P<open_comment>/\*)
      | (?P<word>[\w$\u0080-\U0010ffff]+)
      | (?P<string>"(?:[^"\\\n\r]|\\\r\n|\\.)*"|'(?:[^'\\\n\r]|\\\r\n|\\.)*')
      | (?P<quote>["'])
      | (?P<template>`)
      | (?P<opener>[(\[{])
      | (?P<closer>[)\]}])
      | (?P<slash>/)
      | (?P<increment>\+\+|--)
      | (?P<other>.)""",
        re.VERBOSE | re.DOTALL,
    )


@cache
def _template() -> re.Pattern[str]:
    return re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*+(`|\$\{)?", re.DOTALL)


@cache
def _regex() -> re.Pattern[str]:
    return re.compile(r"/(?![*/])(?:[^\\/\[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r])*+\])++/\w*")


def _never_closed(opener: str) -> str:
    what = "template literal" if opener == "`" else f"'{opener}'"
    return f"this {what} is never closed: expected '{_CLOSERS[opener]}' before the end of the program"
