"""Enums as objects, written on the enum's own lines.

`enum Size { S, L = S + 4 }` becomes `var Size = ((Size) => { const S = Size["S"] = 0; … return Size;})(Size ?? {});`.
A member may name the members before it, a number leads back to its name, and a second enum of the same name adds to
the first.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from toolscript.guests.edits import Edit

_NAME = re.compile(rb"[A-Za-z_$][\w$]*")
_INTEGER = re.compile(rb"-?\d{1,15}")
_RESERVED = frozenset(  # what strict mode lets no variable be called
    b"""break case catch class const continue debugger default delete do else enum export extends false finally for
    function if import in instanceof new null return super switch this throw true try typeof var void while with yield
    let static implements interface package private protected public await eval arguments""".split()
)


def enum_edits(source: bytes, node: Node) -> list[Edit]:
    """The edits that make an object of an enum declaration."""
    name_node, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    assert name_node is not None
    assert body is not None
    name = source[name_node.start_byte : name_node.end_byte]
    edits = [
        Edit(node.start_byte, name_node.start_byte, b"var "),
        Edit(
            name_node.end_byte,
            body.start_byte + 1,
            b" = ((" + name + b") => {" + _ends(source, name_node.end_byte, body.start_byte),
        ),
    ]
    following: bytes | None = b"0"
    for child in body.children[1:-1]:
        span = (child.start_byte, child.end_byte)
        match child.type:
            case ",":
                edits.append(Edit(*span, b" "))
            case "enum_assignment":
                following = _assigned(source, name, child, edits)
            case "comment":
                pass
            case _:
                key = _key(source, child)
                edits.append(Edit(*span, _member(name, key, following or b"0") + _reverse(name, key)))
                following = _next(name, key, following)
    edits.append(Edit(body.end_byte - 1, body.end_byte, b"return " + name + b";})(" + name + b" ?? {});"))
    return edits


def _assigned(source: bytes, name: bytes, child: Node, edits: list[Edit]) -> bytes | None:
    key_node, value = child.child_by_field_name("name"), child.child_by_field_name("value")
    assert key_node is not None
    assert value is not None
    key = _key(source, key_node)
    edits.append(
        Edit(
            child.start_byte,
            value.start_byte,
            _member(name, key, b"(") + _ends(source, child.start_byte, value.start_byte),
        )
    )
    if value.type in ("string", "template_string"):
        edits.append(Edit(value.end_byte, value.end_byte, b");"))
        return None
    edits.append(Edit(value.end_byte, value.end_byte, b");" + _reverse(name, key)))
    return _next(name, key, source[value.start_byte : value.end_byte])


def _key(source: bytes, node: Node) -> bytes:
    text = source[node.start_byte : node.end_byte]
    return text if text[:1] in b"'\"" else b'"' + text + b'"'


def _member(name: bytes, key: bytes, value: bytes) -> bytes:
    target = name + b"[" + key + b"]"
    word = key[1:-1]
    end = b"" if value == b"(" else b";"
    if _NAME.fullmatch(word) and word not in _RESERVED and word != name:
        return b"const " + word + b" = " + target + b" = " + value + end
    return target + b" = " + value + end


def _reverse(name: bytes, key: bytes) -> bytes:
    value = name + b"[" + key + b"]"
    return b"if (typeof " + value + b' !== "string") ' + name + b"[" + value + b"] = " + key + b";"


def _next(name: bytes, key: bytes, value: bytes | None) -> bytes:
    if value is not None and _INTEGER.fullmatch(value):
        return b"%d" % (int(value) + 1)
    return name + b"[" + key + b"] + 1"


def _ends(source: bytes, start: int, end: int) -> bytes:
    """The line ends of a span, to be kept."""
    return b"\n" * source.count(b"\n", start, end)
