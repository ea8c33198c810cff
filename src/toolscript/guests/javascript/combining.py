"""Mistakes with `Promise.all` and its kin that show in the text alone."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from toolscript.guests.javascript.as_value import place_of
from toolscript.guests.javascript.mentions import Call, Names

_COMBINATORS = frozenset(("all", "allSettled", "any", "race"))
_LISTING = frozenset(("all", "allSettled"))
_ESCAPING = frozenset(("await_expression", "return_statement"))
_OF_A_LIST = frozenset(
    ("length", "constructor", "at", "concat", "copyWithin", "entries", "every", "fill", "filter", "find", "findIndex",
     "findLast", "findLastIndex", "flat", "flatMap", "forEach", "includes", "indexOf", "join", "keys", "lastIndexOf",
     "map", "pop", "push", "reduce", "reduceRight", "reverse", "shift", "slice", "some", "sort", "splice",
     "toLocaleString", "toReversed", "toSorted", "toSpliced", "toString", "unshift", "values", "with", "hasOwnProperty",
     "valueOf")
)  # fmt: skip


def miscombined(names: Names) -> Iterator[tuple[Node, str]]:
    """Each mistake: where it is, and what to say."""
    if "Promise" in names.declared:
        return
    for call in names.calls:
        if call.name != "Promise" or call.method not in _COMBINATORS:
            continue
        if _is_given_an_object(call) and names.is_reached(call.scope, handed_on=call.parent.type not in _ESCAPING):
            yield (
                call.node,
                f"`Promise.{call.method}` takes one list, and no object: write `Promise.{call.method}([…])`",
            )
        elif call.method in _LISTING and call.parent.type == "await_expression":
            place, _ = place_of(call.parent)
            target = place.child_by_field_name("name") if place.type == "variable_declarator" else None
            taken = _taken(names, target) if target is not None and target.type == "object_pattern" else None
            if taken and target is not None:
                again = f"const [{', '.join(taken)}] = await Promise.{call.method}(…)"
                yield target, f"`Promise.{call.method}` gives a list: take it apart as `{again}`"


def _is_given_an_object(call: Call) -> bool:
    arguments = call.node.child_by_field_name("arguments")
    given = [node for node in arguments.named_children if node.type != "comment"] if arguments is not None else []
    if not given or given[0].type != "object":
        return False
    parts = [node for node in given[0].named_children if node.type != "comment"]
    keys = [part.child_by_field_name("key") for part in parts if part.type == "pair"]
    plain = all(part.type in ("pair", "shorthand_property_identifier") for part in parts)
    return plain and all(key is not None and key.type == "property_identifier" for key in keys)


def _taken(names: Names, pattern: Node) -> list[str] | None:
    """The variables of a pattern, if none of its keys is one of a list."""
    taken: list[str] = []
    for part in pattern.named_children:
        key, variable = part, part
        if part.type == "pair_pattern":
            key, variable = part.child_by_field_name("key") or part, part.child_by_field_name("value") or part
        elif part.type == "object_assignment_pattern":
            key = variable = part.child_by_field_name("left") or part
        if key.type not in ("shorthand_property_identifier_pattern", "property_identifier"):
            return None
        if names.text(key) in _OF_A_LIST:
            return None
        taken.append(names.text(variable))
    return taken
