"""How large a value of a program is once it is written out.

A list may hold another a thousand times, and that one a third: a few hundred bytes in the program, and more than the
host has memory for as text. What is held several times is measured once and counted as often as it stands there.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, cast

from pydantic_monty import MontyClassProxy

from toolscript.codec import MAX_DEPTH

_SMALL = frozenset((bool, float, type(None)))
_BITS_PER_DIGIT = 4  # 3.3, rounded so that the size is never over the real one


def spread(value: Any) -> int:
    """At least so many bytes; less than the real size where text is escaped or has other than ASCII characters."""
    return _size((value,), {}, 0)


def _size(items: Iterable[Any], known: dict[int, tuple[int, Any]], depth: int) -> int:
    size = 1
    for item in items:
        kind = cast("type[Any]", type(item))
        if kind is str or kind is bytes:
            size += len(item)
        elif kind is int:
            size += 1 + item.bit_length() // _BITS_PER_DIGIT
        elif kind in _SMALL:
            size += 1
        elif (found := known.get(id(item))) is not None:
            size += found[0]
        else:
            inner = _size(_items(item), known, depth + 1) if depth <= MAX_DEPTH else 1  # deeper is refused for that
            known[id(item)] = inner, item  # kept, so that nothing else gets its id meanwhile
            size += inner
    return size


def _items(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            members = cast("dict[Any, Any]", value)
            return (*members, *members.values())
        case list() | tuple() | set() | frozenset():
            return cast("list[Any]", value)
        case MontyClassProxy():
            return _items(value.attributes)
        case Decimal() | BaseException():
            return (str(value),)
        case _:
            return ()
