"""Turn what a model wrote into one script for the engine, which has no modules and no types.

The script is an expression whose value is `async (input) => …`, in strict mode. The author's lines follow, one to one,
a first line of our own; what was not program (prose, fences) becomes blank. So a position in the script leads back to
the author's text. The program stands in a block of its own, so that it may declare an `input` itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from toolscript.guests.ahead import Ahead
from toolscript.guests.edits import Edit, apply, in_order, origin
from toolscript.guests.fence import Fences, Line, SeveralPrograms
from toolscript.guests.javascript import grammar, wrap
from toolscript.guests.javascript.complaint import complaint
from toolscript.guests.javascript.names import read
from toolscript.guests.javascript.scan import Scanner, flaw_in
from toolscript.guests.javascript.typescript_strip import NO_MODULES, Unsupported, strip

_HEAD = '(async (input) => {"use strict";{\n'
_TAIL = "}})"
HEAD_LINES = 1
_MAX_DEPTH = 1000  # far beyond what people write; the engine's own parser gives up at a few hundred
_INK = re.compile(r"[^\r\n]")
_ELEMENT_END = re.compile(rb"</[\w.]*>|/>")
_NO_JSX = "JSX is not supported: return plain values, or build text with template literals"
_LONE_RETURN = re.compile(r"\r(?!\n)")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BROKEN = "(MISSING) @missing (type_annotation . (ERROR) @type)"
_FUNCTIONS = frozenset(
    ("arrow_function", "function_expression", "function_declaration", "method_definition", "generator_function",
     "generator_function_declaration")
)  # fmt: skip
_AWAITS = f"""
(await_expression) @await
(for_in_statement "await" @await)
[{" ".join(f"({kind})" for kind in sorted(_FUNCTIONS))}] @function
"""
_ASYNC_AWAIT = "`await` is only allowed in an async function: write `async` before the function around it"
_REQUIRE = "(call_expression function: (identifier) @callee (arguments . (string)))"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A program ready for the engine.

    `locate` takes a line and column of the script, both 1-based, the column in UTF-8 bytes as QuickJS-ng reports it. It
    gives the line and column in the author's text, both 1-based, the column in characters; None for a position in the
    wrapper.
    """

    script: str
    _parsed: bytes
    _edits: tuple[Edit, ...]

    def declared(self) -> Mapping[str, int]:
        """The names that the program declares, and in which line of the author's text first."""
        try:
            names = read(self._parsed, grammar.parse(self._parsed).root_node)
        except grammar.TooIntricate:
            return {}
        only_written = {name for name, places in names.written.items() if len(places) == len(names.bound[name])}
        return {
            name: self._parsed.count(b"\n", 0, min(places)) + 1
            for name, places in names.bound.items()
            if name not in only_written
        }

    def locate(self, line: int, column: int) -> tuple[int, int] | None:
        row = line - HEAD_LINES - 1
        lines = self._parsed.split(b"\n")
        if not 0 <= row < len(lines):
            return None
        written = self.script.encode("utf-8", "surrogatepass").split(b"\n")[HEAD_LINES:]
        offset = sum(len(text) + 1 for text in written[:row]) + max(column - 1, 0)
        start = sum(len(text) + 1 for text in lines[:row])
        at = min(max(origin(self._edits, offset), start), start + len(lines[row].rstrip(b"\r")))
        return row + 1, len(self._parsed[start:at].decode("utf-8", "replace")) + 1


@dataclass(frozen=True, slots=True)
class Parsed:
    """The tree of a program; `source` are its bytes, and `parsed` those that the tree is of."""

    body: str
    source: bytes
    parsed: bytes
    root: Node


def parse(code: str) -> Parsed:
    """The tree of a program, without what stands around it. Raises `GuestError` where there can be none."""
    text = _LONE_RETURN.sub("\n", code) if "\r" in code else code
    body = _body(code, text)
    source = body.encode("utf-8", "surrogatepass")
    parsed = source if body.isascii() else _LONE_SURROGATE.sub("\ufffd", body).encode()
    try:
        root = grammar.parse(parsed).root_node
    except grammar.TooIntricate:
        flaw = flaw_in(body, max_depth=_MAX_DEPTH)
        offset, message = (flaw.offset, flaw.message) if flaw else (0, "the program is too intricate to be parsed")
        raise complaint(code, offset, message) from None
    return Parsed(body, source, parsed, root)


def parse_ahead(code: str) -> Parsed:
    """The same for a program that is about to start: `prepare` will not parse it again."""
    return _ahead.known(code) or _ahead.keep(code, parse(code))


_ahead = Ahead[Parsed]()


def prepare(code: str) -> Prepared:
    """Make a script of a program. Raises `GuestError` (code `syntax`) where it surely cannot be one."""
    program = _ahead.take(code) or parse(code)
    body, source, parsed, root = program.body, program.source, program.parsed, program.root
    if root.has_error:
        _refuse_what_is_broken(code, body, parsed, root)
    try:
        edits = strip(parsed, root)
    except Unsupported as error:
        raise complaint(code, _characters(parsed, error.offset), str(error)) from None
    if b"require" in parsed:
        _refuse_require(code, parsed, root)
    if b"await" in parsed:
        _refuse_stray_await(code, parsed, root)
    value = wrap.yield_of(parsed, root)
    if value.edits:
        edits = in_order([*edits, *value.edits])
    script = (apply(source, edits) if edits else source).decode("utf-8", "surrogatepass")
    return Prepared(f"{_HEAD}{script}\n{value.call.decode()}{_TAIL}", parsed, tuple(edits))


def _body(code: str, text: str) -> str:
    """The program, with all that stands around it made blank."""
    try:
        start, end = _FENCES.program_in(text)
    except SeveralPrograms as error:
        raise complaint(code, error.offset, str(error)) from None
    if "\0" in text:
        raise complaint(
            code, text.index("\0"), "a program cannot hold the character U+0000: write it as \\0 or \\u0000"
        )
    if start == 0 and end == len(text):
        return text
    return _INK.sub(" ", text[:start]) + text[start:end] + _INK.sub(" ", text[end:])


def _outside(text: str, at: int, lines: Sequence[Line]) -> Line | None:
    """The first line that lies in no template literal or comment of what begins here."""
    scanner = Scanner(text, at)
    return next((line for line in lines if scanner.run_to(line.at)), None)


_FENCES = Fences(
    frozenset(("ts", "typescript", "js", "javascript", "mts", "mjs", "cts", "cjs", "tsx", "jsx", "node")),
    opens=_outside,
    closes=_outside,
)


def _refuse_what_is_broken(code: str, body: str, parsed: bytes, root: Node) -> None:
    """Raise for what is surely wrong; what only the parser does not know is left to the engine."""
    if _ELEMENT_END.search(parsed) and (offset := grammar.jsx_in(parsed)) is not None:
        raise complaint(code, _characters(parsed, offset), _NO_JSX)
    flaw = flaw_in(body, max_depth=_MAX_DEPTH)
    if flaw is not None:
        message = flaw.message
        if flaw.opened is not None:
            line = body.count("\n", 0, flaw.opened) + 1
            message += f" (to close the '{body[flaw.opened]}' of line {line})"
        raise complaint(code, flaw.offset, message)
    found = grammar.captures(_BROKEN, root)
    for node in found.get("missing", ()):
        what = f"{node.type.replace('_', ' ')}" if node.is_named else f"'{node.type}'"
        raise complaint(code, _characters(parsed, node.start_byte), f"expected {what}")
    for node in found.get("type", ()):
        if parsed[node.start_byte : node.end_byte] == b"=":
            raise complaint(code, _characters(parsed, node.start_byte), "expected a type before '='")


def _refuse_require(code: str, parsed: bytes, root: Node) -> None:
    for node in grammar.captures(_REQUIRE, root).get("callee", ()):
        if parsed[node.start_byte : node.end_byte] == b"require":
            raise complaint(code, _characters(parsed, node.start_byte), NO_MODULES)


def _refuse_stray_await(code: str, parsed: bytes, root: Node) -> None:
    """The engine would only say that it expected a semicolon."""
    found = grammar.captures(_AWAITS, root, about=_FUNCTIONS)
    functions = [(node.start_byte, node.end_byte, node) for node in found.get("function", ())]
    if not functions or "await" not in found:
        return
    items = sorted([*functions, *((node.start_byte, 0, node) for node in found["await"])], key=lambda item: item[0])
    around: list[tuple[int, bool]] = []
    for start, end, node in items:
        while around and around[-1][0] <= start:
            around.pop()
        if end:
            around.append((end, _is_async(parsed, node)))
        elif around and not around[-1][1]:
            raise complaint(code, _characters(parsed, start), _ASYNC_AWAIT)


def _is_async(parsed: bytes, node: Node) -> bool:
    if node.type != "method_definition":
        return parsed.startswith(b"async", node.start_byte)
    name = node.child_by_field_name("name")
    return name is None or b"async" in parsed[node.start_byte : name.start_byte]


def _characters(source: bytes, offset: int) -> int:
    return len(source[:offset].decode("utf-8", "replace"))
