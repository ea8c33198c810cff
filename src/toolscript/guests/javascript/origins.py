"""Where the values of a program's variables come from, told by their names alone, whatever the scope."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tree_sitter import Node

from toolscript.guests.javascript.globals import GLOBALS
from toolscript.guests.javascript.names import Names

MAX_STEPS = 60  # from a value to what it is made of; a program that goes further is not followed
SOURCES = (
    "(variable_declarator) @declared (assignment_expression) @assigned (augmented_assignment_expression) @assigned "
    "(for_in_statement) @looped (function_declaration) @function (generator_function_declaration) @function "
    "(arrow_function) @function (function_expression) @function (method_definition) @function (catch_clause) @caught "
    "(call_expression function: (member_expression) @filled)"
)
"""What `Origins` reads, as a query of `grammar`."""
_INNER = frozenset(("parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression",
                    "await_expression"))  # fmt: skip
_SAME_ITEMS = frozenset(
    ("map", "sort", "slice", "at", "reverse", "toSorted", "toReversed", "with", "entries", "values", "flat", "concat",
     "then")
)  # fmt: skip
_EACH_ITEM = frozenset(
    ("map", "forEach", "flatMap", "sort", "toSorted", "filter", "find", "findLast", "findIndex", "some", "every",
     "reduce", "then")
)  # fmt: skip
_FILLING = frozenset(("push", "unshift", "splice", "set", "add"))
_OF_ALL = frozenset(("Promise.all", "Object.values", "Object.entries", "Array.from"))
_LITERALS = frozenset(("number", "string", "template_string", "true", "false", "null", "undefined"))
_WORD = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")


def words_of(text: str) -> frozenset[str]:
    """Every word of a piece of program: its names among them."""
    return frozenset(_WORD.findall(text))


def holder_of(node: Node) -> Node | None:
    """What a member, an element, a call, a cast or a bracket is of."""
    match node.type:
        case "member_expression" | "subscript_expression":
            return node.child_by_field_name("object")
        case "call_expression":
            return node.child_by_field_name("function")
        case kind if kind in _INNER and node.named_child_count:
            return node.named_children[0]
        case _:
            return None


class Origins:
    """What the variables of one program are made of."""

    def __init__(self, found: Mapping[str, Sequence[Node]], names: Names) -> None:
        """`found` is what the query `SOURCES` captures."""
        self._names = names
        self._sources: dict[str, list[Node | None]] = defaultdict(list)
        self._lines: dict[str, int] = {}
        self._plain: dict[str, bool] = {}
        self._asked: dict[str, list[Node]] = defaultdict(list)
        self._into: dict[str, set[str]] | None = None
        self._made: dict[str, frozenset[str]] = {}
        for node in found.get("declared", ()):
            self._add(node.child_by_field_name("name"), node.child_by_field_name("value"))
        for node in found.get("assigned", ()):
            self._add(node.child_by_field_name("left"), node.child_by_field_name("right"))
            self._note_conditions(node)
        for node in found.get("looped", ()):
            self._add(node.child_by_field_name("left"), node.child_by_field_name("right"))
        for node in found.get("caught", ()):
            self._add(node.child_by_field_name("parameter"), None)
        for node in found.get("function", ()):
            self._add_function(node)
        for node in found.get("filled", ()):
            if names.text(node.child_by_field_name("property") or node) not in _FILLING:
                continue
            root = _root(node)
            if root.type == "identifier":
                self._sources[names.text(root)] += [None, node.parent]

    def is_namespace(self, name: str) -> bool:
        """Whether a name is neither the program's own nor the language's."""
        return name not in self._names.declared and name not in GLOBALS

    def declared_line(self, node: Node) -> int:
        """The line that declares the variable that an expression is of."""
        root = _root(node)
        return self._lines.get(self._names.text(root), 0) if root.type == "identifier" else 0

    def made_of(self, node: Node) -> frozenset[str]:
        """The names that an expression mentions, and of all variables that anything of theirs went into."""
        text = self._names.text(node)
        known = self._made.get(text)
        if known is None:
            known = self._made[text] = frozenset(self._reached(node))
        return known

    def _reached(self, node: Node) -> set[str]:
        if self._into is None:
            self._into = defaultdict(set)
            for name, sources in (*self._sources.items(), *self._asked.items()):
                for source in sources:
                    for word in self._own_words(source):
                        self._into[word].add(name)
        found: set[str] = set()
        waiting = self._own_words(node)
        root = _root(node)
        if not waiting and root.type == "identifier":
            waiting = [self._names.text(root)]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self._into.get(name, ()))
        return found

    def is_once(self, node: Node) -> bool:
        """Whether no variable that an expression is made of gets a second value, by which it may be another thing."""
        seen: set[str] = set()
        waiting = self._own_words(node)
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            sources = self._sources.get(name, ())
            if len(sources) > 1:
                return False
            for source in sources:
                waiting += self._own_words(source)
        return True

    def _own_words(self, node: Node | None) -> list[str]:
        """The words of an expression that the program declares."""
        text = "" if node is None else self._names.text(node)
        return [word for word in words_of(text) if word in self._names.declared]

    def is_plain_name(self, name: str) -> bool:
        """Whether all that a variable may hold is what a tool gave, or a part of it."""
        known = self._plain.get(name)
        if known is None:
            self._plain[name] = True  # while it is found out: what comes back to itself adds nothing
            sources = self._sources.get(name, ())
            known = bool(sources) and all(each is not None and self.is_plain(each) for each in sources)
            self._plain[name] = known
        return known

    def is_result(self, name: str) -> bool:
        """Whether a variable is plain, and gets its values whatever else is the case."""
        return not self._asked.get(name) and self.is_plain_name(name)

    def is_plain(self, node: Node, steps: int = 0) -> bool:
        """Whether an expression is what a tool gave, or a part of it, and nothing was chosen on the way."""
        if steps > MAX_STEPS or any(child.type in ("optional_chain", "?.") for child in node.children):
            return False
        match node.type:
            case "identifier":
                name = self._names.text(node)
                return self.is_namespace(name) or self.is_plain_name(name)
            case kind if kind in _LITERALS:
                return True
            case "array" if not node.named_children:
                return False  # what comes into it is for the program to say
            case "array" | "arguments":
                return all(self.is_plain(each, steps + 1) for each in node.named_children)
            case "call_expression":
                return self._is_plain_call(node, steps)
            case _:
                held = holder_of(node)
                return held is not None and self.is_plain(held, steps + 1)

    def _is_plain_call(self, node: Node, steps: int) -> bool:
        callee, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if callee is None or callee.type != "member_expression" or arguments is None:
            return False
        held, method = callee.child_by_field_name("object"), callee.child_by_field_name("property")
        if held is None or method is None:
            return False
        if self._names.text(callee) in _OF_ALL:
            return bool(arguments.named_children) and self.is_plain(arguments.named_children[0], steps + 1)
        if held.type == "identifier" and self.is_namespace(self._names.text(held)):
            return True
        name, given = self._names.text(method), arguments.named_children
        if name == "slice" and given and self._names.text(given[0]) != "0":
            return False  # there may be no such items
        return name in _SAME_ITEMS and self.is_plain(held, steps + 1)

    def _add(self, target: Node | None, source: Node | None) -> None:
        for name in self._bound(target):
            text = self._names.text(name)
            self._sources[text].append(source)
            self._lines.setdefault(text, name.start_point[0] + 1)

    def _note_conditions(self, node: Node) -> None:
        """What decides whether a variable gets a value is told by it afterwards."""
        names = [self._names.text(name) for name in self._bound(node.child_by_field_name("left"))]
        around = node.parent
        for _ in range(MAX_STEPS):
            if around is None:
                return
            asked = around.child_by_field_name("condition") or (
                around.child_by_field_name("value") if around.type == "switch_statement" else None
            )
            if asked is not None:
                for name in names:
                    self._asked[name].append(asked)
            around = around.parent

    def _bound(self, target: Node | None) -> Iterator[Node]:
        waiting = [] if target is None else [target]
        while waiting:
            node = waiting.pop()
            match node.type:
                case "identifier" | "shorthand_property_identifier_pattern":
                    yield node
                case "member_expression" | "subscript_expression":
                    root = _root(node)  # something of the source is in it from now on
                    if root.type == "identifier":
                        yield root
                case "pair_pattern":
                    waiting += [each for each in [node.child_by_field_name("value")] if each is not None]
                case "assignment_pattern" | "object_assignment_pattern":
                    waiting += [each for each in [node.child_by_field_name("left")] if each is not None]
                case _:
                    waiting += node.named_children

    def _add_function(self, node: Node) -> None:
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None and name.type == "identifier":
            self._sources[self._names.text(name)].append(body)
        given = self._given_by(node)
        only = node.child_by_field_name("parameter")
        self._add(only, given)
        parameters = node.child_by_field_name("parameters")
        for each in () if parameters is None else parameters.named_children:
            self._add(each.child_by_field_name("pattern"), given)

    def _given_by(self, function: Node) -> Node | None:
        """What gives a function its arguments: the list whose method calls it for each item."""
        arguments = function.parent
        call = arguments.parent if arguments is not None and arguments.type == "arguments" else None
        callee = call.child_by_field_name("function") if call is not None else None
        if callee is None or callee.type != "member_expression" or arguments is None:
            return None
        held, method = callee.child_by_field_name("object"), callee.child_by_field_name("property")
        if self._names.text(callee) == "Array.from":
            return arguments.named_children[0]
        return held if method is not None and self._names.text(method) in _EACH_ITEM else None


def _root(node: Node) -> Node:
    """What an expression begins with; something on the way to it, where that is far."""
    held = holder_of(node)
    for _ in range(MAX_STEPS):
        if held is None:
            break
        node, held = held, holder_of(held)
    return node
