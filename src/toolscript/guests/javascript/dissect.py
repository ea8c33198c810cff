"""What a type check needs of a program, out of its syntax tree: plain values, which can cross to another process.

1. A program that could lead the checker to files (`import`, `require`) is not dissected: its session refuses it anyhow.
2. Calls count by the rules of `check`: those whose failure the program may handle do not.
3. Of members that are read, those count whose name the program nowhere writes, nowhere asks for first, and nowhere
   keeps in a variable to look at later; none in a `try`, nor in a function where the program handles any failure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from toolscript.errors import GuestError
from toolscript.guests.edits import Edit, apply, blank
from toolscript.guests.javascript import grammar
from toolscript.guests.javascript.check import Places, unhandled_calls
from toolscript.guests.javascript.names import FUNCTIONS, Names, read
from toolscript.guests.javascript.source import parse_ahead
from toolscript.guests.javascript.written import Written, written

MAX_CHARS = 50_000  # of a program that is checked; what is longer is data
MAX_DEPTH = 150  # of the tree, in which members are judged; people write 40
_READS_FILES = re.compile(r"\b(?:import|require)\b|\A\s*#!")
_ESCAPE = re.compile(r"\\u(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{4}))")
_MAKES_MEMBERS = re.compile(r"\b(?:assign|definePropert(?:y|ies)|setPrototypeOf|Reflect|Proxy|prototype)\b|__")
_MEMBERS = "(member_expression) @member (subscript_expression) @element"
_EXPRESSION = frozenset(("parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression",
                         "await_expression"))  # fmt: skip
_ASKING = frozenset(("??", "||", "&&", "==", "===", "!=", "!==", "in", "instanceof"))
_KEEPING = frozenset(
    ("variable_declarator", "assignment_expression", "augmented_assignment_expression", "assignment_pattern",
     "object_assignment_pattern", "update_expression", "if_statement", "while_statement", "do_statement",
     "for_statement", "for_in_statement", "switch_statement", "switch_case", "object_pattern", "array_pattern")
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissected:
    """`text` has the author's lines, with what is no program made blank; all places are 1-based, columns in characters.

    `calls` are those that nothing handles the failure of; `spans` are the arguments of each, from where to where.
    `reads` are the places of members whose absence the program does not expect.
    """

    text: str
    calls: tuple[Written, ...]
    spans: tuple[tuple[int, int, int, int], ...]
    reads: tuple[tuple[int, int], ...]


def dissect(code: str) -> Dissected | None:
    """The parts of a program; None for one that is not checked."""
    if len(code) > MAX_CHARS:
        return None
    try:
        program = parse_ahead(code)
    except GuestError:
        return None
    if program.root.has_error:
        return None
    text = _unexported(program.parsed, program.root).decode()
    if _READS_FILES.search(_ESCAPE.sub(_letter, text)):
        return None
    names = read(program.parsed, program.root)
    places = Places(program.parsed)
    calls: list[Written] = []
    spans: list[tuple[int, int, int, int]] = []
    for call in sorted(unhandled_calls(names), key=lambda call: call.node.start_byte):
        arguments, callee = call.node.child_by_field_name("arguments"), call.node.child_by_field_name("function")
        member = callee.child_by_field_name("property") if callee is not None else None
        if arguments is not None:
            path = f"{call.name}.{call.method}"
            calls.append(written(path, call.node, member or call.node, program.parsed, places.of))
            spans.append((*places.of(arguments), *places.end_of(arguments)))
    reads = () if _MAKES_MEMBERS.search(text) else tuple(_reads(program.root, names, places))
    return Dissected(text=text, calls=tuple(calls), spans=tuple(spans), reads=reads)


def _unexported(source: bytes, root: Node) -> bytes:
    """The text without its exports, which may not stand in a function; every other character stays where it is."""
    edits: list[Edit] = []
    for node in root.named_children:
        if node.type == "export_statement":
            declared, value = node.child_by_field_name("declaration"), node.child_by_field_name("value")
            end = next((each.start_byte for each in (declared, value) if each is not None), node.end_byte)
            edits.append(blank(source, node.start_byte, end, first=b"void " if value is not None else b""))
    return apply(source, edits) if edits else source


def _letter(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return chr(code) if code < 128 else " "  # noqa: PLR2004 - the words that are looked for are ASCII


def _reads(root: Node, names: Names, places: Places) -> Iterator[tuple[int, int]]:
    found = grammar.captures(_MEMBERS, root, max_depth=MAX_DEPTH)
    everywhere = grammar.captures(_MEMBERS, root)
    if any(len(nodes) > len(found.get(kind, ())) for kind, nodes in everywhere.items()):
        return  # the way up from one that is so deep takes long, and what is not looked at may be written
    if any(_is_written(node) for node in found.get("element", ())):
        return  # whatever it writes
    members: list[tuple[Node, Node]] = []
    doubtful: set[str] = set()
    for node in found.get("member", ()):
        member = node.child_by_field_name("property")
        if member is not None and (_is_written(node) or _is_asked_for(node)):
            doubtful.add(names.text(member))
        elif member is not None:
            members.append((node, member))
    for node, member in members:
        if names.text(member) not in doubtful and not _is_guarded(node, names):
            yield places.of(member)


def _is_guarded(node: Node, names: Names) -> bool:
    """Whether the program may handle a failure of this place."""
    around = node.parent
    while around is not None:
        if around.type == "try_statement" and around.child_by_field_name("handler") is not None:
            return True
        if names.handles and around.type in FUNCTIONS:
            return True
        around = around.parent
    return False


def _is_written(node: Node) -> bool:
    """Whether a member is the target of an assignment, in whatever form."""
    child, parent = node, node.parent
    while parent is not None and parent.type in ("parenthesized_expression", "non_null_expression", "array_pattern",
                                                 "object_pattern", "pair_pattern", "assignment_pattern"):  # fmt: skip
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


def _is_asked_for(node: Node) -> bool:
    """Whether the program may do without the member: it tests it, or keeps it for later."""
    if any(child.type == "optional_chain" for child in node.children):
        return True
    child, parent = node, node.parent
    while parent is not None and parent.type in _EXPRESSION:
        child, parent = parent, parent.parent
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
        case kind:
            return kind in _KEEPING and not (
                kind == "for_in_statement" and parent.child_by_field_name("right") == child
            )


def _operator(node: Node) -> str:
    operator = node.child_by_field_name("operator")
    return "" if operator is None else operator.type
