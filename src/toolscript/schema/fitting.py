"""Declarations within a bound: the call first, then the types that it names, then those that they name.

1. Nearer types are told in more detail than those further away, and never in less.
2. The types that the call itself names are there, in however little detail. Of those beyond, the first that fit are;
   the others are named as left out, and so are the places that were cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Protocol

from toolscript.schema.detail import BLOCK, WHOLE, Detail

OF_CALL = 0.6  # of the bound: what the call may take when it names types
OF_LEVEL = 0.8  # of what is left: what types may take when they name further ones
LONG = 240  # characters of a comment, beyond which the types that follow are worth more
TIGHT = BLOCK[WHOLE + 1]  # the detail of types of which not all fit


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """Declarations: the first line is the call. `left_out` are types that are named only, `cut` places cut short."""

    lines: tuple[str, ...]
    names: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def missing(self) -> tuple[str, ...]:
        """What to ask for next: types that are named but not there, then places cut short."""
        return tuple(dict.fromkeys((*self.left_out, *self.cut)))


@dataclass(frozen=True, slots=True)
class Named:
    """A type that a printer named: its name in the text, and the place by which it can be asked for."""

    key: str
    name: str
    place: str


class NamesTypes(Protocol):
    """A printer, as far as this module needs it."""

    detail: Detail
    left: int

    @property
    def cuts(self) -> Sequence[str]: ...

    def named(self) -> Sequence[Named]: ...

    def definition(self, key: str) -> str: ...

    def state(self) -> Any: ...

    def restore(self, state: Any) -> None: ...


Call = Callable[[Detail], tuple[str, Sequence[NamesTypes]]]
"""Prints the call in some detail, and gives the printers that printed it."""


def fitted(call: Call, max_chars: int, known: frozenset[str], details: Sequence[Detail] = BLOCK) -> Printed | None:
    """The call and the types that it needs in the most detail that fits; None where not even the call does.

    `known` are the names of types that stand elsewhere.
    """
    for place, detail in enumerate(details):
        text, printers = call(detail)
        alone = not _pending(printers, set(known))
        if detail.about > LONG and not alone and len(details) > 1:
            continue  # further types say more than the rest of a long description
        if len(text) <= max_chars * (1 if alone or place >= WHOLE else OF_CALL):
            return _Filling(printers, set(known), details[place:], [text], max_chars - len(text)).printed()
    return None


@dataclass(slots=True)
class _Filling:
    """Fills what is left of a bound with types, level by level."""

    printers: Sequence[NamesTypes]
    known: set[str]
    details: Sequence[Detail]
    lines: list[str]
    left: int

    def printed(self) -> Printed:
        names: list[str] = []
        left_out: list[str] = []
        first = True
        while level := _pending(self.printers, self.known):
            texts = self._level(level, first)
            for (_, named), text in zip(level, texts, strict=False):
                names.append(named.name)
                self.known.add(named.name)
                self.lines.append(text)
                self.left -= len(text) + 1
            if len(texts) < len(level):
                left_out = [named.place for _, named in _pending(self.printers, self.known)]
                break
            first = False
        cut = dict.fromkeys(place for printer in self.printers for place in printer.cuts)
        return Printed(lines=tuple(self.lines), names=tuple(names), left_out=tuple(left_out), cut=tuple(cut))

    def _level(self, level: list[tuple[NamesTypes, Named]], first: bool) -> list[str]:
        """All types of a level in one degree of detail, or those that fit."""
        for place, detail in enumerate(self.details):
            if not first and detail not in BLOCK[:WHOLE] and len(self.details) > 1:
                break
            states = [printer.state() for printer in self.printers]
            texts = self._texts(level, detail, self.left)
            if len(texts) == len(level):
                size = sum(map(len, texts)) + len(texts)
                further = _pending(self.printers, self.known | {named.name for _, named in level})
                lavish = detail.about > LONG and bool(further) and len(self.details) > 1
                if not lavish and size <= self.left * (OF_LEVEL if further and place < WHOLE else 1):
                    self.details = self.details[place:]
                    return texts
            for printer, state in zip(self.printers, states, strict=True):
                printer.restore(state)
        return self._texts(level, TIGHT, self.left)

    def _texts(self, level: list[tuple[NamesTypes, Named]], detail: Detail, left: int) -> list[str]:
        texts: list[str] = []
        for printer, named in level:
            state = printer.state()
            printer.detail, printer.left = detail, left * 2
            text = printer.definition(named.key)
            left -= len(text) + 1
            if left < 0:
                printer.restore(state)
                break
            texts.append(text)
        return texts


def _pending(printers: Sequence[NamesTypes], known: set[str]) -> list[tuple[NamesTypes, Named]]:
    """The types that are named and not there yet, those of the printers in turn; each name once."""
    found: dict[str, tuple[NamesTypes, Named]] = {}
    lists = [[(printer, named) for named in printer.named() if named.name not in known] for printer in printers]
    for row in zip_longest(*lists):
        for each in row:
            if each is not None:
                found.setdefault(each[1].name, each)
    return list(found.values())
