"""The arguments of calls as far as the text itself gives them: literals, and names that surely stand for such.

Everything else is `UNKNOWN`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from tree_sitter import Node

from toolscript.guests.javascript.constants import Constants
from toolscript.schema.partial import UNKNOWN
from toolscript.schema.problems import path_text

MAX_DEPTH = 30  # of literals in literals
_ESCAPE = re.compile(r"\\(u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|\r\n|[\s\S])")
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": "", "\r": ""}
_NUMERAL = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_CASTS = frozenset(("parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression"))
_DROPPED = object()
Locate = Callable[[Node], tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A call `namespace.method(...)` as it is written.

    `args` is its object of arguments, `UNKNOWN` where it is none that can be read; `count` of arguments is -1 where it
    is not known. `places` leads from the paths of problems to where that argument stands; `scalars` are those places of
    which the whole value is known.
    """

    path: str
    args: Any
    count: int
    line: int
    column: int
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    scalars: tuple[tuple[int, int], ...] = ()


def written(path: str, call: Node, at: Node, source: bytes, locate: Locate, *, constants: Constants) -> Written:
    """Read the arguments of a call; `at` is where it is pointed at."""
    arguments = call.child_by_field_name("arguments")
    items = [] if arguments is None else [node for node in arguments.named_children if node.type != "comment"]
    reader = _Reader(source, locate, constants)
    args: Any = {}
    if items:
        args = reader.value(items[0], ("",))
        args = {} if args is _DROPPED else args
    spread = any(node.type == "spread_element" for node in items)
    line, column = locate(at)
    return Written(
        path=path,
        args=args,
        count=-1 if spread else len(items),
        line=line,
        column=column,
        places=reader.places,
        scalars=tuple(reader.scalars),
    )


class _Reader:
    __slots__ = ("constants", "drops", "locate", "places", "scalars", "source")

    def __init__(self, source: bytes, locate: Locate, constants: Constants) -> None:
        self.source = source
        self.locate = locate
        self.constants = constants
        self.drops = 0
        self.places: dict[str, tuple[int, int]] = {}
        self.scalars: list[tuple[int, int]] = []

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def value(self, node: Node, at: tuple[Any, ...], depth: int = 0) -> Any:
        """What an expression comes to; `_DROPPED` for `undefined`."""
        if depth > MAX_DEPTH:
            return UNKNOWN
        match node.type:
            case "object":
                return self.members(node, at, depth)
            case "array":
                return self.items(node, at, depth)
            case "string":
                return _unquoted(self.text(node)[1:-1])
            case "template_string" if not any(child.type == "template_substitution" for child in node.named_children):
                return _unquoted(self.text(node)[1:-1].replace("\r\n", "\n"))
            case "number":
                return _number(self.text(node))
            case "true" | "false":
                return node.type == "true"
            case "null":
                return None
            case "undefined":
                self.drops += 1
                return _DROPPED
            case "identifier" | "shorthand_property_identifier":
                stands_for = self.constants.value_of(self.text(node))
                return UNKNOWN if stands_for is None else self.value(stands_for, at, depth + 1)
            case "unary_expression" if self.text(node).startswith("-"):
                held = node.child_by_field_name("argument")
                number = _number(self.text(held)) if held is not None and held.type == "number" else UNKNOWN
                return -number if isinstance(number, int | float) and number else UNKNOWN
            case kind if kind in _CASTS and node.named_child_count:
                return self.value(node.named_children[0], at, depth + 1)
            case _:
                return UNKNOWN

    def members(self, node: Node, at: tuple[Any, ...], depth: int) -> Any:
        members: dict[str, Any] = {}
        for child in node.named_children:
            if child.type == "comment":
                continue
            if child.type == "spread_element":
                drops = self.drops
                spread = self.value(child.named_children[0], at, depth + 1)
                if not isinstance(spread, dict) or self.drops != drops:
                    return UNKNOWN  # what it has may take the place of what stands before it
                members |= cast("dict[str, Any]", spread)
                continue
            key, value = self.member(child)
            if key is None or key in ("__proto__", "toJSON"):
                return UNKNOWN
            here = (at, key)
            held = UNKNOWN if value is None else self.value(value, here, depth + 1)
            self.note(child, here, held)
            members.pop(key, None)
            if held is not _DROPPED:
                members[key] = held
        return members

    def note(self, node: Node, at: tuple[Any, ...], held: Any) -> None:
        place = self.places[path_text(at)] = self.locate(node)
        if held is None or isinstance(held, str | int | float):
            self.scalars.append(place)

    def member(self, node: Node) -> tuple[str | None, Node | None]:
        """The key and the value of a part of an object; no key where it cannot be told."""
        if node.type in ("shorthand_property_identifier", "identifier"):
            return self.text(node), node
        if node.type != "pair":
            return None, None
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if key is None:
            return None, None
        text = self.text(key)
        match key.type:
            case "property_identifier" if "\\" not in text:
                return text, value
            case "string":
                read = _unquoted(text[1:-1])
                return (read, value) if isinstance(read, str) else (None, None)
            case _:
                return None, None

    def items(self, node: Node, at: tuple[Any, ...], depth: int) -> Any:
        if any(child.type == "spread_element" for child in node.named_children) or self.has_holes(node):
            return UNKNOWN
        listed = [child for child in node.named_children if child.type != "comment"]
        values: list[Any] = []
        for place, child in enumerate(listed):
            held = self.value(child, (at, place), depth + 1)
            self.note(child, (at, place), held)
            values.append(None if held is _DROPPED else held)
        return values

    def has_holes(self, node: Node) -> bool:
        """Whether places of an array are left out, as in `[1,,2]`."""
        before = "["
        for child in node.children:
            if child.type == "," and before in ("[", ","):
                return True
            if child.type != "comment":
                before = child.type
        return False


def _number(text: str) -> Any:
    text = text.replace("_", "")
    if _NUMERAL.fullmatch(text) is None:
        return UNKNOWN
    number = json.loads(text)
    return int(number) if isinstance(number, float) and number.is_integer() and abs(number) < 1 << 53 else number


def _unquoted(text: str) -> Any:
    """The text that a literal stands for."""
    if "\\" not in text:
        return text
    try:
        read = _ESCAPE.sub(_escaped, text)
        read.encode("utf-16", "surrogatepass").decode("utf-16")
    except (ValueError, UnicodeDecodeError):
        return UNKNOWN
    return read.encode("utf-16", "surrogatepass").decode("utf-16")


def _escaped(match: re.Match[str]) -> str:
    digits = match[2] or match[3] or match[4]
    return chr(int(digits, 16)) if digits else _SIMPLE.get(match[1], match[1])
