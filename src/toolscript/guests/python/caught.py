"""Close a gap in exceptions: those of the engine have words and no attributes, and a failed call's have two.

`e.code` and `e.content` of a name that an `except` binds, or that is tested to be an exception, are asked of the host,
and so are `getattr(e, "code", None)` and `hasattr(e, "code")`. Of what is no exception they are what they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from toolscript.guests.python.work import Work

MEMBER = "_ts_caught"
ASKED = "_ts_failure"
MEMBERS = ("code", "content")

PRELUDE = f"""
def {MEMBER}(value, name, own):
    if isinstance(value, BaseException):
        return {ASKED}(value, name)
    return own(value)
def {MEMBER}_get(value, name, *default):
    if not isinstance(value, BaseException):
        return getattr(value, name, *default)
    try:
        return {ASKED}(value, name)
    except AttributeError:
        if not default:
            raise
        return default[0]
def {MEMBER}_has(value, name):
    if not isinstance(value, BaseException):
        return hasattr(value, name)
    try:
        {ASKED}(value, name)
    except AttributeError:
        return False
    return True
"""
_ASKING = {"getattr": f"{MEMBER}_get", "hasattr": f"{MEMBER}_has"}


def close(work: Work) -> None:
    """Make the edits."""
    attributes = [node for node in work.names.of(ast.Attribute) if node.attr in MEMBERS]
    asking = [call for name in _ASKING if work.names.is_builtin(name) for call in _calls(work, name)]
    if not attributes and not asking:
        return
    caught = _caught(work)
    for node in attributes:
        if isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name) and node.value.id in caught:
            work.edits.insert(work.edits.start(node), f"{MEMBER}(")
            made = f', "{node.attr}", lambda o: o.{node.attr})'
            work.edits.replace(work.dot(node), work.edits.end(node), made)
    for call in asking:
        _by_text(work, call, caught)


def _calls(work: Work, name: str) -> Iterator[ast.Call]:
    for node in work.names.named(name):
        held = work.names.parents.get(node)
        if isinstance(held, ast.Call) and held.func is node:
            yield held


def _by_text(work: Work, call: ast.Call, caught: set[str]) -> None:
    """Ask with a function of the prelude, where a literal names the member of what may be an exception."""
    match call:
        case ast.Call(
            func=ast.Name(id=asking) as callee,
            args=[ast.Name(id=name), ast.Constant(value="code" | "content"), *_],
            keywords=[],
        ) if name in caught:
            work.edits.replace(work.edits.start(callee), work.edits.end(callee), _ASKING[asking])
        case _:
            pass


def _caught(work: Work) -> set[str]:
    """The names that may stand for exceptions."""
    found = {node.name for node in work.names.of(ast.ExceptHandler) if node.name}
    for call in work.names.of(ast.Call):
        match call:
            case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), *_]):
                found.add(name)
            case _:
                pass
    return found
