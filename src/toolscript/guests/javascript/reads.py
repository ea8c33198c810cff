"""Members that a program reads as if they were certain to be there.

A missing member is `undefined`, and only some uses of that are a mistake. So a read counts only where this holds:

1. It is taken further (`c.x.y`, `c.x()`, a loop over it), or its value is what the program gives, writes into text or
   hands to a tool; not what it tests, compares, keeps, logs or hands to a function.
2. Nowhere does the program write a member of that name, test one, or name it in a text (`Object.hasOwn(c, "x")`).
3. It stands in no `try`, in no function of a program that handles failures, and in none that nobody calls.
4. No condition on the object, or on what was made of it, decides whether it is read.

The object is `plain` if it is what a tool gave, or a part of it, and was not chosen by the program (`find`, `filter`, a
function of its own): of one that was chosen nothing may be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tree_sitter import Node

from toolscript.guests.javascript import grammar
from toolscript.guests.javascript.check import Places
from toolscript.guests.javascript.names import FUNCTIONS, Names
from toolscript.guests.javascript.origins import SOURCES, Origins, holder_of, words_of

MAX_DEPTH = 150  # of the tree, in which members are judged; people write 40
MAX_LOOKS = 100_000  # of members at conditions before them: 0.5 s
MAX_ABOUT = 5_000  # characters of an expression whose words are looked for in conditions
_MAKES_MEMBERS = re.compile(r"\b(?:assign|definePropert(?:y|ies)|setPrototypeOf|Reflect|Proxy|prototype)\b|__")
_MEMBERS = (
    "(member_expression) @member (subscript_expression) @element (string) @string (template_string) @string "
    "(arguments) @arguments"
)
_CHOICES = " ".join(
    f"({kind}) @choice"
    for kind in ("if_statement", "switch_statement", "ternary_expression", "while_statement", "for_statement",
                 "binary_expression")
)  # fmt: skip
QUERY = f"{_MEMBERS} (if_statement) @if (switch_statement) @if {_CHOICES} {SOURCES}"
"""What `Reads` reads, as a query of `grammar`."""
_JUDGED = ("member", "element", "string", "arguments")
_DECIDING = ("?", "&&", "||", "if", "while", "for", "switch")  # of one of these is every condition
_MAKING = ("assign", "defineProp", "setPrototypeOf", "Reflect", "Proxy", "prototype", "__")
_EXPRESSION = frozenset(("parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression",
                         "await_expression"))  # fmt: skip
_ASKING = frozenset(("??", "||", "&&", "==", "===", "!=", "!==", "in", "instanceof", "<", ">", "<=", ">="))
_CHOOSING = frozenset(("??", "||", "&&"))
_CALCULATING = frozenset(("+", "-", "*", "/", "%", "**"))
_KEEPING = frozenset(
    ("variable_declarator", "assignment_expression", "augmented_assignment_expression", "assignment_pattern",
     "object_assignment_pattern", "update_expression", "if_statement", "while_statement", "do_statement",
     "for_statement", "for_in_statement", "switch_statement", "switch_case", "object_pattern", "array_pattern")
)  # fmt: skip
_HOLDING = frozenset(("object", "array", "pair", "spread_element"))
_BY_ELEMENT = frozenset(("map", "flatMap"))
_NO_QUESTION = frozenset(("push", "unshift", *_BY_ELEMENT))
_LEAVING = re.compile(r"\b(?:return|throw|continue|break)\b")
_OPERAND = re.compile(r"\|\||&&")
_IS_THERE = re.compile(r"[!\s(]*([\w$]+)[\s)]*(?:[!=]==?\s*(?:null|undefined)[\s)]*)?")
_HAS_ITEMS = re.compile(r"[!\s(]*([\w$]+)\s*\.\s*length[\s)]*(?:(?:[!=]==?|[<>]=?)\s*\d+[\s)]*)?")


class Read(NamedTuple):
    """The place of a member, 1-based; whether its object is plain, and the line that declares it (0 for none).

    `is_once`: nothing that the object comes from is given a second value.
    """

    line: int
    column: int
    is_plain: bool
    declared_line: int = 0
    is_once: bool = True


class Reads:
    """Judges the members of one program."""

    def __init__(self, root: Node, found: Mapping[str, Sequence[Node]], names: Names, places: Places) -> None:
        """`found` is what `QUERY` captures in the program."""
        self._everywhere = found
        self._near = grammar.captures(_MEMBERS, root, max_depth=MAX_DEPTH)
        self._names = names
        self._places = places
        self._origins = Origins(found, names)
        self._used = {use.name for use in names.uses}
        self._text = text = names.text(root)
        self._exports = "export" in text
        self._decides_anything = any(sign in text for sign in _DECIDING)
        self._early = [each for each in found.get("if", ()) if _LEAVING.search(names.text(each))]

    def found(self) -> Iterator[Read]:
        """The reads that count."""
        names = self._names
        if any(word in self._text for word in _MAKING) and _MAKES_MEMBERS.search(self._text):
            return
        found = self._near
        if any(len(self._everywhere.get(kind, ())) > len(found.get(kind, ())) for kind in _JUDGED):
            return  # the way up from one that is so deep takes long, and what is not looked at may be written
        if any(_is_written(node) for node in found.get("element", ())):
            return  # whatever it writes
        members: list[tuple[Node, Node]] = []
        doubtful = {names.text(node)[1:-1] for node in found.get("string", ()) if self._may_name(node)}
        for node in found.get("member", ()):
            member = node.child_by_field_name("property")
            if member is None:
                continue
            if _is_written(node) or self._is_asked_for(node):
                doubtful.add(names.text(member))
            else:
                members.append((node, member))
        if len(members) * (1 + len(self._early)) > MAX_LOOKS:
            return
        for node, member in members:
            if names.text(member) not in doubtful and self._is_needed(node) and not self._is_guarded(node):
                holder = node.child_by_field_name("object")
                if holder is not None and not self._is_conditional(node, holder):
                    line, column = self._places.of(member)
                    plain = self._origins.is_plain(holder)
                    once = self._origins.is_once(holder)
                    yield Read(line, column, plain, self._origins.declared_line(holder), once)

    def conditional_calls(self, calls: Sequence[Node]) -> Iterator[int]:
        """Which calls are made only if what is handed over meets a condition, and which are too long to tell."""
        near = {node.id for node in self._near.get("arguments", ())}
        for number, call in enumerate(calls):
            arguments = call.child_by_field_name("arguments")
            is_near = arguments is not None and arguments.id in near and len(arguments.text or b"") <= MAX_ABOUT
            if arguments is None or not is_near or (
                arguments.named_child_count and self._is_conditional(call, arguments)
            ):  # fmt: skip
                yield number

    def _is_conditional(self, node: Node, about: Node) -> bool:
        """Whether a condition on what `about` mentions decides if the program comes to `node`."""
        made = self._origins.made_of(about) if self._decides_anything else frozenset[str]()
        if not made:
            return False
        inside, decided = node, False
        for around in _around(node):
            for asked in _conditions(around, inside):
                if self._decides(self._names.text(asked), made, leaves=False):
                    return True
            inside = around
            if around.type in FUNCTIONS and self._name(around) and not self._is_program(around):
                decided = decided or any(  # whoever calls it may ask before
                    self._decides(self._names.text(asked), made, leaves=False)
                    for each in self._everywhere.get("choice", ())
                    for asked in _conditions(each, each)
                )
        return decided or any(
            self._decides(self._names.text(asked), made, leaves=True)
            for each in self._early
            if each.end_byte <= node.start_byte
            for asked in _asked_in(each)
        )

    def _decides(self, condition: str, made: frozenset[str], *, leaves: bool) -> bool:
        """Whether a condition is about these names, and not only about whether one of them is there at all."""
        for part in _OPERAND.split(condition):
            if made.isdisjoint(words_of(part)):
                continue
            there = _IS_THERE.fullmatch(part) or (_HAS_ITEMS.fullmatch(part) if leaves else None)
            if there is None or not self._origins.is_result(there[1]):
                return True
        return False

    def _may_name(self, node: Node) -> bool:
        """Whether a text may be the name of a member that the program asks for."""
        parent = node.parent
        if parent is not None and parent.type == "pair" and parent.child_by_field_name("key") == node:
            return False
        return not any(around.type == "arguments" and self._is_of_a_tool(around) for around in _around(node))

    def _is_of_a_tool(self, arguments: Node) -> bool:
        call = arguments.parent
        callee = call.child_by_field_name("function") if call is not None else None
        if callee is None or callee.type != "member_expression":
            return False
        space = callee.child_by_field_name("object")
        return space is not None and space.type == "identifier" and self._origins.is_namespace(self._names.text(space))

    def _is_guarded(self, node: Node) -> bool:
        """Whether the program may handle a failure of this place, or never comes to it."""
        for around in _around(node):
            if around.type == "try_statement" and around.child_by_field_name("handler") is not None:
                return True
            if around.type in FUNCTIONS and (self._names.handles or self._is_idle(around) or _is_held(around)):
                return True
        return False

    def _is_idle(self, function: Node) -> bool:
        """Whether a function has a name by which nobody calls it."""
        name = self._name(function)
        return bool(name) and name not in self._used and not self._exports and not self._is_program(function)

    def _is_program(self, function: Node) -> bool:
        """Whether what a function returns is what the program gives."""
        if function.parent is not None and function.parent.type in ("program", "export_statement"):
            return not self._name(function) or self._is_returned(self._name(function))
        return _is_started(function) or self._is_returned(self._name(function))

    def _is_returned(self, name: str) -> bool:
        if name not in self._names.entered or not name:
            return False
        return name not in self._used or any(
            _is_called_last(use.node) for use in self._names.uses if use.name == name
        )  # fmt: skip

    def _name(self, function: Node) -> str:
        """The name that a function is declared with, or kept by."""
        if function.type == "method_definition":
            return ""
        held = function.parent
        kept = held.child_by_field_name("name") if held is not None and held.type == "variable_declarator" else None
        name = kept or function.child_by_field_name("name")
        return "" if name is None else self._names.text(name)

    def _is_asked_for(self, node: Node) -> bool:
        """Whether the program may do without the member: it tests it, or keeps it for later."""
        if any(child.type == "optional_chain" for child in node.children):
            return True
        child, parent = _above(node)
        if parent is None:
            return True
        match parent.type:
            case "member_expression" | "subscript_expression" | "call_expression":
                return any(part.type in ("optional_chain", "?.") for part in parent.children)
            case "binary_expression":
                return _operator(parent) in _ASKING
            case "unary_expression":
                return _operator(parent) in ("!", "typeof", "void")
            case "ternary_expression":
                return parent.child_by_field_name("condition") == child
            case "arguments":
                return not self._is_of_a_tool(parent) and self._called(parent) not in _NO_QUESTION
            case "arrow_function" | "return_statement":
                function = parent if parent.type == "arrow_function" else _function(parent)
                given = function.parent if function is not None else None
                return given is not None and given.type == "arguments" and self._called(given) not in _BY_ELEMENT
            case kind:
                return kind in _KEEPING and not (
                    kind == "for_in_statement" and parent.child_by_field_name("right") == child
                )

    def _called(self, arguments: Node) -> str:
        """The method that is given these arguments; `push` for what only shows them."""
        callee = arguments.parent.child_by_field_name("function") if arguments.parent is not None else None
        if callee is None or callee.type != "member_expression":
            return ""
        held, method = callee.child_by_field_name("object"), callee.child_by_field_name("property")
        if held is not None and self._names.text(held) == "console":
            return "push"
        return self._names.text(method) if method is not None else ""

    def _is_needed(self, node: Node) -> bool:
        """Whether `undefined` in place of this is a mistake for certain."""
        child, parent = _above(node)
        if parent is None:
            return False
        match parent.type:
            case "member_expression" | "subscript_expression":
                return parent.child_by_field_name("object") == child
            case "call_expression":
                return parent.child_by_field_name("function") == child
            case "for_in_statement":
                return parent.child_by_field_name("right") == child and _operator(parent) == "of"
            case "spread_element":
                return parent.parent is not None and parent.parent.type != "object"
            case _:
                return self._is_given(node)

    def _is_given(self, node: Node) -> bool:
        """Whether a value is, or goes into, what the program gives, writes into text or hands to a tool."""
        child, parent = _above(node)
        while parent is not None:
            match parent.type:
                case kind if kind in _HOLDING:
                    child, parent = _above(parent)
                case "binary_expression" if _operator(parent) in _CALCULATING:
                    child, parent = _above(parent)
                case "ternary_expression" if parent.child_by_field_name("condition") != child:
                    child, parent = _above(parent)
                case "template_substitution":
                    template = parent.parent
                    if template is None or template.parent is None or template.parent.type == "call_expression":
                        return False  # what a tag makes of it is the tag's
                    child, parent = _above(template)
                case "arguments":
                    if self._is_of_a_tool(parent):
                        return True
                    call = parent.parent
                    callee = call.child_by_field_name("function") if call is not None else None
                    if call is None or callee is None or self._names.text(callee) != "Promise.all":
                        return False
                    child, parent = _above(call)
                case "arrow_function" | "return_statement":
                    function = parent if parent.type == "arrow_function" else _function(parent)
                    if function is None or self._is_program(function):
                        return True
                    given = function.parent
                    if given is None or given.type != "arguments" or self._called(given) not in _BY_ELEMENT:
                        return False
                    assert given.parent is not None
                    child, parent = _above(given.parent)
                case _:
                    return False
        return False


def _around(node: Node) -> Iterator[Node]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def _above(node: Node) -> tuple[Node, Node | None]:
    """The part that a value is of what uses it, brackets and casts left out, and that use."""
    child, parent = node, node.parent
    while parent is not None and parent.type in _EXPRESSION:
        child, parent = parent, parent.parent
    return child, parent


def _function(node: Node) -> Node | None:
    """The function that a statement is in; None for one of the program itself."""
    return next((around for around in _around(node) if around.type in FUNCTIONS), None)


def _is_started(function: Node) -> bool:
    """Whether a function is called where it stands, at the top of the program."""
    child, parent = _above(function)
    if parent is None or parent.type != "call_expression" or parent.child_by_field_name("function") != child:
        return False
    _, use = _above(parent)
    return use is not None and use.type in ("expression_statement", "return_statement") and _function(use) is None


def _is_called_last(name: Node) -> bool:
    """Whether what a function gives is what the program returns, whatever happens."""
    child, call = _above(name)
    if call is None or call.type != "call_expression" or call.child_by_field_name("function") != child:
        return False
    _, use = _above(call)
    return (
        use is not None
        and use.type in ("return_statement", "expression_statement")
        and use.parent is not None
        and use.parent.type == "program"
    )


def _is_held(function: Node) -> bool:
    """Whether a function is a part of an object or a list, by which it is chosen."""
    if function.type == "method_definition":
        return function.parent is not None and function.parent.type == "object"
    return function.parent is not None and function.parent.type in ("pair", "array")


def _conditions(around: Node, inside: Node) -> Sequence[Node]:
    """The conditions by which `around` decides whether its part `inside` is evaluated."""
    match around.type:
        case "if_statement" | "ternary_expression" | "while_statement" | "for_statement":
            asked = around.child_by_field_name("condition")
            return () if asked is None or asked == inside else (asked,)
        case "switch_statement":
            return _asked_in(around)
        case "binary_expression" if _operator(around) in _CHOOSING:
            asked = around.child_by_field_name("left")
            return () if asked is None or asked == inside else (asked,)
        case "call_expression" if inside.type == "arguments":
            asked = around.child_by_field_name("function")
            return () if asked is None or not _is_optional(asked) else (asked,)
        case _:
            return ()


def _asked_in(statement: Node) -> Sequence[Node]:
    """What an `if` or a `switch` asks."""
    asked = [statement.child_by_field_name("condition"), statement.child_by_field_name("value")]
    body = statement.child_by_field_name("body")
    if body is not None:
        asked += [case.child_by_field_name("value") for case in body.named_children]
    return [each for each in asked if each is not None]


def _is_optional(callee: Node) -> bool:
    held: Node | None = callee
    while held is not None:
        if any(child.type in ("optional_chain", "?.") for child in held.children):
            return True
        held = holder_of(held)
    return False


def _is_written(node: Node) -> bool:
    """Whether a member is the target of an assignment, in whatever form."""
    child, parent = node, node.parent
    while parent is not None and parent.type in ("parenthesized_expression", "non_null_expression", "array_pattern",
                                                 "object_pattern", "pair_pattern", "assignment_pattern",
                                                 "as_expression", "satisfies_expression"):  # fmt: skip
        child, parent = parent, parent.parent
    if parent is None:
        return False
    match parent.type:
        case "assignment_expression" | "augmented_assignment_expression" | "for_in_statement":
            return parent.child_by_field_name("left") == child
        case "update_expression":
            return True
        case "unary_expression":
            return _operator(parent) == "delete"
        case _:
            return False


def _operator(node: Node) -> str:
    operator = node.child_by_field_name("operator")
    return "" if operator is None else operator.type
