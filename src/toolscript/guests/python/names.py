"""One walk over the syntax tree of a program: its nodes by kind, who holds whom, and what names stand for.

A name is told apart by its word alone, whatever the scope: one that is bound anywhere is the program's own everywhere.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Node = TypeVar("Node", bound=ast.AST)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class TooDeep(ValueError):
    """The tree is deeper than a walk may go; `node` is where."""

    def __init__(self, node: ast.AST) -> None:
        super().__init__("nested too deeply")
        self.node = node


MAX_DEPTH = (
    120  # of the tree: nobody writes a chain of 110 `+`, and what walks it by recursion stays far from its limit
)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import binds: a module, or with `name` something out of it."""

    module: str
    name: str = ""
    node: ast.Import | ast.ImportFrom | None = None


@dataclass(slots=True)
class Names:
    """The facts about one tree."""

    tree: ast.Module
    kinds: dict[type[ast.AST], list[ast.AST]] = field(
        default_factory=lambda: defaultdict[type[ast.AST], list[ast.AST]](list)
    )
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict[ast.AST, ast.AST])
    bound: Counter[str] = field(default_factory=Counter[str])
    """How often each name is bound."""
    imported: dict[str, Imported] = field(default_factory=dict[str, Imported])
    """Names that are bound by one import, or by several of the same, and by nothing else."""

    _named: dict[str, list[ast.Name]] | None = None
    _members: dict[str, list[ast.Attribute]] | None = None

    def of(self, kind: type[Node]) -> list[Node]:
        """The nodes of a kind, in no certain order."""
        return self.kinds.get(kind, [])  # type: ignore[return-value]

    def named(self, name: str) -> list[ast.Name]:
        """The places of a name, in no certain order."""
        if self._named is None:
            self._named = defaultdict(list)
            for node in self.of(ast.Name):
                self._named[node.id].append(node)
        return self._named.get(name, [])

    def members(self, attr: str) -> list[ast.Attribute]:
        """The places where an attribute of this name is read or written."""
        if self._members is None:
            self._members = defaultdict(list)
            for node in self.of(ast.Attribute):
                self._members[node.attr].append(node)
        return self._members.get(attr, [])

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes that hold a node, from the inside."""
        held = self.parents.get(node)
        while held is not None:
            yield held
            held = self.parents.get(held)

    def function(self, node: ast.AST) -> Function | None:
        """The function that a node is in the body of; None for one of the module itself."""
        inside = node
        for held in self.around(node):
            if isinstance(held, _FUNCTIONS) and inside is not held.args and not _is_outside(held, inside):
                return held
            inside = held
        return None

    def is_builtin(self, name: str) -> bool:
        """Whether the program means Python's own by this name."""
        return name not in self.bound

    def is_endless(self, node: ast.expr) -> bool:
        """Whether an expression surely gives items without an end."""
        match node:
            case ast.Call(func=func, args=args):
                module, name = self.origin(func)
                return module == "itertools" and (name in ("count", "cycle") or (name == "repeat" and len(args) == 1))
            case _:
                return False

    def origin(self, node: ast.expr) -> tuple[str, str]:
        """The module, and the name in it, that an expression surely stands for; empty text for what is not known."""
        match node:
            case ast.Name(id=name) if name in self.imported:
                found = self.imported[name]
                return found.module, found.name
            case ast.Attribute(value=value, attr=attr):
                module, name = self.origin(value)
                if module and not name:
                    return module, attr
                return (module, f"{name}.{attr}") if module else ("", "")
            case _:
                return "", ""


def _is_outside(function: Function, part: ast.AST) -> bool:
    """Whether a part of a function is evaluated where the function is defined."""
    if isinstance(function, ast.Lambda):
        return False
    return part is function.returns or part in function.decorator_list


def read(tree: ast.Module) -> Names:
    """Walk over a tree. Raises `TooDeep`."""
    names = Names(tree)
    kinds, parents = names.kinds, names.parents
    imports: dict[str, set[Imported]] = defaultdict(set)
    stack: list[tuple[ast.AST, int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise TooDeep(node)
        kinds[type(node)].append(node)
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                if not isinstance(value, (ast.expr_context, ast.operator, ast.cmpop, ast.boolop, ast.unaryop)):
                    parents[value] = node
                    stack.append((value, depth + 1))
            elif isinstance(value, list):
                for item in cast("list[object]", value):
                    if isinstance(item, ast.AST) and not isinstance(item, ast.cmpop):
                        parents[item] = node
                        stack.append((item, depth + 1))
    _bind(names, imports)
    for name, found in imports.items():
        if len({(each.module, each.name) for each in found}) == 1 and names.bound[name] == len(found):
            names.imported[name] = next(iter(found))
    return names


def _bind(names: Names, imports: dict[str, set[Imported]]) -> None:
    bound = names.bound
    for node in names.of(ast.Name):
        if not isinstance(node.ctx, ast.Load):
            bound[node.id] += 1
    bound.update(node.arg for node in names.of(ast.arg))
    for kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
        bound.update(node.name for node in names.of(kind))
    for kind in (ast.ExceptHandler, ast.MatchAs, ast.MatchStar):
        bound.update(node.name for node in names.of(kind) if node.name)
    bound.update(node.rest for node in names.of(ast.MatchMapping) if node.rest)
    for statement in names.of(ast.Import):
        for alias in statement.names:
            name = alias.asname or alias.name.partition(".")[0]
            bound[name] += 1
            imports[name].add(Imported(alias.name if alias.asname else name, node=statement))
    for statement in names.of(ast.ImportFrom):
        for alias in statement.names:
            name = alias.asname or alias.name
            bound[name] += 1
            imports[name].add(Imported(statement.module or "", alias.name, node=statement))
