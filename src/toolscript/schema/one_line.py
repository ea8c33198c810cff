"""A type or a call on one line, in the most detail that fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from toolscript.schema.detail import LINE, Detail

SIGNATURE_CHARS = 220
OUTLINE_CHARS = 110


def one_line(write: Callable[[Detail], str], max_chars: int, otherwise: str) -> str:
    """The text in the most detail that fits; up to twice the bound in the least, and beyond that `otherwise`."""
    text = ""
    for detail in LINE:
        text = write(detail)
        if len(text) <= max_chars:
            return text
    return text if len(text) <= max_chars * 2 else otherwise


def outlined(names: Sequence[str], write: Callable[[str], str], max_chars: int) -> str:
    """A call with as many names of arguments as fit, and at least one; `write` puts them into brackets."""
    for shown in range(len(names), 0, -1):
        more = [f"…{len(names) - shown} more"] if shown < len(names) else []
        text = write(", ".join([*names[:shown], *more]))
        if len(text) <= max_chars or shown == 1:
            return text
    return write("")
