"""Close gaps in expressions: iterators that are lists, methods that are no values, methods and functions not there.

1. A generator expression, and what `map`, `zip` and their like give, is a list in the engine. Where it is kept, or
   given to a function that may ask for one item, it becomes an iterator over that list.
2. A method of a built-in type that is named but not called becomes a function that calls it.
3. A method that the engine's types lack is called by way of a function of the prelude, which calls the object's own
   method for every other type.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping

from toolscript.guests.python import verbose
from toolscript.guests.python.prelude import METHODS, NAMES
from toolscript.guests.python.work import Work

_LISTS = frozenset(("map", "zip", "enumerate", "reversed", "filter"))
_TAKERS = frozenset(
    ("list", "tuple", "set", "frozenset", "dict", "sorted", "sum", "any", "all", "min", "max", "enumerate", "zip",
     "map", "filter", "reversed", "len", "print", "str", "iter", "isinstance", "bool")
)  # fmt: skip
_TAKING_METHODS = frozenset(
    (
        "join",
        "extend",
        "update",
        "writerows",
        "fromkeys",
        "union",
        "intersection",
        "difference",
        "most_common",
        "gather",
    )
)
_TYPES: Mapping[str, type] = {
    kind.__name__: kind for kind in (str, list, dict, set, frozenset, tuple, int, float, bytes)
}
_STATIC = frozenset(("maketrans", "fromkeys", "fromhex", "from_bytes"))
_BUILTIN_METHODS = frozenset(
    name for kind in _TYPES.values() for name in dir(kind) if not name.startswith("_") and name not in _STATIC
) - {"real", "imag", "numerator", "denominator"} | {
    "most_common",
    "elements",
    "appendleft",
    "popleft",
    "isoformat",
    "strftime",
}


def close(work: Work) -> None:
    """Make the edits."""
    _close_iterators(work)
    verbose.close(work)
    _close_attributes(work)
    _close_names(work)


def _close_iterators(work: Work) -> None:
    names = work.names
    for node in names.of(ast.GeneratorExp):
        if _is_kept(work, node):
            work.wrapped(node, "iter")
        _refuse_endless(work, node)
    for call in names.of(ast.Call):
        match call.func:
            case ast.Name(id=name) if name in _LISTS and names.is_builtin(name) and _is_kept(work, call):
                work.wrapped(call, "iter")
            case _:
                pass


def _is_kept(work: Work, node: ast.expr) -> bool:
    """Whether an iterator is put where its items may be taken one at a time."""
    held = work.names.parents.get(node)
    match held:
        case ast.Assign(value=value) | ast.AnnAssign(value=value) | ast.NamedExpr(value=value):
            return value is node and not (isinstance(held, ast.Assign) and isinstance(held.targets[0], ast.Tuple))
        case ast.Call(func=ast.Name(id=name)):
            return not (name in _TAKERS and work.names.is_builtin(name)) and held.func is not node
        case ast.Call(func=ast.Attribute(attr=attr)):
            return attr not in _TAKING_METHODS
        case _:
            return False


def _refuse_endless(work: Work, node: ast.GeneratorExp) -> None:
    """The engine makes a list of it, and would not come to an end."""
    if work.names.is_endless(node.generators[0].iter):
        message = "a generator expression is evaluated as a whole here, and this one never ends: use a `while` loop"
        work.lack(node, message)


def _close_attributes(work: Work) -> None:
    for node in work.names.of(ast.Attribute):
        if not isinstance(node.ctx, ast.Load):
            continue
        held = work.names.parents.get(node)
        called = held if isinstance(held, ast.Call) and held.func is node else None
        if node.attr == "__class__":
            work.edits.insert(work.edits.start(node), "type(")
            work.edits.replace(work.dot(node), work.edits.end(node), ")")
        elif node.attr == "__name__":
            _name(work, node)
        elif _is_type_method(work, node):
            value = f"(lambda s, *a, **k: s.{node.attr}(*a, **k))"
            work.edits.replace(work.edits.start(node), work.edits.end(node), value)
        elif called is not None:
            if node.attr in METHODS and _may_be_lacking(work, node):
                _call_by_prelude(work, node, called)
        elif node.attr in _BUILTIN_METHODS and not isinstance(held, ast.MatchValue) and not _is_namespace(work, node):
            _bind(work, node)


def _may_be_lacking(work: Work, node: ast.Attribute) -> bool:
    """Whether the object may be of a type of the engine's that lacks the method."""
    module, _ = work.names.origin(node.value)
    if node.attr == "sort":
        return (
            any(name.attr == "cmp_to_key" for name in work.names.of(ast.Attribute)) or "cmp_to_key" in work.names.bound
        )
    return module in ("re", "datetime") if module else not _is_namespace(work, node)


def _name(work: Work, node: ast.Attribute) -> None:
    """Functions have no `__name__`, and classes do."""
    if isinstance(node.value, ast.Name):
        work.needs.add("_ts_name")
        work.edits.insert(work.edits.start(node), "_ts_name(")
        work.edits.replace(work.dot(node), work.edits.end(node), ")")


def _is_type_method(work: Work, node: ast.Attribute) -> bool:
    match node.value:
        case ast.Name(id=name) if name in _TYPES and work.names.is_builtin(name):
            return node.attr in _BUILTIN_METHODS and hasattr(_TYPES[name], node.attr)
        case _:
            return False


def _is_namespace(work: Work, node: ast.Attribute) -> bool:
    """Whether the value is a namespace of tools, whose methods are values, or a module."""
    match node.value:
        case ast.Name(id=name):
            is_foreign = name not in work.names.bound and not hasattr(builtins, name) and name != "input"
            return is_foreign or name in work.names.imported
        case _:
            return False


def _bind(work: Work, node: ast.Attribute) -> None:
    work.needs.add("_ts_bound")
    made = f', "{node.attr}", lambda o: lambda *a, **k: o.{node.attr}(*a, **k))'
    work.edits.insert(work.edits.start(node), "_ts_bound(")
    work.edits.replace(work.dot(node), work.edits.end(node), made)


def _call_by_prelude(work: Work, node: ast.Attribute, call: ast.Call) -> None:
    opening = work.opening(call)
    if opening is None:
        return
    function = f"_ts_m_{node.attr}"
    work.needs.add(function)
    work.edits.insert(work.edits.start(node), f"{function}(")
    work.edits.replace(work.dot(node), opening, ", ")


def _close_names(work: Work) -> None:
    """Functions of Python's own that the engine lacks, or has wrongly, stand in the prelude under their own names."""
    for node in work.names.of(ast.Name):
        if node.id in NAMES and work.names.is_builtin(node.id) and not _is_right(work, node):
            work.needs.add(node.id)
    defined = {function.name for function in work.names.of(ast.FunctionDef)}
    if "__len__" in defined and any(name.id == "len" for name in work.names.of(ast.Name)):
        work.needs.add("len")


def _is_right(work: Work, node: ast.Name) -> bool:
    """Whether the engine's own will do here."""
    held = work.names.parents.get(node)
    if node.id in ("len", "sorted"):
        return True
    if node.id == "round":
        return isinstance(held, ast.Call) and len(held.args) + len(held.keywords) == 1
    return False
