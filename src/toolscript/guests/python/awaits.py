"""Coroutines that are used as if they were the value, or thrown away: at once, or by way of a variable.

1. What gives a coroutine is a call of a tool, of an `async def` of the program's own, and of `asyncio.gather`.
2. A coroutine may be kept, handed on and put into containers: somebody else may await it. What it cannot be used for is
   said by `Readings`.
3. A variable counts only if it is bound once, and if nothing that may await what it holds ever sees it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from toolscript.guests.python.names import Names
from toolscript.guests.python.readings import Reading, Readings, is_foreign
from toolscript.runs.inspected import Use

_GATHER = "asyncio.gather"
_OF_A_FUTURE: frozenset[Use] = frozenset(("ignored", "member"))  # what is no misuse where calls are gathered
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
    readings = Readings(names, last)
    calls = sorted(names.of(ast.Call), key=lambda node: (node.lineno, node.col_offset))
    for call in calls:
        path, is_own = _coroutine(names, call, own)
        if not path:
            continue
        found = _found(names, readings, call)
        if found is not None and not (path == _GATHER and found[0].use in _OF_A_FUTURE):
            reading, at, variable = found
            yield Misuse(
                path=path,
                call=call,
                use=reading.use,
                detail=reading.detail,
                at=at,
                variable=variable,
                is_own=is_own,
            )


def _coroutine(names: Names, call: ast.Call, own: set[str]) -> tuple[str, bool]:
    """What a call calls, if that surely gives a coroutine."""
    match call.func:
        case ast.Attribute(value=ast.Name(id=space), attr=method) if is_foreign(names, space):
            return f"{space}.{method}", False
        case ast.Name(id=name) if name in own:
            return name, True
        case _ if names.origin(call.func) == ("asyncio", "gather"):
            return _GATHER, True
        case _:
            return "", False


def _found(names: Names, readings: Readings, call: ast.Call) -> tuple[Reading, ast.AST, str] | None:
    """How the coroutine of a call is misused, where, and by way of which variable that holds nothing else."""
    reading = readings.of(call)
    if reading is not None:
        return reading, call, ""
    holder, depth = readings.holder(readings.whole(call))
    match names.parents.get(holder):
        case ast.Assign(targets=[ast.Name(id=name)]) if names.bound[name] == 1:
            found = _of_variable(names, readings, name, depth)
            return None if found is None else (*found, "" if depth else name)
        case _:
            return None


def _of_variable(names: Names, readings: Readings, name: str, depth: int) -> tuple[Reading, ast.AST] | None:
    """How a variable that holds a coroutine, so deep, is misused, if nothing else ever happens to it."""
    uses = [node for node in names.named(name) if isinstance(node.ctx, ast.Load)]
    found = [(readings.of(node, depth), node) for node in uses]
    certain = [(reading, node) for reading, node in found if reading is not None]
    if not certain or len(certain) < len(found):
        return None
    return min(certain, key=lambda each: (each[1].lineno, each[1].col_offset))


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
        case ast.ListComp(elt=item) | ast.SetComp(elt=item) | ast.GeneratorExp(elt=item) if item is found.call:
            made = ast.unparse(ast.ListComp(elt=item, generators=held.generators))
            return f"await asyncio.gather(*{made if len(made) <= _MAX_SHOWN else f'[{found.path}(…) for …]'})"
        case _:
            return awaited
