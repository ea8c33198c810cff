"""The TypeScript grammar: one parser, and what it takes to ask it within bounded time."""

from __future__ import annotations

import time

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser, Point, Query, QueryCursor, Tree

_LANGUAGE = Language(tree_sitter_typescript.language_typescript())
_SMALL = 2048  # bytes; below it no text takes the parser longer than 20 ms, measured on `a<b,` repeated
_PARSE_MS = 700
_CHUNK = 1 << 16


class TooIntricate(ValueError):
    """The parser was stopped: the text makes it try too many readings."""


def parse(source: bytes) -> Tree:
    """The tree of the text. Raises `TooIntricate`."""
    parser = Parser(_LANGUAGE)
    if len(source) <= _SMALL:
        return parser.parse(source)
    deadline = time.monotonic() + _PARSE_MS / 1000

    def read(offset: int, _point: Point) -> bytes:
        return source[offset : offset + _CHUNK]

    def progress(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > deadline

    try:
        return parser.parse(read, progress_callback=progress)
    except ValueError as error:
        raise TooIntricate from error


def query(text: str) -> Query:
    """A query in the grammar's own language."""
    return Query(_LANGUAGE, text)


def captures(query: Query, node: Node) -> dict[str, list[Node]]:
    """The nodes below `node` that each capture of the query names, in order."""
    return QueryCursor(query).captures(node)
