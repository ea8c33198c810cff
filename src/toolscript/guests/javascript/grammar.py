"""The TypeScript grammar: one parser, and what it takes to ask it within bounded time."""

from __future__ import annotations

import re
import time

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser, Point, Query, QueryCursor, Tree

_LANGUAGE = Language(tree_sitter_typescript.language_typescript())
_WITH_JSX = Language(tree_sitter_typescript.language_tsx())
_SMALL = 2048  # bytes; below it no text takes the parser longer than 20 ms, measured on `a<b,` repeated
_PARSE_MS = 700
_MAX_DEPTH = 5000  # beyond it the engine's own parser has long given up, and a query costs the square of the depth
_MAX_OPEN_ANGLES = 500  # `a<b,` repeated costs the square, and cannot be stopped half way; 500 cost 9 ms
_ANGLE = re.compile(rb"(?<!=)[<>](?!=)")


class TooIntricate(ValueError):
    """The parser was stopped: the text makes it try too many readings."""


def parse(source: bytes) -> Tree:
    """The tree of the text. Raises `TooIntricate`."""
    return _parse(source, _LANGUAGE)


def jsx_in(source: bytes) -> int | None:
    """Where the first JSX element of the text begins, if it has one."""
    try:
        tree = _parse(source, _WITH_JSX)
    except TooIntricate:
        return None
    cursor = QueryCursor(Query(_WITH_JSX, "[(jsx_element) (jsx_self_closing_element)] @jsx"))
    cursor.set_max_start_depth(_MAX_DEPTH)
    nodes = cursor.captures(tree.root_node).get("jsx", [])
    return min((node.start_byte for node in nodes if not node.has_error), default=None)


def _parse(source: bytes, language: Language) -> Tree:
    parser = Parser(language)
    if len(source) <= _SMALL:
        return parser.parse(source)
    if source.count(b"<") > _MAX_OPEN_ANGLES and _open_angles(source) > _MAX_OPEN_ANGLES:
        raise TooIntricate
    deadline = time.monotonic() + _PARSE_MS / 1000

    def read(offset: int, _point: Point) -> bytes:
        return source[offset:]

    def progress(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > deadline

    try:
        return parser.parse(read, progress_callback=progress)
    except ValueError as error:
        raise TooIntricate from error


def captures(
    query: str, node: Node, about: frozenset[str] = frozenset(), max_depth: int = _MAX_DEPTH
) -> dict[str, list[Node]]:
    """The nodes below `node` that each capture of the query (in the grammar's own language) names, in order.

    `about` are kinds of node of which the text must have one at least, or nothing is found. A query takes 2 to 15 ms to
    compile, more than all else that a first program needs: it is compiled for the first text that is long or has one.
    """
    compiled = _compiled.get(query)
    if compiled is None:
        if about and node.end_byte - node.start_byte <= _SMALL and about.isdisjoint(kinds(node)):
            return {}
        compiled = _compiled[query] = Query(_LANGUAGE, query)
    cursor = QueryCursor(compiled)
    cursor.set_max_start_depth(max_depth)
    return cursor.captures(node)


_compiled: dict[str, Query] = {}


def kinds(root: Node) -> set[str]:
    """The kinds of all nodes; 0.04 ms for a text of a kilobyte."""
    nodes = [root]
    for node in nodes:
        nodes.extend(node.children)
    return {node.type for node in {node.kind_id: node for node in nodes}.values()}


def _open_angles(source: bytes) -> int:
    """The most `<` that stand open at once, comparisons included."""
    most = depth = 0
    for match in _ANGLE.finditer(source):
        if match.group() == b"<":
            depth += 1
            most = max(most, depth)
        elif depth:
            depth -= 1
    return most
