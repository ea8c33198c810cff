"""Which tools have a name whose letters are like those of another, found without a look at all names.

1. A tool's name is kept by some of its pieces: PIECE letters in a row, without gaps between them, and its last ones.
   What is asked for gives every such piece of it, so a mistyped letter spoils one or two of the pieces and no more.
   A short name is kept by what is left of it without one of its letters, too.
2. Of the pieces asked for the rarest are read, and no more than READ tools of them: the cost does not grow with the
   catalogue.
3. It is built with the catalogue, and only grows: snapshots of one line share it, and take no notice of a tool that is
   not theirs. Where most of it is of no use, the catalogue begins anew.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice

from toolscript.tools import Tool, ToolPath

PIECE = 4  # letters; three are in too many names, five do not outlive a mistyped letter in a short word
SHORT = 9  # letters of a name of which one mistyped letter may leave no piece
READ = 1_000  # postings a question, at 50 ns each
RAREST = 8  # tools that have the rarest pieces, however few
RIVALS = 100  # tools with as many pieces as the best, of which the length decides

_separators = re.compile(r"[\W_]+")


@lru_cache(maxsize=10_000)
def bare(name: str) -> str:
    """A name without case and separators; a name of nothing else is itself."""
    return _separators.sub("", name.casefold()) or name


Span = tuple["array[int]", int, int]
"""Postings, from and to."""


class _Pieces:
    """For each piece of names the numbers of those that have it, in order."""

    def __init__(self) -> None:
        self._postings: dict[str, array[int]] = {}

    def add(self, number: int, kept: Iterable[str]) -> None:
        for piece in kept:
            try:
                self._postings[piece].append(number)
            except KeyError:
                self._postings[piece] = array("I", (number,))

    def spans(self, piece: str, blocks: Iterable[tuple[int, int]] | None) -> Iterator[Span]:
        """The postings of a piece, as far as they are numbers of these blocks (None: all)."""
        postings = self._postings.get(piece)
        if postings is None:
            return
        if blocks is None:
            yield postings, 0, len(postings)
            return
        for first, end in blocks:
            low = bisect_left(postings, first)
            high = bisect_left(postings, end, low)
            if low < high:
                yield postings, low, high

    def alike(self, wanted: str, blocks: Sequence[tuple[int, int]] | None, apart: Callable[[int], int]) -> list[int]:
        """The numbers of the names that have the rarest of a name's pieces, and then of those that have the most.

        Of equals those come first that are less `apart`.
        """
        spans = sorted((span for piece in _asked(wanted) for span in self.spans(piece, blocks)), key=_length)
        found, room = Counter[int](), READ
        for postings, low, high in spans:
            found.update(postings[low : min(high, low + room)])
            room -= high - low
            if room <= 0:
                break
        numbers = list(found)
        if len(numbers) > RIVALS:
            least = sorted(found.values(), reverse=True)[RIVALS]
            surely = [number for number in numbers if found[number] > least]
            numbers = surely + [number for number in numbers if found[number] == least][:RIVALS]
        numbers.sort(key=lambda number: (-found[number], apart(number)))
        return list(dict.fromkeys(chain(islice(found, RAREST), numbers)))


class Letters:
    """The pieces of the names of all tools and namespaces that a line of catalogues has had."""

    def __init__(self) -> None:
        self._paths: list[ToolPath] = []
        self._of_tools = _Pieces()
        self._spaces: dict[str, set[str]] = {}
        """The namespaces in order, and the methods of each that are here."""
        self._of_spaces = _Pieces()
        self._blocks: dict[str, list[tuple[int, int]]] = {}
        """Of each namespace the numbers of its tools, from and to."""

    def __len__(self) -> int:
        return len(self._paths)

    def add(self, namespace: str, methods: Mapping[str, Tool]) -> None:
        """A namespace, and its tools as far as they are not here yet."""
        known = self._spaces.get(namespace)
        if known is None:
            self._of_spaces.add(len(self._spaces), _kept(bare(namespace)))
            known = self._spaces[namespace] = set()
        new = [methods[method] for method in methods if method not in known] if known else list(methods.values())
        if not new:
            return
        known.update(methods)
        first = len(self._paths)
        for number, tool in enumerate(new, first):
            self._paths.append(tool.path)
            self._of_tools.add(number, _kept_of(tool))
        self._blocks.setdefault(namespace, []).append((first, len(self._paths)))

    def alike(self, wanted: str, namespaces: Collection[str] | None, most: int) -> list[ToolPath]:
        """At most so many tools of these namespaces (None: of all), those with the most pieces of the name first."""
        paths, size = self._paths, len(wanted)
        numbers = self._of_tools.alike(
            wanted, self._blocks_of(namespaces), lambda number: abs(len(paths[number].method) - size)
        )
        return [paths[number] for number in numbers[:most]]

    def spaces(self, wanted: str, most: int) -> list[str]:
        """At most so many namespaces, those whose names have the most pieces of the name first."""
        names, size = list(self._spaces), len(wanted)
        numbers = self._of_spaces.alike(wanted, None, lambda number: abs(len(names[number]) - size))
        return [names[number] for number in numbers[:most]]

    def named(self, name: str, namespaces: Collection[str] | None = None) -> Iterator[ToolPath]:
        """The tools that may have this bare name, as method or as raw name: all that do, and few others."""
        blocks = self._blocks_of(namespaces)
        rarest = min((list(self._of_tools.spans(piece, blocks)) for piece in _kept(name)), key=_size)
        for postings, low, high in rarest:
            for number in postings[low:high]:
                yield self._paths[number]

    def _blocks_of(self, namespaces: Collection[str] | None) -> list[tuple[int, int]] | None:
        if namespaces is None:
            return None
        return list(chain.from_iterable(self._blocks.get(name, ()) for name in namespaces))


def _length(span: Span) -> int:
    return span[2] - span[1]


def _size(spans: Sequence[Span]) -> int:
    return sum(map(_length, spans))


def _kept_of(tool: Tool) -> Collection[str]:
    method, raw = tool.path.method, tool.raw_name
    name = _separators.sub("", method.casefold()) or method
    if raw == method:
        return _kept(name)
    other = _separators.sub("", raw.casefold()) or raw
    return _kept(name) if other == name else _kept(name) | _kept(other)


def _kept(name: str) -> set[str]:
    """The pieces that a tool's name is kept by."""
    size = len(name)
    kept = {name[at : at + PIECE] for at in range(0, size - PIECE + 1, PIECE)}
    kept.add(name[-PIECE:])
    if size <= SHORT:
        kept.update(_shortened(name))
    return kept


def _asked(name: str) -> Iterable[str]:
    """The pieces that a name is looked for by, in order."""
    size = len(name)
    asked = [name[at : at + PIECE] for at in range(max(1, size - PIECE + 1))]
    if size <= SHORT + 1:
        asked += _shortened(name)
    return dict.fromkeys(asked)


def _shortened(name: str) -> Iterator[str]:
    yield f"-{name}"
    for at in range(len(name)):
        yield f"-{name[:at]}{name[at + 1 :]}"
