"""Lists of promises that are read as if they were lists of values.

1. Such a list is what `map` gives for a function whose value is a promise, a literal of nothing but promises, and an
   empty literal into which nothing but promises are pushed. `map` is the language's own if the program defines none.
2. It counts where it stands, and in a constant if all uses of that are such that they can put nothing else into it.
3. Their elements are those of loops, of callbacks, and by index. No element counts if the program puts properties of
   its own on any.
4. `filter`, `some` and their kin wait for no promise: for them it is true.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tree_sitter import Node

from toolscript.guests.javascript.as_value import Reading, crossing_of, place_of
from toolscript.guests.javascript.globals import GLOBALS
from toolscript.guests.javascript.mentions import Names
from toolscript.guests.javascript.promises import Found, Origin, Place, Promises, is_constant

_MAPPING = frozenset(("map", "flatMap"))
_TESTING = frozenset(("filter", "some", "every", "find", "findIndex", "findLast", "findLastIndex"))
_WALKING = {
    **dict.fromkeys((*_MAPPING, *_TESTING, "forEach"), (0,)),
    **dict.fromkeys(("reduce", "reduceRight"), (1,)),
    **dict.fromkeys(("sort", "toSorted"), (0, 1)),
}
"""Which parameters of a callback are elements."""
_TAKING = frozenset(("at", "pop", "shift"))
_KEEPING = frozenset(("slice", "concat", "indexOf", "lastIndexOf", "includes", "entries", "keys", "values", "reverse",
                      "toReversed", "with", "toSpliced"))  # fmt: skip
_ONLY_READING = frozenset(
    ("Promise.all", "Promise.allSettled", "Promise.any", "Promise.race", "Array.isArray", "console.log",
     "console.error", "console.warn", "console.info", "console.debug")
)  # fmt: skip
_HARMLESS = frozenset(
    ("expression_statement", "template_substitution", "binary_expression", "unary_expression", "if_statement",
     "spread_element", "while_statement")
)  # fmt: skip
_CONVERTERS = frozenset(("Boolean", "String", "Number"))
_INDEXES = frozenset(("number", "identifier", "binary_expression"))
_CALLBACKS = frozenset(("arrow_function", "function_expression"))
_OWN_LISTS = ("Proxy", "prototype", "setPrototypeOf", "__proto__", "snippets")  # with them `map` may be anything


def misused(names: Names) -> list[Found]:
    """All promises that are used as values, each at most once."""
    promises = Promises(names)
    promises.follow()
    if not names.reflects and not any(word.encode() in names.source for word in _OWN_LISTS):
        _Lists(promises).follow()
    return list(promises.found.values())


class _Seen:
    """What is done with the elements of one list."""

    __slots__ = ("certain", "is_closed")

    def __init__(self) -> None:
        self.certain: list[tuple[Reading, Node]] = []
        self.is_closed = True

    def open(self) -> None:
        """Something else may come into it, or onto its elements."""
        self.is_closed = False


class _Lists:
    def __init__(self, promises: Promises) -> None:
        self._promises = promises
        self._names = promises.names
        self._promised = {node.id for pushes in promises.pushed.values() for _, node in pushes}

    def follow(self) -> None:
        for origin, function in self._promises.values:
            self._callback(origin, function)
        for key, origins in self._promises.items.items():
            array = self._promises.arrays[key]
            if len(origins) == len(_parts(array)):
                self._list(_together(origins), array)
        for name, pushes in self._promises.pushed.items():
            self._pushed(name, pushes)

    def _callback(self, origin: Origin, function: Node) -> None:
        """What becomes of the promises that a callback gives."""
        if not self._promises.may_look():
            return
        arguments, role = place_of(function)
        call = arguments.parent if arguments.type == "arguments" else None
        callee = call.child_by_field_name("function") if call is not None and call.type == "call_expression" else None
        if call is None or callee is None or callee.type != "member_expression":
            return
        holder, member = callee.child_by_field_name("object"), callee.child_by_field_name("property")
        if holder is None or member is None or any(child.type == "optional_chain" for child in callee.children):
            return
        method, given = self._names.text(member), _parts(arguments)
        if method == "from" and self._names.text(holder) == "Array" and "Array" not in self._names.declared:
            if given[1:2] == [role]:
                self._list(origin, call)
        elif given[:1] == [role] and self._is_builtin(method, holder):
            if method in _MAPPING:
                self._list(origin, call)
            elif method in _TESTING and not _is_dropped(call):
                self._promises.keep(Found(origin, Reading("tested", method, call), origin.node, origin.node))

    def _is_builtin(self, method: str, holder: Node) -> bool:
        """Whether a method is the language's own: the program defines none, and no tool gives functions."""
        names = self._names
        if method in names.keys or any(f"{quote}{method}{quote}".encode() in names.source for quote in "'\"`"):
            return False
        root = holder
        while root.type != "await_expression" and (inner := _inner(root)) is not None:
            root = inner
        if root.type != "identifier":
            return root.type not in ("this", "super")
        name = names.text(root)
        return name in names.declared or name in GLOBALS or name == "input"

    def _pushed(self, name: str, pushes: Sequence[tuple[Origin, Node]]) -> None:
        declarator = self._names.variables.get(name)
        value = declarator.child_by_field_name("value") if declarator is not None else None
        if value is None or value.type != "array" or _parts(value) or not is_constant(self._names, name):
            return
        seen = _Seen()
        for place in self._promises.uses.of(name):
            self._use(seen, place)
        origins = [origin for origin, _ in pushes]
        self._keep(_together(origins), seen, pushes[0][1], name, is_listed=False)

    def _list(self, origin: Origin, node: Node) -> None:
        parent, role = place_of(node)
        if parent.type == "await_expression":  # of a list it awaits nothing
            parent, role = place_of(parent)
        seen, name = _Seen(), ""
        target = parent.child_by_field_name("name") if parent.type == "variable_declarator" else None
        if target is not None and target.type == "identifier":
            name = self._names.text(target)
            if not is_constant(self._names, name):
                return
            for place in self._promises.uses.of(name):
                self._use(seen, place)
        else:
            self._use(seen, Place(parent, role, node))
        self._keep(origin, seen, node, name, is_listed=True)

    def _keep(self, origin: Origin, seen: _Seen, held: Node, name: str, *, is_listed: bool) -> None:
        if seen.is_closed and seen.certain:
            reading, at = min(seen.certain, key=lambda each: each[1].start_byte)
            self._promises.keep(Found(origin, reading, at, held, name, is_listed))

    def _use(self, seen: _Seen, place: Place) -> None:
        """One use of a list, in a constant or where it stands."""
        parent, role, node = place
        if not seen.is_closed or not self._promises.may_look():
            seen.open()
            return
        match parent.type:
            case "for_in_statement" if parent.child_by_field_name("right") == role:
                self._loop(seen, parent)
            case "member_expression" if parent.child_by_field_name("object") == role:
                self._member(seen, parent)
            case "subscript_expression" if parent.child_by_field_name("object") == role:
                index = parent.child_by_field_name("index")
                if index is None or index.type not in _INDEXES or _is_target(parent):
                    seen.open()
                else:
                    self._element(seen, parent)
            case "return_statement" | "pair" | "object" | "array":
                self._crossing(seen, place)
            case "arguments":
                called = self._called(parent)
                if called == "JSON.stringify":
                    seen.certain.append((Reading("argument", called), node))
                elif called not in _ONLY_READING:
                    self._crossing(seen, place)
            case "await_expression":
                if place_of(parent)[0].type != "expression_statement":
                    seen.open()
            case kind if kind not in _HARMLESS:
                seen.open()
            case _:
                pass

    def _crossing(self, seen: _Seen, place: Place) -> None:
        crossing = crossing_of(self._names, place.parent, place.role, is_list=True)
        if crossing is not None:
            seen.certain.append((crossing, place.node))
        else:
            seen.open()

    def _called(self, arguments: Node) -> str:
        call = arguments.parent
        callee = call.child_by_field_name("function") if call is not None else None
        text = self._names.text(callee) if callee is not None and callee.type == "member_expression" else ""
        return "" if text.partition(".")[0] in self._names.declared else text

    def _loop(self, seen: _Seen, loop: Node) -> None:
        operator, left = loop.child_by_field_name("operator"), loop.child_by_field_name("left")
        awaits = any(child.type == "await" for child in loop.children)
        if operator is None or operator.type != "of" or awaits or left is None:
            return
        if loop.child_by_field_name("kind") is None:
            return  # a variable from elsewhere
        self._bound(seen, left, loop)

    def _member(self, seen: _Seen, member: Node) -> None:
        key = member.child_by_field_name("property")
        method = self._names.text(key) if key is not None else ""
        call, role = place_of(member)
        if call.type != "call_expression" or call.child_by_field_name("function") != role:
            if method != "length" or _is_target(member):
                seen.open()
            return
        arguments = call.child_by_field_name("arguments")
        given = _parts(arguments) if arguments is not None else []
        if method in _WALKING:
            self._walk(seen, given, _WALKING[method])
        elif method in _TAKING:
            self._element(seen, call)
        elif method == "join":
            seen.certain.append((Reading("text"), member))
        elif method == "push":
            if not all(each.id in self._promised for each in given):
                seen.open()
        elif method not in _KEEPING:
            seen.open()

    def _walk(self, seen: _Seen, given: Sequence[Node], elements: tuple[int, ...]) -> None:
        """The elements are parameters of a callback."""
        if not given:
            return
        callback = given[0]
        if callback.type not in _CALLBACKS:
            if self._names.text(callback) not in _CONVERTERS:
                seen.open()
            return
        single = callback.child_by_field_name("parameter")
        listed = callback.child_by_field_name("parameters")
        parameters = [single] if single is not None else _parts(listed) if listed is not None else []
        if len(parameters) > max(elements) + 2 - (len(elements) > 1):
            seen.open()  # it is given the list itself
            return
        for index in elements:
            if index < len(parameters):
                parameter = parameters[index]
                self._bound(seen, parameter.child_by_field_name("pattern") or parameter, callback)

    def _bound(self, seen: _Seen, target: Node, within: Node) -> None:
        """Elements are taken by this name, or taken apart, within a loop or a callback."""
        if target.type in ("object_pattern", "array_pattern"):
            seen.certain.append((Reading("destructured"), target))
        if target.type != "identifier":
            return
        name, names = self._names.text(target), self._names
        inside = [at for at in names.bound[name] if within.start_byte <= at < within.end_byte]
        written = [at for at in names.written.get(name, ()) if within.start_byte <= at < within.end_byte]
        if inside == [target.start_byte] and all(at == target.start_byte for at in written):
            self._judge(seen, self._promises.uses.of(name, within))

    def _element(self, seen: _Seen, node: Node) -> None:
        """One element, where it stands or in a constant."""
        parent, role = place_of(node)
        target = parent.child_by_field_name("name") if parent.type == "variable_declarator" else None
        if target is None or target.type != "identifier":
            self._judge(seen, [Place(parent, role, node)])
        elif is_constant(self._names, self._names.text(target)):
            self._judge(seen, self._promises.uses.of(self._names.text(target)))

    def _judge(self, seen: _Seen, places: Sequence[Place]) -> None:
        certain = self._promises.certain_of(places)
        if certain is None:
            seen.open()
        else:
            seen.certain += certain


def _inner(node: Node) -> Node | None:
    """What a chain of members and calls begins with, by one step."""
    if node.type in ("parenthesized_expression", "non_null_expression", "as_expression"):
        return node.named_children[0] if node.named_children else None
    return node.child_by_field_name("object") or node.child_by_field_name("function")


def _parts(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type != "comment"]


def _together(origins: Sequence[Origin]) -> Origin:
    """One origin for several: all must be promises."""
    needs = dict.fromkeys(need for each in origins for need in _needs(each))
    return origins[0]._replace(needs=tuple(need for need in needs if need != origins[0].path))


def _needs(origin: Origin) -> Iterator[str]:
    if not origin.is_own:
        yield origin.path
    yield from origin.needs


def _is_target(node: Node) -> bool:
    """Whether what stands here is written."""
    parent, role = place_of(node)
    if parent.type in ("assignment_expression", "augmented_assignment_expression", "for_in_statement"):
        return parent.child_by_field_name("left") == role
    return parent.type in ("update_expression", "array_pattern", "pair_pattern", "assignment_pattern") or (
        parent.type == "unary_expression" and parent.children[0].type == "delete"
    )


def _is_dropped(call: Node) -> bool:
    """Whether nothing is done with what a call gives."""
    parent, _ = place_of(call)
    if parent.type == "await_expression":
        parent, _ = place_of(parent)
    return parent.type == "expression_statement"
