"""What is certain about a program in Python before it runs: an `Inspected`, out of its syntax tree.

1. A name that is bound anywhere in the program, in whatever scope, is the program's own everywhere.
2. A failure counts only where nothing can handle it: not inside a `try` with an `except`; and in a program that handles
   failures anywhere, only where it is raised at the top level, or in what is awaited there.
3. What the program asks for first (`hasattr(crm, "find")`), and names that it makes with `exec` or
   imports with `*`, are no facts.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import cast

from toolscript.errors import GuestError
from toolscript.guests.python import awaits
from toolscript.guests.python.names import Names
from toolscript.guests.python.near import near_names
from toolscript.guests.python.reached import Reached
from toolscript.guests.python.readings import is_foreign
from toolscript.guests.python.source import Read, lacks_of, read_ahead
from toolscript.guests.python.text import Text
from toolscript.guests.python.words import NOBODY_ASKED
from toolscript.guests.python.written import handles_failures, is_reached
from toolscript.runs.absent import ABSENT
from toolscript.runs.inspected import Inspected, Mention, Problem, Unawaited

MOST_FACTS = 50  # misused coroutines; five are told
MOST_FREE = 500  # names: the namespaces of a program are among them
MOST_NEAR = 20  # of those, whose near names are looked for
MOST_OWN = 2_000  # names of a program's own among which they are
MAX_CHARS = 100_000  # 50 ms; what is longer is data
IN_PROGRAM = frozenset(("failure", "pages"))
"""Methods of `codemode` that are no calls."""
GIVEN = frozenset(("input", "ToolError", "GuestError", "codemode", "snippets", "__name__", "__file__", "__doc__"))
"""What every program has without binding it, beside its namespaces."""
_REFLECTING = frozenset(("exec", "globals", "locals", "setattr", "__import__"))
_BUILTINS = tuple(name for name in vars(builtins) if not name.startswith("_"))
_ASKING = frozenset(("hasattr", "getattr"))
_MAKING = frozenset(("builtins", "vars", "eval", "compile", "importlib", "__builtins__"))
"""What may give a program names that its text does not bind."""


def inspect(code: str) -> Inspected | None:
    """The facts about a program that the small guest is to run, and what that guest lacks for it.

    None where there are none, for one that is no program too: its session says so.
    """
    program = _read(code)
    return None if program is None else _facts(program, lacks_of(program))


def inspect_full(code: str) -> Inspected | None:
    """The same for a guest that has all of Python: nothing is lacking."""
    program = _read(code)
    return None if program is None else _facts(program, tuple(_asking(program)))


def _asking(program: Read) -> Iterator[Problem]:
    """Where a program asks somebody: of what the small guest lacks, this is there in no guest."""
    names, places = program.names, _Places(program.text)
    handles = handles_failures(names)
    for node in names.named("input") if names.is_builtin("input") else ():
        held = names.parents.get(node)
        if isinstance(held, ast.Call) and held.func is node and is_reached(names, held, handles):
            yield Problem(*places.of(node), NOBODY_ASKED)


def _read(code: str) -> Read | None:
    if len(code) > MAX_CHARS:
        return None
    try:
        return read_ahead(code)
    except GuestError:
        return None


def _facts(program: Read, lacks: tuple[Problem, ...]) -> Inspected:
    names, places = program.names, _Places(program.text)
    body = names.tree.body
    found = list(islice(awaits.misused(names, _last(body)), MOST_FACTS))
    own = [_own_unawaited(names, places, each) for each in found if each.is_own]
    return Inspected(
        syntax="python",
        calls=tuple(_calls(names, places)),
        free=tuple(_free(names, places)),
        unawaited=tuple(_unawaited(names, places, each) for each in found if not each.is_own),
        problems=(*lacks, *own),
    )


class _Places:
    """Lines and columns in the author's own text, 1-based, the columns in characters."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._lines = text.body.split("\n")

    def of(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        return self._at(node.lineno, node.col_offset)

    def of_member(self, node: ast.Attribute) -> tuple[int, int]:
        """Of the name behind the dot."""
        end = node.end_lineno or node.lineno
        return self._at(end, (node.end_col_offset or 0) - len(node.attr.encode()))

    def _at(self, line: int, column: int) -> tuple[int, int]:
        return self._text.place(line, len(self._lines[line - 1].encode()[:column].decode("utf-8", "replace")) + 1)


def _last(body: list[ast.stmt]) -> ast.stmt | None:
    """The statement that gives the program's value, if it is an expression."""
    silent = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass)
    last = next((node for node in reversed(body) if not isinstance(node, silent)), None)
    while isinstance(last, ast.If) and last.body:
        last = last.body[-1]
    return last


def _calls(names: Names, places: _Places) -> Iterator[Mention]:
    """Calls of foreign names that the program can do nothing about if there is no such method."""
    handles, asked = handles_failures(names), set(_asked(names))
    calls = sorted(names.of(ast.Call), key=lambda node: (node.lineno, node.col_offset))
    for call in calls:
        match call.func:
            case ast.Attribute(value=ast.Name(id="codemode"), attr=method) if method in IN_PROGRAM:
                pass
            case ast.Attribute() as callee if (called := _called(callee)) and is_foreign(names, called[0]):
                if handles and not isinstance(names.parents.get(call), ast.Await):
                    continue  # it fails a future that others may await
                name, method = called
                if name not in asked and is_reached(names, call, handles):
                    line, column = places.of_member(callee)
                    yield Mention(name=name, method=method, line=line, column=column)
            case _:
                pass


def _called(callee: ast.Attribute) -> tuple[str, str] | None:
    """A namespace and its method; of what is looked for in groups of methods, `contacts.list`."""
    match callee:
        case ast.Attribute(value=ast.Name(id=name), attr=method):
            return name, method
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=name), attr=group), attr=method):
            is_plain = name != "codemode" and not group.startswith("_") and not method.startswith("_")
            return (name, f"{group}.{method}") if is_plain else None
        case _:
            return None


def _asked(names: Names) -> Iterator[str]:
    """Names whose members, or of which themselves, the program asks first."""
    for call in names.of(ast.Call):
        match call:
            case ast.Call(func=ast.Name(id=asking), args=[ast.Name(id=name), *_]) if asking in _ASKING:
                yield name
            case _:
                pass


def _free(names: Names, places: _Places) -> Iterator[Mention]:
    """Names that are neither bound nor there, each where it is first certain to fail."""
    if any(name.id in _REFLECTING for name in names.of(ast.Name)) or "*" in names.bound:
        return
    handles, found = handles_failures(names), dict[str, Mention]()
    reached = None if any(names.named(name) for name in _MAKING) else Reached(names)
    uses = sorted(names.of(ast.Name), key=lambda node: (node.lineno, node.col_offset))
    for node in uses:
        name = node.id
        if name in names.bound or name in GIVEN or hasattr(builtins, name) or _is_told(found.get(name)):
            continue
        if not is_reached(names, node, handles) or _is_annotation(names, node):
            continue
        fails = reached is not None and not name.startswith("__") and reached.surely(node)
        mention = _mention(names, places, node, fails=fails)
        if name not in found and len(found) == MOST_FREE:
            break
        if name not in found or _is_told(mention):
            found[name] = mention
    own = [] if len(names.bound) > MOST_OWN else [*names.bound, "input"]
    for number, mention in enumerate(found.values()):
        if number < MOST_NEAR and _is_told(mention):
            known = own if mention.method else [*own, *_BUILTINS]
            yield replace(mention, near=near_names(mention.name, known))
        else:
            yield mention


def _is_told(mention: Mention | None) -> bool:
    """Whether this place of a name is one where it is told that there is no such name."""
    return mention is not None and (
        bool(mention.method) or mention.called or mention.fails or mention.name in ABSENT["python"]
    )


def _mention(names: Names, places: _Places, node: ast.Name, *, fails: bool) -> Mention:
    inside: ast.AST = node
    held, members = names.parents.get(node), list[str]()
    while isinstance(held, ast.Attribute):
        members.append(held.attr)
        inside, held = held, names.parents.get(held)
    is_called = isinstance(held, ast.Call) and held.func is inside
    line, column = places.of(node)
    method = ".".join(members) if is_called else ""
    return Mention(
        name=node.id,
        method=method,
        called=is_called and not members,
        fails=fails,
        line=line,
        column=column,
    )


def _is_annotation(names: Names, node: ast.expr) -> bool:
    inside: ast.AST = node
    for held in names.around(node):
        match held:
            case ast.AnnAssign(annotation=annotation) | ast.arg(annotation=annotation) if annotation is inside:
                return True
            case ast.FunctionDef(returns=returns) | ast.AsyncFunctionDef(returns=returns) if returns is inside:
                return True
            case ast.stmt():
                return False
            case _:
                inside = held
    return False


def _unawaited(names: Names, places: _Places, found: awaits.Misuse) -> Unawaited:
    line, column = places.of(found.call)
    return Unawaited(
        path=found.path,
        use=found.use,
        detail=found.detail,
        fix=awaits.fix(names, found),
        is_sync=_is_sync(names, found),
        used_line=places.of(cast("ast.expr", found.at))[0],
        line=line,
        column=column,
    )


def _is_sync(names: Names, found: awaits.Misuse) -> bool:
    function = names.function(found.call)
    return function is not None and not isinstance(function, ast.AsyncFunctionDef)


def _own_unawaited(names: Names, places: _Places, found: awaits.Misuse) -> Problem:
    """The same of a function of the program's own: the catalogue has nothing to say of it."""
    line, column = places.of(found.call)
    inside = ", in an `async def`" if _is_sync(names, found) else ""
    message = f"{found.path} is `async`, and its coroutine is used without `await`: write `{awaits.fix(names, found)}`"
    used_line, _ = places.of(cast("ast.expr", found.at))
    return Problem(line, column, message + inside, used_line=used_line)
