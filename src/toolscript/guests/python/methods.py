"""Close gaps in the methods of classes: properties, static and class methods.

1. A property is a method that is called wherever its name is read of an object of its class.
2. A static method and a class method are called by the class.
"""

from __future__ import annotations

import ast

from toolscript.guests.python.families import Families
from toolscript.guests.python.work import Work


def close(work: Work, node: ast.ClassDef, properties: dict[str, set[str]]) -> None:
    """Make the edits of one class; `properties` gets the names of its own, with the class."""
    for method in node.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in method.decorator_list:
                _decorated(work, node, method, decorator, properties)


def _decorated(
    work: Work,
    node: ast.ClassDef,
    method: ast.FunctionDef | ast.AsyncFunctionDef,
    decorator: ast.expr,
    properties: dict[str, set[str]],
) -> None:
    name = work.names.origin(decorator)[1] or ast.unparse(decorator)
    start = work.edits.source.rindex(b"@", 0, work.edits.start(decorator))
    if name in ("abstractmethod", "abc.abstractmethod", "override"):
        work.edits.replace(start, work.edits.end(decorator), "")
    elif name == "property":
        work.edits.replace(start, work.edits.end(decorator), "")
        properties.setdefault(method.name, set()).add(node.name)
    elif name in ("staticmethod", "classmethod"):
        work.edits.replace(start, work.edits.end(decorator), "")
        _unbound(work, node, method, is_static=name == "staticmethod")
    else:
        work.lack(
            decorator,
            f"a decorator on a method is not supported (`@{name}`): "
            + (
                "use a method `set_" + method.name + "`"
                if name.endswith(".setter")
                else "call the function in the method"
            ),
        )


def _unbound(
    work: Work, node: ast.ClassDef, method: ast.FunctionDef | ast.AsyncFunctionDef, *, is_static: bool
) -> None:
    """Calls of a method that belongs to the class: by the class, by its first parameter, or by `self`."""
    for read in work.names.members(method.name):
        if not isinstance(read.ctx, ast.Load):
            continue
        call = work.names.parents.get(read)
        opening = work.opening(call) if isinstance(call, ast.Call) and call.func is read else None
        owner = _owner(work, read.value, node)
        if opening is not None and not owner and is_static and isinstance(read.value, ast.Name):
            name = read.value.id
            either = f"({node.name}.{read.attr} if isinstance({name}, {node.name}) else {name}.{read.attr})"
            work.edits.replace(work.edits.start(read), work.edits.end(read), either)
            continue
        if opening is None or not owner:
            kind = "static" if is_static else "class"
            instead = f"call `{node.name}.{method.name}(...)`"
            work.lack(read, f"`{ast.unparse(read)}` is not supported for a {kind} method: {instead}")
            continue
        if owner != ast.unparse(read.value):
            work.edits.replace(work.edits.start(read.value), work.edits.end(read.value), owner)
        if not is_static:
            work.edits.insert(opening, f"{owner}, ")


def _owner(work: Work, value: ast.expr, node: ast.ClassDef) -> str:
    """The class by which an expression reaches a method of it; empty where that is in doubt."""
    match value:
        case ast.Name(id=name) if name in (node.name, "cls"):
            return name
        case ast.Name(id="self") if node in work.names.around(value):
            return node.name
        case ast.Name(id=name):
            stored = [each for each in work.names.named(name) if isinstance(each.ctx, ast.Store)]
            held = [work.names.parents.get(each) for each in stored[:2]]
            made = [each.value for each in held if isinstance(each, ast.Assign)]
            is_one = len(made) == work.names.bound[name] and all(_makes(each, node.name) for each in made)
            return node.name if made and is_one else ""
        case ast.Call(func=ast.Name(id=name)) if name == node.name:
            return node.name
        case _:
            return ""


def _makes(value: ast.expr, name: str) -> bool:
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == name


def read_properties(work: Work, properties: dict[str, set[str]], families: Families) -> None:
    """Make the edits where properties are read."""
    for read in [read for name in properties for read in work.names.members(name)]:
        if not isinstance(read.ctx, ast.Load):
            work.lack(read, f"`{read.attr}` is a property: it cannot be assigned; use another name")
            continue
        owners = sorted({each for name in properties[read.attr] for each in (name, *families.heirs.get(name, ()))})
        work.needs.add("_ts_read")
        work.edits.insert(work.edits.start(read), "_ts_read(")
        made = f", ({', '.join(owners)},), lambda o: o.{read.attr})"
        work.edits.replace(work.dot(read), work.edits.end(read), made)
