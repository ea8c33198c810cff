"""What to write instead of a promise that is used as the value."""

from __future__ import annotations

from tree_sitter import Node

from toolscript.guests.javascript.as_value import MAX_SHOWN, Reading, place_of
from toolscript.guests.javascript.mentions import Names
from toolscript.guests.javascript.names import FUNCTIONS
from toolscript.guests.javascript.promises import Found

_MAX_HOLDER = 30  # characters of a list that is quoted in front of `.map(…)`


def fix_of(names: Names, found: Found) -> str:
    """The expression with its `await`."""
    reading = found.reading
    if reading.use == "combined" and reading.whole is not None:
        return f"{reading.detail}([{_inside(names, reading.whole)}])"
    if reading.use == "tested" and reading.whole is not None:
        return _after_all(names, reading, reading.whole)
    if found.is_listed:
        awaited = f"await Promise.all({_short_list(names, found.held)})"
        return f"{_kind(found.held)} {found.variable} = {awaited}" if found.variable else awaited
    awaited = f"await {_short(names, found)}"
    if found.variable:
        parent, _ = place_of(found.held)
        if parent.type == "arguments":
            return f"{found.variable}.push({awaited})"
        return f"{_kind(found.held)} {found.variable} = {awaited}"
    if reading.use == "member":
        return f"({awaited}).{reading.detail}"
    if reading.use == "element" and reading.whole is not None:
        index = reading.whole.child_by_field_name("index")
        return f"({awaited})[{names.text(index) if index is not None else '…'}]"
    return awaited


def is_sync(found: Found) -> bool:
    """Whether the correction stands in a function that would have to be `async` for it."""
    whole = found.reading.whole if found.reading.use == "tested" else None
    if not found.is_listed and whole is None:
        return found.origin.scope.is_sync
    around = whole or found.held
    while around.parent is not None and around.type not in FUNCTIONS:
        around = around.parent
    return around.type in FUNCTIONS and not any(child.type == "async" for child in around.children)


def _kind(held: Node) -> str:
    """The keyword of the declaration that it stands in."""
    around: Node | None = held
    while around is not None and around.type not in ("lexical_declaration", "variable_declaration"):
        around = around.parent
    return around.children[0].type if around is not None else "const"


def _short(names: Names, found: Found) -> str:
    """The call as it is written, its arguments left out if they are long."""
    text = names.text(found.held)
    return text if _is_short(text) else f"{found.origin.path}(…)"


def _short_list(names: Names, held: Node) -> str:
    text = names.text(held)
    if _is_short(text):
        return text
    callee = held.child_by_field_name("function")
    return "[…]" if callee is None else f"{_holder(names, callee)}.{_member(names, callee)}(…)"


def _holder(names: Names, callee: Node) -> str:
    holder = callee.child_by_field_name("object")
    text = names.text(holder) if holder is not None else ""
    return text if text and len(text) <= _MAX_HOLDER and "\n" not in text else "list"


def _member(names: Names, callee: Node) -> str:
    member = callee.child_by_field_name("property")
    return names.text(member) if member is not None else ""


def _after_all(names: Names, reading: Reading, call: Node) -> str:
    """Test what the promises gave, and not the promises."""
    callee = call.child_by_field_name("function")
    holder = _holder(names, callee) if callee is not None else "list"
    all_of = f"await Promise.all({holder}.map(…))"
    if reading.detail in ("some", "every"):
        return f"({all_of}).{reading.detail}(Boolean)"
    return f"const kept = {all_of}; {holder}.{reading.detail}((_, i) => kept[i])"


def _inside(names: Names, call: Node) -> str:
    arguments = call.child_by_field_name("arguments")
    text = names.text(arguments)[1:-1].strip() if arguments is not None else ""
    return text if _is_short(text) else "…"


def _is_short(text: str) -> bool:
    return len(text) <= MAX_SHOWN and "\n" not in text
