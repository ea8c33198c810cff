"""How many tokens a text costs a model: a fast estimate of o200k_base that would rather be a little high."""

from __future__ import annotations

import re

_piece = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\x00-\x7f]+|\s+|[^\sA-Za-z0-9\x80-\U0010ffff]+")


def estimate(text: str) -> int:
    """About how many tokens the text has."""
    return sum(_cost(piece) for piece in _piece.findall(text))


def _cost(piece: str) -> int:
    if piece.isspace():
        return 0 if piece == " " else 1
    if not piece.isascii():
        return len(piece)
    if piece.isdigit():
        return (len(piece) + 2) // 3
    return 1 + (len(piece) - 1) // 7
