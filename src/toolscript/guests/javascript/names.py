"""Every name of a program: where it is declared, assigned, asked for and used.

Types are passed over, as are statements that a `return` or a `throw` before them leaves out of reach.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tree_sitter import Node

from toolscript.guests.javascript.mentions import Call, Chain, Function, Names, Scope, Use

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
_WITH_THIS = FUNCTIONS | {"class_body"}
_LITERALS = frozenset(("string", "number", "regex"))
_LEAVING = frozenset(("return_statement", "throw_statement", "break_statement", "continue_statement"))
_HOISTED = frozenset(("function_declaration", "generator_function_declaration", "variable_declaration"))
_STARTED = frozenset(("await_expression", "expression_statement", "return_statement"))
_HANDLING = frozenset((b"catch", b"allSettled", b"any", b"race"))
_HANDLING_WORDS = frozenset(("catch", "allSettled", "any", "race", "then"))
_SHORTEST = 2  # members of a chain; a single one is a method
_DATA = frozenset(("string", "number", "template_string", "array", "object", "true", "false", "null"))
_REFLECTION = frozenset(("globalThis", "eval", "Function"))

_Visit = tuple[Node, Node, Node, Scope]


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
        name = node.child_by_field_name("name")
        self.bind(name, scope)
        if name is not None and name.type == "identifier":
            self.names.variables[self.text(name)] = node
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
        self.names.functions.append(Function(node, parent, scope))
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

    def returning(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        self.names.returns.append((node.start_byte, node.end_byte, scope))
        for child in node.named_children:
            self.push(child, node, scope)

    def class_like(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        name = node.child_by_field_name("name")
        if name is not None:
            self.names.declared[self.text(name)] += 1
            self.names.bound[self.text(name)].append(name.start_byte)
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
        if callee.type == "identifier":
            self.names.plain.append(Call(self.text(callee), "", node, parent, role, scope))
            if scope.depth == 0 and not scope.guarded and parent.type in _STARTED:
                self.names.entered.add(self.text(callee))
        optional = any(child.type in ("optional_chain", "?.") for child in (*node.children, *callee.children))
        named = member_of_a_name(callee)
        if named is None or optional or arguments is None or arguments.type != "arguments":
            if optional or not self.chain(node, callee, scope):
                self.push(callee, node, scope)
            return
        holder, member = named
        name, method = self.text(holder), self.text(member)
        self.names.uses.append(Use(name, holder, callee, holder, scope))
        if method.encode() in _HANDLING or (method == "then" and arguments.named_child_count > 1):
            self.names.handles = True
        self.names.calls.append(Call(name, method, node, parent, role, scope))

    def chain(self, node: Node, callee: Node, scope: Scope) -> bool:
        """Keep a call of a member of a member of a name; its members are not asked for."""
        members: list[str] = []
        holder: Node | None = callee
        while holder is not None and holder.type == "member_expression":
            member = holder.child_by_field_name("property")
            if member is None or any(child.type == "optional_chain" for child in holder.children):
                return False
            members.append(self.text(member))
            inner, holder = holder, holder.child_by_field_name("object")
            if holder is not None and holder.type == "identifier":
                if len(members) < _SHORTEST or not _HANDLING_WORDS.isdisjoint(members):
                    return False
                name = self.text(holder)
                self.names.uses.append(Use(name, holder, inner, holder, scope))
                self.names.chains.append(Chain(name, tuple(reversed(members)), node, scope))
                return True
        return False

    def member(self, node: Node, _parent: Node, role: Node, scope: Scope) -> None:
        named = member_of_a_name(node)
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
        name = self.text(node)
        self.names.keys.add(name)
        self.names.uses.append(Use(name, node, parent, role, scope))

    def pair(self, node: Node, _parent: Node, _role: Node, scope: Scope) -> None:
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if key is not None and (key.type != "property_identifier" or value is None or value.type not in _DATA):
            self.push(key, node, scope)
        self.push(value, node, scope)

    def key(self, node: Node, _parent: Node, _role: Node, _scope: Scope) -> None:
        self.names.keys.add(self.text(node))

    def this(self, node: Node, _parent: Node, _role: Node, _scope: Scope) -> None:
        """At the top it is `globalThis`, of which members are names."""
        around = node.parent
        while around is not None and (around.type == "arrow_function" or around.type not in _WITH_THIS):
            around = around.parent
        self.names.reflects = self.names.reflects or around is None

    def assign(self, target: Node | None, parent: Node, scope: Scope) -> None:
        """Take a target apart: its names are assigned, and so are none that we know the value of."""
        if target is None:
            return
        while target.type in ("parenthesized_expression", "non_null_expression") and target.named_child_count:
            target = target.named_children[0]
        if target.type in ("member_expression", "subscript_expression"):
            member = target.child_by_field_name("property")
            if member is not None:
                self.names.keys.add(self.text(member))
            self.push(target, parent, scope)
            return
        for name in self.bind(target, scope):
            self.names.written[name].append(self.names.bound[name][-1])

    def bind(self, pattern: Node | None, scope: Scope) -> list[str]:
        """Declare the names of a pattern; what it evaluates on the way is read like any other expression."""
        names: list[str] = []
        bound = self.names.bound
        todo = [] if pattern is None else [pattern]
        while todo:
            node = todo.pop()
            match node.type:
                case "identifier" | "shorthand_property_identifier_pattern":
                    names.append(name := self.text(node))
                    bound[name].append(node.start_byte)
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


def member_of_a_name(node: Node) -> tuple[Node, Node] | None:
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
    **dict.fromkeys(("enum_body", "statement_identifier"), _skip),
    "property_identifier": _Reader.key,
    "return_statement": _Reader.returning,
    "this": _Reader.this,
    "pair": _Reader.pair,
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
