"""Close a gap in regular expressions: `re.VERBOSE`, where the pattern is written out.

The pattern is given to the engine without its spaces and comments, which is what the flag means.
"""

from __future__ import annotations

import ast

from toolscript.guests.python.work import Work

_FLAGS = frozenset(("VERBOSE", "X"))


def close(work: Work) -> None:
    """Make the edits."""
    for node in work.names.of(ast.Attribute):
        pattern = _pattern(work, node)
        if pattern is not None:
            lines = "\\\n" * ((pattern.end_lineno or pattern.lineno) - pattern.lineno)
            work.edits.replace(work.edits.start(node), work.edits.end(node), "0")
            text = lines + repr(plain(str(pattern.value)))
            work.edits.replace(work.edits.start(pattern), work.edits.end(pattern), text)


def is_closed(work: Work, node: ast.Attribute) -> bool:
    """Whether it is the flag, of a pattern that is written out."""
    return _pattern(work, node) is not None


def _pattern(work: Work, node: ast.Attribute) -> ast.Constant | None:
    """The pattern that a flag is for."""
    if node.attr not in _FLAGS or work.names.origin(node)[0] != "re":
        return None
    for held in work.names.around(node):
        match held:
            case ast.BinOp(op=ast.BitOr()) | ast.keyword(arg="flags"):
                pass
            case ast.Call(func=func, args=[ast.Constant(value=str()) as pattern, *_]) if (
                work.names.origin(func)[0] == "re"
            ):
                return pattern
            case _:
                return None
    return None


def plain(pattern: str) -> str:
    """A pattern without the spaces and comments that `re.VERBOSE` passes over."""
    out: list[str] = []
    at, in_class = 0, False
    opened = 0  # where in `out` the class began
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            out.append(pattern[at : at + 2])
            at += 2
            continue
        if in_class:
            in_class = char != "]" or out[opened:] in (["["], ["[", "^"])  # first in its class it stands for itself
        elif char == "[":
            in_class, opened = True, len(out)
        elif char == "#":
            at = _comment_end(pattern, at)
            continue
        elif char in " \t\n\r\f\v":
            at += 1
            continue
        out.append(char)
        at += 1
    return "".join(out)


def _comment_end(pattern: str, at: int) -> int:
    """Where a comment ends; an escaped line's end belongs to it."""
    while at < len(pattern) and pattern[at] != "\n":
        at += 2 if pattern[at] == "\\" else 1
    return at
