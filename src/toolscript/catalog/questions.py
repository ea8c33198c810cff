"""The forms that a query comes in.

1. A text, several texts, an object `{ query }` or `{ queries }`, or several of these, nested as may be.
2. A question that is there twice counts once, also within one text, and a word that is there twice in a row; whitespace
   is none.
3. What people put around a request (`find a tool that can ...`) is left out by `wish`: words about tools are found in
   many tools that are not meant.
4. Anything else is a ValueError that shows the right call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TypeAlias, Union, cast

MAX_QUESTIONS = 10
_NAMES = ("query", "queries")
_DEPTH = 3
_RIGHT = '"find customers", ["find customers", "send mail"] or { query: "find customers" }'

_LOOKING = """hi hello hey please kindly so ok okay and now then also just can could would will should do does is are am
be have has you we i they the a an any some user users my our me us want wants need needs like trying try looking look
help to for find search searching call calling use using invoke pick choose give get show tell there which what that
right best suitable appropriate available m d ll ve re"""
_TOOL = "tools? functions? methods? apis? api_calls? endpoints? operations?"
_JOINED = """that which who to for lets? letting allows? allowing enables? able can could will would should may might is
are be being used? useful helps? helping me us you i we one"""
_MARKS = ".,;:!?\"'`()"
_WANTS = "wants wanted want needs needed need would_like is_trying is_looking asks asked has_asked is_asking"

Query: TypeAlias = Union[str, "Sequence[Query]", "Mapping[str, Query]"]


def questions(query: object) -> tuple[str, ...]:
    """The questions of a query, at most `MAX_QUESTIONS`; none if it is empty."""
    found: dict[str, None] = {}
    for text in _texts(query, _DEPTH):
        words = " ".join(_once(text.split()))
        if words:
            found.setdefault(words)
            if len(found) == MAX_QUESTIONS:
                break
    return tuple(found)


def wish(question: str) -> str:
    """A question without its beginning, if that only says that a tool is looked for, or that a user wants something."""
    begun = _frame().match(question)
    return question[begun.end() :] if begun else question


def _once(words: list[str]) -> list[str]:
    """The words without those that say the same again: `fork repo fork repo`, `run run sql sql`."""
    keys = [word.casefold().strip(_MARKS) or word for word in words]
    for size in range(1, len(keys) // 2 + 1):
        if len(keys) % size == 0 and keys == keys[:size] * (len(keys) // size):
            words, keys = words[:size], keys[:size]
            break
    return [word for place, word in enumerate(words) if place == 0 or keys[place] != keys[place - 1]]


@cache
def _frame() -> re.Pattern[str]:
    """Who looks for a tool, the tool, and how what it does is joined to it; or that a user wants something.

    Without one of both nothing is left out: `find` and `use` may well be what a tool does.
    """
    return re.compile(
        rf"""\W*(?:
            (?:(?:{_either(_LOOKING)})\b\W*){{0,14}}
            (?:{_either(_TOOL)})\b\W*
            (?:(?:{_either(_JOINED)})\b\W*)+
          | (?:(?:the|a|our|my)\s+)?users?\s+(?:{_either(_WANTS)})\s+(?:(?:me|us|you)\s+)?(?:to|for)\b\W*
        )(?=\w)""",
        re.IGNORECASE | re.VERBOSE,
    )


def _either(words: str) -> str:
    return "|".join(word.replace("_", r"\s+") for word in words.split())


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
