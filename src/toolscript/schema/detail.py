"""How much of a type is printed, and where something was cut."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from toolscript.schema.quoting import key_text
from toolscript.schema.shapes import Property

MAX_CUTS = 6  # places of one text that are remembered as cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """How much to print: levels of nested objects, members of each, characters of a comment (0 prints none)."""

    depth: int
    properties: int
    options: int
    about: int = 0


LINE = (
    Detail(depth=2, properties=24, options=8),
    Detail(depth=1, properties=16, options=8),
    Detail(depth=1, properties=12, options=5),
    Detail(depth=0, properties=12, options=4),
    Detail(depth=0, properties=6, options=3),
    Detail(depth=0, properties=3, options=2),
)
BLOCK = (
    Detail(depth=12, properties=400, options=200, about=1000),
    Detail(depth=10, properties=300, options=60, about=240),
    Detail(depth=8, properties=300, options=40, about=120),
    Detail(depth=6, properties=300, options=20, about=60),
    Detail(depth=6, properties=300, options=12),
    Detail(depth=4, properties=100, options=8, about=40),
    Detail(depth=3, properties=60, options=8),
    Detail(depth=2, properties=24, options=8),
    Detail(depth=1, properties=24, options=6),
    Detail(depth=0, properties=24, options=4),
    Detail(depth=0, properties=8, options=3),
)
WHOLE = 5  # degrees of `BLOCK` that leave out no property
EVERYTHING = Detail(depth=40, properties=100_000, options=100_000, about=200)


class Places:
    """Where a printer is, and where it cut something: `input.address`, `Person.tags`."""

    __slots__ = ("_parts", "cut")

    def __init__(self, root: str) -> None:
        self._parts = [root]
        self.cut: dict[str, None] = {}

    @contextmanager
    def within(self, name: str) -> Generator[None]:
        """Everything that is printed in here belongs to this member."""
        self._parts.append(name)
        try:
            yield
        finally:
            self._parts.pop()

    @contextmanager
    def at(self, root: str) -> Generator[None]:
        """Everything that is printed in here belongs to this named type."""
        held, self._parts = self._parts, [root]
        try:
            yield
        finally:
            self._parts = held

    @property
    def here(self) -> str:
        root, *names = self._parts
        return root + "".join(map(member_text, names))

    def note(self) -> None:
        """Here something is cut."""
        if len(self.cut) < MAX_CUTS:
            self.cut[self.here] = None


def member_text(name: str) -> str:
    """A member of a place, such as `.address` or `["a-b"]`."""
    key = key_text(name)
    return f"[{key}]" if key.startswith('"') else f".{key}"


def needed_first(properties: tuple[Property, ...]) -> list[Property]:
    """The properties with those first that a caller has to give."""
    return sorted(properties, key=lambda prop: not prop.needed)
