"""Close gaps in functions with `yield`.

1. One makes a list and gives an iterator over it, where nobody could tell: it has no end to wait for, does nothing but
   compute, and nothing is sent into it.
2. An `async` one becomes a task that goes on when it is asked for the next item.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from toolscript.guests.python import prelude, tasks
from toolscript.guests.python.names import Function
from toolscript.guests.python.work import Work

_PURE = frozenset(
    ("range", "len", "enumerate", "zip", "sorted", "reversed", "map", "filter", "list", "dict", "set", "tuple", "str",
     "int", "float", "bool", "min", "max", "sum", "abs", "round", "isinstance", "iter", "any", "all", "divmod", "repr",
     "ord", "chr", "type", "hasattr", "getattr", "frozenset", "format")
)  # fmt: skip
_PURE_METHODS = frozenset(
    ("items", "keys", "values", "get", "split", "rsplit", "strip", "lstrip", "rstrip", "lower", "upper", "title",
     "startswith", "endswith", "join", "replace", "splitlines", "count", "index", "find", "partition", "rpartition",
     "copy", "isdigit", "isalpha", "isalnum", "isspace", "format", "encode", "decode", "group", "groups", "finditer",
     "findall", "match", "search", "isoformat", "strftime", "weekday", "zfill", "removeprefix", "removesuffix",
     "islice", "chain", "date", "timedelta", "product", "combinations", "permutations", "pairwise")
)  # fmt: skip
_GENERATOR = (
    "a function with `yield` is run as a whole here, and this one {why}: collect the items in a list and `return` it"
)
_MOST_USES = 200  # of a name that a generator may have made itself


def close(work: Work) -> None:
    """Make the edits."""
    yields: dict[Function, list[ast.Yield | ast.YieldFrom]] = {}
    for node in (*work.names.of(ast.Yield), *work.names.of(ast.YieldFrom)):
        function = work.names.function(node)
        if function is None or isinstance(function, ast.Lambda):
            work.lack(node, "`yield` outside of a function is not supported: use a list")
        else:
            yields.setdefault(function, []).append(node)
    generators = {each.name for each in yields if not isinstance(each, ast.Lambda)}
    for function, found in yields.items():
        if isinstance(function, ast.AsyncFunctionDef):
            _run_by_steps(work, function, found)
            continue
        why = _why_not(work, function, found, generators)
        if why:
            work.lack(found[0], _GENERATOR.format(why=why))
        elif not isinstance(function, ast.Lambda):
            _collect(work, function, found)


def _why_not(
    work: Work, function: Function, yields: Sequence[ast.Yield | ast.YieldFrom], generators: set[str]
) -> str | None:
    """Why running a generator as a whole could be told from running it step by step."""
    if any(not isinstance(work.names.parents.get(node), ast.Expr) for node in yields):
        return "takes values in"
    local = {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}
    inside = [node for statement in _body(function) for node in ast.walk(statement)]
    local |= {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in inside:
        why = _effect(work, node, local, generators)
        if why:
            return why
    return None


def _body(function: Function) -> list[ast.stmt]:
    return [] if isinstance(function, ast.Lambda) else function.body


def _effect(work: Work, node: ast.AST, local: set[str], generators: set[str]) -> str | None:
    match node:
        case ast.While(test=ast.Constant()):
            return "has a loop without an end of its own"
        case ast.Global() | ast.Nonlocal() | ast.Delete():
            return "changes what is outside of it"
        case ast.Try() | ast.With() | ast.AsyncWith() | ast.Raise() | ast.Assert():
            return "handles errors between its steps"
        case ast.Await() | ast.AsyncFor():
            return "awaits"
        case ast.Attribute(ctx=ast.Store()):
            return "changes what is outside of it"
        case ast.Subscript(ctx=ast.Store(), value=value) if not _is_own(value, work, local):
            return "changes what is outside of it"
        case ast.Call(func=ast.Name(id=name)) if name not in _PURE and name not in generators:
            return f"calls `{name}`"
        case ast.Call(func=ast.Attribute(attr=attr, value=value)) if attr not in _PURE_METHODS:
            return None if _is_own(value, work, local) else f"calls `.{attr}`"
        case ast.Call(func=func) if not isinstance(func, ast.Name | ast.Attribute):
            return "calls what it was given"
        case ast.For(iter=source) if work.names.is_endless(source):
            return "has a loop without an end of its own"
        case _:
            return None


def _is_own(value: ast.expr, work: Work, local: set[str]) -> bool:
    """Whether a value is one that the function made itself, with a display or a constructor, under this name."""
    if not isinstance(value, ast.Name) or value.id not in local:
        return False
    function = work.names.function(value)
    made: list[ast.expr] = []
    for each in work.names.named(value.id)[:_MOST_USES]:
        held = work.names.parents.get(each)
        if isinstance(held, ast.Assign) and each in held.targets and work.names.function(held) is function:
            made.append(held.value)
    return bool(made) and all(
        isinstance(each, ast.List | ast.Dict | ast.Set | ast.ListComp) or _is_fresh(each) for each in made
    )


def _is_fresh(value: ast.expr) -> bool:
    match value:
        case ast.Call(func=ast.Name(id="list" | "set" | "dict" | "deque")):
            return True
        case _:
            return False


def _collect(
    work: Work, function: ast.FunctionDef | ast.AsyncFunctionDef, yields: Sequence[ast.Yield | ast.YieldFrom]
) -> None:
    edits = work.edits
    items = work.fresh("items")
    first = function.body[0]
    work.first(first, f"{items} = []")
    for node in yields:
        start, end = edits.start(node), edits.end(node)
        method = "extend" if isinstance(node, ast.YieldFrom) else "append"
        if node.value is None:
            edits.replace(start, end, f"{items}.append(None)")
        else:
            is_open = isinstance(node.value, ast.Tuple) and not edits.source.startswith(b"(", edits.start(node.value))
            edits.replace(start, edits.start(node.value), f"{items}.{method}({'(' * is_open}")
            edits.insert(end, ")" + ")" * is_open)
    for node in _returns(work, function):
        edits.replace(edits.start(node), edits.end(node), f"return iter({items})")
    if work.begins_line(first):
        work.line_after(function.body[-1], f"return iter({items})", like=first)
    else:
        edits.insert(edits.end(function.body[-1]), f"; return iter({items})")


def _returns(work: Work, function: Function) -> Iterator[ast.Return]:
    for node in work.names.of(ast.Return):
        if work.names.function(node) is function:
            yield node


def _run_by_steps(work: Work, function: ast.AsyncFunctionDef, yields: Sequence[ast.Yield | ast.YieldFrom]) -> None:
    """An async generator is a task that waits, with every item, until it is asked for the next."""
    if any(not isinstance(work.names.parents.get(node), ast.Expr) for node in yields):
        work.lack(yields[0], "`yield` in an `async def` cannot take values in: pass them as arguments")
        return
    if function.decorator_list or not work.begins_line(function):
        work.lack(yields[0], "an async generator cannot have a decorator: call the function in another one")
        return
    edits, made = work.edits, prelude.object_of(tasks.MODULE)
    work.needs |= {f"{tasks.MODULE}:_generator", f"{tasks.MODULE}:_give"}
    work.line_before(function, f"@{made}._generator")
    for node in yields:
        start, end = edits.start(node), edits.end(node)
        if node.value is None:
            edits.replace(start, end, f"await {made}._give(None)")
            continue
        is_open = isinstance(node.value, ast.Tuple) and not edits.source.startswith(b"(", edits.start(node.value))
        edits.replace(start, edits.start(node.value), f"await {made}._give({'(' * is_open}")
        edits.insert(end, ")" + ")" * is_open)
