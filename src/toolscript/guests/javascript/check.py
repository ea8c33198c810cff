"""What is certain about a program before it runs: an `Inspected`, out of the syntax tree.

1. A name that is declared anywhere in the program, in whatever scope, is the program's own everywhere.
2. A failure counts only where nothing can handle it: not inside a `try` with a `catch`; and in a program that handles
   failures anywhere, only where it is thrown at the top level, or in what is awaited there.
3. What the program asks for first (`typeof x`, `if (crm.x)`, `crm.x?.()`) it knows to be uncertain.
4. A promise in a variable counts only if the variable is declared once and never assigned.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from tree_sitter import Node

from toolscript.errors import GuestError
from toolscript.guests.javascript.combining import miscombined
from toolscript.guests.javascript.correction import fix_of, is_sync
from toolscript.guests.javascript.gathered import misused
from toolscript.guests.javascript.globals import GLOBALS, IN_PROGRAMS, NO_CALLS
from toolscript.guests.javascript.mentions import Call, Chain, Names, Use
from toolscript.guests.javascript.names import read
from toolscript.guests.javascript.promises import Found
from toolscript.guests.javascript.reached import is_sure
from toolscript.guests.javascript.source import parse_ahead
from toolscript.runs.inspected import Inspected, Mention, Problem, Unawaited
from toolscript.runs.policy import OWN

MAX_BYTES = 100_000  # 30 ms; what is longer is data
_MODULES = frozenset(("import_statement", "import_alias", "internal_module", "module"))
_MOST_LOOKED_AT = 20  # names that are nowhere: few of them are told
_OF_A_FUNCTION = frozenset(("call", "apply", "bind", "toString", "toLocaleString", "valueOf", "hasOwnProperty",
                            "isPrototypeOf", "propertyIsEnumerable", "constructor"))  # fmt: skip
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
    calls = [_called(places, call) for call in unhandled_calls(names)]
    calls += [_called_behind(places, chain) for chain in _unhandled_chains(names)]
    found = sorted(misused(names), key=lambda found: found.origin.node.start_byte)
    return Inspected(
        calls=tuple(sorted(calls, key=lambda call: (call.line, call.column))),
        free=tuple(_free(names, places)),
        unawaited=tuple(_unawaited(names, places, each) for each in found),
        problems=tuple(Problem(*places.of(node), message) for node, message in miscombined(names)),
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


def _unhandled_chains(names: Names) -> Iterator[Chain]:
    """The same of calls of a member of a method: it has none but those of every function."""
    foreign = [c for c in names.chains if c.name not in names.declared and c.name not in GLOBALS and c.name not in OWN]
    bare = {use.name for use in names.uses if use.parent.type != "member_expression"} if foreign else frozenset[str]()
    for chain in foreign:
        if chain.name in bare:
            continue
        if (chain.name, chain.members[0]) in names.members or chain.members[1] in _OF_A_FUNCTION:
            continue
        if names.is_reached(chain.scope, handed_on=False):
            yield chain


def _called_behind(places: Places, chain: Chain) -> Mention:
    callee = chain.node.child_by_field_name("function")
    member = callee.child_by_field_name("property") if callee is not None else None
    line, column = places.of(member or chain.node)
    return Mention(name=chain.name, method=".".join(chain.members), line=line, column=column)


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
    methods |= {(chain.name, chain.node.start_byte): ".".join(chain.members[-2:]) for chain in names.chains}
    told: dict[str, Mention] = {}
    for number, use in enumerate(use for use in _in_order(names.uses) if _is_free(names, use)):
        known = told.get(use.name)
        if known is not None and (known.method or known.called or known.fails or number > _MOST_LOOKED_AT):
            continue
        method = methods.get((use.name, use.node.start_byte), "")
        called = use.parent.type == "call_expression" and use.parent.child_by_field_name("function") == use.role
        is_looked_at = number <= _MOST_LOOKED_AT
        fails = is_looked_at and not method and not called and is_sure(names, use.node)
        if known is not None and not (method or called or fails):
            continue
        near = get_close_matches(use.name, names.declared, n=2) if is_looked_at and (method or called or fails) else ()
        line, column = places.of(use.node)
        told[use.name] = Mention(
            name=use.name, method=method, called=called, fails=fails, near=tuple(near), line=line, column=column
        )
    yield from sorted(told.values(), key=lambda mention: (mention.line, mention.column))


def _in_order(uses: list[Use]) -> list[Use]:
    return sorted(uses, key=lambda use: use.node.start_byte)


def _is_free(names: Names, use: Use) -> bool:
    name = use.name
    if name in names.declared or name in GLOBALS or name in IN_PROGRAMS or name in names.asked:
        return False
    return names.is_reached(use.scope, handed_on=False)


def _unawaited(names: Names, places: Places, found: Found) -> Unawaited:
    origin, reading = found.origin, found.reading
    combined = reading.whole if reading.use == "combined" else None
    line, column = places.of(combined or origin.node)
    return Unawaited(
        path=origin.path,
        is_own=origin.is_own,
        needs=tuple(dict.fromkeys((*origin.needs, *((reading.needs,) if reading.needs else ())))),
        use=reading.use,
        detail=reading.detail,
        fix=fix_of(names, found),
        is_sync=is_sync(found),
        used_line=places.of(combined or found.at)[0],
        line=line,
        column=column,
    )
