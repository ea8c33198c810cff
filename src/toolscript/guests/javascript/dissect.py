"""What a type check needs of a program, out of its syntax tree: plain values, which can cross to another process.

1. A program that could lead the checker to files (`import`, `require`) is not dissected: its session refuses it anyhow.
2. Calls count by the rules of `check`: those whose failure the program may handle do not.
3. Of members that are read, those count whose absence the program does not expect: `reads` has the rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from toolscript.errors import GuestError
from toolscript.guests.edits import Edit, apply, blank
from toolscript.guests.javascript import grammar
from toolscript.guests.javascript.check import Places, unhandled_calls
from toolscript.guests.javascript.constants import Constants
from toolscript.guests.javascript.names import read
from toolscript.guests.javascript.reads import QUERY, Read, Reads
from toolscript.guests.javascript.source import parse_ahead
from toolscript.guests.javascript.written import Written, written

MAX_CHARS = 50_000  # of a program that is checked; what is longer is data
_READS_FILES = re.compile(r"\b(?:import|require)\b|\A\s*#!")
_ESCAPE = re.compile(r"\\u(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{4}))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissected:
    """`text` has the author's lines, with what is no program made blank; all places are 1-based, columns in characters.

    `calls` are those that nothing handles the failure of; `spans` are the arguments of each, from where to where, and
    `conditional` the numbers of those that are made only if what is handed over meets a condition.
    `reads` are the members whose absence the program does not expect. Neither is known where members were left out.
    """

    text: str
    calls: tuple[Written, ...]
    spans: tuple[tuple[int, int, int, int], ...]
    reads: tuple[Read, ...]
    conditional: tuple[int, ...] = ()


def dissect(code: str, *, members: bool = True) -> Dissected | None:
    """The parts of a program; None for one that is not checked.

    `members` are looked at for what a checker of types says of them: a third of the time, which others can save.
    """
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
    made: list[Node] = []
    found = grammar.captures(QUERY, program.root)
    constants = Constants(found.get("declared", ()), names)
    for call in sorted(unhandled_calls(names), key=lambda call: call.node.start_byte):
        arguments, callee = call.node.child_by_field_name("arguments"), call.node.child_by_field_name("function")
        member = callee.child_by_field_name("property") if callee is not None else None
        if arguments is not None:
            path = f"{call.name}.{call.method}"
            calls.append(written(path, call.node, member or call.node, program.parsed, places.of, constants=constants))
            spans.append((*places.of(arguments), *places.end_of(arguments)))
            made.append(call.node)
    reads = Reads(program.root, found, names, places) if members else None
    return Dissected(
        text=text,
        calls=tuple(calls),
        spans=tuple(spans),
        reads=() if reads is None else tuple(reads.found()),
        conditional=() if reads is None else tuple(reads.conditional_calls(made)),
    )


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
