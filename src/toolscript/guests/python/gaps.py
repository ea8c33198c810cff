"""What the engine lacks and nothing here makes up for: every place of it in a program, with what to write instead.

Only what would surely fail, or give another value than Python gives, is told. `Work` collects; this is its last step.
Models are told of them ahead, in a few words, by `gaps_text`.
"""

from __future__ import annotations

import ast

from toolscript.guests.python import native, words
from toolscript.guests.python.work import Work

_ATTRIBUTES = {
    "__dict__": 'name the attributes: `{"x": o.x}`',
    "__doc__": "keep the text in a variable",
    "__cause__": "put the cause into the message",
    "__context__": "put the cause into the message",
    "__traceback__": 'use `f"{type(e).__name__}: {e}"`',
    "__module__": "leave it out",
    "__bases__": "keep the classes in a list",
    "__mro__": "keep the classes in a list",
    "__subclasses__": "keep the classes in a list",
    "__annotations__": "keep the names in a list",
    "with_traceback": "raise the exception itself",
    "add_note": "put the note into the message",
}
_OPTIONS = {
    ("dataclasses", "dataclass"): frozenset(("order", "slots", "kw_only", "unsafe_hash", "weakref_slot", "match_args")),
    ("dataclasses", "field"): frozenset(("repr", "compare", "hash", "init", "metadata", "kw_only")),
}
_SAYS = "an exception takes one text here: put all of it into one f-string"
_EXCEPTIONS = frozenset(
    ("Exception", "BaseException", "ValueError", "TypeError", "RuntimeError", "KeyError", "IndexError", "LookupError",
     "AttributeError", "NameError", "OSError", "ArithmeticError", "ZeroDivisionError", "OverflowError", "TimeoutError",
     "PermissionError", "FileNotFoundError", "NotImplementedError", "AssertionError", "StopIteration", "ImportError",
     "RecursionError", "MemoryError", "SystemExit", "KeyboardInterrupt")
)  # fmt: skip
_STAND_IN = "FileExistsError"
"""Stands for exceptions that the engine lacks where they are only caught: a program without files never meets it."""


def find(work: Work) -> None:
    """Note what is lacking; make the last few edits that depend on where a name stands."""
    for node in work.names.of(ast.Name):
        if isinstance(node.ctx, ast.Load) and work.names.is_builtin(node.id):
            _builtin(work, node)
    for node in work.names.of(ast.Attribute):
        if node.attr == "__name__" and "functools:wraps" in work.needs:
            work.lack(node, "`.__name__` is not kept by `functools.wraps` here: name the function in a variable")
        elif node.attr in _ATTRIBUTES:
            work.lack(node, f"`.{node.attr}` is not there: {_ATTRIBUTES[node.attr]}")
        elif isinstance(node.ctx, ast.Store):
            _function_attribute(work, node)
    for node in work.names.of(ast.Call):
        _exception(work, node)
        _options(work, node)
    _awaits(work)


def _builtin(work: Work, node: ast.Name) -> None:
    name, held = node.id, work.names.parents.get(node)
    if name == "super" or (name in ("property", "staticmethod", "classmethod") and _is_decorator(node, held)):
        return
    if name == "input" and isinstance(held, ast.Call) and held.func is node:
        work.lack(node, words.NOBODY_ASKED)
    elif name in words.BUILTINS and (name in native.BUILTINS_LACKING or name == "open"):
        work.lack(node, f"`{name}` is not there: {words.BUILTINS[name]}")
    elif name in ("IOError", "EnvironmentError"):
        work.edits.replace(work.edits.start(node), work.edits.end(node), "OSError")
    elif name in native.EXCEPTIONS_LACKING:
        if any(isinstance(each, ast.ExceptHandler) and each.type in (node, held) for each in work.names.around(node)):
            work.edits.replace(work.edits.start(node), work.edits.end(node), _STAND_IN)
        else:
            work.lack(node, f"`{name}` is not there: use `OSError`, `ValueError` or `RuntimeError`")


def _is_decorator(node: ast.Name, held: ast.AST | None) -> bool:
    return isinstance(held, ast.FunctionDef | ast.AsyncFunctionDef) and node in held.decorator_list


def _function_attribute(work: Work, node: ast.Attribute) -> None:
    functions = {each.name for kind in (ast.FunctionDef, ast.AsyncFunctionDef) for each in work.names.of(kind)}
    match node.value:
        case ast.Name(id=name) if name in functions and work.names.bound[name] == 1:
            work.lack(node, f"functions have no attributes here: keep `{node.attr}` in a variable or a dict")
        case _:
            pass


def _exception(work: Work, node: ast.Call) -> None:
    """Exceptions take one text, or nothing."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=[arg]) if name in _EXCEPTIONS and work.names.is_builtin(name):
            is_text = isinstance(arg, ast.JoinedStr) or (isinstance(arg, ast.Constant) and isinstance(arg.value, str))
            if not is_text and not isinstance(arg, ast.Starred):
                work.needs.add("_ts_said")
                work.wrapped(arg, "_ts_said")
        case ast.Call(func=ast.Name(id=name), args=[_, _, *_]) if name in _EXCEPTIONS and work.names.is_builtin(name):
            work.lack(node, _SAYS)
        case _:
            pass


def _options(work: Work, node: ast.Call) -> None:
    lacking = _OPTIONS.get(work.names.origin(node.func))
    for keyword in node.keywords if lacking else ():
        if keyword.arg in (lacking or ()):
            message = f"`{ast.unparse(node.func)}` has no option `{keyword.arg}` here: "
            message += "sort with `key=`" if keyword.arg == "order" else "leave it out"
            work.lack(keyword.value, message)


def _awaits(work: Work) -> None:
    """The engine would take them, and Python does not."""
    for node in work.names.of(ast.Await):
        function = work.names.function(node)
        if isinstance(function, ast.FunctionDef):
            work.lack(
                node, f"`await` in a function that is not async: write `async def {function.name}`, and await its calls"
            )
        elif isinstance(function, ast.Lambda):
            work.lack(node, "`await` in a lambda: write an `async def`")
