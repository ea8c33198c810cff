"""What is found and made on the way from a program to its script: edits, pieces of the prelude, and what is lacking."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from toolscript.guests.python.edits import Edits
from toolscript.guests.python.names import Names
from toolscript.runs.inspected import Problem

_OPENING = re.compile(rb"\s*\(")


@dataclass(slots=True)
class Work:
    """One program under way. `needs` are names of the prelude, and `lacks` what the engine has no substitute for."""

    names: Names
    edits: Edits
    needs: set[str] = field(default_factory=set[str])
    lacks: list[Problem] = field(default_factory=list[Problem])
    exceptions: dict[str, str] = field(default_factory=dict[str, str])
    """The program's own exceptions, by the name of the built-in one that stands for each."""
    uses_tasks: bool | None = None
    options: frozenset[tuple[str, str, str]] | None = None
    _supers: dict[ast.ClassDef, list[ast.Call]] | None = None
    _count: int = 0

    def lack(self, node: ast.expr | ast.stmt | ast.excepthandler, message: str) -> None:
        """Note something that is lacking; the column is that of the tree, and is put right in the end."""
        self.lacks.append(Problem(node.lineno, node.col_offset, message))

    def fresh(self, word: str) -> str:
        """A name that no program has."""
        self._count += 1
        return f"_ts_{word}{self._count}"

    def opening(self, call: ast.Call) -> int | None:
        """The offset after the bracket that opens the arguments of a call; None where it is hard to say."""
        end = self.edits.end(call.func)
        while self.edits.source[end : end + 1] == b")":  # of a callee in brackets
            end += 1
        found = _OPENING.match(self.edits.source, end)
        return found.end() if found else None

    def supers(self, node: ast.ClassDef) -> list[ast.Call]:
        """The calls of `super` in a class."""
        if self._supers is None:
            self._supers = {}
            for named in self.names.named("super"):
                call = self.names.parents.get(named)
                around = next((each for each in self.names.around(named) if isinstance(each, ast.ClassDef)), None)
                if isinstance(call, ast.Call) and call.func is named and around is not None:
                    self._supers.setdefault(around, []).append(call)
        return self._supers.get(node, [])

    def drop_bases(self, node: ast.ClassDef) -> None:
        """Take the bases and keywords of a class away, with their brackets."""
        listed = [*node.bases, *(keyword.value for keyword in node.keywords)]
        if not listed:
            return
        edits, source = self.edits, self.edits.source
        name = source.index(node.name.encode(), edits.offset(node.lineno, node.col_offset) + len("class"))
        start = source.index(b"(", name)
        end = source.index(b")", max(map(edits.end, listed)))
        lines = source.count(b"\n", start, end)
        edits.replace(start, end + 1, "\\\n" * lines)

    def dot(self, node: ast.Attribute) -> int:
        """The offset of the dot before an attribute's name."""
        return self.edits.source.rindex(b".", self.edits.end(node.value), self.edits.end(node))

    def wrapped(self, node: ast.expr, function: str) -> None:
        """Give an expression to a function."""
        start, end = self.edits.start(node), self.edits.end(node)
        held = self.names.parents.get(node)
        if isinstance(node, ast.GeneratorExp) and isinstance(held, ast.Call) and end == self.edits.end(held):
            self.edits.insert(start + 1, f"{function}(")
            self.edits.insert(end - 1, ")")
        elif isinstance(node, ast.GeneratorExp):
            self.edits.insert(start, function)
        else:
            self.edits.insert(start, f"{function}(")
            self.edits.insert(end, ")")

    def line_before(self, statement: ast.stmt, text: str) -> None:
        """Put a line before a statement that begins a line, at its indentation."""
        self.edits.insert(self.edits.start(statement), f"{text}\n{self.indent(statement)}")

    def first(self, statement: ast.stmt, text: str) -> None:
        """Put a simple statement before the first one of a block, which may stand on the line of its head."""
        if self.begins_line(statement):
            self.line_before(statement, text)
        else:
            self.edits.insert(self.edits.start(statement), f"{text}; ")

    def line_after(self, statement: ast.stmt, text: str, *, like: ast.stmt | None = None) -> None:
        """Put a line after a statement, at its indentation, or that of another."""
        self.edits.insert(self._line_end(statement), f"\n{self.indent(like or statement)}{text}")

    def begins_line(self, statement: ast.stmt) -> bool:
        """Whether nothing stands before a statement on its line."""
        start = self.edits.offset(statement.lineno, 0)
        return not self.edits.source[start : start + statement.col_offset].strip()

    def indent(self, statement: ast.stmt) -> str:
        start = self.edits.offset(statement.lineno, 0)
        line = self.edits.source[start : start + statement.col_offset].decode()
        return line[: len(line) - len(line.lstrip())]

    def _line_end(self, statement: ast.stmt) -> int:
        end = self.edits.source.find(b"\n", self.edits.end(statement))
        return len(self.edits.source) if end < 0 else end
