"""Every name of a program: where it is declared, assigned, asked for and used.

Types are passed over, as are statements that a `return` or a `throw` before them leaves out of reach.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tree_sitter import Node

FUNCTIONS = frozenset(
    ("arrow_function", "function_expression", "function_declaration", "method_definition", "generator_function",
     "generator_function_declaration", "class_static_block")
)  # fmt: skip
_TYPES = frozenset(
    ("type_annotation", "type_arguments", "type_parameters", "interface_declaration", "type_alias_declaration",
     "ambient_declaration", "implements_clause", "asserts_annotation", "type_predicate_annotation",
     "function_signature", "abstract_method_signature", "method_signature", "index_signature", "property_signature",
     "export_clause", "accessibility_modifier", "override_modifier", "comment", "string", "number", "regex")
)  # fmt: skip
_LITERALS = frozenset(("string", "number", "regex"))
_LEAVING = frozenset(("return_statement", "throw_statement", "break_statement", "continue_statement"))
_HOISTED = frozenset(("function_declaration", "generator_function_declaration", "variable_declaration"))
_STARTED = frozenset(("await_expression", "expression_statement", "return_statement"))
_HANDLING = frozenset((b"catch", b"allSettled", b"any", b"race"))
_REFLECTION = frozenset(("globalThis", "eval", "Function"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What surrounds a place; `depth` counts functions.

    `owner` is the outermost of them: its name, `""` for one that is called where it stands, `"?"` for one that others
    call.
    """

    guarded: bool = False
    depth: int = 0
    owner: str | None = None
    is_sync: bool = False


class Use(NamedTuple):
    """A name that is read. `parent` is what it is part of, brackets and casts left out, and `role` its part in it."""

    name: str
    node: Node
    parent: Node
    role: Node
    scope: Scope


class Call(NamedTuple):
    """A call `name.method(...)`; `parent` and `role` as of a `Use`, for the call."""

    name: str
    method: str
    node: Node
    parent: Node
    role: Node
    scope: Scope


_Visit = tuple[Node, Node, Node, Scope]


@dataclass(slots=True, kw_only=True)
class Names:
    """What `read` found. `members` are pairs `name.member` that are mentioned and not called.

    `handles` says whether any failure is handled anywhere in the program, `reflects` whether it may make names out of
    thin air; `entered` are the functions that are called at its top level.
    """

    source: bytes
    declared: Counter[str] = field(default_factory=Counter[str])
    assigned: set[str] = field(default_factory=set[str])
    asked: set[str] = field(default_factory=set[str])
    members: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    uses: list[Use] = field(default_factory=list[Use])
    calls: list[Call] = field(default_factory=list[Call])
    entered: set[str] = field(default_factory=lambda: {""})
    handles: bool = False
    reflects: bool = False

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def is_reached(self, scope: Scope, *, handed_on: bool) -> bool:
        """Whether a failure here ends the run; `handed_on` says that it fails a promise that others may await."""
        if scope.guarded:
            return False
        if not self.handles:
            return True
        return not handed_on and (scope.depth == 0 or (scope.depth == 1 and scope.owner in self.entered))


def read(source: bytes, root: Node) -> Names:
    """The names of a whole program."""
    reader = _Reader(Names(source=source))
    reader.read(root)
    return reader.names


class _Reader:
    """Goes through the tree without recursion, because programs may be nested deeply."""

    __slots__ = ("names", "stack", "text")

    def __init__(self, names: Names) -> None:
        self.names = names
        self.text = names.text
        self.stack: list[_Visit] = []

    def read(self, root: Node) -> None:
        """Read a whole program."""
        self.statements(root, root, root, Scope())
        stack, visits = self.stack, _VISITS
        while stack:
            node, parent, role, scope = stack.pop()
            kind = node.type
            visit = visits.get(kind)
            if visit is not None:
                visit(self, node, parent, role, scope)
            elif kind not in _TYPES:
                for child in node.named_children:
                    stack.append((child, node, child, scope))
        self.find_main(root)

    def push(self, node: Node | None, parent: Node, scope: Scope) -> None:
        if node is not None:
            self.stack.append((node, parent, node, scope))

    def find_main(self, root: Node) -> None:
        """The function that the program leaves to be called: an unused `main`, or the last one."""
        used = {use.name for use in self.names.uses}
        statements = [node for node in root.named_children if node.type not in _TYPES]
        last = statements[-1].child_by_field_name("name") if statements else None
        for name in ("main", self.text(last) if last is not None else "main"):
            if name not in used:
                self.names.entered.add(name)

    def statements(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        left = False
        for child in node.named_children:
            if not left or child.type in _HOISTED:
                self.push(child, node, scope)
            left = left or child.type in _LEAVING

    def through(self, node: Node, parent: Node, role: Node, scope: Scope) -> None:
        """Brackets and casts: what is in them stands in their place."""
        inner = [child for child in node.named_children if child.type not in _TYPES or child.type in _LITERALS]
        if inner:
            self.stack.append((inner[0], parent, role, scope))

    def identifier(self, node: Node, parent: Node, role: Node, scope: Scope) -> None:
        name = self.text(node)
        if name in _REFLECTION:
            self.names.reflects = True
        self.names.uses.append(Use(name, node, parent, role, scope))

    def declarator(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        self.bind(node.child_by_field_name("name"), scope)
        self.push(node.child_by_field_name("value"), node, scope)

    def parameter(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        self.bind(node.child_by_field_name("pattern"), scope)
        self.push(node.child_by_field_name("value"), node, scope)

    def function(self, node: Node, parent: Node, role: Node, scope: Scope) -> None:
        name = node.child_by_field_name("name")
        if name is not None and node.type != "method_definition":
            self.bind(name, scope)
        elif name is not None:
            self.push(name, node, scope)
        owner = self.owner(node, name, parent, role) if scope.depth == 0 else scope.owner
        inner = Scope(guarded=scope.guarded, depth=scope.depth + 1, owner=owner, is_sync=not _is_async(node))
        self.bind(node.child_by_field_name("parameter"), inner)
        self.push(node.child_by_field_name("parameters"), node, inner)
        self.push(node.child_by_field_name("body"), node, inner)

    def owner(self, node: Node, name: Node | None, parent: Node, role: Node) -> str:
        if node.type == "method_definition":
            return "?"
        if parent.type == "variable_declarator":
            name = parent.child_by_field_name("name")
        if name is not None and parent.type in ("variable_declarator", "program", "export_statement"):
            return self.text(name)
        if parent.type == "call_expression":
            around = parent.parent
            called = parent.child_by_field_name("function") == role
            return "" if called and around is not None and around.type in _STARTED else "?"
        return "" if parent.type in ("expression_statement", "export_statement") else "?"

    def class_like(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        name = node.child_by_field_name("name")
        if name is not None:
            self.names.declared[self.text(name)] += 1
        for child in node.named_children:
            if child != name:
                self.push(child, node, scope)

    def field(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        self.push(node.child_by_field_name("name"), node, scope)
        inner = replace(scope, depth=scope.depth + 1, owner=scope.owner or "?", is_sync=True)
        self.push(node.child_by_field_name("value"), node, inner)

    def caught(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        self.names.handles = True
        self.bind(node.child_by_field_name("parameter"), scope)
        self.push(node.child_by_field_name("body"), node, scope)

    def try_block(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        handler = node.child_by_field_name("handler")
        inside = replace(scope, guarded=True) if handler is not None else scope
        self.push(node.child_by_field_name("body"), node, inside)
        self.push(handler, node, scope)
        self.push(node.child_by_field_name("finalizer"), node, scope)

    def for_in(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        self.assign(node.child_by_field_name("left"), node, scope)
        self.push(node.child_by_field_name("right"), node, scope)
        self.push(node.child_by_field_name("body"), node, scope)

    def assignment(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        left = node.child_by_field_name("left")
        self.assign(left, node, scope)
        self.push(node.child_by_field_name("right"), node, scope)

    def update(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        self.assign(node.child_by_field_name("argument"), node, scope)

    def unary(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        argument, operator = node.child_by_field_name("argument"), node.child_by_field_name("operator")
        while argument is not None and argument.type == "parenthesized_expression" and argument.named_child_count:
            argument = argument.named_children[0]
        if (
            argument is not None
            and argument.type == "identifier"
            and operator is not None
            and operator.type == "typeof"
        ):
            self.names.asked.add(self.text(argument))
        self.push(argument, node, scope)

    def call(self, node: Node, parent: Node, role: Node, scope: Scope) -> None:
        callee, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if arguments is not None:
            self.push(arguments, node, scope)
        if callee is None:
            return
        if callee.type == "identifier" and scope.depth == 0 and not scope.guarded and parent.type in _STARTED:
            self.names.entered.add(self.text(callee))
        optional = any(child.type in ("optional_chain", "?.") for child in (*node.children, *callee.children))
        named = _member_of_a_name(callee)
        if named is None or optional or arguments is None or arguments.type != "arguments":
            self.push(callee, node, scope)
            return
        holder, member = named
        name, method = self.text(holder), self.text(member)
        self.names.uses.append(Use(name, holder, callee, holder, scope))
        if method.encode() in _HANDLING or (method == "then" and arguments.named_child_count > 1):
            self.names.handles = True
        self.names.calls.append(Call(name, method, node, parent, role, scope))

    def member(self, node: Node, _parent: Node, role: Node, scope: Scope) -> None:
        named = _member_of_a_name(node)
        if named is not None:
            name = self.text(named[0])
            self.names.members.add((name, self.text(named[1])))
            if any(child.type == "optional_chain" for child in node.children):
                self.names.asked.add(name)
        holder, member = node.child_by_field_name("object"), node.child_by_field_name("property")
        if member is not None:
            called = self.names.source[member.start_byte : member.end_byte]
            handles = called in _HANDLING or (called == b"then" and _has_two_arguments(node))
            self.names.handles = self.names.handles or handles
        self.push(holder, node, scope)

    def shorthand(self, node: Node, parent: Node, role: Node, scope: Scope) -> None:
        self.names.uses.append(Use(self.text(node), node, parent, role, scope))

    def assign(self, target: Node | None, parent: Node, scope: Scope) -> None:
        """Take a target apart: its names are assigned, and so are none that we know the value of."""
        if target is None:
            return
        while target.type in ("parenthesized_expression", "non_null_expression") and target.named_child_count:
            target = target.named_children[0]
        if target.type in ("member_expression", "subscript_expression"):
            self.push(target, parent, scope)
            return
        self.names.assigned.update(self.bind(target, scope))

    def bind(self, pattern: Node | None, scope: Scope) -> list[str]:
        """Declare the names of a pattern; what it evaluates on the way is read like any other expression."""
        names: list[str] = []
        todo = [] if pattern is None else [pattern]
        while todo:
            node = todo.pop()
            match node.type:
                case "identifier" | "shorthand_property_identifier_pattern":
                    names.append(self.text(node))
                case "object_pattern" | "array_pattern" | "rest_pattern":
                    todo.extend(node.named_children)
                case "pair_pattern":
                    self.push(node.child_by_field_name("key"), node, scope)
                    todo.extend(each for each in [node.child_by_field_name("value")] if each is not None)
                case "assignment_pattern" | "object_assignment_pattern":
                    todo.extend(each for each in [node.child_by_field_name("left")] if each is not None)
                    self.push(node.child_by_field_name("right"), node, scope)
                case _:
                    self.push(node, node, scope)
        if any("\\" in name for name in names):  # an escape: the same name may be written otherwise
            self.names.reflects = True
        self.names.declared.update(names)
        return names


def _member_of_a_name(node: Node) -> tuple[Node, Node] | None:
    """The two names of `name.member`."""
    if node.type != "member_expression":
        return None
    holder, member = node.child_by_field_name("object"), node.child_by_field_name("property")
    while holder is not None and holder.type == "non_null_expression" and holder.named_child_count:
        holder = holder.named_children[0]
    if holder is None or member is None or holder.type != "identifier" or member.type != "property_identifier":
        return None
    return holder, member


def _has_two_arguments(member: Node) -> bool:
    call = member.parent
    arguments = call.child_by_field_name("arguments") if call is not None else None
    return arguments is not None and arguments.named_child_count > 1


def _is_async(function: Node) -> bool:
    return any(child.type == "async" for child in function.children)


def _skip(_reader: _Reader, _node: Node, _parent: Node, _role: Node, _scope: Scope) -> None:
    return None


_VISITS: Mapping[str, Callable[[_Reader, Node, Node, Node, Scope], None]] = {
    **dict.fromkeys(("program", "statement_block", "switch_case", "switch_default"), _Reader.statements),
    **dict.fromkeys(
        ("parenthesized_expression", "as_expression", "satisfies_expression", "type_assertion", "non_null_expression"),
        _Reader.through,
    ),
    **dict.fromkeys(FUNCTIONS, _Reader.function),
    **dict.fromkeys(("class_declaration", "abstract_class_declaration", "class"), _Reader.class_like),
    **dict.fromkeys(("required_parameter", "optional_parameter"), _Reader.parameter),
    **dict.fromkeys(("public_field_definition", "field_definition"), _Reader.field),
    **dict.fromkeys(("assignment_expression", "augmented_assignment_expression"), _Reader.assignment),
    **dict.fromkeys(("enum_body", "this", "property_identifier", "statement_identifier"), _skip),
    "identifier": _Reader.identifier,
    "shorthand_property_identifier": _Reader.shorthand,
    "variable_declarator": _Reader.declarator,
    "enum_declaration": _Reader.class_like,
    "catch_clause": _Reader.caught,
    "try_statement": _Reader.try_block,
    "for_in_statement": _Reader.for_in,
    "update_expression": _Reader.update,
    "unary_expression": _Reader.unary,
    "call_expression": _Reader.call,
    "member_expression": _Reader.member,
}
