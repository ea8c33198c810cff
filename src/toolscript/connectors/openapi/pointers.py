"""JSON pointers (RFC 6901), and reading what may be of any type: a document promises nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast
from urllib.parse import unquote


def pointer_text(parts: Iterable[str]) -> str:
    """The pointer to a part of a document, such as `/paths/~1users/get`."""
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)


def pointer_parts(pointer: str) -> list[str]:
    """The parts of a pointer, or of a reference's fragment, which may be percent-encoded."""
    return [part.replace("~1", "/").replace("~0", "~") for part in unquote(pointer).split("/")[1:]]


def located(root: Any, parts: Iterable[str]) -> Any:
    """What lies there, None where nothing does."""
    node = root
    for part in parts:
        if isinstance(node, dict):
            node = cast("dict[str, Any]", node).get(part)
        elif isinstance(node, list) and part.isascii() and part.isdecimal():
            items = cast("list[Any]", node)
            node = items[int(part)] if len(part) < 9 and int(part) < len(items) else None  # noqa: PLR2004 - no list is longer
        else:
            return None
    return node


def members(value: Any) -> Mapping[str, Any]:
    """The members of an object, none of anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The items of a list, none of anything else."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def text(value: Any) -> str:
    """A text without blanks around it, empty for anything else."""
    return value.strip() if isinstance(value, str) else ""


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(each for each in items(value) if isinstance(each, str))
