"""Close gaps in the library: imports of what only the prelude has.

1. `import statistics` goes, and `statistics.mean` is read from the prelude's object instead.
2. `from collections import Counter, OrderedDict` keeps what the engine has, and binds the rest from the prelude.
3. What neither has is lacking, unless the program asks for it with `except ImportError`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from toolscript.guests.python import native, prelude, tasks, verbose
from toolscript.guests.python.words import no_member, no_module
from toolscript.guests.python.work import Work

_TYPES_ONLY = frozenset(("typing", "typing_extensions", "collections.abc", "abc", "types", "numbers", "enum"))
"""Modules whose members mostly stand in annotations, which the engine does not look at."""
_BY_OPTION = {
    ("json", "dumps"): frozenset(("default", "skipkeys", "cls")),
    ("asyncio", "gather"): frozenset(("return_exceptions",)),
}
"""What the engine has, but for these options: only a program that gives one needs the prelude's."""
_BUILTIN = {("asyncio", "TimeoutError"): "TimeoutError", ("asyncio", "CancelledError"): "KeyboardInterrupt"}
"""What is a built-in name: the second is the one exception that `except Exception` does not catch."""
_IMPORT_ERRORS = frozenset(("ImportError", "ModuleNotFoundError", "Exception", "BaseException"))


def close(work: Work) -> None:
    """Make the edits."""
    for node in work.names.of(ast.Import):
        _import(work, node)
    for node in work.names.of(ast.ImportFrom):
        _import_from(work, node)
    for node in work.names.of(ast.Attribute):
        _member(work, node)
    for node in work.names.of(ast.Name):
        _bare(work, node)


def _source(work: Work, module: str) -> str:
    """Which module of the prelude stands for a module."""
    return tasks.MODULE if module == "asyncio" and tasks.uses_tasks(work) else module


def _is_whole(module: str) -> bool:
    """Whether the prelude alone has the module, and the engine nothing of it."""
    return module in prelude.MODULES and module not in native.MODULES


def _import(work: Work, node: ast.Import) -> None:
    kept: list[str] = []
    bound: list[str] = []
    for alias in node.names:
        module = alias.name
        if module in native.MODULES:
            kept.append(ast.unparse(alias))
        elif _is_whole(module) or (module == "urllib" and not alias.asname):
            if alias.asname and "." in module:
                bound.append(f"{alias.asname} = {prelude.object_of(module)}")
                work.needs.add(f"{module}:*")
        elif module in _TYPES_ONLY:
            bound.append("pass")
        elif not _is_asked_for(work, node):
            work.lack(node, no_module(module))
            return
        else:
            kept.append(ast.unparse(alias))
    _rewrite(work, node, ([f"import {', '.join(kept)}"] if kept else []) + bound, changed=len(kept) < len(node.names))


def _import_from(work: Work, node: ast.ImportFrom) -> None:
    module = node.module or ""
    if node.level:
        work.lack(node, "there are no packages here: a program is one text, and imports only what Python brings")
        return
    source = _source(work, module)
    has, supplied = native.MODULES.get(module, frozenset[str]()), prelude.MODULES.get(source, frozenset[str]())
    kept: list[str] = []
    bound: list[str] = []
    for alias in node.names:
        name, to = alias.name, alias.asname or alias.name
        if (module, name) in _BUILTIN:
            if to != _BUILTIN[module, name]:
                bound.append(f"{to} = {_BUILTIN[module, name]}")
        elif name == "*":
            work.lack(node, f"`from {module} import *` is not supported: name what you import")
        elif f"{module}.{name}" in prelude.MODULES:
            continue
        elif name in supplied and not (name in has and _engine_will_do(work, source, name)):
            work.needs.add(f"{source}:{name}")
            bound.append(f"{to} = {prelude.object_of(source)}.{name}")
        elif name in has:
            kept.append(ast.unparse(alias))
        elif module in _TYPES_ONLY and _is_only_a_type(work, to):
            bound.append(f"{to} = None")
        elif _is_asked_for(work, node):
            kept.append(ast.unparse(alias))
        else:
            work.lack(node, no_member(module, name) if has or supplied else no_module(module))
            return
    if len(kept) < len(node.names):
        _rewrite(work, node, ([f"from {module} import {', '.join(kept)}"] if kept else []) + bound, changed=True)


def _rewrite(work: Work, node: ast.Import | ast.ImportFrom, statements: Iterable[str], *, changed: bool) -> None:
    """Put other statements into the place of an import, on as many lines."""
    if not changed:
        return
    start, end = work.edits.start(node), work.edits.end(node)
    lines = "\\\n" * ((node.end_lineno or node.lineno) - node.lineno)
    work.edits.replace(start, end, lines + ("; ".join(statements) or "pass"))


def _member(work: Work, node: ast.Attribute) -> None:
    """Read a member of a module from the prelude."""
    module, name = work.names.origin(node)
    if module == "urllib" and name.startswith("parse."):
        module, name = "urllib.parse", name.removeprefix("parse.")
    if not module or "." in name:
        return
    if (module, name) in _BUILTIN:
        work.edits.replace(work.edits.start(node), work.edits.end(node), _BUILTIN[module, name])
        return
    source = _source(work, module)
    if name in native.MODULES.get(module, ()) and _engine_will_do(work, source, name):
        return
    if name in prelude.MODULES.get(source, ()):
        work.needs.add(f"{source}:{name}")
        value = node.value
        work.edits.replace(work.edits.start(value), work.edits.end(value), prelude.object_of(source))
    elif module in native.MODULES and f"{module}.{name}" not in native.MODULES and not _is_closed(work, node):
        is_there = name in native.MODULES[module] or name.startswith("__")
        if not is_there and not (module in _TYPES_ONLY and _is_annotation(work, node)) and not _is_guarded(work, node):
            work.lack(node, no_member(module, name))
    elif _is_whole(module) and f"{module}.{name}" not in prelude.MODULES and not _is_annotation(work, node):
        work.lack(node, no_member(module, name))


def _is_closed(work: Work, node: ast.Attribute) -> bool:
    """Whether the call of it is made by a function of the prelude."""
    held = work.names.parents.get(node)
    return (node.attr in prelude.METHODS and isinstance(held, ast.Call) and held.func is node) or verbose.is_closed(
        work, node
    )


def _engine_will_do(work: Work, module: str, name: str) -> bool:
    """Whether no call of a function of the engine's has an option that it lacks."""
    if module == tasks.MODULE:
        return False
    options = _BY_OPTION.get((module, name), frozenset[str]())
    return not any((module, name, option) in _options(work) for option in options)


def _options(work: Work) -> frozenset[tuple[str, str, str]]:
    """The options that functions of modules are called with."""
    if work.options is None:
        calls = ((work.names.origin(call.func), call) for call in work.names.of(ast.Call) if call.keywords)
        work.options = frozenset(
            (module, name, keyword.arg) for (module, name), call in calls for keyword in call.keywords if keyword.arg
        )
    return work.options


def _bare(work: Work, node: ast.Name) -> None:
    """A module that is passed on as a value."""
    found = work.names.imported.get(node.id)
    if found is None or found.name or not isinstance(node.ctx, ast.Load) or not _is_whole(found.module):
        return
    if not isinstance(work.names.parents.get(node), ast.Attribute):
        work.needs.add(f"{found.module}:*")
        work.edits.replace(work.edits.start(node), work.edits.end(node), prelude.object_of(found.module))


def _is_asked_for(work: Work, node: ast.stmt) -> bool:
    """Whether the program has another way if there is no such module."""
    for held in work.names.around(node):
        if isinstance(held, ast.Try) and node in held.body and _handles(held):
            return True
        if isinstance(held, ast.If) and ast.unparse(held.test).endswith("TYPE_CHECKING"):
            return True
    return False


def _handles(node: ast.Try) -> bool:
    for handler in node.handlers:
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(kind is None or (isinstance(kind, ast.Name) and kind.id in _IMPORT_ERRORS) for kind in kinds):
            return True
    return False


def _is_guarded(work: Work, node: ast.expr) -> bool:
    """Whether the program asks for a member before it reads it."""
    return any(
        isinstance(held, ast.Try | ast.If | ast.IfExp) and "hasattr" in ast.unparse(held)
        for held in work.names.around(node)
    )


def _is_only_a_type(work: Work, name: str) -> bool:
    """Whether a name stands in annotations, and nowhere else."""
    return all(_is_annotation(work, node) for node in work.names.named(name) if isinstance(node.ctx, ast.Load))


def _is_annotation(work: Work, node: ast.expr) -> bool:
    inside: ast.AST = node
    for held in work.names.around(node):
        match held:
            case ast.AnnAssign(annotation=annotation) | ast.arg(annotation=annotation):
                return annotation is inside
            case (
                ast.FunctionDef(returns=returns, decorator_list=decorators)
                | ast.AsyncFunctionDef(returns=returns, decorator_list=decorators)
            ):
                return returns is inside or (
                    inside in decorators and isinstance(work.names.parents.get(held), ast.ClassDef)
                )
            case ast.ClassDef(bases=bases):
                return inside in bases
            case ast.stmt():
                return False
            case _:
                inside = held
    return False
