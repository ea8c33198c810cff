"""Programs that were parsed when they were checked, so that their start need not parse them again."""

from __future__ import annotations

from contextlib import suppress
from typing import Generic, TypeVar

MOST = 8  # trees that are kept; each is some twenty to fifty times as large as its text

T = TypeVar("T")


class Ahead(Generic[T]):
    """What was made of programs, by their text. Any thread may call it."""

    def __init__(self) -> None:
        self._held: dict[str, T] = {}

    def known(self, code: str) -> T | None:
        return self._held.get(code)

    def keep(self, code: str, program: T) -> T:
        """Keep what was made of a program, and give it; what was kept for longest goes."""
        while len(self._held) >= MOST:
            with suppress(KeyError):  # taken meanwhile, on another thread
                del self._held[next(iter(self._held), code)]
        self._held[code] = program
        return program

    def take(self, code: str) -> T | None:
        """Give it, and keep it no longer."""
        return self._held.pop(code, None)
