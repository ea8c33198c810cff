"""A light scan of JavaScript text: which brackets, strings, templates and comments it opens and never closes.

The scan knows no grammar. It serves where a parse tree does not help: in text that is broken, and in text of which it is
not yet known whether it is a program at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
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
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*+(`|\$\{)?", re.DOTALL)
_REGEX = re.compile(r"/(?![*/])(?:[^\\/\[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r])*+\])++/\w*")
_BEFORE_REGEX = frozenset(
    "return typeof case in of delete void throw new await yield instanceof else do if while for".split()
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


@dataclass(slots=True)
class Scan:
    """What a scan found: the first flaw, and the spans of templates and comments that reach over a line's end."""

    flaw: Flaw | None = None
    spans: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def covers(self, offset: int) -> bool:
        """Whether the offset lies inside a template literal or a comment."""
        return any(start < offset < end for start, end in self.spans)


def scan(text: str, start: int = 0, end: int | None = None, *, max_depth: int = 1 << 30) -> Scan:
    """Scan `text[start:end]`; goes on after a flaw, so that the spans are complete."""
    scanner = _Scanner(text, start, len(text) if end is None else end, max_depth)
    scanner.run()
    return scanner.found


class _Scanner:
    __slots__ = ("at", "end", "found", "heads", "max_depth", "regex_allowed", "stack", "text", "word")

    def __init__(self, text: str, start: int, end: int, max_depth: int) -> None:
        self.text, self.at, self.end, self.max_depth = text, start, end, max_depth
        self.found = Scan()
        self.stack: list[tuple[str, int, bool]] = []
        self.regex_allowed = True
        self.word = ""

    def run(self) -> None:
        while self.at < self.end:
            match = _TOKEN.match(self.text, self.at, self.end)
            assert match is not None
            self.token(match.lastgroup or "", match)
        for opened, offset, _ in self.stack[:1] if self.stack and self.stack[-1][0] != "`" else self.stack[-1:]:
            self.flaw(offset, _never_closed(opened))
        for opened, offset, _ in self.stack:
            if opened == "`":
                self.found.spans.append((offset, self.end + 1))

    def token(self, kind: str, match: re.Match[str]) -> None:
        offset, self.at = self.at, match.end()
        text = match.group()
        match kind:
            case "space":
                return
            case "comment":
                self.found.spans.append((offset, self.at))
                return
            case "open_comment":
                self.flaw(offset, "this comment is never closed: expected '*/'")
                self.found.spans.append((offset, self.end + 1))
                self.at = self.end
            case "word":
                self.regex_allowed = text in _BEFORE_REGEX
                self.word = text
                return
            case "string" | "increment":
                self.regex_allowed = False
            case "quote":
                self.flaw(offset, f"this string is never closed: expected {text} before the end of the line")
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
            self.flaw(offset, f"brackets are nested more than {self.max_depth} deep")

    def slash(self, offset: int) -> None:
        literal = _REGEX.match(self.text, offset, self.end) if self.regex_allowed else None
        if literal is not None:
            self.at = literal.end()
        self.regex_allowed = literal is None

    def template(self) -> None:
        """Read on in the template literal on top of the stack, up to its end or to a `${`."""
        match = _TEMPLATE.match(self.text, self.at, self.end)
        assert match is not None
        self.at = match.end()
        if match.group(1) == "`":
            self.found.spans.append((self.stack.pop()[1], self.at))
            self.regex_allowed = False
        elif match.group(1):
            self.push("${", self.at - 2)
        else:
            self.at = self.end

    def close(self, closer: str, offset: int) -> None:
        self.regex_allowed = False
        if not self.stack:
            self.flaw(offset, f"unexpected '{closer}': nothing is open here")
            return
        opener, opened, head = self.stack.pop()
        if _CLOSERS[opener] != closer:
            self.flaw(offset, f"expected '{_CLOSERS[opener]}' but found '{closer}'", opened)
        elif opener == "${":
            self.template()
        else:
            self.regex_allowed = head

    def flaw(self, offset: int, message: str, opened: int | None = None) -> None:
        if self.found.flaw is None:
            self.found.flaw = Flaw(offset, message, opened)


def _never_closed(opener: str) -> str:
    what = "template literal" if opener == "`" else f"'{opener}'"
    return f"this {what} is never closed: expected '{_CLOSERS[opener]}' before the end of the program"
