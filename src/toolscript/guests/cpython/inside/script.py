"""The text of a program as the code object that is run, and the way back to the author's lines.

1. The text is understood as for the other Python guest: fences, indentation, the value that it yields.
2. It becomes the body of one `async def`, so that `await` and `return` may stand at its top; the names that it binds
   there are global, as in a module.
3. `from x import *` stands before that function, because it may stand in no other place.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from toolscript.guests.cpython.inside.raised import WRAPPER
from toolscript.guests.edits import Edit, origin
from toolscript.guests.python import wrap
from toolscript.guests.python.edits import Edits
from toolscript.guests.python.source import read
from toolscript.guests.python.text import Text
from toolscript.guests.python.work import Work

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Script:
    """A program that can be run; `name` is that of its frames."""

    name: str
    code: CodeType
    lines: tuple[str, ...]
    own_names: tuple[str, ...]
    """Those that it binds."""
    _text: Text
    _edits: tuple[Edit, ...]

    def place(self, line: int, column: int) -> tuple[int, int] | None:
        """A line of the script, 1-based, and a UTF-8 column, 0-based, as the author's own; None outside of the text."""
        source = self._text.body.encode()
        lines = source.split(b"\n")
        if not 0 < line <= len(lines):
            return None
        start = sum(len(text) + 1 for text in lines[: line - 1])
        written = sum(len(text.encode()) + 1 for text in self.lines[: line - 1])
        at = origin(self._edits, written + column) if self._edits else start + column
        at = min(max(at, start), start + len(lines[line - 1]))
        return self._text.place(line, len(source[start:at].decode("utf-8", "replace")) + 1)


def script_of(code: str, name: str) -> Script:
    """Parse and compile. Raises `GuestError` for what is no Python, and `SyntaxError` for what cannot be compiled."""
    program = read(code)
    text, edits = program.text, Edits(program.text.body.encode())
    wrap.yield_of(Work(program.names, edits))
    body = edits.text().decode()
    script = "\n".join([body, *edits.tail]) if edits.tail else body
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(script)
        compiled = compile(_wrapped(tree, script, name), name, "exec", dont_inherit=True)
    own_names = tuple(sorted(program.names.bound))
    return Script(name, compiled, tuple(script.split("\n")), own_names, text, tuple(edits.made))


def _wrapped(tree: ast.Module, script: str, name: str) -> ast.Module:
    future = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    body = [node for node in tree.body if node not in future]
    for node in _at_top(tree):
        if isinstance(node, ast.Yield | ast.YieldFrom):
            raise _refused(node, "'yield' outside function", script, name)
    if body and isinstance(body[-1], ast.Expr):  # what the other engine yields by itself
        body[-1] = ast.copy_location(ast.Return(value=body[-1].value), body[-1])
    names = sorted({bound for node in _at_top(tree) for bound in _bound(node)})
    head: list[ast.stmt] = [ast.Global(names=names)] if names else []
    stars = [node for node in body if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
    function = ast.AsyncFunctionDef(
        name=WRAPPER,
        args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]),
        body=[*head, *(_Top().visit(node) for node in body if node not in stars)] or [ast.Pass()],
        decorator_list=[],
        lineno=1,
        col_offset=0,
    )
    function.type_params = []  # type: ignore[attr-defined] - since Python 3.12
    return ast.fix_missing_locations(ast.Module(body=[*future, *stars, function], type_ignores=[]))


class _Top(ast.NodeTransformer):
    """What may stand in a module and not in a function: the annotation of a global name."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if not isinstance(node.target, ast.Name):
            return node
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return node


def _at_top(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that belong to the module itself, and the heads of the functions and classes in it."""
    waiting = list(ast.iter_child_nodes(tree))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _SCOPES):
            continue
        waiting.extend(ast.iter_child_nodes(node))


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node binds in its scope. A comprehension's own are among them, and harmless there."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=asname) if name != "*":
            yield asname or name.partition(".")[0]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case _:
            pass


def _refused(node: ast.AST, message: str, script: str, name: str) -> SyntaxError:
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    return SyntaxError(message, (name, line, column + 1, script.split("\n")[line - 1]))
