"""The ranking over the indexes of a whole catalogue, fast enough for 100,000 tools.

    score  = sum over terms of  weight(t) * impact(t, d)
    score *= 1 + COVERAGE * (weight of the terms that the tool has / weight of all terms that the catalogue knows)

`weight(t)` is the term's idf, times 1 + ln(count) for a word of the question, PAIR for two adjacent words and SYNONYM
for a word that means the same as one of them.

1. All is done in whole numbers: the weights of a question add up to at most ALL, and an impact has 8 bits, so both sums
   of a tool, that of weight * impact and that of weight alone, fit into one 32-bit lane, the second in the low 12 bits.
2. The lanes of all tools together are one Python integer. The lanes of a frequent term are kept in this form, and are
   added with one multiplication: 2 ns a tool, where a loop over postings takes 100 ns each. Rare terms, whose lists are
   short, are looped over.
3. The best are found without a look at every lane: the highest byte of each lane, which orders the tools by their first
   sum, is cut out, and only tools are looked at whose byte is so high that coverage can lift them among the best.
4. Equal scores come in the order of paths, which is that of the tools' numbers.
"""

from __future__ import annotations

import math
import sys
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from heapq import nsmallest
from itertools import pairwise
from typing import TypeVar

from toolscript.catalog.index import FINE, IMPACT_BITS, K1, Index
from toolscript.catalog.spelling import respellings
from toolscript.catalog.terms import ASKS_TO_UNDO, FAINT, asked_words, query_terms, synonyms
from toolscript.tools import ToolPath

# Chosen by macro nDCG@10 over seven labelled sets, and confirmed by leaving one set out.
PAIR = 0.4
SYNONYM = 0.35
COVERAGE = 1.5
FAINTLY = 0.3  # a word for tools themselves
UNDOING_KEEPS = 0.8  # the part of its score that a tool keeps which deletes or cancels, where nothing says so

RESPELT = (0.7, 0.35)  # the weight of the word that an unknown one was probably meant for, and of the next
SHORT = 8  # words of a question that are respelt; a longer one says more, and most unknown words of it are values
MAX_RESPELT = 4  # words of a question
TERSE = 4  # words of a question in which a word that no tool has counts as asked for, so that few match well

MAX_QUERY = 4_000  # characters of a question
MAX_TERMS = 400  # of a question, the weightiest; an utterance has 20 to 100
COVERED_BITS = 12
ALL = (1 << COVERED_BITS) - 1
LANE = 4  # bytes; ALL * MAX_IMPACT << COVERED_BITS | ALL is just below 2**32
LONG = 64  # a term that at least one in so many tools has is added by lanes: there both ways cost the same
KEPT_BYTES = 32 << 20  # of lanes: 80 terms of 100,000 tools, 800 of 10,000; the latest used stay
MAX_REMEMBERED = 10_000  # terms, and names, whose places in all indexes are kept
CANDIDATES = (
    2_000  # whose scores are worked out, at most; more than so many have equal bytes in made-up catalogues only
)

T = TypeVar("T")

_IMPACT = (1 << IMPACT_BITS) - 1
_LITTLE = sys.byteorder == "little"
_HIGHEST = slice(LANE - 1 if _LITTLE else 0, None, LANE)
_HIGH = slice(LANE - 2 if _LITTLE else 1, None, LANE)
_LOWEST = slice(0 if _LITTLE else LANE - 1, None, LANE)
_LOW = slice(1 if _LITTLE else LANE - 2, None, LANE)


@dataclass(frozen=True, slots=True)
class Scored:
    """A tool's score, and the part of the question's weight that it has, from 0 to 1."""

    path: ToolPath
    score: float
    coverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The best tools, how many match, and what no tool has of the question: for each such word the words it was taken
    for, if any; `guessed` if there is no other word."""

    best: list[Scored] = field(default_factory=list[Scored])
    total: int = 0
    unknown: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class _Term:
    """A term over all indexes: how many tools have it, how many postings there are, and where."""

    count: int
    size: int
    homes: tuple[tuple[int, int, int], ...]  # the place of an index, and its postings' begin and end


_NOWHERE = _Term(0, 0, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What to add up: terms with their weights in whole numbers, these `fine` to 1; `asked` is that of words alone.

    `undoes` says whether the question asks for something to be taken away or back.
    """

    terms: list[tuple[str, _Term, int]]
    whole: int
    asked: int
    fine: float
    undoes: bool


@dataclass(frozen=True, slots=True)
class _Scores:
    """The scores of tools: their lanes, what coverage adds, and what part of a score a tool keeps (None: the whole)."""

    lanes: array[int]
    reward: float
    kept: Sequence[float] | None

    def best(self, numbers: Iterable[int], limit: int) -> list[tuple[float, int]]:
        """The lowest of their negatives, with their tools' numbers."""
        lanes, reward, kept = self.lanes, self.reward, self.kept
        if kept is None:
            sums = ((-(lanes[at] >> COVERED_BITS) * (1 + (lanes[at] & ALL) * reward), at) for at in numbers)
        else:
            sums = ((-(lanes[at] >> COVERED_BITS) * (1 + (lanes[at] & ALL) * reward) * kept[at], at) for at in numbers)
        return nsmallest(limit, sums)


class Ranking:
    """The ranking over the indexes of a catalogue, which come in the order of their namespaces."""

    def __init__(self, indexes: Sequence[Index]) -> None:
        self._indexes = [index.ready() for index in indexes]
        self._firsts: list[int] = []
        size = 0
        for index in self._indexes:
            self._firsts.append(size)
            size += len(index.paths)
        self._size = size
        self._terms: dict[str, _Term] = {}
        self._named: dict[str, list[ToolPath]] = {}
        self._lanes: dict[str, int] = {}
        self._likely = array("f", (1.0,)) * size
        for index, first in zip(self._indexes, self._firsts, strict=True):
            for number in index.undoing:
                self._likely[first + number] = UNDOING_KEEPS
        self._places = _directory(self._indexes)

    def ranked(self, query: str, among: Sequence[Index] | None, limit: int) -> Ranked:
        """The best tools, of the given indexes only, and how many match; equal scores in the order of paths."""
        words = asked_words(query[:MAX_QUERY])
        unknown = {word: root for word, root in words if not self._knows(root)}
        near = {word: self._near(word) for word in list(unknown)[:MAX_RESPELT]} if len(words) <= SHORT else {}
        taken = {unknown[word]: [root for _, root in found] for word, found in near.items() if found}
        said = {word: tuple(other for other, _ in near.get(word, ())) for word in unknown}
        plan = self._planned([root for _, root in words], taken)
        if not plan.terms:
            return Ranked(unknown=said)
        lanes = self._summed(plan.terms)
        planes = lanes.tobytes()
        matched, highest, high = _either(planes[_LOWEST], planes[_LOW]), planes[_HIGHEST], planes[_HIGH]
        if among is not None:
            matched, highest, high = (self._only(plane, among) for plane in (matched, highest, high))
        reward, likely = COVERAGE / plan.whole, None if plan.undoes else self._likely
        best = _best(matched, (highest, high), _Scores(lanes, reward, likely), limit)
        unit = (K1 + 1) / FINE / plan.fine
        scored = [
            Scored(self._path(number), -score * unit, min(1.0, (lanes[number] & ALL) / plan.asked))
            for score, number in best
        ]
        guessed = bool(taken) and len(unknown) == len(dict(words))
        return Ranked(best=scored, total=self._size - matched.count(0), unknown=said, guessed=guessed)

    def respelt(self, query: str, among: Sequence[Index] | None, limit: int) -> list[Scored]:
        """The same for a question of unknown words: each is taken for the known words that are spelt most like it."""
        terms = list(dict.fromkeys(query_terms(query[:200])))[:8]
        likely = [near for term in terms for near in get_close_matches(term, _plausible(term, self._places), 2, 0.75)]
        return self.ranked(" ".join(likely), among, limit).best if likely else []

    def _knows(self, term: str) -> bool:
        """Whether a tool has a word, or one that means the same."""
        return term in self._places or any(self._term(other).size for other in synonyms().get(term, ()))

    def _near(self, word: str) -> list[tuple[str, str]]:
        """The words that an unknown one may be meant for, with their stems."""
        return respellings(word, lambda root: self._term(root).count, 2)

    def _planned(self, terms: Sequence[str], taken: Mapping[str, Sequence[str]]) -> _Plan:
        """What a question comes to; `taken` has the stems that unknown ones are taken for."""
        meant = [taken[term][0] if term in taken else term for term in terms]
        counts = Counter(meant)
        factors = {term: (FAINTLY if term in FAINT else 1) + math.log(count) for term, count in counts.items()}
        others = {other for term in counts for other in synonyms().get(term, ()) if other not in counts}
        factors.update((other, 1 if " " in other else SYNONYM) for other in others)
        factors.update((f"{left} {right}", PAIR) for left, right in pairwise(meant))
        for roots in taken.values():
            factors.update((root, factor) for root, factor in zip(roots, RESPELT, strict=False) if root not in terms)
        known = ((term, self._term(term), factor) for term, factor in factors.items())
        weights = [(factor * self._idf(found), term, found) for term, found, factor in known if found.size]
        weights = sorted(weights, key=lambda each: (-each[0], each[1]))[:MAX_TERMS]
        fine = (ALL - len(weights)) / (sum(weight for weight, _, _ in weights) or 1.0)
        planned = [(term, found, 1 + int(weight * fine)) for weight, term, found in weights]
        literal = sum(weight for term, _, weight in planned if term in counts)
        missed = literal and len(terms) <= TERSE and not all(map(self._knows, counts))
        return _Plan(
            terms=planned,
            whole=sum(weight for _, _, weight in planned),
            asked=literal + int(self._idf(_NOWHERE) * fine) if missed else literal or ALL,
            fine=fine,
            undoes=not ASKS_TO_UNDO.isdisjoint(counts),
        )

    def _summed(self, terms: Iterable[tuple[str, _Term, int]]) -> array[int]:
        """The lane of each tool: its sum of weight * impact, and in the low bits that of the weights."""
        long = self._size // LONG
        dense = 0
        sparse: list[tuple[_Term, int]] = []
        for term, found, weight in terms:
            if found.size > long:
                dense += weight * self._lanes_of(term, found)
            else:
                sparse.append((found, weight))
        lanes = array("I", dense.to_bytes(self._size * LANE, sys.byteorder))
        for found, weight in sparse:
            step = weight << COVERED_BITS
            for place, begin, end in found.homes:
                first = self._firsts[place]
                for posting in self._indexes[place].postings[begin:end]:
                    lanes[first + (posting >> IMPACT_BITS)] += (posting & _IMPACT) * step + weight
        return lanes

    def _lanes_of(self, term: str, found: _Term) -> int:
        """A term's lanes for the weight 1. Those used last are at the end of the dictionary."""
        known = self._lanes.pop(term, None)
        if known is None:
            lanes = array("I", bytes(self._size * LANE))
            for place, begin, end in found.homes:
                first = self._firsts[place]
                for posting in self._indexes[place].postings[begin:end]:
                    lanes[first + (posting >> IMPACT_BITS)] = (posting & _IMPACT) << COVERED_BITS | 1
            known = int.from_bytes(lanes.tobytes(), sys.byteorder)
            while self._lanes and (len(self._lanes) + 1) * self._size * LANE > KEPT_BYTES:
                del self._lanes[next(iter(self._lanes))]
        self._lanes[term] = known
        return known

    def _only(self, plane: bytes, among: Sequence[Index]) -> bytes:
        """A plane (a byte for each tool) with zeros where a tool is not of the given indexes."""
        chosen = {id(index) for index in among}
        parts: list[bytes] = []
        for index, first in zip(self._indexes, self._firsts, strict=True):
            size = len(index.paths)
            parts.append(plane[first : first + size] if id(index) in chosen else bytes(size))
        return b"".join(parts)

    def named(self, key: str) -> list[ToolPath]:
        """The tools of all indexes that have a name with this `name_key`, in the order of their paths."""
        known = self._named.get(key)
        if known is None:
            wanted = hash(key)
            known = [path for place in self._having(key.split()) for path in self._indexes[place].named(wanted)]
            _remember(self._named, key, known)
        return known

    def _having(self, words: Sequence[str]) -> Sequence[int]:
        """The places of the indexes that have all of these words, in order."""
        rarest, *others = sorted((self._places.get(word, ()) for word in words), key=len) or [()]
        if others:
            kept = set(rarest).intersection(*others)
            return [place for place in rarest if place in kept]
        return rarest

    def _term(self, term: str) -> _Term:
        known = self._terms.get(term)
        if known is None:
            spans = [(place, *self._indexes[place].find(term)) for place in self._having(term.split())]
            homes = tuple((place, begin, end) for place, begin, end, _ in spans if end > begin)
            count = sum(heard for _, _, _, heard in spans)
            known = _Term(count, sum(end - begin for _, begin, end in homes), homes)
            _remember(self._terms, term, known)
        return known

    def _idf(self, term: _Term) -> float:
        return math.log(1 + (self._size - term.count + 0.5) / (term.count + 0.5))

    def _path(self, number: int) -> ToolPath:
        place = bisect_right(self._firsts, number) - 1
        return self._indexes[place].paths[number - self._firsts[place]]


def _best(matched: bytes, planes: Sequence[bytes], scores: _Scores, limit: int) -> list[tuple[float, int]]:
    """The best scores (negative, so that they sort) with their tools' numbers.

    `planes` are the higher bytes of the lanes, highest first. The second is needed for questions of hundreds of words,
    of which even the best tools have so few that their highest byte is 0.
    """
    sure: list[int] = []
    shift = LANE * 8 - COVERED_BITS - 8  # of the first sum, to the byte that the plane holds
    for plane in planes:
        floor = _floor(plane, limit)
        if floor:
            best = scores.best({*sure, *_places(plane, floor)}, limit)
            # Who lies below this is not among the best even with every word of the question.
            lowest = int(-best[-1][0] / (1 + COVERAGE)) >> shift
            return scores.best({*sure, *_places(plane, _cap(plane, lowest, floor))}, limit)
        sure += _places(plane, 1)
        shift -= 8
    return scores.best(_places(matched, 1), limit)


def _floor(plane: bytes, limit: int) -> int:
    """A value that at least `limit` bytes of a plane reach, and not many more; 0 if there is none but 0."""
    for low in (24, 6, 1):
        kept = plane.translate(None, _below(low))
        if len(kept) >= limit:
            for higher in (128, 96, 64, 48, 32):
                fewer = kept.translate(None, _below(higher))
                if len(fewer) >= limit:
                    return sorted(fewer, reverse=True)[limit - 1]
            return sorted(kept, reverse=True)[limit - 1]
    return 0


def _cap(plane: bytes, low: int, floor: int) -> int:
    """The lowest value from `low` on that no more than CANDIDATES bytes reach, but at most `floor`."""
    low = max(1, low)
    while low < floor and len(plane.translate(None, _below(low))) > CANDIDATES:
        low += 1 + (floor - low) // 4
    return min(low, floor)


def _places(plane: bytes, low: int) -> list[int]:
    """The first places where a plane reaches a value."""
    flags = plane.translate(_reaching(low))
    places: list[int] = []
    place = flags.find(1)
    while place >= 0 and len(places) < CANDIDATES:
        places.append(place)
        place = flags.find(1, place + 1)
    return places


def _either(one: bytes, other: bytes) -> bytes:
    """A plane that is 0 only where both are."""
    both = int.from_bytes(one, "little") | int.from_bytes(other, "little")
    return both.to_bytes(len(one), "little")


def _remember(known: dict[str, T], key: str, value: T) -> None:
    if len(known) >= MAX_REMEMBERED:
        known.clear()
    known[key] = value


def _directory(indexes: Sequence[Index]) -> dict[str, array[int]]:
    """For each word the places of the indexes that have it: most of many namespaces need not be asked for a word."""
    places: dict[str, array[int]] = {}
    for place, index in enumerate(indexes):
        for word in index.words:
            try:
                places[word].append(place)
            except KeyError:
                places[word] = array("I", (place,))
    return places


@cache
def _below(value: int) -> bytes:
    return bytes(range(value))


@cache
def _reaching(value: int) -> bytes:
    return bytes(each >= value for each in range(256))


def _plausible(term: str, known: Iterable[str]) -> list[str]:
    """The words that could be meant, so that few are compared letter by letter: people mistype inside of words."""
    room = 1 + len(term) // 4
    return [word for word in known if word[:1] == term[:1] and abs(len(word) - len(term)) <= room]
