"""Write f-strings of Python 3.12 as an older parser takes them: with other quotes inside of their fields.

`f"{d["k"]}"` becomes `f"{d['k']}"`. The text keeps its length, so every place in it stays what it was.
"""

from __future__ import annotations

import re

_OPENING = re.compile(r"(?<![\w'\"])(?:[fF][rR]?|[rR][fF])(?P<quote>\"(?!\"\")|'(?!''))")
_OTHER = {'"': "'", "'": '"'}


def older(text: str) -> str:
    """The text with other quotes in the fields of its f-strings, where these can be told."""
    out = list(text)
    at = 0
    while found := _OPENING.search(text, at):
        at = _field_text(text, found.end(), found["quote"], out)
    return "".join(out)


def _field_text(text: str, at: int, quote: str, out: list[str]) -> int:
    """Go through one f-string from behind its opening quote; gives where it ends."""
    depth = 0
    while at < len(text) and text[at] != "\n":
        char = text[at]
        if depth == 0 and char == quote:
            return at + 1
        if depth == 0 and (char == "\\" or text.startswith(("{{", "}}"), at)):
            at += 2
            continue
        if char == quote:
            at = _inner_text(text, at, out)
            continue
        depth += (char in "{[(") - (char in "}])") if depth or char == "{" else 0
        at += 1
    return at


def _inner_text(text: str, at: int, out: list[str]) -> int:
    """Change the quotes of a string in a field; gives where it ends."""
    quote = text[at]
    end = text.find(quote, at + 1)
    inside = text[at + 1 : end]
    if end < 0 or "\n" in inside or "\\" in inside or _OTHER[quote] in inside:
        return len(text) if end < 0 else end + 1
    out[at] = out[end] = _OTHER[quote]
    return end + 1
