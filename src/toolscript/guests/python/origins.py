"""What the variables of a program are made of, and which conditions decide whether it comes to a place.

Names are told apart by their words alone, whatever the scope. An object is plain if it is what a tool gave, or a part
of it, and was not chosen by the program (a comprehension with `if`, `next`, `filter`, a function of its own): of one
that was chosen nothing may be there.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain

from toolscript.guests.python.names import Names

MAX_STEPS = 60  # from a value to what it is made of; a program that goes further is not followed
_SAME_ITEMS = frozenset(("list", "tuple", "sorted", "reversed", "enumerate", "zip", "iter", "dict", "map"))
_BY_METHOD = frozenset(("values", "items", "keys", "copy"))
_FILLING = ("append", "extend", "insert", "add", "setdefault")
_EACH_ITEM = frozenset(("sorted", "map", "filter", "max", "min"))
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Origins:
    """What the variables of one program are made of."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._sources: dict[str, list[ast.AST | None]] = defaultdict(list)
        self._plain: dict[str, bool] = {}
        for target, source in self._bindings():
            for name in ast.walk(target):
                if isinstance(name, ast.Name):
                    self._sources[name.id].append(source)
        for kind in (ast.Lambda, *_DEFINITIONS):
            for function in names.of(kind):
                given = self._given_by(function)
                for parameter in ast.walk(function.args):
                    if isinstance(parameter, ast.arg):
                        self._sources[parameter.arg].append(given)
        self._into: dict[str, set[str]] = defaultdict(set)
        self._decided: set[str] = set()
        for name, sources in self._sources.items():
            for word in chain.from_iterable(_words(each) for each in sources if each is not None):
                self._into[word].add(name)
        for node in (*names.of(ast.Assign), *names.of(ast.AugAssign)):
            asked = [held.test for held in names.around(node) if isinstance(held, ast.If | ast.While)]
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            assigned = set(chain.from_iterable(map(_words, targets)))
            for word in chain.from_iterable(map(_words, asked)):
                self._into[word].update(assigned)
                self._decided.update(assigned)
        for kind in _DEFINITIONS:
            for function in names.of(kind):
                for word in _words(function):
                    self._into[word].add(function.name)

    def is_plain(self, node: ast.AST, steps: int = 0) -> bool:
        """Whether an expression is what a tool gave, or a part of it, and nothing was chosen on the way."""
        if steps > MAX_STEPS:
            return False
        match node:
            case ast.Constant():
                return True
            case ast.Name(id=name):
                return name not in self._names.bound or self.is_plain_name(name)
            case ast.Subscript(slice=ast.Slice(lower=lower)) if lower is not None:
                return False  # there may be no such items
            case ast.Await(value=inner) | ast.Attribute(value=inner) | ast.Subscript(value=inner) | ast.Starred(inner):
                return self.is_plain(inner, steps + 1)
            case ast.List(elts=items) | ast.Tuple(elts=items):  # what comes into an empty one is for the program to say
                return bool(items) and all(self.is_plain(item, steps + 1) for item in items)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self.is_plain(node.elt, steps + 1) and not any(each.ifs for each in node.generators)
            case ast.Call(func=ast.Name(id=name), args=args) if name in _SAME_ITEMS and name not in self._names.bound:
                return all(self.is_plain(each, steps + 1) for each in args if not isinstance(each, ast.Lambda))
            case ast.Call(func=ast.Attribute(value=ast.Name(id="asyncio"), attr="gather"), args=args):
                return all(self.is_plain(each, steps + 1) for each in args)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=space))) if space not in self._names.bound:
                return True
            case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in _BY_METHOD:
                return self.is_plain(inner, steps + 1)
            case _:
                return False

    def is_plain_name(self, name: str) -> bool:
        """Whether all that a variable may hold is what a tool gave, or a part of it."""
        known = self._plain.get(name)
        if known is None:
            self._plain[name] = True  # while it is found out: what comes back to itself adds nothing
            sources = self._sources.get(name, ())
            known = bool(sources) and all(each is not None and self.is_plain(each) for each in sources)
            self._plain[name] = known
        return known

    def is_conditional(self, node: ast.AST, about: ast.AST) -> bool:
        """Whether a condition on what `about` mentions decides if the program comes to `node`."""
        made = self._made_of(about)
        inside = node
        for held in self._names.around(node):
            if any(self._decides(test, made, leaves=False) for test in _conditions(held, inside)):
                return True
            inside = held
            is_kept = isinstance(held, ast.Lambda) and self._given_by(held) is None
            if (isinstance(held, _DEFINITIONS) or is_kept) and any(
                self._decides(test, made, leaves=False) for test in self._all_conditions()
            ):
                return True  # whoever calls it may ask before
        line = getattr(node, "lineno", 0)
        return any(
            self._decides(test, made, leaves=True)
            for kind in (ast.If, ast.Match)
            for each in self._names.of(kind)
            if (each.end_lineno or each.lineno) < line and any(map(_leaves, ast.walk(each)))
            for test in _asked_in(each)
        )

    def _all_conditions(self) -> Iterator[ast.AST]:
        names = self._names
        for kind in (ast.If, ast.IfExp, ast.While):
            for node in names.of(kind):
                yield node.test
        for node in names.of(ast.BoolOp):
            yield from node.values[:-1]
        for node in names.of(ast.Match):
            yield from _asked_in(node)
        for node in names.of(ast.comprehension):
            yield from node.ifs

    def is_idle(self, node: ast.AST) -> bool:
        """Whether a place is in a function that nobody calls."""
        return any(
            isinstance(held, _DEFINITIONS) and not held.decorator_list and held.name != "main"
            and not any(isinstance(use.ctx, ast.Load) for use in self._names.named(held.name))
            and not self._names.members(held.name)
            for held in self._names.around(node)
        )  # fmt: skip

    def _made_of(self, about: ast.AST) -> frozenset[str]:
        """The names that an expression mentions, and of all variables that anything of theirs went into."""
        mentioned = _words(about)
        waiting = [name for name in mentioned if name in self._names.bound] or list(mentioned)
        found: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._into.get(name, ()))
        return frozenset(found)

    def _decides(self, test: ast.AST, made: frozenset[str], *, leaves: bool) -> bool:
        """Whether a condition is about these names, and not only about whether one of them is there at all."""
        match test:
            case ast.BoolOp(values=parts):
                return any(self._decides(part, made, leaves=leaves) for part in parts)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return self._decides(inner, made, leaves=leaves)
            case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]):
                return self._decides(left, made, leaves=leaves)
            case ast.Compare(left=ast.Call(func=ast.Name(id="len")) as left, comparators=[ast.Constant()]) if leaves:
                return self._decides(left, made, leaves=leaves)
            case ast.Call(func=ast.Name(id="len"), args=[inner]) if leaves:
                return self._decides(inner, made, leaves=leaves)
            case ast.Name(id=name):
                return name in made and (name in self._decided or not self.is_plain_name(name))
            case _:
                return not made.isdisjoint(_words(test))

    def _bindings(self) -> Iterator[tuple[ast.AST, ast.AST | None]]:
        """The targets of a program, and what they are bound to."""
        names = self._names
        for node in names.of(ast.Assign):
            for target in node.targets:
                yield target, node.value
        for kind in (ast.AnnAssign, ast.AugAssign, ast.NamedExpr):
            for node in names.of(kind):
                if node.value is not None:
                    yield node.target, node.value
        for kind in (ast.For, ast.AsyncFor):
            for node in names.of(kind):
                yield node.target, node.iter
        for node in names.of(ast.comprehension):
            yield node.target, node.iter
        for node in names.of(ast.withitem):
            if node.optional_vars is not None:
                yield node.optional_vars, None
        for method in _FILLING:
            for node in names.members(method):
                yield node.value, None
                yield node.value, names.parents.get(node)
        for node in names.of(ast.MatchAs):
            if node.name:
                yield ast.Name(id=node.name), None

    def _given_by(self, function: ast.AST) -> ast.AST | None:
        """What gives a function its arguments: the list whose items it is called for."""
        held = self._names.parents.get(function)
        if isinstance(held, ast.keyword):
            held = self._names.parents.get(held)
        match held:
            case ast.Call(func=ast.Name(id=name), args=args) if name in _EACH_ITEM:
                return next((each for each in args if each is not function), None)
            case ast.Call(func=ast.Attribute(value=listed, attr="sort")):
                return listed
            case _:
                return None


def _words(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _leaves(node: ast.AST) -> bool:
    """Whether a part of a branch may end more than the branch: a function may end the whole program."""
    match node:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.Expr(value=ast.Call(func=func)) | ast.Expr(value=ast.Await(value=ast.Call(func=func))):
            return not (isinstance(func, ast.Name) and func.id == "print")
        case _:
            return False


def _conditions(held: ast.AST, inside: ast.AST) -> Sequence[ast.AST]:
    """The conditions by which `held` decides whether its part `inside` is evaluated."""
    match held:
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            return () if inside is test else (test,)
        case ast.BoolOp(values=parts):
            return parts[: parts.index(inside)] if isinstance(inside, ast.expr) and inside in parts else ()
        case ast.Match():
            return _asked_in(held)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            return [test for each in held.generators for test in each.ifs if each is not inside]
        case ast.comprehension(ifs=tests):
            return tests[: tests.index(inside)] if isinstance(inside, ast.expr) and inside in tests else ()
        case _:
            return ()


def _asked_in(statement: ast.If | ast.Match) -> Sequence[ast.AST]:
    """What a statement asks."""
    if isinstance(statement, ast.If):
        return (statement.test,)
    return (statement.subject, *(case.guard for case in statement.cases if case.guard is not None))
