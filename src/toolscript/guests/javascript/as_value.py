"""How a promise is used as a value, in the place where it stands.

What is in brackets or under a cast stands in their place.
"""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from toolscript.guests.javascript.globals import GLOBALS, IN_PROGRAMS
from toolscript.guests.javascript.mentions import Names
from toolscript.guests.javascript.names import FUNCTIONS, member_of_a_name
from toolscript.runs.inspected import Use
from toolscript.runs.policy import OWN

_OF_A_PROMISE = frozenset(
    ("then", "catch", "finally", "constructor", "toString", "valueOf", "hasOwnProperty", "toLocaleString",
     "isPrototypeOf", "propertyIsEnumerable", "__proto__")
)  # fmt: skip
_NUMBERS = frozenset(("-", "*", "/", "%", "**", "+", "<<", ">>", ">>>", "&", "|", "^"))
_ORDERS = frozenset(("<", ">", "<=", ">="))
EQUALITIES = frozenset(("==", "===", "!=", "!=="))
_READERS = frozenset(
    ("JSON.stringify", "JSON.parse", "Object.keys", "Object.values", "Object.entries", "Object.fromEntries",
     "Array.from", "Math.max", "Math.min", "Math.round", "Math.floor", "Math.ceil", "Math.abs", "String", "Number",
     "parseInt", "parseFloat", "isNaN", "isFinite", "encodeURIComponent", "btoa", "atob", "structuredClone")
)  # fmt: skip
_COMBINATORS = frozenset(("Promise.all", "Promise.allSettled", "Promise.any", "Promise.race"))
_MADE_OF = frozenset(("Set", "Map", "Date", "Uint8Array"))
_PATTERNS = frozenset(("object_pattern", "array_pattern"))
_CONTAINERS = frozenset(("pair", "object", "array"))
_CONDITIONAL = frozenset(("if_statement", "while_statement", "do_statement", "for_statement", "ternary_expression"))
_THROUGH = frozenset(
    ("parenthesized_expression", "as_expression", "satisfies_expression", "type_assertion", "non_null_expression")
)
_PLAIN = frozenset(("number", "string", "template_string", "true", "false"))
_MOST_DEFAULTS = 4  # `p ?? a ?? b ?? c ?? d`: each step up the tree costs
_DEFAULTS = frozenset(("??", "||"))
_ASSIGNMENTS = frozenset(("assignment_expression", "augmented_assignment_expression", "update_expression"))
MAX_SHOWN = 60  # characters of a call that is quoted


class Reading(NamedTuple):
    """How a promise is used as a value; `whole` is the expression that would be written otherwise, if it is short.

    `needs` is a tool that must be there for it to be so.
    """

    use: Use
    detail: str = ""
    whole: Node | None = None
    needs: str = ""


def place_of(node: Node) -> tuple[Node, Node]:
    """What a node is part of, and its part in it; at the top that is the node itself."""
    role, parent = node, node.parent
    while parent is not None and parent.type in _THROUGH:
        role, parent = parent, parent.parent
    return parent or role, role


def past_defaults(parent: Node, role: Node) -> tuple[Node, Node, Node | None]:
    """Where a promise stands that is never missing: `p ?? x` and `p || x` are `p`; and the longest such expression."""
    whole: Node | None = None
    for _ in range(_MOST_DEFAULTS):
        if parent.type != "binary_expression" or parent.child_by_field_name("left") != role:
            break
        operator = parent.child_by_field_name("operator")
        if operator is None or operator.type not in _DEFAULTS:
            break
        whole = parent
        parent, role = place_of(parent)
    return parent, role, whole


def is_changed(parent: Node, role: Node) -> bool:
    """Whether a member of what stands here is written, so that it may be there."""
    if parent.type not in ("member_expression", "subscript_expression"):
        return False
    around, member = place_of(parent)
    target = around.child_by_field_name("left") or around.child_by_field_name("argument")
    return around.type in _ASSIGNMENTS and target == member and parent.child_by_field_name("object") == role


def crossing_of(names: Names, parent: Node, role: Node, *, is_list: bool = False) -> Reading | None:
    """Whether a promise is in what a call of a tool takes, or inside of what the program returns: it cannot cross.

    One that is returned itself is awaited; a list of them is not.
    """
    inside = is_list
    while parent.type in _CONTAINERS:
        if parent.type == "pair" and parent.child_by_field_name("value") != role:
            return None
        inside = True
        parent, role = place_of(parent)
    if parent.type == "return_statement":
        return Reading("returned") if inside and _is_at_top(parent) else None
    tool = _tool_given(names, parent) if parent.type == "arguments" else ""
    return Reading("argument", tool, needs=tool) if tool else None


def _is_at_top(node: Node) -> bool:
    around: Node | None = node
    while around is not None and around.type not in FUNCTIONS:
        around = around.parent
    return around is None


def _tool_given(names: Names, arguments: Node) -> str:
    """The path of the call that has these arguments, if it may be one of a tool."""
    call = arguments.parent
    callee = call.child_by_field_name("function") if call is not None else None
    named = member_of_a_name(callee) if callee is not None else None
    if named is None:
        return ""
    name, method = names.text(named[0]), names.text(named[1])
    is_foreign = name not in names.declared and name not in GLOBALS and name not in IN_PROGRAMS and name not in OWN
    return f"{name}.{method}" if is_foreign else ""


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
            return _operation(parent, role, parent.child_by_field_name("operator"))
        case "augmented_assignment_expression":
            return _operation(parent, role, parent.child_by_field_name("operator"))
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


def _operation(parent: Node, role: Node, operator: Node | None) -> Reading | None:
    sign = operator.type if operator is not None else ""
    left, right = parent.child_by_field_name("left"), parent.child_by_field_name("right")
    if sign in EQUALITIES:
        other = right if left == role else left
        return Reading("compared", "" if other is not None and other.type in _PLAIN else sign)
    if sign == "&&" and left == role:
        return Reading("condition")
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
    if callee is None:
        return None
    called = names.text(callee) if callee.end_byte - callee.start_byte < MAX_SHOWN else ""
    if called.partition(".")[0] in names.declared:
        return None
    if called in _COMBINATORS:
        return Reading("combined", called, call)
    holder, member = callee.child_by_field_name("object"), callee.child_by_field_name("property")
    if holder is not None and member is not None and holder.type == "regex":
        return Reading("argument", names.text(member)) if names.text(member) in ("test", "exec") else None
    return Reading("argument", called) if called in _READERS else None
