"""The forms that a query comes in.

1. A text, several texts, an object `{ query }` or `{ queries }`, or several of these, nested as may be.
2. A question that is there twice counts once; whitespace is none.
3. Anything else is a ValueError that shows the right call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, Union, cast

MAX_QUESTIONS = 10
_NAMES = ("query", "queries")
_DEPTH = 3
_RIGHT = '"find customers", ["find customers", "send mail"] or { query: "find customers" }'

Query: TypeAlias = Union[str, "Sequence[Query]", "Mapping[str, Query]"]


def questions(query: object) -> tuple[str, ...]:
    """The questions of a query, at most `MAX_QUESTIONS`; none if it is empty."""
    found: dict[str, None] = {}
    for text in _texts(query, _DEPTH):
        words = " ".join(text.split())
        if words:
            found.setdefault(words)
            if len(found) == MAX_QUESTIONS:
                break
    return tuple(found)


def _texts(query: object, depth: int) -> Iterator[str]:
    match query:
        case str():
            yield query
        case Mapping() if depth:
            held = cast("Mapping[object, object]", query)
            asked = [held[name] for name in _NAMES if name in held]
            if not asked:
                names = ", ".join(str(name)[:40] for name in list(held)[:5])
                raise _wrong(f"an object with {names}" if names else "an empty object")
            for part in asked:
                yield from _texts(part, depth - 1)
        case list() | tuple() if depth:
            for part in cast("Sequence[object]", query):
                yield from _texts(part, depth - 1)
        case None:
            raise _wrong("nothing")
        case _ if not depth:
            raise _wrong("something nested deeply")
        case bool():
            raise _wrong("a boolean")
        case int() | float():
            raise _wrong(f"the number {query}")
        case _:
            raise _wrong(f"a {type(query).__name__}")


def _wrong(said: str) -> ValueError:
    return ValueError(f"a query is {_RIGHT}, not {said}")
