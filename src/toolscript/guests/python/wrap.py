"""Find what a program yields, and make the edits that yield it.

1. The last statement decides; functions, classes, imports and `pass` below it do not count.
2. An expression is the value, awaited if it is a call of a tool or of an `async def` of the program; the name of a
   function of the program is called. What is assigned to one name last is the value too.
3. Of an `if __name__ == "__main__":` that comes last, the last statement of its body decides likewise.
4. Otherwise a `main` that nothing calls is called, with the input if it takes a parameter; or, in a program of
   functions alone, the last one that the program itself never names.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence

from toolscript.guests.python.work import Work

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_SILENT = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass)


def yield_of(work: Work) -> None:
    """Make the edits."""
    edits, body = work.edits, work.names.tree.body
    last = next((n for n in range(len(body) - 1, -1, -1) if not isinstance(body[n], _SILENT)), None)
    functions = {node.name: node for node in body if isinstance(node, _Function)}
    if last is not None and _yields(body[last], functions, work, is_last=last == len(body) - 1):
        return
    called = _uncalled(work, functions, only_functions=last is None)
    if called is not None:
        edits.tail.append(_call(called))


def _yields(node: ast.stmt, functions: dict[str, _Function], work: Work, *, is_last: bool) -> bool:
    """Make a statement the program's value, if it has one."""
    edits = work.edits
    match node:
        case ast.Expr(value=value):
            if not is_last:
                edits.insert(edits.start(node), "return ")
            _awaited(value, functions, work)
            return True
        case ast.Return(value=value):
            if value is not None:
                _awaited(value, functions, work)
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AugAssign(target=ast.Name(id=name)) if is_last:
            edits.insert(edits.end(node), f"; return {name}")
            return True
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None and is_last:
            edits.insert(edits.end(node), f"; return {name}")
            return True
        case ast.If(test=test, body=body, orelse=[]) if is_main(test):
            return _yields(body[-1], functions, work, is_last=False)
        case _:
            return False


def _awaited(value: ast.expr, functions: dict[str, _Function], work: Work) -> None:
    """Await, or call, what would otherwise yield a coroutine or a function."""
    edits = work.edits
    match value:
        case ast.Name(id=name) if name in functions:
            edits.replace(edits.start(value), edits.end(value), _call(functions[name]))
        case ast.Call(func=ast.Name(id=name)) if isinstance(functions.get(name), ast.AsyncFunctionDef):
            edits.insert(edits.start(value), "await ")
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if not _is_known(name, work):
            edits.insert(edits.start(value), "await ")
        case _:
            pass


def _is_known(name: str, work: Work) -> bool:
    """Whether a name is the program's own, or Python's: one that is neither is a namespace of tools."""
    return name == "input" or name in vars(builtins) or name in work.names.bound


def is_main(test: ast.expr) -> bool:
    """Whether a condition is `__name__ == "__main__"`."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            return {ast.unparse(left), ast.unparse(right)} == {"__name__", "'__main__'"}
        case _:
            return False


def _uncalled(work: Work, functions: dict[str, _Function], *, only_functions: bool) -> _Function | None:
    if not functions:
        return None
    named = {node.id for node in work.names.of(ast.Name)}
    main = functions.get("main")
    if main is not None and "main" not in named and _takes(main) is not None:
        return main
    if not only_functions:
        return None
    free = [node for name, node in functions.items() if name not in named and _takes(node) is not None]
    return free[-1] if free else None


def _takes(function: _Function) -> Sequence[str] | None:
    """The parameters that a call has to give: none or one; None for a function that wants more."""
    args = function.args
    wanted = [arg.arg for arg in (*args.posonlyargs, *args.args)]
    wanted = wanted[: len(wanted) - len(args.defaults)]
    if len(wanted) > 1 or any(default is None for default in args.kw_defaults):
        return None
    return wanted


def _call(function: _Function) -> str:
    args = "input" if _takes(function) else ""
    return f"{'await ' if isinstance(function, ast.AsyncFunctionDef) else ''}{function.name}({args})"
