"""The searchable index of one namespace: for each term the tools that have it, and how much it says of each.

A tool has five fields. How much a term says of it is BM25F's part of the document (Robertson, Zaragoza and Taylor,
2004), saturated, and kept in one byte:

    tf'(t, d)     = sum over fields of  weight * tf / (1 - b + b * length / usual length)
    impact(t, d)  = tf' / (tf' + K1)    in steps of 1/FINE

1. The usual lengths are constants, not averages of the catalogue: an index depends on its own tools alone, so it is
   built once, and stays when others come and go. (It also ranks better: 0.690 macro nDCG@10 against 0.685.)
2. Pairs of adjacent words of the name and the description are terms too.
3. Tools are numbered in the order of their paths.
4. Terms are kept as hashes, in flat arrays: a namespace of 200 tools has 3,000 terms, and 500 such namespaces would
   need a gigabyte as dictionaries. Hashes are 64 bits wide and seeded by the interpreter: nobody can make them collide.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from toolscript.catalog.terms import UNDOING, document_terms, key_of, roots
from toolscript.tools import ToolPath

# Chosen by macro nDCG@10 over seven labelled sets, and confirmed by leaving one set out.
K1 = 3.5
WEIGHTS = (1.2, 2.1, 0.7, 1.0, 0.35)  # namespace, name, description, parameter names, parameter descriptions
BS = (0.0, 0.7, 0.6, 0.4, 0.4)
USUAL = (1.0, 2.6, 10.0, 4.0, 20.0)  # terms in a field: medians over the sets of their averages
_FAINT = len(WEIGHTS) - 1  # the field that does not count for how rare a term is

FINE = 400  # steps of an impact from 0 to 1
MAX_IMPACT = 255  # a term that says more than this (tf' above 6) says no more than this
IMPACT_BITS = 8
MAX_TEXT = 20_000  # characters of a description that are indexed


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is searched of a tool. `aliases` are further names that it answers to."""

    path: ToolPath
    name: str
    description: str
    parameters: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()


class Index:
    """The index of one namespace, built when it is first searched; `documents` come in the order of their paths."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._waiting: Iterable[Document] | None = documents
        self.paths: list[ToolPath] = []
        self.words: tuple[str, ...] = ()
        """Every word of its texts and names."""
        self.postings = array("I")
        """Of each term in turn its tools in order: a tool's number, and in the last byte the term's impact."""
        self.undoing = array("I")
        """The numbers of tools whose name says that they delete, cancel or the like."""
        self._keys = array("q")
        self._ends = array("I")
        self._counts = array("I")
        self._names = array("q")
        self._named = array("I")

    def ready(self) -> Index:
        """The index with its documents read."""
        if self._waiting is not None:
            documents, self._waiting = self._waiting, None
            self._read(documents)
        return self

    def find(self, term: str) -> tuple[int, int, int]:
        """Where a term's postings begin and end, and how many tools have it outside of parameters' descriptions."""
        key = hash(term)
        place = bisect_left(self._keys, key)
        if place == len(self._keys) or self._keys[place] != key:
            return 0, 0, 0
        return (self._ends[place - 1] if place else 0), self._ends[place], self._counts[place]

    def named(self, key: int) -> Sequence[ToolPath]:
        """The tools that have a name whose `terms.name_key` has this hash."""
        place = bisect_left(self._names, key)
        if place == len(self._names) or self._names[place] != key:
            return ()
        return [self.paths[self._named[at]] for at in range(place, bisect_right(self._names, key))]

    def _read(self, documents: Iterable[Document]) -> None:
        lists: dict[str, int | array[int]] = {}  # most terms have one posting, for which a number will do
        get = lists.get
        counts = Counter[str]()
        names: list[tuple[int, int]] = []
        in_names: set[str] = set()
        space: set[str] = set()
        impacts = _IMPACTS
        for number, document in enumerate(documents):
            self.paths.append(document.path)
            numbered = number << IMPACT_BITS
            for term, count in _told(document, counts).items():
                posting = numbered | impacts[int(count * STEPS)]
                held = get(term)
                if held is None:
                    lists[term] = posting
                elif isinstance(held, int):
                    lists[term] = array("I", (held, posting))
                else:
                    held.append(posting)
            space, own = space or roots(document.path.namespace), roots(document.name)
            if not UNDOING.isdisjoint(own):
                self.undoing.append(number)
            method = own if document.path.method == document.name else roots(document.path.method)
            aliases = [own if alias == document.name else roots(alias) for alias in document.aliases]
            spelt = (own, space | method, *aliases)
            names += [(hash(key), number) for key in set(map(key_of, spelt))]
            in_names.update(*spelt)
        names.sort()
        self._names, self._named = array("q", (key for key, _ in names)), array("I", (number for _, number in names))
        self.words = tuple(in_names.union(term for term in lists if " " not in term))
        for term in sorted(lists, key=hash):
            self._keys.append(hash(term))
            held = lists.pop(term)
            if isinstance(held, int):
                self.postings.append(held)
            else:
                self.postings += held
            self._ends.append(len(self.postings))
            self._counts.append(counts[term])


STEPS = 256  # of tf' to 1, in the table of impacts
MAX_TOLD = 100 * STEPS  # a field of one word over and over adds at most weight * usual / b; a namespace's b is 0
MAX_SPACE = 12  # words of a namespace's name
_IMPACTS = [min(MAX_IMPACT, 1 + int(FINE * tf / (tf + K1 * STEPS))) for tf in range(MAX_TOLD)]
_PLANS = tuple((weight, 1 - b, b / usual) for weight, b, usual in zip(WEIGHTS, BS, USUAL, strict=True))


def _told(document: Document, counts: Counter[str]) -> dict[str, float]:
    """The tf' of each term of a document; the terms that it is heard by are counted."""
    fields = (
        document_terms(document.path.namespace)[:MAX_SPACE],
        document_terms(document.name),
        document_terms(document.description[:MAX_TEXT]),
        document_terms(" ".join(name for name, _ in document.parameters)),
        document_terms(" ".join(about[:MAX_TEXT] for _, about in document.parameters if about)),
    )
    told: dict[str, float] = {}
    get = told.get
    for place, (terms, (weight, base, slope)) in enumerate(zip(fields, _PLANS, strict=True)):
        if place == _FAINT:
            counts.update(list(told))
        unit = weight / (base + slope * len(terms))
        for term in terms:
            told[term] = get(term, 0.0) + unit
        if place in (1, 2):
            for left, right in pairwise(terms):
                pair = f"{left} {right}"
                told[pair] = get(pair, 0.0) + unit
    return told
