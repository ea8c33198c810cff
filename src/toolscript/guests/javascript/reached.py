"""Which places of a program are sure to be reached, unless something before them fails.

1. Nothing under a condition is: branches, loops, the right of `&&`, `||` and `??`, what follows `?.`, defaults, cases.
2. Nothing behind a `return` is, even if that stands under a condition.
3. Of functions, only those are that the program itself is, and those whose call is awaited or returned in a sure place.
"""

from __future__ import annotations

from tree_sitter import Node

from toolscript.guests.javascript.as_value import place_of
from toolscript.guests.javascript.mentions import Names
from toolscript.guests.javascript.names import FUNCTIONS

_ALL_PARTS = frozenset(
    ("program", "statement_block", "expression_statement", "lexical_declaration", "variable_declaration",
     "await_expression", "parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression",
     "type_assertion", "arguments", "object", "array", "spread_element", "template_string", "template_substitution",
     "unary_expression", "return_statement", "throw_statement", "sequence_expression", "pair")
)  # fmt: skip
_ONE_PART = {
    "variable_declarator": "value",
    "if_statement": "condition",
    "while_statement": "condition",
    "ternary_expression": "condition",
    "switch_statement": "value",
    "for_in_statement": "right",
    "try_statement": "body",
    "assignment_expression": "right",
}
_CHAINS = frozenset(("member_expression", "call_expression", "subscript_expression", "new_expression"))
_SHORT_CIRCUITS = frozenset(("&&", "||", "??", "&&=", "||=", "??="))
_HANDED_OUT = frozenset(("await_expression", "return_statement"))
_SILENT = frozenset(("comment", "empty_statement", "interface_declaration", "type_alias_declaration"))
_ASYNC_OR_PLAIN = frozenset(("arrow_function", "function_expression", "function_declaration"))
_MOST_STEPS = 200  # up the tree; people nest 40 deep


def is_sure(names: Names, node: Node) -> bool:
    """Whether the program surely evaluates this."""
    steps, start = _MOST_STEPS, node
    child, parent = node, node.parent
    while parent is not None and steps:
        steps -= 1
        if parent.type in FUNCTIONS:
            if parent.child_by_field_name("body") != child or _may_have_left(names, parent, start):
                return False
            call = _caller(names, parent)
            if call is None or call == parent:
                return call is not None
            start = child = call
            parent = call.parent
            continue
        if not _evaluates(names, parent, child):
            return False
        child, parent = parent, parent.parent
    return parent is None and not _may_have_left(names, None, start)


def _evaluates(names: Names, parent: Node, child: Node) -> bool:
    """Whether what evaluates the parent surely evaluates this part of it."""
    kind = parent.type
    if kind in _ALL_PARTS:
        return True
    if kind in _ONE_PART:
        handled = kind == "try_statement" and parent.child_by_field_name("handler") is not None
        return parent.child_by_field_name(_ONE_PART[kind]) == child and not handled
    if kind in _CHAINS:
        return b"?." not in names.source[parent.start_byte : child.start_byte]
    if kind in ("binary_expression", "augmented_assignment_expression"):
        operator = parent.child_by_field_name("operator")
        short = operator is not None and operator.type in _SHORT_CIRCUITS
        return parent.child_by_field_name("left") == child or not short
    return False


def _may_have_left(names: Names, function: Node | None, at: Node) -> bool:
    """Whether the function, or the program, may have returned before this place."""
    if function is None:
        return any(scope.depth == 0 and end <= at.start_byte for _, end, scope in names.returns)
    within = range(function.start_byte, function.end_byte)
    return any(start in within and end <= at.start_byte for start, end, _ in names.returns)


def _caller(names: Names, function: Node) -> Node | None:
    """The call that runs a function and waits for it; the function itself, if the program is it; or None."""
    if function.type not in _ASYNC_OR_PLAIN or any(child.type == "*" for child in function.children):
        return None
    place, role = place_of(function)
    if place.type == "call_expression" and place.child_by_field_name("function") == role:
        return place if place_of(place)[0].type in _HANDED_OUT else None
    root = _root_of(function)
    statements = [node for node in root.named_children if node.type not in _SILENT]
    if place.type in ("expression_statement", "export_statement") and function.type != "function_declaration":
        return function if statements == [place] else None
    named = function if function.type == "function_declaration" else place
    name = named.child_by_field_name("name") if named.type in ("function_declaration", "variable_declarator") else None
    if name is None or name.type != "identifier":
        return None
    text = names.text(name)
    if names.declared[text] != 1 or text in names.written:
        return None
    if text == "main" and not any(use.name == "main" for use in names.uses):
        exported = any(node.type == "export_statement" for node in statements)
        return function if function in statements and not exported else None
    calls = (call for call in names.plain if call.name == text and call.parent.type in _HANDED_OUT)
    return next((call.node for call in calls if call.scope.depth == 0 and not call.scope.guarded), None)


def _root_of(node: Node) -> Node:
    while node.parent is not None:
        node = node.parent
    return node
