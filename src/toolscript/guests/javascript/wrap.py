"""Find what a program yields, and make the edits that return it.

1. The last statement decides; types, empty statements, comments, and functions below it do not count.
2. An expression (or what is assigned to `module.exports`) is returned; a function as the last expression is called with
   the input.
3. `export default` is the value, called if it is a function.
4. Otherwise an uncalled `main` is called with the input; or, in a program of functions alone, the last one that the
   program itself never names.
"""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from toolscript.guests.edits import Edit
from toolscript.guests.javascript import grammar

_NAMES = "[(identifier) (shorthand_property_identifier)] @name"
_SILENT = frozenset(
    ("comment", "html_comment", "hash_bang_line", "empty_statement", "interface_declaration", "type_alias_declaration",
     "ambient_declaration", "function_signature", "import_statement")
)  # fmt: skip
_FUNCTIONS = frozenset(("arrow_function", "function_expression"))
_DECLARED = frozenset(("function_declaration", "class_declaration", "abstract_class_declaration", "enum_declaration"))
_CARRIER = b"const $default="


@dataclass(frozen=True, slots=True)
class Yield:
    """The edits that return a program's value, and the code that calls what it left uncalled."""

    edits: tuple[Edit, ...] = ()
    call: bytes = b""


def yield_of(source: bytes, root: Node) -> Yield:
    """What the program yields."""
    edits: list[Edit] = []
    first = root.named_children[0] if root.named_child_count else None
    if first is not None and first.type == "hash_bang_line":
        edits.append(Edit(first.start_byte, first.end_byte, b" " * (first.end_byte - first.start_byte)))
    statements = [_Statement(source, node, edits) for node in root.named_children if node.type not in _SILENT]
    if not statements:
        return Yield(tuple(edits))
    exported = [s.default for s in statements if s.default]
    if exported:
        return Yield(tuple(edits), _call_if_function(exported[-1]))
    last = statements[-1].node
    main = next((s for s in statements if s.function == b"main"), None)
    if main is not None and not _named(source, root, main.node, b"main"):
        return Yield(tuple(edits), b";return main(input);")
    if last.type == "function_declaration" and not all(s.harmless for s in statements):
        last = next(s.node for s in reversed(statements) if not s.harmless)  # what stands above hoisted functions
    if last.type == "expression_statement":
        edits.extend(_returned(source, last.child(0), {s.function for s in statements}))
    elif last.type == "statement_block" and len(statements) == 1 and not last.named_child_count:
        edits.append(Edit(last.start_byte, last.start_byte, b"return "))  # `{}` alone is an object
    elif all(s.harmless for s in statements) and statements[-1].function:
        name = statements[-1].function
        if not _named(source, root, last, name):
            return Yield(tuple(edits), b";return " + name + b"(input);")
    return Yield(tuple(edits))


class _Statement:
    """One statement at the top of the program: `function` it binds, name it exports by `default`."""

    __slots__ = ("default", "function", "harmless", "node")

    def __init__(self, source: bytes, node: Node, edits: list[Edit]) -> None:
        self.node, self.function, self.default, self.harmless = node, b"", b"", False
        if node.type == "export_statement":
            self.export(source, node, edits)
        else:
            self.declare(source, node)

    def declare(self, source: bytes, node: Node) -> None:
        if node.type in _DECLARED:
            self.harmless = True
            name = node.child_by_field_name("name")
            if node.type == "function_declaration" and name is not None:
                self.function = source[name.start_byte : name.end_byte]
        elif node.type in ("lexical_declaration", "variable_declaration") and node.named_child_count == 1:
            declarator = node.named_children[0]
            name, value = declarator.child_by_field_name("name"), declarator.child_by_field_name("value")
            if name is not None and value is not None and value.type in _FUNCTIONS:
                self.harmless, self.function = True, source[name.start_byte : name.end_byte]

    def export(self, source: bytes, node: Node, edits: list[Edit]) -> None:
        declaration, value = node.child_by_field_name("declaration"), node.child_by_field_name("value")
        keyword = next((child for child in node.children if child.type == "default"), None)
        if declaration is not None:
            edits.append(
                Edit(node.start_byte, declaration.start_byte, _spaces(source, node.start_byte, declaration.start_byte))
            )
            self.declare(source, declaration)
            name = declaration.child_by_field_name("name")
            if keyword is not None and name is not None:
                self.default = source[name.start_byte : name.end_byte]
        elif keyword is not None and value is not None:
            self.default = b"$default"
            ends = _spaces(source, node.start_byte, value.start_byte)
            edits.append(Edit(node.start_byte, value.start_byte, _CARRIER + ends[len(_CARRIER) :]))
        else:
            self.default = _default_in(source, node)
            edits.append(
                Edit(node.start_byte, node.end_byte, b";" + _spaces(source, node.start_byte + 1, node.end_byte))
            )


def _default_in(source: bytes, node: Node) -> bytes:
    """The name in `export { name as default }`."""
    for clause in node.named_children:
        for specifier in clause.named_children:
            name, alias = specifier.child_by_field_name("name"), specifier.child_by_field_name("alias")
            if name is not None and alias is not None and source[alias.start_byte : alias.end_byte] == b"default":
                return source[name.start_byte : name.end_byte]
    return b""


def _returned(source: bytes, expression: Node, functions: set[bytes]) -> list[Edit]:
    start, end = expression.start_byte, expression.end_byte
    left, right = expression.child_by_field_name("left"), expression.child_by_field_name("right")
    if left is not None and right is not None and source[left.start_byte : left.end_byte] == b"module.exports":
        clear = Edit(start, right.start_byte, _spaces(source, start, right.start_byte))
        return [clear, *_returned(source, right, functions)]
    inner = expression
    while inner.type == "parenthesized_expression" and inner.named_child_count == 1:
        inner = inner.named_children[0]
    if inner.type in _FUNCTIONS:
        return [Edit(start, start, b"return ("), Edit(end, end, b")(input)")]
    if inner.type == "identifier" and source[inner.start_byte : inner.end_byte] in functions:
        return [Edit(start, start, b"return "), Edit(end, end, b"(input)")]
    return [Edit(start, start, b"return ")]


def _named(source: bytes, root: Node, definition: Node, name: bytes) -> bool:
    """Whether the program names a function outside the statement that defines it."""
    first, last = definition.start_byte, definition.end_byte
    return any(
        source[node.start_byte : node.end_byte] == name
        for node in grammar.captures(_NAMES, root).get("name", ())
        if not first <= node.start_byte < last
    )


def _call_if_function(name: bytes) -> bytes:
    return b';return typeof %b === "function" ? %b(input) : %b;' % (name, name, name)


def _spaces(source: bytes, start: int, end: int) -> bytes:
    return bytes(char if char in b"\r\n" else 32 for char in source[start:end])
