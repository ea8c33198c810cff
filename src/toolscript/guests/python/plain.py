"""What values of Python cross as that JSON lacks and the codec has no tag for: the same in both Pythons."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from toolscript.codec import encode


def plain(value: Decimal | timedelta | BaseException) -> Any:
    """A Decimal is a number, or text where no float has its digits; a timedelta is seconds, an exception its words."""
    match value:
        case Decimal():
            near = float(value)
            return near if value.is_finite() and Decimal(repr(near)) == value else str(value)
        case timedelta():
            return value.total_seconds()
        case BaseException():
            return {"name": type(value).__name__, "message": str(value)}


def in_order(items: list[Any]) -> list[Any]:
    """The items of a set: numbers by size and text by letters; the rest by its text form."""
    return sorted(items, key=_order)


def _order(item: Any) -> tuple[str, Any]:
    if isinstance(item, int | float):
        return ("", item)
    return ("text", item) if isinstance(item, str) else ("value", encode(item))
