"""Close a gap in exceptions: those of the engine have words and no attributes, and a failed call's have two.

`e.code` and `e.content` of a name that an `except` binds, or that is tested to be an exception, are asked of the host.
Of what is no exception they are what they are.
"""

from __future__ import annotations

import ast

from toolscript.guests.python.work import Work

MEMBER = "_ts_caught"
ASKED = "_ts_failure"
MEMBERS = ("code", "content")

PRELUDE = f"""
def {MEMBER}(value, name, own):
    if isinstance(value, BaseException):
        return {ASKED}(value, name)
    return own(value)
"""


def close(work: Work) -> None:
    """Make the edits."""
    attributes = [node for node in work.names.of(ast.Attribute) if node.attr in MEMBERS]
    if not attributes:
        return
    caught = _caught(work)
    for node in attributes:
        if isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name) and node.value.id in caught:
            work.edits.insert(work.edits.start(node), f"{MEMBER}(")
            made = f', "{node.attr}", lambda o: o.{node.attr})'
            work.edits.replace(work.dot(node), work.edits.end(node), made)


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
