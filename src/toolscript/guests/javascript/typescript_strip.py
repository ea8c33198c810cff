"""Take the types out of TypeScript, and leave every other character where it stands.

1. A type becomes spaces; its line ends stay.
2. A statement that vanishes leaves a `;`, so that its neighbours are never joined.
3. A cast leaves a `;` where a bracket on the next line would otherwise continue the statement.
4. What may not be parted by a line end (an arrow and its parameters, `return` and its value) is held together by moving
   a bracket over the type.
5. Enums and parameter properties are the only syntax that runs: they are rewritten on their own lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tree_sitter import Node

from toolscript.guests.edits import Edit, blank, in_order
from toolscript.guests.javascript import grammar
from toolscript.guests.javascript.enums import enum_edits

_QUERY = """
[(type_annotation) (asserts_annotation) (type_predicate_annotation)] @annotation
(arrow_function return_type: (_) @arrow_type)
(public_field_definition type: (type_annotation) @field_type !value)
(type_parameters) @gone
(arrow_function type_parameters: (type_parameters) @parameters)
[(type_arguments) (implements_clause)] @gone
[(accessibility_modifier) (override_modifier)] @modifier
[(as_expression) (satisfies_expression)] @cast
(type_assertion) @assertion
(non_null_expression) @bang
[(interface_declaration) (type_alias_declaration) (ambient_declaration) (function_signature)
 (abstract_method_signature) (index_signature) (method_signature)] @whole
(export_statement "type") @whole
(export_statement declaration: [(interface_declaration) (type_alias_declaration) (ambient_declaration)
  (function_signature)]) @whole
(import_statement "type") @whole
(abstract_class_declaration "abstract" @gone)
(optional_parameter "?" @gone)
(required_parameter pattern: (this)) @this
(required_parameter [(accessibility_modifier) "readonly" (override_modifier)] pattern: (identifier) @property)
(optional_parameter [(accessibility_modifier) "readonly" (override_modifier)] pattern: (identifier) @property)
(required_parameter "readonly" @gone)
(optional_parameter "readonly" @gone)
(public_field_definition ["?" "!"] @gone)
(public_field_definition ["readonly" "accessor"] @modifier)
(public_field_definition ["abstract" "declare"]) @whole
(method_definition "?" @gone)
(variable_declarator "!" @gone)
(enum_declaration) @enum
[(internal_module) (module)] @namespace
(decorator) @decorator
(import_statement) @import
(import_alias) @import
(export_statement source: (_)) @import
(call_expression function: (import)) @dynamic_import
"""
# One of these is in every text with a match: all kinds that the query names, but for those of plain JavaScript that
# stand around them, and `?` and `!`, which are operators too (what stands around them is rare, or has a type).
_ABOUT = frozenset(named or quoted for named, quoted in re.findall(r'\((\w+)|"([^"]+)"', _QUERY)) - frozenset(
    ("arrow_function", "call_expression", "identifier", "required_parameter", "variable_declarator", "?", "!")
)
_PARTED = re.compile(rb"(?=[^\S\r\n]*+[\r\n/])(?:\s|//[^\r\n]*+|/\*.*?\*/)*+[(\[`]", re.DOTALL)

NAMESPACES = "namespaces are not supported: use an object, such as `const Name = { … }`, or plain functions"
DECORATORS = "decorators are not supported: call the function on the value instead"
NO_MODULES = (
    "there are no modules here: nothing can be imported. Tools are in scope as namespaces already "
    '(`await codemode.search("…")` finds them); for the rest write plain JavaScript'
)
_REFUSED = {"namespace": NAMESPACES, "decorator": DECORATORS, "dynamic_import": NO_MODULES}


class Unsupported(ValueError):
    """TypeScript that cannot be stripped; `offset` counts bytes."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset


def strip(source: bytes, root: Node) -> list[Edit]:
    """The edits, sorted and disjoint, that make JavaScript of the text. Raises `Unsupported`."""
    found = grammar.captures(_QUERY, root, _ABOUT)
    return _Stripper(source).edits_for(found) if found else []


@dataclass(slots=True)
class _Stripper:
    source: bytes
    edits: list[Edit] = field(default_factory=list[Edit])

    def edits_for(self, found: dict[str, list[Node]]) -> list[Edit]:
        items = [(self.span(kind, node), kind, node) for kind, nodes in found.items() for node in nodes]
        items.sort(key=lambda item: (item[0][0], -item[0][1], item[1] in _PLAIN))
        covered = 0
        for (start, end), kind, node in items:
            if start < covered:
                continue
            self.treat(kind, start, end, node)
            if kind not in _TRANSPARENT:
                covered = end
        return in_order(self.edits)

    def treat(self, kind: str, start: int, end: int, node: Node) -> None:
        match kind:
            case "annotation" | "gone":
                self.edits.append(blank(self.source, start, end))
            case "bang":
                self.edits.append(Edit(start, end, b" "))
            case "whole":
                self.edits.append(blank(self.source, start, end, first=b";"))
            case "field_type":  # a field named `get` must not take the next method as its own
                self.edits.append(blank(self.source, start, end, last=b";"))
            case "arrow_type":
                self.arrow_type(start, end)
            case "parameters":
                self.parameters(start, end, node)
            case "modifier":
                self.modifier(start, end)
            case "cast":
                self.cast(start, end, node)
            case "assertion":
                self.assertion(start, end, node)
            case "this":
                self.this(start, end, node)
            case "property":
                self.property(start, end, node)
            case "enum":
                self.edits.extend(enum_edits(self.source, node))
            case "import":
                self.import_(start, end, node)
            case _:
                raise Unsupported(start, _REFUSED[kind])

    def span(self, kind: str, node: Node) -> tuple[int, int]:
        match kind:
            case "cast":
                return node.child(0).end_byte, node.end_byte
            case "bang":
                return node.end_byte - 1, node.end_byte
            case "assertion":
                return node.child(0).start_byte, node.child(0).end_byte
            case _:
                return node.start_byte, node.end_byte

    def arrow_type(self, start: int, end: int) -> None:
        """The type an arrow returns: over several lines it would part the `)` from the `=>`."""
        if b"\n" in self.source[start:end]:
            bracket = self.source.rfind(b")", 0, start)
            self.edits.append(Edit(bracket, bracket + 1, b" "))
            self.edits.append(blank(self.source, start, end, last=b")"))
        else:
            self.edits.append(blank(self.source, start, end))

    def parameters(self, start: int, end: int, node: Node) -> None:
        """The generics of an arrow: a line end in them would part it from its `async` or `return`."""
        following = node.next_named_sibling
        if b"\n" in self.source[start:end] and following is not None and following.type == "formal_parameters":
            self.edits.append(blank(self.source, start, end, first=b"("))
            self.edits.append(Edit(following.start_byte, following.start_byte + 1, b" "))
        else:
            self.edits.append(blank(self.source, start, end))

    def modifier(self, start: int, end: int) -> None:
        """`private` and its kin; before `[` or `*` a `;` keeps the field above apart."""
        following = self.source[end : end + 200].lstrip()
        first = b";" if following[:1] in (b"[", b"*") else b""
        self.edits.append(blank(self.source, start, end, first=first))

    def cast(self, start: int, end: int, node: Node) -> None:
        """`as T` and its kin. TypeScript ends the statement where a bracket follows on the next line; so do we."""
        kind = node.child(2)
        if kind.type in ("lookup_type", "array_type"):
            head = kind.child(0).end_byte
            if b"\n" in self.source[head : kind.child(1).start_byte]:
                end = head
        last = b";" if _PARTED.match(self.source, end) else b""
        self.edits.append(blank(self.source, start, end, last=last))

    def assertion(self, start: int, end: int, node: Node) -> None:
        """`<T>value`; a line end inside the brackets could part it from a `return`."""
        if b"\n" in self.source[start : node.child(1).start_byte]:
            self.edits.append(blank(self.source, start, end, first=b"("))
            self.edits.append(Edit(node.end_byte, node.end_byte, b")"))
        else:
            self.edits.append(blank(self.source, start, end))

    def this(self, start: int, end: int, node: Node) -> None:
        comma = node.next_sibling
        if comma is not None and comma.type == ",":
            end = comma.end_byte
        self.edits.append(blank(self.source, start, end))

    def property(self, start: int, end: int, node: Node) -> None:
        """`constructor(private x)`: assign the parameter to the property at the start of the body."""
        method = node
        while method.parent is not None and method.type != "method_definition":
            method = method.parent
        body = method.child_by_field_name("body")
        if body is None:
            return
        at = body.start_byte + 1
        for statement in body.named_children:
            if self.source[statement.start_byte : statement.end_byte].startswith(b"super"):
                at = statement.end_byte
                break
        name = self.source[start:end]
        self.edits.append(Edit(at, at, b";this." + name + b" = " + name + b";"))

    def import_(self, start: int, end: int, node: Node) -> None:
        """An import; one of types only vanishes."""
        clause = node.named_children[0] if node.named_child_count else None
        names = clause.named_children[0] if clause is not None and clause.named_child_count else None
        specifiers = names.named_children if names is not None and names.type == "named_imports" else []
        if specifiers and all(s.child(0).type == "type" for s in specifiers):
            self.edits.append(blank(self.source, start, end, first=b";"))
            return
        raise Unsupported(start, NO_MODULES)


_PLAIN = frozenset(("annotation", "gone", "modifier", "import"))  # yield to another reading of the same span
_TRANSPARENT = frozenset(("enum", "property", "bang"))
