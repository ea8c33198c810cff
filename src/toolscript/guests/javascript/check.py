"""What is certain about a program before it runs: an `Inspected`, out of the syntax tree.

1. A name that is declared anywhere in the program, in whatever scope, is the program's own everywhere.
2. A failure counts only where nothing can handle it: not inside a `try` with a `catch`; and in a program that handles
   failures anywhere, only where it is thrown at the top level, or in what is awaited there.
3. What the program asks for first (`typeof x`, `if (crm.x)`, `crm.x?.()`) it knows to be uncertain.
4. A promise in a variable counts only if the variable is declared once and never assigned.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from toolscript.errors import GuestError
from toolscript.guests.javascript.globals import GLOBALS, IN_PROGRAMS, NO_CALLS
from toolscript.guests.javascript.names import Call, Names, Use, read
from toolscript.guests.javascript.promises import MAX_SHOWN, Found, misused
from toolscript.guests.javascript.source import parse_ahead
from toolscript.runs.inspected import Inspected, Mention, Unawaited

MAX_BYTES = 100_000  # 30 ms; what is longer is data
_MODULES = frozenset(("import_statement", "import_alias", "internal_module", "module"))
_ESCAPING = frozenset(("await_expression", "return_statement"))


def inspect(code: str) -> Inspected | None:
    """The facts about a program as a model wrote it; None where there are none, for one that is no program too."""
    if len(code) > MAX_BYTES:
        return None
    try:
        program = parse_ahead(code)
    except GuestError:
        return None  # the session says what is wrong with it
    return inspected(program.parsed, program.root)


def inspected(source: bytes, root: Node) -> Inspected | None:
    """The facts about a program; None where nothing certain can be said of its text."""
    if root.has_error or len(source) > MAX_BYTES or any(node.type in _MODULES for node in root.named_children):
        return None
    names = read(source, root)
    places = Places(source)
    calls = sorted(unhandled_calls(names), key=lambda call: call.node.start_byte)
    found = sorted(misused(names), key=lambda found: found.call.node.start_byte)
    return Inspected(
        calls=tuple(_called(places, call) for call in calls),
        free=tuple(_free(names, places)),
        unawaited=tuple(_unawaited(names, places, each) for each in found),
    )


class Places:
    """Lines and columns, 1-based, the columns in characters."""

    def __init__(self, source: bytes) -> None:
        self._source = source

    def of(self, node: Node) -> tuple[int, int]:
        row, column = node.start_point
        start = node.start_byte - column
        return row + 1, len(self._source[start : node.start_byte].decode("utf-8", "replace")) + 1

    def end_of(self, node: Node) -> tuple[int, int]:
        """The place behind its last character."""
        row, column = node.end_point
        return row + 1, len(self._source[node.end_byte - column : node.end_byte].decode("utf-8", "replace")) + 1


def unhandled_calls(names: Names) -> Iterator[Call]:
    """Calls of foreign names that the program can do nothing about if there is no such method."""
    bare = {use.name for use in names.uses if use.parent.type != "member_expression"}
    for call in names.calls:
        if call.name in names.declared or call.name in GLOBALS or call.name in bare:
            continue
        if (call.name, call.method) in names.members or (call.name == "codemode" and call.method in NO_CALLS):
            continue
        if names.is_reached(call.scope, handed_on=call.parent.type not in _ESCAPING):
            yield call


def _called(places: Places, call: Call) -> Mention:
    callee = call.node.child_by_field_name("function")
    member = callee.child_by_field_name("property") if callee is not None else None
    line, column = places.of(member or call.node)
    return Mention(name=call.name, method=call.method, line=line, column=column)


def _free(names: Names, places: Places) -> Iterator[Mention]:
    """Names that are neither declared nor there, each where it is first certain to fail."""
    if names.reflects:
        return
    methods = {(call.name, call.node.start_byte): call.method for call in names.calls}
    seen: set[str] = set()
    for use in sorted(names.uses, key=lambda use: use.node.start_byte):
        if use.name in seen or not _is_free(names, use):
            continue
        seen.add(use.name)
        line, column = places.of(use.node)
        method = methods.get((use.name, use.node.start_byte), "")
        called = use.parent.type == "call_expression" and use.parent.child_by_field_name("function") == use.role
        yield Mention(name=use.name, method=method, called=called, line=line, column=column)


def _is_free(names: Names, use: Use) -> bool:
    name = use.name
    if name in names.declared or name in GLOBALS or name in IN_PROGRAMS or name in names.asked:
        return False
    return names.is_reached(use.scope, handed_on=False)


def _unawaited(names: Names, places: Places, found: Found) -> Unawaited:
    call, reading, at, _ = found
    line, column = places.of(call.node)
    return Unawaited(
        path=f"{call.name}.{call.method}",
        use=reading.use,
        detail=reading.detail,
        fix=_fix(names, found),
        is_sync=call.scope.is_sync,
        used_line=places.of(at)[0],
        line=line,
        column=column,
    )


def _fix(names: Names, found: Found) -> str:
    """The expression with its `await`."""
    call, reading, _, variable = found
    awaited = f"await {_short(names, call)}"
    if variable:
        declaration = call.parent.parent
        kind = declaration.children[0].type if declaration is not None and declaration.children else "const"
        return f"{kind} {variable} = {awaited}"
    if reading.use == "member":
        return f"({awaited}).{reading.detail}"
    if reading.use == "element" and reading.whole is not None:
        index = reading.whole.child_by_field_name("index")
        return f"({awaited})[{names.text(index) if index is not None else '…'}]"
    return awaited


def _short(names: Names, call: Call) -> str:
    """The call as it is written, its arguments left out if they are long."""
    text = names.text(call.node)
    return text if len(text) <= MAX_SHOWN and "\n" not in text else f"{call.name}.{call.method}(…)"
