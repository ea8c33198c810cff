"""Variables that surely hold what is written where they are declared.

One that holds text, a number or the like: it is declared once in the whole program, and never assigned. One that holds
an object or a list also has to be left alone: it goes to tools, which get a copy, and its plain members are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from tree_sitter import Node

from toolscript.guests.javascript.globals import GLOBALS
from toolscript.guests.javascript.mentions import Use
from toolscript.guests.javascript.names import Names

MAX_DEPTH = 30  # of what an object is handed over in
_CASTS = frozenset(("parenthesized_expression", "as_expression", "satisfies_expression"))
_SCALARS = frozenset(("string", "number", "true", "false", "null", "template_string", "unary_expression"))
_HOLDING = frozenset(("pair", "object", "array", "spread_element", *_CASTS))
_READING = frozenset(("template_substitution", "binary_expression", "pair", "array", "arguments", "return_statement"))


class Constants:
    """Those of one program."""

    def __init__(self, declared: Sequence[Node], names: Names) -> None:
        """`declared` are the declarators of the program."""
        self._names = names
        self._values: dict[str, Node] = {}
        self._uses: dict[str, list[Use]] | None = None
        for node in () if names.reflects else declared:
            if node.parent is None or node.parent.type != "lexical_declaration":
                continue
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            if name is None or value is None or name.type != "identifier":
                continue
            text = names.text(name)
            if names.declared[text] == 1 and text not in names.written:
                self._values[text] = value

    def value_of(self, name: str) -> Node | None:
        """The expression that a variable stands for."""
        value = self._values.get(name)
        while value is not None and value.type in _CASTS and value.named_child_count:
            value = value.named_children[0]
        if value is None or value.type in _SCALARS or value.type == "identifier":
            return value
        if value.type not in ("object", "array"):
            return None
        if self._uses is None:
            self._uses = defaultdict(list)
            for use in self._names.uses:
                self._uses[use.name].append(use)
        return value if all(self._is_left_alone(use.node, value) for use in self._uses[name]) else None

    def _is_left_alone(self, use: Node, value: Node) -> bool:
        """Whether a use of an object changes nothing of it, and gives it to nobody who could."""
        held = use.parent
        if held is not None and held.type == "member_expression" and held.child_by_field_name("object") == use:
            reading, member = held.parent, held.child_by_field_name("property")
            return (
                reading is not None
                and reading.type in _READING
                and member is not None
                and self._is_scalar(value, self._names.text(member))
            )
        for _ in range(MAX_DEPTH):
            if held is None or held.type not in _HOLDING:
                break
            held = held.parent
        return held is not None and held.type == "arguments" and self._is_of_a_tool(held.parent)

    def _is_scalar(self, value: Node, member: str) -> bool:
        for pair in value.named_children:
            key, held = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            if key is not None and held is not None and self._names.text(key) == member:
                return held.type in _SCALARS
        return False

    def _is_of_a_tool(self, call: Node | None) -> bool:
        callee = call.child_by_field_name("function") if call is not None else None
        space = callee.child_by_field_name("object") if callee is not None else None
        if space is None or space.type != "identifier":
            return False
        name = self._names.text(space)
        return name not in self._names.declared and name not in GLOBALS
