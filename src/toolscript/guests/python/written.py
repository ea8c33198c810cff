"""The arguments of calls as far as the text itself gives them: literals, and names that surely stand for such.

Everything else is `UNKNOWN`.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from toolscript.codec import SAFE_INTEGER
from toolscript.guests.python.constants import Constants
from toolscript.guests.python.names import Names
from toolscript.schema.partial import UNKNOWN
from toolscript.schema.problems import path_text

MAX_DEPTH = 30  # of literals in literals
_SUPPRESSING = frozenset(("suppress", "return_exceptions", "wait_for", "timeout"))
_MAY_SWALLOW = frozenset(("suppress", "contextmanager", "asynccontextmanager", "ExitStack", "AsyncExitStack"))
_LEAVES_BLOCKS = frozenset(("__exit__", "__aexit__"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A call `namespace.method(...)` as it is written.

    `args` are its arguments by the names that Python has for them, `UNKNOWN` where that cannot be told; `positional`:
    it gives arguments by position, and not one dict alone. `places` leads from the paths of problems to the nodes.
    """

    path: str
    node: ast.Call
    args: dict[str, Any] | None
    positional: bool = False
    places: Mapping[str, ast.AST] = field(default_factory=dict[str, ast.AST])


def calls(names: Names) -> Iterator[Written]:
    """The calls of names that the program does not bind, and whose failure it does not handle."""
    handles, constants = handles_failures(names), Constants(names)
    for node in names.of(ast.Call):
        if handles and not isinstance(names.parents.get(node), ast.Await):
            continue  # it fails a future that others may await
        match node.func:
            case ast.Attribute(value=ast.Name(id=space), attr=method) if space not in names.bound:
                if is_reached(names, node, handles):
                    yield _written(f"{space}.{method}", node, constants)
            case _:
                pass


def is_reached(names: Names, node: ast.AST, handles: bool) -> bool:
    """Whether a failure here is certain to end the program, if it comes here."""
    if handles and names.function(node) is not None:
        return False
    inside = node
    for held in names.around(node):
        if isinstance(held, ast.Try | ast.TryStar) and held.handlers and inside in held.body:
            return False
        if isinstance(held, ast.If | ast.IfExp) and isinstance(held.test, ast.Constant) and inside is not held.test:
            return False  # a branch that was switched off
        if isinstance(held, ast.With | ast.AsyncWith) and inside in held.body and _swallows(names):
            return False
        inside = held
    return True


def _swallows(names: Names) -> bool:
    """Whether a `with` of the program may end the failure of its block."""
    defined = (node.name for kind in (ast.FunctionDef, ast.AsyncFunctionDef) for node in names.of(kind))
    return not _LEAVES_BLOCKS.isdisjoint(defined) or any(
        names.named(word) or names.members(word) or word in names.bound for word in _MAY_SWALLOW
    )


def handles_failures(names: Names) -> bool:
    """Whether the program handles any failure, anywhere."""
    if any(attempt.handlers for kind in (ast.Try, ast.TryStar) for attempt in names.of(kind)):
        return True
    words = [keyword.arg for keyword in names.of(ast.keyword)]
    words += [node.attr for node in names.of(ast.Attribute)] + [node.id for node in names.of(ast.Name)]
    return not _SUPPRESSING.isdisjoint(word for word in words if word)


def _written(path: str, node: ast.Call, constants: Constants) -> Written:
    if any(isinstance(each, ast.Starred) for each in node.args):
        return Written(path=path, node=node, args=None)
    reader = _Reader(constants)
    args: dict[str, Any] = {}
    if node.args:
        only = reader.value(node.args[0], ("",))
        if len(node.args) > 1 or (only is not UNKNOWN and only is not None and not isinstance(only, dict)):
            return Written(path=path, node=node, args=None, positional=True)
        if only is UNKNOWN or (only is None and node.keywords):
            return Written(path=path, node=node, args=None)
        args |= only or {}
    for keyword in node.keywords:
        if keyword.arg is None:
            spread = reader.value(keyword.value, ("",))
            if not isinstance(spread, dict) or not args.keys().isdisjoint(cast("dict[str, Any]", spread)):
                return Written(path=path, node=node, args=None)
            args |= cast("dict[str, Any]", spread)
            continue
        if keyword.arg in args and not node.args:
            return Written(path=path, node=node, args=None)  # given twice: Python says so
        reader.places[path_text((("",), keyword.arg))] = keyword
        args[keyword.arg] = reader.value(keyword.value, (("",), keyword.arg))
    return Written(path=path, node=node, args=args, places=reader.places)


class _Reader:
    """Reads literals, and notes where their parts stand."""

    __slots__ = ("constants", "places")

    def __init__(self, constants: Constants) -> None:
        self.constants = constants
        self.places: dict[str, ast.AST] = {}

    def value(self, node: ast.expr, at: tuple[Any, ...], depth: int = 0) -> Any:
        """What an expression comes to."""
        if depth > MAX_DEPTH:
            return UNKNOWN
        match node:
            case ast.Constant(value=None | bool() | str() as value):
                return value
            case ast.Constant(value=int() | float() as value):
                return _number(value)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return UNKNOWN if isinstance(value, bool) else _number(-value)
            case ast.Name(id=name):
                stands_for = self.constants.value_of(name, node)
                return UNKNOWN if stands_for is None else self.value(stands_for, at, depth + 1)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                if any(isinstance(item, ast.Starred) for item in items):
                    return UNKNOWN
                for place, item in enumerate(items):
                    self.places[path_text((at, place))] = item
                return [self.value(item, (at, place), depth + 1) for place, item in enumerate(items)]
            case ast.Dict():
                return self.members(node, at, depth)
            case _:
                return UNKNOWN

    def members(self, node: ast.Dict, at: tuple[Any, ...], depth: int) -> Any:
        members: dict[str, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                spread = self.value(value, at, depth + 1)
                if not isinstance(spread, dict):
                    return UNKNOWN
                members |= cast("dict[str, Any]", spread)
                continue
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                return UNKNOWN
            self.places[path_text((at, key.value))] = key
            members[key.value] = self.value(value, (at, key.value), depth + 1)
        return members


def _number(value: float) -> Any:
    if isinstance(value, int):
        return value if abs(value) <= SAFE_INTEGER else UNKNOWN
    return value if math.isfinite(value) and (value or math.copysign(1, value) > 0) else UNKNOWN
