"""A text that matches a regular expression of a schema, for the simple ones that most are."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_TEXT = 200

_count = re.compile(r"\{(\d+)(?:,\d*)?\}")
_ambiguous = re.compile(r"--|&&|\|\||~~|(?<!\\)\[")  # what Python warns of in a class
_CLASSES = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_PREFERRED = "aA10-_./@ "


class _Unclear(Exception):
    """The pattern has a part that is not understood here."""


def matching(pattern: str) -> str | None:
    """A short text that the pattern matches, or None where it is not a simple one. Callers check it."""
    reader = _Reader(pattern)
    try:
        text = reader.alternatives()
    except (_Unclear, RecursionError):
        return None
    return text if reader.at_end and len(text) <= MAX_TEXT else None


@dataclass(slots=True)
class _Reader:
    pattern: str
    place: int = 0

    @property
    def at_end(self) -> bool:
        return self.place >= len(self.pattern)

    def alternatives(self) -> str:
        first = self._sequence()
        while self._next("|"):
            self._sequence()
        return first

    def _sequence(self) -> str:
        text = ""
        while not self.at_end and self.pattern[self.place] not in "|)":
            one = self._one()
            least = self._least()
            text += one * least
            if len(text) > MAX_TEXT:
                raise _Unclear
        return text

    def _one(self) -> str:
        char = self._take()
        match char:
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case "(":
                if self._next("?") and not self._next(":"):
                    raise _Unclear
                text = self.alternatives()
                if not self._next(")"):
                    raise _Unclear
                return text
            case "[":
                return self._class()
            case "\\":
                return self._escape()
            case "*" | "+" | "?":
                raise _Unclear
            case _:
                return char

    def _least(self) -> int:
        """How often the part has to be there."""
        least = 1
        if self._next("*") or self._next("?"):
            least = 0
        elif self._next("+"):
            least = 1
        elif match := _count.match(self.pattern, self.place):
            self.place = match.end()
            least = int(match[1]) if len(match[1]) < 4 else MAX_TEXT + 1  # noqa: PLR2004 - digits
        self._next("?")
        return least

    def _escape(self) -> str:
        char = self._take()
        if char in _CLASSES:
            return _CLASSES[char]
        if char in "bBAZz":
            return ""
        if char in "xupP0123456789k":
            raise _Unclear
        return {"n": "\n", "t": "\t", "r": "\r"}.get(char, char)

    def _class(self) -> str:
        start = self.place
        while self._take() != "]" or self.place == start + 1:
            if self.pattern[self.place - 1] == "\\":
                self._take()
        body = self.pattern[start : self.place]
        if _ambiguous.search(body):
            raise _Unclear
        try:
            allowed = re.compile(f"[{body}")
        except re.error:
            raise _Unclear from None
        for char in _PREFERRED + "".join(map(chr, range(33, 127))):
            if allowed.match(char):
                return char
        raise _Unclear

    def _take(self) -> str:
        if self.at_end:
            raise _Unclear
        self.place += 1
        return self.pattern[self.place - 1]

    def _next(self, char: str) -> bool:
        found = self.pattern.startswith(char, self.place)
        self.place += found
        return found
