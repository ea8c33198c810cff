"""Names that surely hold what is written where they are bound.

One that holds text, a number or the like: it is bound once in the whole program, by a statement that nothing leads
around. One that holds a dict or a list also has to be left alone: it goes to tools, which get a copy, is put into text,
and its plain members are read.
"""

from __future__ import annotations

import ast

from toolscript.guests.python.names import Names

MAX_DEPTH = 30  # of what an object is handed over in
_REFLECTING = ("exec", "eval", "globals", "locals", "vars", "setattr", "__import__")
_HOLDING = (ast.Dict, ast.List, ast.Tuple, ast.Starred, ast.keyword)
_SCALARS = (ast.Constant, ast.UnaryOp)


class Constants:
    """Those of one program."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._values: dict[str, tuple[ast.stmt, ast.expr]] = {}
        if any(names.named(word) for word in _REFLECTING):
            return
        for statement in (*names.of(ast.Assign), *names.of(ast.AnnAssign)):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            match targets:
                case [ast.Name(id=name)] if names.bound[name] == 1 and statement.value is not None:
                    self._values[name] = statement, statement.value
                case _:
                    pass

    def value_of(self, name: str, at: ast.expr) -> ast.expr | None:
        """The expression that a name stands for in a place."""
        known = self._values.get(name)
        if known is None or not self._holds(known[0], at):
            return None
        value = known[1]
        if isinstance(value, _SCALARS):
            return value
        if not isinstance(value, ast.Dict | ast.List | ast.Tuple):
            return None
        uses = (use for use in self._names.named(name) if isinstance(use.ctx, ast.Load))
        return value if all(self._is_left_alone(use, value) for use in uses) else None

    def _holds(self, statement: ast.stmt, at: ast.expr) -> bool:
        """Whether a statement is sure to have been executed before a place, and to be seen there."""
        names, body = self._names, self._names.parents.get(statement)
        if isinstance(body, ast.Module):
            return statement in body.body and (statement.lineno < at.lineno or names.function(at) is not None)
        same = body is not None and body is names.function(at) and not isinstance(body, ast.Lambda)
        return same and statement.lineno < at.lineno

    def _is_left_alone(self, use: ast.Name, value: ast.expr) -> bool:
        """Whether a use of an object changes nothing of it, and gives it to nobody who could."""
        names = self._names
        held = names.parents.get(use)
        match held:
            case ast.FormattedValue():
                return True
            case ast.Subscript(value=inner, slice=ast.Constant(value=key), ctx=ast.Load()) if inner is use:
                return isinstance(value, ast.Dict) and any(
                    isinstance(each, ast.Constant) and each.value == key and isinstance(item, _SCALARS)
                    for each, item in zip(value.keys, value.values, strict=True)
                )
            case _:
                pass
        for _ in range(MAX_DEPTH):
            if not isinstance(held, _HOLDING):
                break
            held = names.parents.get(held)
        match held:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=space))):
                return space not in names.bound
            case _:
                return False
