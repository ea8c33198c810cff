"""Calls whose promise is used as if it were the value: at once, or by way of a variable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tree_sitter import Node

from toolscript.guests.javascript.names import Call, Names
from toolscript.guests.javascript.names import Use as NameUse
from toolscript.runs.inspected import Use

_OF_A_PROMISE = frozenset(
    ("then", "catch", "finally", "constructor", "toString", "valueOf", "hasOwnProperty", "toLocaleString")
)
_NUMBERS = frozenset(("-", "*", "/", "%", "**", "+", "<<", ">>", ">>>", "&", "|", "^"))
_ORDERS = frozenset(("<", ">", "<=", ">="))
_EQUALITIES = frozenset(("==", "===", "!=", "!=="))
_READERS = frozenset(
    ("JSON.stringify", "JSON.parse", "Object.keys", "Object.values", "Object.entries", "Object.fromEntries",
     "Array.from", "Math.max", "Math.min", "Math.round", "Math.floor", "Math.ceil", "Math.abs", "String", "Number",
     "parseInt", "parseFloat", "isNaN", "isFinite", "encodeURIComponent", "btoa", "atob", "structuredClone")
)  # fmt: skip
_MADE_OF = frozenset(("Set", "Map", "Date", "Uint8Array"))
_PATTERNS = frozenset(("object_pattern", "array_pattern"))
_ASSIGNMENTS = frozenset(("assignment_expression", "augmented_assignment_expression"))
_CONTAINERS = frozenset(("pair", "object", "array"))
_CONDITIONAL = frozenset(("if_statement", "while_statement", "do_statement", "for_statement", "ternary_expression"))
_DOUBTFUL: frozenset[Use] = frozenset(("condition", "compared", "argument", "text", "number"))
MAX_SHOWN = 60  # characters of a call that is quoted


class Reading(NamedTuple):
    """How a promise is used as a value; `whole` is the expression that would be written otherwise, if it is short."""

    use: Use
    detail: str = ""
    whole: Node | None = None


class Found(NamedTuple):
    """A call and the use of its promise; `variable` is what it was kept in."""

    call: Call
    reading: Reading
    at: Node
    variable: str = ""


def misused(names: Names) -> Iterator[Found]:
    """The calls of names that the program does not declare, each at most once."""
    kept: dict[str, Call] = {}
    for call in names.calls:
        if call.name in names.declared:
            continue
        reading = reading_of(names, call.parent, call.role) or _returned(call)
        if reading is not None:
            yield Found(call, reading, call.node)
        elif (variable := _variable(names, call)) is not None:
            kept[variable] = call
    if kept:
        yield from _misused_variables(names, kept)


def _returned(call: Call) -> Reading | None:
    """A promise inside of what the program returns: it cannot cross. One that is returned itself is awaited."""
    inside = call.parent.type in _CONTAINERS
    around: Node | None = call.parent
    while around is not None and around.type in _CONTAINERS:
        around = around.parent
    ends = around is not None and around.type == "return_statement" and call.scope.depth == 0
    return Reading("returned") if inside and ends else None


def _variable(names: Names, call: Call) -> str | None:
    """The variable that keeps the promise and nothing else, ever."""
    target = call.parent.child_by_field_name("name") if call.parent.type == "variable_declarator" else None
    if target is None or target.type != "identifier":
        return None
    name = names.text(target)
    return name if names.declared[name] == 1 and name not in names.assigned else None


def _misused_variables(names: Names, kept: Mapping[str, Call]) -> Iterator[Found]:
    uses: dict[str, list[NameUse]] = defaultdict(list)
    for use in names.uses:
        if use.name in kept:
            uses[use.name].append(use)
    for variable, call in kept.items():
        readings = [(reading_of(names, use.parent, use.role), use.node) for use in uses[variable]]
        if any(_is_written(use) for use in uses[variable]):
            continue  # a property of the program's own, on a promise
        aware = any(reading is None for reading, _ in readings)
        certain = [(r, at) for r, at in readings if r is not None and not (aware and r.use in _DOUBTFUL)]
        certain = [(r, at) for r, at in certain if r.detail not in _EQUALITIES]
        if certain:
            reading, at = min(certain, key=lambda found: found[1].start_byte)
            yield Found(call, reading, at, variable)


def _is_written(use: NameUse) -> bool:
    around = use.parent.parent
    if use.parent.type not in ("member_expression", "subscript_expression") or around is None:
        return False
    return around.type in _ASSIGNMENTS and around.child_by_field_name("left") == use.parent


def reading_of(names: Names, parent: Node, role: Node) -> Reading | None:
    """How the part `role` of `parent`, a promise, is used as a value there; None where it is not."""
    kind = parent.type
    if kind in _CONDITIONAL:
        return Reading("condition") if parent.child_by_field_name("condition") == role else None
    match kind:
        case "member_expression":
            return _member(names, parent, role)
        case "subscript_expression":
            index = parent.child_by_field_name("index")
            plain = index is not None and index.type == "number"
            return Reading("element", whole=parent) if plain and index != role else None
        case "binary_expression":
            return _operation(parent, parent.child_by_field_name("operator"))
        case "augmented_assignment_expression":
            return _operation(parent, parent.child_by_field_name("operator"))
        case "unary_expression":
            operator = parent.child_by_field_name("operator")
            negated = operator is not None and operator.type == "!"
            return Reading("condition") if negated else None
        case "template_substitution":
            return _interpolated(parent)
        case "spread_element":
            return Reading("spread")
        case "for_in_statement":
            return Reading("iterated") if parent.child_by_field_name("right") == role else None
        case "switch_statement":
            return Reading("compared") if parent.child_by_field_name("value") == role else None
        case "variable_declarator" | "assignment_expression":
            target = parent.child_by_field_name("name") or parent.child_by_field_name("left")
            return Reading("destructured") if target is not None and target.type in _PATTERNS else None
        case "arguments":
            return _argument(names, parent, role)
        case _:
            return None


def _member(names: Names, parent: Node, role: Node) -> Reading | None:
    member = parent.child_by_field_name("property")
    if member is None or parent.child_by_field_name("object") != role:
        return None
    name = names.text(member)
    return Reading("member", name, parent) if name not in _OF_A_PROMISE else None


def _operation(parent: Node, operator: Node | None) -> Reading | None:
    sign = operator.type if operator is not None else ""
    if sign in _EQUALITIES:
        return Reading("compared", sign)
    if sign in _ORDERS:
        return Reading("compared")
    return Reading("number") if sign.removesuffix("=") in _NUMBERS else None


def _interpolated(parent: Node) -> Reading | None:
    template = parent.parent
    around = template.parent if template is not None else None
    tagged = around is not None and around.type == "call_expression"
    return None if tagged else Reading("text")


def _argument(names: Names, parent: Node, role: Node) -> Reading | None:
    call = parent.parent
    if call is None or not parent.named_children or parent.named_children[0] != role:
        return None
    if call.type == "new_expression":
        maker = call.child_by_field_name("constructor")
        made = names.text(maker) if maker is not None else ""
        return Reading("argument", f"new {made}") if made in _MADE_OF else None
    callee = call.child_by_field_name("function")
    called = names.text(callee) if callee is not None and callee.end_byte - callee.start_byte < MAX_SHOWN else ""
    if called not in _READERS or called.partition(".")[0] in names.declared:
        return None
    return Reading("argument", called)
