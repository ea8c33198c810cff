"""Coroutines that are used as if they were the value, or thrown away: at once, or by way of a variable.

1. What gives a coroutine is a call of a tool, and of an `async def` of the program's own.
2. A coroutine may be kept, handed on and put into containers: somebody else may await it. It cannot be indexed, looped
   over, compared, calculated with, put into text, or left standing alone as a statement.
3. A variable counts only if it is bound once, and if nothing that may await it ever sees it.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass

from toolscript.guests.python.names import Names
from toolscript.runs.inspected import Use

_READERS = frozenset(
    ("len", "list", "dict", "tuple", "set", "sorted", "sum", "min", "max", "any", "all", "str", "int", "float", "repr",
     "print", "enumerate", "zip", "map", "filter", "reversed", "iter", "next", "round", "abs", "json.dumps",
     "json.loads")
)  # fmt: skip
_OF_A_COROUTINE = frozenset(("send", "throw", "close", "cr_await", "cr_frame", "cr_running", "cr_code", "__class__"))
_SHOWN = frozenset(("codemode.show",))  # for people: nobody waits for it
_MAX_SHOWN = 60  # characters of a call that is quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Misuse:
    """A call whose coroutine is used as the value; `path` is what is called, `at` where it is used."""

    path: str
    call: ast.Call
    use: Use
    detail: str = ""
    at: ast.AST
    variable: str = ""
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    use: Use
    detail: str = ""


def misused(names: Names, last: ast.stmt | None) -> Iterator[Misuse]:
    """The calls, each at most once; `last` is the statement that gives the program's value."""
    generators = {names.function(each) for kind in (ast.Yield, ast.YieldFrom) for each in names.of(kind)}
    own = {
        node.name
        for node in names.of(ast.AsyncFunctionDef)
        if names.bound[node.name] == 1
        and not node.decorator_list
        and node not in generators
        and not isinstance(names.parents.get(node), ast.ClassDef)
    }
    calls = sorted(names.of(ast.Call), key=lambda node: (node.lineno, node.col_offset))
    for call in calls:
        path, is_own = _coroutine(names, call, own)
        if not path:
            continue
        reading = _reading(names, call, last)
        if reading is not None:
            yield Misuse(path=path, call=call, use=reading.use, detail=reading.detail, at=call, is_own=is_own)
            continue
        held = names.parents.get(call)
        match held:
            case ast.Assign(targets=[ast.Name(id=name)]) if names.bound[name] == 1:
                found = _of_variable(names, name, last)
                if found is not None:
                    reading, at = found
                    yield Misuse(
                        path=path,
                        call=call,
                        use=reading.use,
                        detail=reading.detail,
                        at=at,
                        variable=name,
                        is_own=is_own,
                    )
            case _:
                pass


def _coroutine(names: Names, call: ast.Call, own: set[str]) -> tuple[str, bool]:
    """What a call calls, if that surely gives a coroutine."""
    match call.func:
        case ast.Attribute(value=ast.Name(id=space), attr=method) if is_foreign(names, space):
            return f"{space}.{method}", False
        case ast.Name(id=name) if name in own:
            return name, True
        case _:
            return "", False


def is_foreign(names: Names, name: str) -> bool:
    """Whether a name is neither the program's own nor Python's."""
    return name not in names.bound and not hasattr(builtins, name) and name != "input"


def _of_variable(names: Names, name: str, last: ast.stmt | None) -> tuple[_Reading, ast.AST] | None:
    """How a variable that holds a coroutine is misused, if nothing else ever happens to it."""
    uses = [node for node in names.named(name) if isinstance(node.ctx, ast.Load)]
    readings = [(_reading(names, node, last), node) for node in uses]
    certain = [(reading, node) for reading, node in readings if reading is not None]
    if not certain or len(certain) < len(readings):
        return None
    return min(certain, key=lambda found: (found[1].lineno, found[1].col_offset))


def _reading(names: Names, node: ast.expr, last: ast.stmt | None) -> _Reading | None:
    held = names.parents.get(node)
    match held:
        case ast.Subscript(value=value) if value is node:
            return _Reading("element")
        case ast.Attribute(attr=attr) if attr not in _OF_A_COROUTINE:
            return _Reading("member", attr)
        case ast.For(iter=iterated) | ast.comprehension(iter=iterated) if iterated is node:
            return _Reading("iterated")
        case ast.Starred():
            return _Reading("spread")
        case ast.Assign(targets=[ast.Tuple() | ast.List()], value=value) if value is node:
            return _Reading("destructured")
        case ast.FormattedValue():
            return _Reading("text")
        case ast.BinOp() | ast.AugAssign() | ast.UnaryOp(op=ast.USub()):
            return _Reading("number")
        case ast.Compare(ops=ops) if not any(isinstance(op, ast.Is | ast.IsNot) for op in ops):
            return _Reading("compared")
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if test is node:
            return _Reading("condition")
        case ast.UnaryOp(op=ast.Not()):
            return _Reading("condition")
        case ast.Call(func=func, args=args) if node in args and isinstance(func, ast.Name | ast.Attribute):
            called = ast.unparse(func)
            is_reader = called in _READERS and called.partition(".")[0] not in (
                names.bound.keys() - names.imported.keys()
            )
            return _Reading("argument", called) if is_reader else None
        case ast.Expr() if held is not last and isinstance(node, ast.Call):
            return None if ast.unparse(node.func) in _SHOWN else _Reading("ignored")
        case _:
            return None


def fix(names: Names, found: Misuse) -> str:
    """The expression with its `await`."""
    text = ast.unparse(found.call)
    awaited = f"await {text if len(text) <= _MAX_SHOWN else f'{found.path}(…)'}"
    if found.variable:
        return f"{found.variable} = {awaited}"
    held = names.parents.get(found.call)
    match held:
        case ast.Attribute(attr=attr):
            return f"({awaited}).{attr}"
        case ast.Subscript(slice=index):
            return f"({awaited})[{ast.unparse(index)}]"
        case _:
            return awaited
