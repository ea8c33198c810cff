"""Close gaps in statements: `del`, `async with`, `async for`.

1. `del d[k]` becomes a `pop`; `del x` a name without a value, where nothing reads it afterwards.
2. `async with` becomes a `with` on an object of the prelude that awaits what it holds.
3. `async for` becomes a `while` that asks the generator for one item after the other.
"""

from __future__ import annotations

import ast

from toolscript.guests.python import prelude, tasks
from toolscript.guests.python.work import Work

_MOST_USES = 200  # of a name that is deleted: looking through more takes long


def close(work: Work) -> None:
    """Make the edits."""
    for node in work.names.of(ast.Delete):
        _delete(work, node)
    for node in work.names.of(ast.AsyncWith):
        _async_with(work, node)
    for node in work.names.of(ast.AsyncFor):
        _async_for(work, node)
    for node in work.names.of(ast.comprehension):
        if node.is_async:
            _async_comprehension(work, node)
    for node in work.names.of(ast.TryStar):
        work.lack(node, "`except*` is not supported: use `except`, and `asyncio.gather(..., return_exceptions=True)`")


def _delete(work: Work, node: ast.Delete) -> None:
    """Say the same with calls and assignments, one for each target, in their order."""
    why = next(filter(None, (_why_not_deleted(work, node, target) for target in node.targets)), "")
    if why or any(work.edits.source[work.edits.end(target) :].startswith(b")") for target in node.targets):
        work.lack(node, why or f"`{ast.unparse(node)}` is not supported in brackets: write `del` without them")
        return
    edits, before = work.edits, work.edits.start(node)
    for number, target in enumerate(node.targets):
        lead, start, end = "; " if number else "", edits.start(target), edits.end(target)
        if isinstance(target, ast.Subscript):
            edits.replace(before, start, f"{lead}_ts_del(")
            _delete_item(work, target)
        else:
            edits.replace(before, start, lead)
            edits.insert(end, " = None")
        before = end


def _why_not_deleted(work: Work, node: ast.Delete, target: ast.expr) -> str:
    match target:
        case ast.Subscript(slice=ast.Tuple() as index) if not _is_bracketed(work, index):
            return f"`{ast.unparse(node)}` is not supported: put the key in brackets of its own"
        case ast.Subscript():
            return ""
        case ast.Name(id=name) if not _is_read_after(work, name, node):
            return ""
        case ast.Name(id=name):
            return f"`del {name}` is not supported where `{name}` is read later: assign `{name} = None`"
        case _:
            return f"`{ast.unparse(node)}` is not supported: assign `{ast.unparse(target)} = None`"


def _delete_item(work: Work, target: ast.Subscript) -> None:
    work.needs.add("_ts_del")
    edits, end = work.edits, work.edits.end(target)
    bracket = edits.source.index(b"[", edits.end(target.value))
    match target.slice:
        case ast.Slice(lower=lower, upper=upper, step=step):
            listed = ", ".join("None" if part is None else _source(work, part) for part in (lower, upper, step))
            edits.replace(bracket, end, f", slice({listed}))")
        case _:
            edits.replace(bracket, bracket + 1, ", ")
            edits.replace(end - 1, end, ")")


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
    uses = work.names.named(name)
    if len(uses) > _MOST_USES:
        return True
    reads = [each for each in uses if isinstance(each.ctx, ast.Load)]
    for read in reads:
        if (read.lineno, read.col_offset) > place or work.names.function(read) is not own:
            return True
    stores = [each for each in uses if isinstance(each.ctx, ast.Store)]
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


def _async_for(work: Work, node: ast.AsyncFor) -> None:
    first = node.body[0]
    edits, made = work.edits, prelude.object_of(tasks.MODULE)
    source, item = work.fresh("source"), work.fresh("item")
    work.needs |= {f"{tasks.MODULE}:_next_item", f"{tasks.MODULE}:_end"}
    edits.replace(edits.start(node), edits.start(node.iter), f"{source} = (")
    edits.insert(
        edits.end(node.iter),
        f")\n{work.indent(node)}while ({item} := await {made}._next_item({source})) is not {made}._end",
    )
    work.first(first, f"{_source(work, node.target)} = {item}")


def _async_comprehension(work: Work, node: ast.comprehension) -> None:
    edits, made = work.edits, prelude.object_of(tasks.MODULE)
    work.needs.add(f"{tasks.MODULE}:_all_items")
    start = edits.source.rindex(b"async", 0, edits.start(node.target))
    edits.replace(start, start + len(b"async"), "")
    edits.insert(edits.start(node.iter), f"await {made}._all_items(")
    edits.insert(edits.end(node.iter), ")")
