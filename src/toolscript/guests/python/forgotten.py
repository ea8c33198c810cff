"""Imports that an author forgot, of modules that can mean nothing else.

Only a name counts that the program binds nowhere, and of which it reads a member. No namespace of tools has one of
these names (`schema.names`).
"""

from __future__ import annotations

import ast
import re

MODULES = (
    "asyncio", "base64", "collections", "dataclasses", "decimal", "functools", "itertools", "json", "math", "random",
    "re", "statistics", "uuid",
)  # fmt: skip
_OF_MODULE = frozenset(("datetime", "date", "timedelta", "timezone", "time", "UTC"))
_OF_CLASS = frozenset(("now", "utcnow", "today", "fromisoformat", "fromtimestamp", "strptime", "combine"))
_MENTIONED = re.compile(rf"\b({'|'.join((*MODULES, 'datetime'))})\s*\.")


def imports(body: str, tree: ast.Module) -> str:
    """A line that imports what was forgotten; empty for most programs."""
    mentioned = set(_MENTIONED.findall(body))
    if not mentioned or _is_of_the_future(tree):
        return ""
    read: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        mentioned.difference_update(_bound(node))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            read.setdefault(node.value.id, set()).add(node.attr)
    lines = [f"import {name}" for name in MODULES if name in mentioned and name in read]
    if "datetime" in mentioned and (members := read.get("datetime")):
        if members <= _OF_MODULE:
            lines.append("import datetime")
        elif members <= _OF_CLASS:
            lines.append("from datetime import datetime")
    return "; ".join(lines)


def _is_of_the_future(tree: ast.Module) -> bool:
    """Whether nothing may stand before its first line."""
    return any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)


def _bound(node: ast.AST) -> tuple[str, ...]:
    """The names that a node gives something to."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return (name,)
        case ast.arg(arg=name):
            return (name,)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return tuple((one.asname or one.name).partition(".")[0] for one in names)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            return (name,)
        case ast.MatchMapping(rest=str(name)):
            return (name,)
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return tuple(names)
        case _:
            return ()
