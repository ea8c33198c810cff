"""Edits to a text, and the way back from a position in the edited text.

Offsets count UTF-8 bytes, as the parsers do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import NamedTuple

_INK = re.compile(rb"[^\r\n]")


class Edit(NamedTuple):
    """Replace the bytes from `start` to `end` by `text`."""

    start: int
    end: int
    text: bytes


def blank(source: bytes, start: int, end: int, *, first: bytes = b"", last: bytes = b"") -> Edit:
    """Replace a span by spaces that keep its lines; `first` and `last` take the place of its outer bytes."""
    inner = source[start + len(first) : end - len(last)]
    spaces = _INK.sub(b" ", inner) if b"\n" in inner else b" " * len(inner)
    return Edit(start, end, first + spaces + last)


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """The edits by place; of those at one place, insertions first and otherwise as given."""
    return sorted(edits, key=itemgetter(0, 1))


def apply(source: bytes, edits: Sequence[Edit]) -> bytes:
    """The text with all edits made; they must be sorted and must not overlap."""
    pieces: list[bytes] = []
    at = 0
    for edit in edits:
        pieces += (source[at : edit.start], edit.text)
        at = edit.end
    pieces.append(source[at:])
    return b"".join(pieces)


def origin(edits: Sequence[Edit], offset: int) -> int:
    """Where the byte at `offset` of the edited text came from; what was inserted came from the place it was put."""
    shift = 0
    for edit in edits:
        start = edit.start + shift
        if offset < start:
            break
        if offset < start + len(edit.text):
            return edit.start + min(offset - start, max(edit.end - edit.start, 0))
        shift += len(edit.text) - (edit.end - edit.start)
    return offset - shift
