"""Calls whose promise is used as if it were the value: at once, or by way of a variable, a function or a list.

1. What gives a promise is a call of a tool, and of a function of the program's own that is `async`, or whose value is
   such a call. A name counts only if it is declared once and never assigned.
2. A promise may be kept, handed on, compared with others and put into containers: somebody may await it.
3. A variable that somebody may await is not called misused for what may be meant (`if (p)`, `p === q`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tree_sitter import Node

from toolscript.guests.javascript.as_value import (
    EQUALITIES,
    Reading,
    crossing_of,
    is_changed,
    past_defaults,
    place_of,
    reading_of,
)
from toolscript.guests.javascript.mentions import Call, Names, Scope
from toolscript.guests.javascript.mentions import Use as NameUse
from toolscript.runs.inspected import Use

_DOUBTFUL: frozenset[Use] = frozenset(("condition", "compared", "argument", "text", "number"))
_MARKING = frozenset(("Object.assign", "Object.defineProperty", "Object.defineProperties"))
_ASYNC = ("function_declaration", "function_expression", "arrow_function")
CALLBACK = "an `async` function"  # what gives the promise, if it has no name
_MOST_LOOKS = 500  # around in the tree: each costs up to 0.3 ms in a program of 100,000 characters; people need some 50
_MOST_USES = 100  # of one name


class Origin(NamedTuple):
    """What gives a promise: a call of a tool or of a function of the program's own, or an `async` callback.

    `path` is what is called; `needs` are further tools that must be there for it to be a promise.
    """

    path: str
    node: Node
    scope: Scope
    needs: tuple[str, ...] = ()
    is_own: bool = False


class Found(NamedTuple):
    """A promise that is used as a value at `at`; `held` is the expression that is to be awaited.

    `variable` is what it was kept in; `is_listed`: `held` is a list of promises, and `at` is where one of them is used.
    """

    origin: Origin
    reading: Reading
    at: Node
    held: Node
    variable: str = ""
    is_listed: bool = False


class Place(NamedTuple):
    """A promise, as the part `role` of `parent`; `node` is what stands there."""

    parent: Node
    role: Node
    node: Node


class Uses:
    """The uses of every name, in the order of the text."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._sorted: dict[str, list[NameUse]] = {}

    def of(self, name: str, within: Node | None = None) -> list[Place]:
        """Where a name is used, in the whole program or within a node."""
        if not self._sorted:
            self._sort()
        uses = self._sorted.get(name, [])
        if within is not None:
            first = bisect_left(uses, within.start_byte, key=lambda use: use.node.start_byte)
            uses = uses[first : bisect_left(uses, within.end_byte, key=lambda use: use.node.start_byte)]
        return [Place(use.parent, use.role, use.node) for use in uses]

    def _sort(self) -> None:
        for use in sorted(self._names.uses, key=lambda use: use.node.start_byte):
            self._sorted.setdefault(use.name, []).append(use)


def is_constant(names: Names, name: str) -> bool:
    """Whether a name means one thing in the whole program."""
    return names.declared[name] == 1 and name not in names.written


def certain_of(names: Names, places: Iterable[Place]) -> list[tuple[Reading, Node]] | None:
    """What is surely wrong of all uses of one promise; None where properties of the program's own are put on it."""
    readings: list[tuple[Reading, Node]] = []
    is_aware = False
    for parent, role, node in places:
        if is_changed(parent, role) or _is_marked(names, parent):
            return None
        reading = reading_of(names, parent, role) or crossing_of(names, parent, role)
        is_aware = is_aware or reading is None
        if reading is not None and reading.detail not in EQUALITIES:
            readings.append((reading, node))
    return [(r, at) for r, at in readings if not (is_aware and r.use in _DOUBTFUL and not r.needs)]


def _is_marked(names: Names, parent: Node) -> bool:
    call = parent.parent if parent.type == "arguments" else None
    callee = call.child_by_field_name("function") if call is not None else None
    return callee is not None and callee.type == "member_expression" and names.text(callee) in _MARKING


class Promises:
    """Follows every promise of a program to where it is used.

    `values` are functions that give one; `items` are promises in a list, and `pushed` those that are put into one.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.uses = Uses(names)
        self.found: dict[int, Found] = {}
        self.values: list[tuple[Origin, Node]] = []
        self.items: dict[int, list[Origin]] = defaultdict(list)
        self.arrays: dict[int, Node] = {}
        self.pushed: dict[str, list[tuple[Origin, Node]]] = defaultdict(list)
        self._todo: list[tuple[Origin, Place]] = []
        self._own: set[str] = set()
        self._left = _MOST_LOOKS

    def follow(self) -> None:
        """Follow all of them."""
        names = self.names
        plain: dict[str, list[Call]] = defaultdict(list)
        for call in names.plain:
            if call.parent.type != "await_expression":
                plain[call.name].append(call)
        for call in names.calls:
            if call.parent.type != "await_expression" and call.name not in names.declared:
                origin = Origin(f"{call.name}.{call.method}", call.node, call.scope)
                self._todo.append((origin, Place(call.parent, call.role, call.node)))
        if not names.reflects:
            for origin, function in _async_functions(names):
                self._give(origin, function, plain)
        while self._todo:
            origin, place = self._todo.pop()
            if (function := self._one(origin, place)) is not None and not names.reflects:
                self._give(origin, function, plain)

    def keep(self, found: Found) -> None:
        """Of several uses of one call the first is told."""
        known = self.found.get(found.origin.node.id)
        if known is None or found.at.start_byte < known.at.start_byte:
            self.found[found.origin.node.id] = found

    def _give(self, origin: Origin, function: Node, plain: dict[str, list[Call]]) -> None:
        """What calls this function has a promise."""
        name = _name_of(self.names, function)
        if name is None:
            self.values.append((origin, function))
        elif is_constant(self.names, name) and name not in self._own:
            self._own.add(name)
            needs = origin.needs if origin.is_own else (origin.path, *origin.needs)
            for call in plain[name]:
                own = Origin(name, call.node, call.scope, needs, is_own=True)
                self._todo.append((own, Place(call.parent, call.role, call.node)))

    def _one(self, origin: Origin, place: Place) -> Node | None:
        """Follow one promise; the function whose value it is, if it is one's."""
        names = self.names
        parent, role, held = past_defaults(place.parent, place.role)
        held = held or place.node
        reading = reading_of(names, parent, role)
        if reading is None:
            if not self.may_look():
                return None
            reading = crossing_of(names, parent, role)
        if reading is not None:
            self.keep(Found(origin, reading, origin.node, held))
            return None
        match parent.type:
            case "variable_declarator":
                self._variable(origin, parent, held)
            case "arrow_function" if parent.child_by_field_name("body") == role:
                return None if _is_generator_or_async(parent) else parent
            case "return_statement":
                return _returning(parent)
            case "array":
                self.items[parent.id].append(origin)
                self.arrays[parent.id] = parent
            case "arguments":
                self._push(origin, parent, place.node)
            case _:
                pass
        return None

    def may_look(self) -> bool:
        """Whether there is time left for what goes up the tree."""
        self._left -= 1
        return self._left > 0

    def _variable(self, origin: Origin, declarator: Node, held: Node) -> None:
        target = declarator.child_by_field_name("name")
        if target is None or target.type != "identifier":
            return
        name = self.names.text(target)
        certain = self.certain_of(self.uses.of(name)) if is_constant(self.names, name) else None
        if certain:
            reading, at = certain[0]
            self.keep(Found(origin, reading, at, held, name))

    def certain_of(self, places: Sequence[Place]) -> list[tuple[Reading, Node]] | None:
        """The same as `certain_of`; nothing is certain of what is used all over the program."""
        if len(places) > _MOST_USES or not all(self.may_look() for _ in places):
            return None
        return certain_of(self.names, places)

    def _push(self, origin: Origin, arguments: Node, node: Node) -> None:
        call = arguments.parent
        callee = call.child_by_field_name("function") if call is not None else None
        holder = callee.child_by_field_name("object") if callee is not None else None
        member = callee.child_by_field_name("property") if callee is not None else None
        if holder is None or member is None or holder.type != "identifier" or self.names.text(member) != "push":
            return
        self.pushed[self.names.text(holder)].append((origin, node))


def _async_functions(names: Names) -> Iterator[tuple[Origin, Node]]:
    for node, _, scope in names.functions:
        if node.type in _ASYNC and any(child.type == "async" for child in node.children):
            yield Origin(CALLBACK, node, scope, is_own=True), node


def _is_generator_or_async(function: Node) -> bool:
    return any(child.type in ("async", "*") for child in function.children)


def _name_of(names: Names, function: Node) -> str | None:
    """The one name of a function; None for one without, and for one whose name is another inside of it."""
    if function.type == "function_declaration":
        name = function.child_by_field_name("name")
        return names.text(name) if name is not None else None
    parent, _ = place_of(function)
    target = parent.child_by_field_name("name") if parent.type == "variable_declarator" else None
    return names.text(target) if target is not None and target.type == "identifier" else None


def _returning(statement: Node) -> Node | None:
    """The function that does nothing but return this."""
    block = statement.parent
    function = block.parent if block is not None and block.type == "statement_block" else None
    if block is None or function is None or function.type not in _ASYNC or _is_generator_or_async(function):
        return None
    return (
        function
        if [child.type for child in block.named_children if child.type != "comment"] == [statement.type]
        else None
    )
