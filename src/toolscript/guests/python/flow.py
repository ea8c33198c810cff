"""Close gaps in statements: `del`, `async with`, `async for`, and functions with `yield`.

1. `del d[k]` becomes a `pop`; `del x` a name without a value, where nothing reads it afterwards.
2. `async with` becomes a `with` on an object of the prelude that awaits what it holds; `async for` a `while`.
3. A function with `yield` makes a list and gives an iterator over it, where nobody could tell: it has no end to wait
   for, does nothing but compute, and nothing is sent into it.
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


def close(work: Work) -> None:
    """Make the edits."""
    for node in work.names.of(ast.Delete):
        _delete(work, node)
    for node in work.names.of(ast.AsyncWith):
        _async_with(work, node)
    for node in work.names.of(ast.AsyncFor):
        work.lack(node, "`async for` is not supported: let the function return a list, and loop over `await` of it")
    for node in work.names.of(ast.comprehension):
        if node.is_async:
            work.lack(node.target, "`async for` is not supported: let the function return a list, and `await` it first")
    for node in work.names.of(ast.TryStar):
        work.lack(node, "`except*` is not supported: use `except`, and `asyncio.gather(..., return_exceptions=True)`")
    _generators(work)


def _delete(work: Work, node: ast.Delete) -> None:
    """Say the same with calls and assignments, one for each target, in their order."""
    if len(node.targets) != 1 or isinstance(node.targets[0], ast.Tuple | ast.List):
        _delete_several(work, node)
        return
    (target,) = node.targets
    edits, start, end = work.edits, work.edits.start(node), work.edits.end(node)
    match target:
        case ast.Subscript(value=value, slice=index) if not isinstance(index, ast.Tuple) or _is_bracketed(work, index):
            work.needs.add("_ts_del")
            edits.replace(start, edits.start(target), "_ts_del(")
            bracket = edits.source.index(b"[", edits.end(value))
            if isinstance(index, ast.Slice):
                parts = [index.lower, index.upper, index.step]
                listed = ", ".join("None" if part is None else _source(work, part) for part in parts)
                edits.replace(bracket, end, f", slice({listed}))")
            else:
                edits.replace(bracket, bracket + 1, ", ")
                edits.replace(end - 1, end, ")")
        case ast.Name(id=name) if not _is_read_after(work, name, node):
            edits.replace(start, end, f"{name} = None")
        case ast.Name(id=name):
            work.lack(node, f"`del {name}` is not supported where `{name}` is read later: assign `{name} = None`")
        case _:
            work.lack(node, f"`{ast.unparse(node)}` is not supported: assign `{ast.unparse(target)} = None`")


def _delete_several(work: Work, node: ast.Delete) -> None:
    if all(isinstance(target, ast.Name) and not _is_read_after(work, target.id, node) for target in node.targets):
        names = [ast.unparse(target) for target in node.targets]
        work.edits.replace(work.edits.start(node), work.edits.end(node), " = ".join(names) + " = None")
    else:
        work.lack(node, "`del` of several at once is not supported: write one `del` a line")


def _is_bracketed(work: Work, node: ast.expr) -> bool:
    start = work.edits.start(node)
    return work.edits.source[start : start + 1] == b"("


def _source(work: Work, node: ast.expr) -> str:
    return work.edits.source[work.edits.start(node) : work.edits.end(node)].decode()


def _is_read_after(work: Work, name: str, node: ast.stmt) -> bool:
    """Whether a name may be read after a statement: further down, or in the next turn of a loop, or by a function."""
    place = (node.lineno, node.col_offset)
    own = work.names.function(node)
    looped = [held for held in work.names.around(node) if isinstance(held, ast.For | ast.While | ast.AsyncFor)]
    reads = [each for each in work.names.of(ast.Name) if each.id == name and isinstance(each.ctx, ast.Load)]
    for read in reads:
        if (read.lineno, read.col_offset) > place or work.names.function(read) is not own:
            return True
    stores = [each for each in work.names.of(ast.Name) if each.id == name and isinstance(each.ctx, ast.Store)]
    for loop in looped:
        inside = [read for read in reads if loop in set(work.names.around(read))]
        first = min(((read.lineno, read.col_offset) for read in inside), default=None)
        if first is not None and not any(
            loop in set(work.names.around(store)) and (store.lineno, -1) < first for store in stores
        ):
            return True
    return False


def _async_with(work: Work, node: ast.AsyncWith) -> None:
    edits = work.edits
    start = edits.start(node)
    edits.replace(start, edits.source.index(b"with", start), "")
    is_task = tasks.uses_tasks(work)
    work.needs.add(f"{tasks.MODULE}:_ts_entered" if is_task else "_ts_entered")
    entered = f"{prelude.object_of(tasks.MODULE)}._ts_entered" if is_task else "_ts_entered"
    for item in node.items:
        work.wrapped(item.context_expr, entered)


def _generators(work: Work) -> None:
    yields: dict[Function, list[ast.Yield | ast.YieldFrom]] = {}
    for node in (*work.names.of(ast.Yield), *work.names.of(ast.YieldFrom)):
        function = work.names.function(node)
        if function is None or isinstance(function, ast.Lambda):
            work.lack(node, "`yield` outside of a function is not supported: use a list")
        else:
            yields.setdefault(function, []).append(node)
    for function, found in yields.items():
        why = _why_not(work, function, found, {each.name for each in yields if not isinstance(each, ast.Lambda)})
        if why:
            work.lack(found[0], _GENERATOR.format(why=why))
        elif not isinstance(function, ast.Lambda):
            _collect(work, function, found)


def _why_not(
    work: Work, function: Function, yields: Sequence[ast.Yield | ast.YieldFrom], generators: set[str]
) -> str | None:
    """Why running a generator as a whole could be told from running it step by step."""
    if isinstance(function, ast.AsyncFunctionDef):
        return "is `async`"
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
        case ast.For(iter=ast.Call(func=func, args=args)):
            module, name = work.names.origin(func)
            endless = module == "itertools" and (name in ("count", "cycle") or (name == "repeat" and len(args) == 1))
            return "has a loop without an end of its own" if endless else None
        case _:
            return None


def _is_own(value: ast.expr, work: Work, local: set[str]) -> bool:
    """Whether a value is one that the function made itself, with a display or a constructor, under this name."""
    if not isinstance(value, ast.Name) or value.id not in local:
        return False
    function = work.names.function(value)
    made = [
        node.value
        for node in work.names.of(ast.Assign)
        if work.names.function(node) is function
        and any(isinstance(target, ast.Name) and target.id == value.id for target in node.targets)
    ]
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
    if not work.begins_line(first):
        work.lack(yields[0], "a function with `yield` is not supported on one line: write its body on lines of its own")
        return
    work.line_before(first, f"{items} = []")
    for node in yields:
        start, end = edits.start(node), edits.end(node)
        method = "extend" if isinstance(node, ast.YieldFrom) else "append"
        if node.value is None:
            edits.replace(start, end, f"{items}.append(None)")
        else:
            edits.replace(start, edits.start(node.value), f"{items}.{method}(")
            edits.replace(edits.end(node.value), end, ")")
            if (
                isinstance(node.value, ast.Tuple)
                and edits.source[edits.start(node.value) : edits.start(node.value) + 1] != b"("
            ):
                edits.insert(edits.start(node.value), "(")
                edits.insert(edits.end(node.value), ")")
    for node in _returns(work, function):
        edits.replace(edits.start(node), edits.end(node), f"return iter({items})")
    work.line_after(function.body[-1], f"return iter({items})", like=first)


def _returns(work: Work, function: Function) -> Iterator[ast.Return]:
    for node in work.names.of(ast.Return):
        if work.names.function(node) is function:
            yield node
