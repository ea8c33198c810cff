"""The service's own words in the body of an error, whatever its form."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

MAX_DETAILS = 5  # of a list of errors
_DEPTH = 4

# In the order of preference: RFC 9457, then what the APIs that we looked at use.
_MESSAGES = ("detail", "message", "error_description", "error_message", "errorMessage", "description", "reason", "msg",
             "title", "error", "fault", "faultstring", "code", "status_message")  # fmt: skip
_LISTS = (
    "errors",
    "details",
    "validation",
    "issues",
    "error_list",
    "invalid_params",
    "invalid-params",
    "violations",
    "context_info",
)
_PLACES = ("field", "path", "loc", "pointer", "source", "name", "parameter", "param", "resource")


def message_of(body: Any) -> str:
    """One text out of an error's decoded body; empty where there is none."""
    found = list(dict.fromkeys(text for text in _messages(body, 0) if text))
    return found[0] if len(found) == 1 else "; ".join(text.rstrip(".") for text in found)


def _messages(body: Any, depth: int) -> Iterator[str]:
    if depth > _DEPTH:
        return
    match body:
        case str():
            yield body.strip()
        case list():
            for one in cast("Sequence[Any]", body)[:MAX_DETAILS]:
                yield "; ".join(_messages(one, depth + 1))
        case dict():
            members = cast("Mapping[str, Any]", body)
            title = next(_first(members, depth), "")
            place = _place(members) if depth else ""
            if title:
                yield f"{place}: {title}" if place else title
            for name in _LISTS:
                if isinstance(held := members.get(name), list):
                    yield from _messages(held, depth + 1)
                elif isinstance(held, dict):
                    yield from _by_field(cast("Mapping[str, Any]", held), depth + 1)
        case _:
            return


def _first(members: Mapping[str, Any], depth: int) -> Iterator[str]:
    for name in _MESSAGES:
        held = members.get(name)
        if isinstance(held, str) and held.strip():
            yield held.strip()
        elif isinstance(held, dict | list) and held and (text := "; ".join(_messages(held, depth + 1))):
            yield text


def _by_field(members: Mapping[str, Any], depth: int) -> Iterator[str]:
    """`{"name": ["is too short"]}`."""
    for name, held in list(members.items())[:MAX_DETAILS]:
        if text := "; ".join(_messages(held, depth + 1)):
            yield f"{name}: {text}"


def _place(members: Mapping[str, Any]) -> str:
    for name in _PLACES:
        held = members.get(name)
        if isinstance(held, list):
            held = ".".join(str(step) for step in cast("Sequence[Any]", held))
        elif isinstance(held, dict):
            held = _place(cast("Mapping[str, Any]", held))
        if held and isinstance(held, str):
            return held
    return ""


_title = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_silent = re.compile(r"<(script|style|title)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_tag = re.compile(r"<[^>]*>")


def page_words(text: str) -> str:
    """A text as it is; of a web page the title and what follows, without its tags."""
    text = text[:20_000]
    if "<" not in text[:200]:
        return text.strip()
    title = _title.search(text)
    rest = _tag.sub(" ", _silent.sub(" ", text))
    words = f"{title[1].strip()}: {rest}" if title else rest
    return re.sub(r"\s+", " ", html.unescape(words)).strip(" :")
