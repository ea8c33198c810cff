"""How a coroutine is used as if it were the value: by itself, or inside of a literal or a comprehension.

1. A coroutine by itself cannot be indexed, looped over, spread, compared, calculated with, put into text, tested, taken
   apart, or given to a tool.
2. What holds coroutines can be indexed and looped over: somebody may await them. It cannot be given to a tool, put into
   text, or be the value of the program.
3. `x or y` is `x`, where that is a coroutine.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass

from toolscript.guests.python.forgotten import MODULES
from toolscript.guests.python.names import Function, Names
from toolscript.guests.python.wrap import is_main
from toolscript.runs.inspected import Use

_READERS = frozenset(
    ("len", "list", "dict", "tuple", "set", "sorted", "sum", "min", "max", "any", "all", "str", "int", "float", "repr",
     "print", "enumerate", "zip", "map", "filter", "reversed", "iter", "next", "round", "abs", "json.dumps",
     "json.loads")
)  # fmt: skip
_READERS_OF_ALL = frozenset(("json.dumps", "print", "str", "repr"))
"""What reads the coroutines in a literal, however deep."""
_OF_A_COROUTINE = frozenset(("send", "throw", "close", "cr_await", "cr_frame", "cr_running", "cr_code", "__class__"))
_IDLE = frozenset(("codemode.sleep", "codemode.step"))  # a call is made and answered without `await`; these do nothing
_UNLIKE_TOOLS = frozenset(("codemode.step", "codemode.pages", "codemode.failure"))  # take what cannot cross
_PLAIN = frozenset(("dict", "list", "tuple", "set", "frozenset", "str", "int", "float", "bool", "bytes"))
_KINDS_OF_PATTERNS = (ast.MatchMapping, ast.MatchSequence, ast.MatchValue, ast.MatchSingleton)
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.GeneratorExp


@dataclass(frozen=True, slots=True)
class Reading:
    """A use, and what is used."""

    use: Use
    detail: str = ""


def is_foreign(names: Names, name: str) -> bool:
    """Whether a name is neither the program's own nor Python's."""
    return name not in names.bound and not hasattr(builtins, name) and name != "input"


class Readings:
    """Tells how expressions of one program are used; `last` is the statement that gives its value."""

    def __init__(self, names: Names, last: ast.stmt | None) -> None:
        self._names = names
        self._last = last
        self._main = _main(names, last)
        entries = [each for held in names.of(ast.Dict) for each in zip(held.keys, held.values, strict=True)]
        self._keys = {key for key, _ in entries if key is not None}
        self._spread = {value for key, value in entries if key is None}

    def of(self, node: ast.expr, depth: int = 0) -> Reading | None:
        """How a coroutine, or what holds one so deep, is misused; None where somebody may await it."""
        if not depth:
            node = self.whole(node)
            if (found := self._alone(node)) is not None:
                return found
        holder, more = self.holder(node)
        return self._of_holder(holder, depth + more) if depth + more else None

    def whole(self, node: ast.expr) -> ast.expr:
        """The largest expression that comes to the same coroutine."""
        match self._names.parents.get(node):
            case ast.BoolOp(op=ast.Or(), values=[first, *_]) as held if first is node:
                return self.whole(held)
            case _:
                return node

    def holder(self, node: ast.expr) -> tuple[ast.expr, int]:
        """The outermost literal or comprehension that holds a value, and how deep; the node itself, and 0."""
        depth = 0
        while True:
            match self._names.parents.get(node):
                case ast.List(ctx=ast.Load()) | ast.Tuple(ctx=ast.Load()) | ast.Set() as held:
                    pass
                case ast.Dict() as held if node not in self._keys and node not in self._spread:
                    pass
                case ast.ListComp(elt=item) | ast.SetComp(elt=item) | ast.GeneratorExp(elt=item) as held if (
                    item is node
                ):
                    pass
                case ast.DictComp(value=value) as held if value is node:
                    pass
                case _:
                    return node, depth
            node, depth = held, depth + 1

    def _of_holder(self, node: ast.expr, depth: int) -> Reading | None:
        """How what holds coroutines, so deep, is misused."""
        given = self._given(node) or self._text(node) or (self._joined(node) if depth == 1 else None)
        if given is not None:
            return given
        match self._names.parents.get(node):
            case ast.Return() | ast.Expr() | ast.Assign() as held if self._is_value(held):
                return Reading("returned")
            case ast.Call(func=func, args=[first, *_], keywords=options) if first is node:
                called = ast.unparse(func) if isinstance(func, ast.Name | ast.Attribute) else ""
                if not self._is_pythons(called) or any(option.arg in ("default", "cls") for option in options):
                    return None
                is_reader = called in _READERS_OF_ALL or (called == "sum" and depth == 1)
                return Reading("argument", called) if is_reader else None
            case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str()), right=right) if right is node:
                return Reading("text")
            case ast.FormattedValue():
                return Reading("text")
            case _:
                return None

    def _alone(self, node: ast.expr) -> Reading | None:
        held = self._names.parents.get(node)
        match held:
            case ast.Subscript(value=value) if value is node:
                return Reading("element")
            case ast.Attribute(attr=attr) if attr not in _OF_A_COROUTINE:
                return Reading("member", attr)
            case ast.For(iter=iterated) | ast.comprehension(iter=iterated) if iterated is node:
                return Reading("iterated")
            case ast.Starred() | ast.keyword(arg=None):
                return Reading("spread")
            case ast.Dict() if node in self._spread:
                return Reading("spread")
            case ast.Assign(targets=[ast.Tuple() | ast.List()], value=value) if value is node:
                return Reading("destructured")
            case ast.FormattedValue():
                return Reading("text")
            case ast.BinOp() | ast.AugAssign() | ast.UnaryOp(op=ast.USub()):
                return Reading("number")
            case ast.Compare(ops=ops) if not any(isinstance(op, ast.Is | ast.IsNot) for op in ops):
                return Reading("compared")
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if test is node:
                return Reading("condition")
            case ast.UnaryOp(op=ast.Not()):
                return Reading("condition")
            case ast.BoolOp(op=ast.And(), values=values) if values[-1] is not node:
                return Reading("condition")
            case ast.withitem(context_expr=entered) if entered is node and not self._is_async_with(held):
                return Reading("argument", "with")
            case ast.Match(subject=subject, cases=cases) if subject is node and _takes_apart(cases):
                return Reading("argument", "match")
            case ast.Expr() if held is not self._last and isinstance(node, ast.Call):
                return self._ignored(node)
            case _:
                return self._given(node) or self._text(node) or self._argument(node)

    def _is_async_with(self, item: ast.withitem) -> bool:
        return isinstance(self._names.parents.get(item), ast.AsyncWith)

    def _ignored(self, call: ast.Call) -> Reading | None:
        """A call of a tool is made, also if nobody awaits it; a function of the program's own never begins."""
        is_own = isinstance(call.func, ast.Name)
        return Reading("ignored") if is_own or ast.unparse(call.func) in _IDLE else None

    def _argument(self, node: ast.expr) -> Reading | None:
        """Whether it is given to a function of Python's own that reads it."""
        match self._names.parents.get(node):
            case ast.Call(func=ast.Name(id="isinstance"), args=[value, kinds]) if value is node:
                plain = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
                is_plain = all(isinstance(each, ast.Name) and self._is_plain(each.id) for each in plain)
                return Reading("argument", "isinstance") if is_plain and self._is_pythons("isinstance") else None
            case ast.Call(func=ast.Name() | ast.Attribute() as func) if node is not func:
                called = ast.unparse(func)
                return Reading("argument", called) if called in _READERS and self._is_pythons(called) else None
            case _:
                return None

    def _given(self, node: ast.expr) -> Reading | None:
        """Whether it is an argument of a tool: it cannot cross."""
        held = self._names.parents.get(node)
        call = self._names.parents.get(held) if isinstance(held, ast.keyword) else held
        if not isinstance(call, ast.Call) or call.func is node or "*" in self._names.bound:
            return None
        match call.func:
            case ast.Attribute(value=ast.Name(id=space) | ast.Attribute(value=ast.Name(id=space), attr="state")):
                path = ast.unparse(call.func)
                is_tool = is_foreign(self._names, space) and space not in MODULES and path not in _UNLIKE_TOOLS
                return Reading("argument", path) if is_tool else None
            case _:
                return None

    def _text(self, node: ast.expr) -> Reading | None:
        """Whether it is put into a template: `"{}".format(...)`."""
        held = self._names.parents.get(node)
        match self._names.parents.get(held) if isinstance(held, ast.keyword) else held:
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()) as template, attr="format")):
                return Reading("text") if template is not node else None
            case _:
                return None

    def _joined(self, node: ast.expr) -> Reading | None:
        match self._names.parents.get(node):
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr="join"), args=[joined]):
                return Reading("text") if joined is node else None
            case _:
                return None

    def _is_value(self, held: ast.Return | ast.Expr | ast.Assign) -> bool:
        """Whether this statement gives the program's value."""
        match held:
            case ast.Return():
                function = self._names.function(held)
                return function is None or function is self._main
            case ast.Expr():
                return held is self._last and self._names.parents.get(held) is self._names.tree
            case ast.Assign(targets=targets):
                return held is self._names.tree.body[-1] and len(targets) == 1 and isinstance(targets[0], ast.Name)

    def _is_pythons(self, called: str) -> bool:
        return called.partition(".")[0] not in self._names.bound.keys() - self._names.imported.keys()

    def _is_plain(self, name: str) -> bool:
        return name in _PLAIN and self._names.is_builtin(name)


def _takes_apart(cases: list[ast.match_case]) -> bool:
    """Whether every pattern is of a plain value, and none takes whatever comes but the last resort."""
    kinds = [_kind(case.pattern) for case in cases]
    return "plain" in kinds and "any" not in kinds


def _kind(pattern: ast.pattern) -> str:
    match pattern:
        case ast.MatchAs(pattern=None, name=None):
            return "rest"
        case ast.MatchAs(pattern=ast.pattern() as inner) | ast.MatchOr(patterns=[inner]):
            return _kind(inner)
        case ast.MatchOr(patterns=patterns):
            kinds = {_kind(each) for each in patterns}
            return kinds.pop() if len(kinds) == 1 else "any"
        case ast.MatchClass(cls=ast.Name(id=name)) if name in _PLAIN:
            return "plain"
        case _:
            return "plain" if isinstance(pattern, _KINDS_OF_PATTERNS) else "any"


def _main(names: Names, last: ast.stmt | None) -> Function | None:
    """The function whose value is the program's, if that is certain."""
    for node in names.tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if names.bound[node.name] > 1 or node.decorator_list or _is_generator(names, node):
            continue
        uses = names.named(node.name)
        if len(uses) == 1 and _gives_value(names, uses[0], last):
            return node
        values = (ast.Expr, ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign)
        if not uses and node.name == "main" and not ast.unparse(node.args) and not isinstance(last, values):
            return node
    return None


def _is_generator(names: Names, function: Function) -> bool:
    return any(names.function(each) is function for kind in (ast.Yield, ast.YieldFrom) for each in names.of(kind))


def _gives_value(names: Names, name: ast.Name, last: ast.stmt | None) -> bool:
    """Whether the program's value is what the function of this name gives: `await main()`, `asyncio.run(main())`."""
    call = names.parents.get(name)
    if not isinstance(call, ast.Call) or call.func is not name:
        return False
    held = names.parents.get(call)
    match held:
        case ast.Await():
            held = names.parents.get(held)
        case ast.Call(func=func, args=[first]) if first is call and names.origin(func) == ("asyncio", "run"):
            held = names.parents.get(held)
        case _:
            pass
    match held:
        case ast.Return():
            return names.function(held) is None
        case ast.Expr() if held is last:
            around = names.parents.get(held)
            return around is names.tree or (
                isinstance(around, ast.If) and is_main(around.test) and names.parents.get(around) is names.tree
            )
        case _:
            return False
