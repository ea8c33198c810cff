"""Edits of a program at places of its syntax tree, and the way back from the edited text.

Places in the tree are lines and UTF-8 columns; offsets count bytes of the whole text.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from toolscript.guests.edits import Edit, apply, in_order


@dataclass(slots=True)
class Edits:
    """Collects edits of one text."""

    source: bytes
    made: list[Edit] = field(default_factory=list[Edit])
    tail: list[str] = field(default_factory=list[str])
    """Lines that come after the program's last."""
    _starts: list[int] = field(default_factory=list[int])

    def offset(self, line: int, column: int) -> int:
        """The byte that a place of the tree is at."""
        if not self._starts:
            at, self._starts = 0, [0]
            while (at := self.source.find(b"\n", at) + 1) > 0:
                self._starts.append(at)
        return self._starts[line - 1] + column

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self.offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        return self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def insert(self, offset: int, text: str) -> None:
        self.made.append(Edit(offset, offset, text.encode()))

    def replace(self, start: int, end: int, text: str) -> None:
        self.made.append(Edit(start, end, text.encode()))

    def around(self, node: ast.expr, before: str, after: str) -> None:
        """Put text before and after an expression."""
        self.insert(self.start(node), before)
        self.insert(self.end(node), after)

    def text(self) -> bytes:
        """The edited text; from here on `made` is in order."""
        self.made = in_order(self.made)
        return apply(self.source, self.made) if self.made else self.source
