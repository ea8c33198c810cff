"""The names of types in one text: each stands for one type, however many schemas it is used in.

1. A definition keeps the name that its schema gives it. Definitions of several schemas that say the same share it.
2. One that says something else gets `_2`, `_3`, ... in the order in which they are met.
3. Objects without a name get one from where they stand; equal ones share it.
4. A definition of what takes a few words, such as a scalar or a short enumeration, is printed in place.
"""

from __future__ import annotations

from collections.abc import Iterable

from toolscript.schema.shape import Shaped
from toolscript.schema.shapes import Array, Intersection, Object, Ref, Shape, Tuple, Union, parts_of

MAX_COMPARED = 400  # definitions that are compared before two types count as different


class TypeNames:
    """Hands out the names of types of one text."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._taken: dict[str, tuple[Shaped, Shape] | None] = dict.fromkeys(reserved)
        self._known: dict[tuple[int, Shape], str] = {}
        self._kept: list[Shaped] = []  # an id is only as good as what keeps it

    def of(self, shaped: Shaped, shape: Shape, wanted: str) -> str:
        """The name of a definition (a `Ref`) or of an object without a name."""
        key = (id(shaped), shape)
        known = self._known.get(key)
        if known is not None:
            return known
        name, number = wanted, 1
        while name in self._taken and not self._same(self._taken[name], shaped, shape):
            number += 1
            name = f"{wanted}_{number}"
        self._taken.setdefault(name, (shaped, shape))
        self._known[key] = name
        self._kept.append(shaped)
        return name

    def reserve(self, name: str) -> None:
        """From now on no other type gets this name."""
        self._taken.setdefault(name, None)

    @staticmethod
    def _same(held: tuple[Shaped, Shape] | None, shaped: Shaped, shape: Shape) -> bool:
        return held is not None and held[0] is not shaped and same(held[0], held[1], shaped, shape)


def same(left: Shaped, left_shape: Shape, right: Shaped, right_shape: Shape) -> bool:
    """Whether two shapes of two schemas say the same, with all that they refer to."""
    waiting: list[tuple[Shape, Shape]] = [(left_shape, right_shape)]
    seen: set[str] = set()
    while waiting:
        mine, theirs = waiting.pop()
        if isinstance(mine, Ref) and isinstance(theirs, Ref) and mine.name == theirs.name:
            if mine.name in seen or left.node(mine) is right.node(theirs):
                continue
            seen.add(mine.name)
            if len(seen) > MAX_COMPARED:
                return False
            mine, theirs = left.resolve(mine), right.resolve(theirs)
        if mine != theirs:  # references in it compare by their names
            return False
        waiting += [(Ref(name), Ref(name)) for name in references(mine)]
    return True


def references(shape: Shape) -> list[str]:
    """The names of the definitions that a shape names itself."""
    found: dict[str, None] = {}
    waiting: list[Shape] = [shape]
    while waiting:
        match waiting.pop():
            case Ref(name):
                found[name] = None
            case other:
                waiting += parts_of(other)
    return list(found)


def goes_by_name(shape: Shape) -> bool:
    """Whether a definition is printed by its name: rule 4."""
    match shape:
        case Object() | Tuple() | Intersection():
            return True
        case Union(options):
            return any(isinstance(each, Object | Ref | Array | Tuple | Intersection) for each in options)
        case Array(items=items):
            return isinstance(items, Object | Union | Ref | Array | Tuple | Intersection)
        case _:
            return False


def comes_back(shaped: Shaped, shape: Shape, name: str, through: tuple[type[Shape], ...]) -> bool:
    """Whether a shape leads to a definition, through shapes of these kinds but no members."""
    waiting, seen = [shape], set[str]()
    while waiting and len(seen) < MAX_COMPARED:
        held = waiting.pop()
        if isinstance(held, Ref):
            if held.name == name:
                return True
            if held.name in seen:
                continue
            seen.add(held.name)
            held = shaped.glimpse(held)
        has_members = isinstance(held, Object) and bool(held.properties)
        if isinstance(held, through) and not has_members:
            waiting += parts_of(held)
    return False


def whole_of(shaped: Shaped) -> Shape:
    """The root of a schema: the definition that stands for it, where it refers to itself."""
    itself = (Ref(name) for name in references(shaped.root) if shaped.is_whole(Ref(name)))
    return next(itself, shaped.root)
