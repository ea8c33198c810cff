"""Places of a program that are sure to be reached: a failure there ends it, whatever its tools answer.

1. Only the top level of the program counts, outside of branches, loops' bodies, `try` and `with`.
2. Nothing counts behind a place where the program may end before: a `return`, a `raise`, an `assert`; and nothing at
   all in a program that may leave by `sys.exit`.
"""

from __future__ import annotations

import ast

from toolscript.guests.python.names import Names

_LEAVING = frozenset(("SystemExit", "exit", "quit", "_exit"))
_ENDS = (ast.Return, ast.Raise, ast.Assert)
_NEVER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.match_case, ast.ExceptHandler)


class Reached:
    """Tells of nodes of one program whether they are sure to be reached."""

    def __init__(self, names: Names) -> None:
        self._names = names
        leaves = any(names.named(word) or names.members(word) for word in _LEAVING)
        leaves |= any(each.name in _LEAVING for each in names.imported.values())
        ends = [each for kind in _ENDS for each in names.of(kind) if names.function(each) is None]
        self._leaves = leaves
        self._end = min(ends, key=_place, default=None)

    def surely(self, node: ast.expr) -> bool:
        """Whether the program evaluates this expression, or has failed by then."""
        inside: ast.AST = node
        is_before = not self._leaves and (self._end is None or _place(node) < _place(self._end))
        for held in self._names.around(node):
            if not _evaluates(held, inside):
                return False
            is_before = is_before or (held is self._end and not self._leaves)
            inside = held
        return is_before


def _place(node: ast.expr | ast.stmt) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _evaluates(held: ast.AST, part: ast.AST) -> bool:
    """Whether a node that is evaluated evaluates this part of it in any case."""
    match held:
        case ast.If(test=always) | ast.While(test=always) | ast.IfExp(test=always) | ast.Assert(test=always):
            return part is always
        case ast.For(iter=always) | ast.AsyncFor(iter=always) | ast.comprehension(iter=always):
            return part is always
        case ast.Match(subject=always):
            return part is always
        case ast.BoolOp(values=[always, *_]):
            return part is always
        case ast.Compare(left=left, comparators=[first, *_]):
            return part in (left, first)
        case ast.ListComp(generators=[always, *_]) | ast.SetComp(generators=[always, *_]):
            return part is always
        case ast.DictComp(generators=[always, *_]) | ast.GeneratorExp(generators=[always, *_]):
            return part is always
        case ast.Try() | ast.TryStar():
            return False
        case ast.With(items=items) | ast.AsyncWith(items=items):
            return part is items[0]
        case _:
            return not isinstance(held, _NEVER) and type(held).__name__ != "TypeAlias"
