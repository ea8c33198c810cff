"""Definitions that are an option or a part of themselves, with nothing in between: what they come to without that.

1. As an option of itself a definition adds nothing: `A = A | string` is `string`.
2. As a part of itself it adds nothing either: `A = A & { x }` is `{ x }`. A part that is a union and leads back takes
   anything: `Cat = Pet & { purrs }` with `Pet = { kind } & (Cat | Dog)` is `{ kind } & { purrs }`.
3. So whoever follows options, parts and references comes to an end, and no language is given a type that it calls
   circular. Members, items and places lie in between: what comes back to itself there is a recursive type.
4. Of definitions that lead to each other, those with such a part are written out, and the others may name them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from toolscript.schema.shapes import Anything, Intersection, Nothing, Ref, Shape, Union, Unknown

MAX_FOLLOWED = 1_000  # references that a search for a way back follows
MAX_PATH = 30  # definitions that lead to what is written out, each by the one before
MAX_WRITTEN = 200  # definitions that are written out in one; what lies beyond takes anything


@dataclass(slots=True)
class Grounding:
    """The definitions of one document, without what they are of themselves.

    `raw` gives a definition as it stands, or None where it is plainly an object. `merged` makes one shape of parts,
    `united` of options.
    """

    raw: Callable[[Ref], Shape | None]
    merged: Callable[[list[Shape]], Shape]
    united: Callable[[list[Shape]], Shape]
    _known: dict[str, Shape] = field(default_factory=dict[str, Shape])

    def of(self, ref: Ref, built: Shape) -> Shape:
        """What a reference stands for, given the definition as it stands."""
        known = self._known.get(ref.name)
        if known is None:
            known = _Writing(self, ref, self._has_part(built, ref)).whole(built) if self._leads(built, ref) else built
            self._known[ref.name] = known
        return known

    def leads(self, ref: Ref, target: Ref) -> bool:
        """Whether a definition is another one, or leads to it."""
        return ref == target or self._leads(self.raw(ref), target)

    def has_part(self, ref: Ref, target: Ref) -> bool:
        """Whether a definition has a part that leads to another one."""
        return self._has_part(self.raw(ref), target)

    def _leads(self, shape: Shape | None, target: Ref) -> bool:
        waiting: list[Shape | None] = [shape]
        seen: set[Ref] = set()
        while waiting:
            for ref, _ in _named(waiting.pop(), part=False):
                if ref == target:
                    return True
                if ref not in seen and len(seen) < MAX_FOLLOWED:
                    seen.add(ref)
                    waiting.append(self.raw(ref))
        return False

    def _has_part(self, shape: Shape | None, target: Ref) -> bool:
        return any(part and self.leads(ref, target) for ref, part in _named(shape, part=False))


class _Writing:
    """Writes out one definition that leads back to itself; an `alone` one names none that lead to it."""

    def __init__(self, ground: Grounding, ref: Ref, alone: bool) -> None:
        self._ground = ground
        self._ref = ref
        self._alone = alone
        self._left = MAX_WRITTEN

    def whole(self, built: Shape) -> Shape:
        made = self._written(built, frozenset({self._ref}), {self._ref}, part=False)
        return Unknown(f"{self._ref.name} is defined by itself") if isinstance(made, Nothing) else made

    def _written(self, shape: Shape, path: frozenset[Ref], options: set[Ref], *, part: bool) -> Shape:
        """A shape without what is on the path to it, or is an option of the same union already."""
        match shape:
            case Union():
                held = [self._written(option, path, options, part=False) for option in shape.options]
                return self._ground.united(held)
            case Intersection(parts):
                made = [(each, self._written(each, path, set(), part=True)) for each in parts]
                return self._ground.merged([new for old, new in made if new == old or not _says_nothing(new)])
            case Ref():
                return self._definition(shape, path, options, part=part)
            case _:
                return shape

    def _definition(self, ref: Ref, path: frozenset[Ref], options: set[Ref], *, part: bool) -> Shape:
        if ref in options:
            return Nothing()
        if ref in path or self._left <= 0 or len(path) > MAX_PATH:
            return Anything()
        if not self._ground.leads(ref, self._ref):
            return ref
        if not part and not self._alone and self._ground.has_part(ref, self._ref):
            return ref
        self._left -= 1
        options.add(ref)
        raw = self._ground.raw(ref)
        return ref if raw is None else self._written(raw, path | {ref}, options, part=part)


def _says_nothing(shape: Shape) -> bool:
    """Whether nothing is left of a part."""
    return isinstance(shape, Anything | Nothing)


def _named(shape: Shape | None, *, part: bool) -> Iterator[tuple[Ref, bool]]:
    """The references that a shape has as options and parts, and whether each is a part itself."""
    match shape:
        case Ref():
            yield shape, part
        case Union(options):
            for option in options:
                yield from _named(option, part=False)
        case Intersection(parts):
            for each in parts:
                yield from _named(each, part=True)
        case _:
            return


def names_of(shape: Shape) -> Sequence[Ref]:
    """The references that a shape has as options and parts."""
    return [ref for ref, _ in _named(shape, part=False)]
