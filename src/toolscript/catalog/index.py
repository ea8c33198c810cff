"""A searchable index of one namespace, and the ranking over several of them.

The ranking is BM25F (Robertson, Zaragoza and Taylor, 2004) over five fields, with pairs of adjacent words, synonyms
and a reward for covering more of the question:

    tf'(t, d) = sum over fields of  weight * tf / (1 - b + b * length / average length)
    score     = sum over terms of   weight(t) * idf(t) * (K1 + 1) * tf' / (tf' + K1)
    score    *= 1 + COVERAGE * (idf of the matched words / idf of the words that the index knows)

Everything that depends on the document alone is folded into one number per (term, document), so that a question only
adds up posting lists. The folded numbers depend on the average lengths over the whole catalogue; those are rounded
to steps of 5 %, so that a namespace that changes rarely makes the others fold again, and the outcome still depends on
nothing but the catalogue.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from heapq import nsmallest
from itertools import pairwise
from typing import TypeAlias

from toolscript.catalog.terms import document_terms, name_key, query_terms, synonyms

# Chosen by macro nDCG@10 over seven labelled sets, and confirmed by leaving one set out.
K1 = 3.5
PAIR = 0.4
SYNONYM = 0.35
COVERAGE = 1.5
WEIGHTS = (1.2, 1.5, 0.7, 1.0, 0.35)  # namespace, name, description, parameter names, parameter descriptions
BS = (0.0, 0.7, 0.6, 0.4, 0.4)
STEP = 1.05  # the grid of average lengths

MAX_QUERY = 4_000  # characters of a question
MAX_REMEMBERED = 20_000  # terms whose lists over all indexes are kept together
Lengths = tuple[float, ...]
_FAINT = len(WEIGHTS) - 1  # the field that does not count for how rare a term is


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is searched: a tool, or anything else that has a path. `aliases` are further names that it answers to."""

    path: str
    namespace: str
    name: str
    description: str
    parameters: tuple[tuple[str, str], ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scored:
    """A document's score, and the part of the question's weight that its words matched, from 0 to 1."""

    path: str
    score: float
    coverage: float


@dataclass(frozen=True, slots=True)
class _Folded:
    """Posting lists for one set of average lengths: documents, and what each adds per unit of idf."""

    lengths: Lengths
    postings: dict[str, tuple[array[int], array[float]]]


class Index:
    """The index of one namespace, built when it is first searched."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._waiting: Iterable[Document] = documents
        self._ready = False
        self.paths: list[str] = []
        self.names: dict[str, list[str]] = {}
        self.counts: dict[str, int] = {}
        self.totals = [0] * len(WEIGHTS)
        self.filled = [0] * len(WEIGHTS)
        self._fields: list[tuple[list[str], ...]] = []
        self._pairs: list[list[str]] = []
        self._folded: _Folded | None = None

    def ready(self) -> Index:
        """The index with its documents read."""
        if not self._ready:
            self._ready = True
            for document in self._waiting:
                self._add(document)
            self._waiting = ()
        return self

    def folded(self, lengths: Lengths) -> dict[str, tuple[array[int], array[float]]]:
        """The posting lists for these average lengths."""
        if self._folded is None or self._folded.lengths != lengths:
            self._folded = _Folded(lengths, self._fold(lengths))
        return self._folded.postings

    def _add(self, document: Document) -> None:
        fields = (
            document_terms(document.namespace),
            document_terms(document.name),
            document_terms(document.description),
            [term for name, _ in document.parameters for term in document_terms(name)],
            [term for _, about in document.parameters if about for term in document_terms(about)],
        )
        pairs = [f"{left} {right}" for terms in fields[1:3] for left, right in pairwise(terms)]
        for place, terms in enumerate(fields):
            self.totals[place] += len(terms)
            self.filled[place] += bool(terms)
        heard = {term for terms in fields[:_FAINT] for term in terms}
        heard.update(pairs)
        for term in heard:
            self.counts[term] = self.counts.get(term, 0) + 1
        for term in fields[_FAINT]:
            self.counts.setdefault(term, 0)
        for name in (document.path, document.name, *document.aliases):
            key = name_key(name)
            listed = self.names.setdefault(key, [])
            if document.path not in listed[-1:]:
                listed.append(document.path)
        self.paths.append(document.path)
        self._fields.append(fields)
        self._pairs.append(pairs)

    def _fold(self, lengths: Lengths) -> dict[str, tuple[array[int], array[float]]]:
        postings: dict[str, tuple[array[int], array[float]]] = {}
        plans = [(weight, 1 - b, b / length) for weight, b, length in zip(WEIGHTS, BS, lengths, strict=True)]
        for number, fields in enumerate(self._fields):
            told: dict[str, float] = {}
            units: list[float] = []
            for terms, (weight, base, slope) in zip(fields, plans, strict=True):
                unit = weight / (base + slope * len(terms))  # an empty field of b = 1 would divide by 0; there is none
                units.append(unit)
                for term in terms:
                    told[term] = told.get(term, 0.0) + unit
            in_name = max(0, len(fields[1]) - 1)
            for place, pair in enumerate(self._pairs[number]):
                told[pair] = told.get(pair, 0.0) + units[1 if place < in_name else 2]
            for term, count in told.items():
                listed = postings.get(term)
                if listed is None:
                    listed = postings[term] = (array("I"), array("f"))
                listed[0].append(number)
                listed[1].append((K1 + 1) * count / (count + K1))
        return postings


_Listed: TypeAlias = "tuple[int, array[int], array[float]]"
"""One index's postings of a term, after the number of its first document."""


class Ranking:
    """The ranking over the indexes of a whole catalogue."""

    def __init__(self, indexes: Sequence[Index]) -> None:
        self._indexes = [index.ready() for index in indexes]
        self._paths: list[str] = []
        self._counts: dict[str, int] = {}
        self._homes: dict[str, list[Index]] = {}
        self._firsts: dict[int, int] = {}
        for index in self._indexes:
            self._firsts[id(index)] = len(self._paths)
            self._paths += index.paths
            for term, count in index.counts.items():
                known = self._counts.get(term)
                if known is None:
                    self._counts[term], self._homes[term] = count, [index]
                else:
                    self._counts[term] = known + count
                    self._homes[term].append(index)
        self.lengths = tuple(self._length(place) for place in range(len(WEIGHTS)))
        self._listed: dict[str, list[_Listed]] = {}

    def ranked(self, query: str, among: Sequence[Index], limit: int) -> tuple[list[Scored], int]:
        """The best documents of the given indexes, and how many match; equal scores in the order of paths."""
        weights, words = self._weighted(query_terms(query[:MAX_QUERY]))
        whole = sum(words.values()) or 1.0
        sums = self._sums(weights, words, among)
        scored = [
            (-both.real * (1 + COVERAGE * both.imag / whole), self._paths[number], both.imag / whole)
            for number, both in sums.items()
        ]
        return [Scored(path, -score, coverage) for score, path, coverage in nsmallest(limit, scored)], len(sums)

    def respelt(self, query: str, among: Sequence[Index], limit: int) -> list[Scored]:
        """The same for a question of unknown words: each is taken for the known word that is spelt most like it."""
        known = {term for index in among for term in index.counts if " " not in term}
        terms = list(dict.fromkeys(query_terms(query[:200])))[:8]
        likely = [near for term in terms for near in get_close_matches(term, _plausible(term, known), n=1, cutoff=0.75)]
        return self.ranked(" ".join(likely), among, limit)[0] if likely else []

    def _sums(self, weights: dict[str, float], words: dict[str, float], among: Sequence[Index]) -> dict[int, complex]:
        """For each document its score and the idf of the words that it has: the real and the imaginary part.

        Two sums in one number, because this loop is where a search spends its time.
        """
        sums: dict[int, complex] = {}
        get = sums.get
        for term, weight in weights.items():
            covered = words.get(term, 0.0) * 1j
            for first, numbers, parts in self._lists(term, among):
                for number, part in zip(numbers, parts, strict=True):
                    sums[first + number] = get(first + number, 0j) + (weight * part + covered)
        return sums

    def _lists(self, term: str, among: Sequence[Index]) -> list[_Listed]:
        if term not in self._counts:
            return []
        if len(among) < len(self._indexes):
            return self._collected(term, among)
        listed = self._listed.get(term)
        if listed is None:
            listed = self._collected(term, self._homes[term])
            if len(self._listed) < MAX_REMEMBERED:
                self._listed[term] = listed
        return listed

    def _collected(self, term: str, among: Sequence[Index]) -> list[_Listed]:
        return [(self._firsts[id(index)], *index.folded(self.lengths)[term]) for index in among if term in index.counts]

    def _weighted(self, terms: list[str]) -> tuple[dict[str, float], dict[str, float]]:
        """What each term of the question weighs, and the idf of its words as far as the index knows them."""
        counts: dict[str, int] = {}
        for term in terms:
            counts[term] = counts.get(term, 0) + 1
        weights: dict[str, float] = {}
        words: dict[str, float] = {}
        for term, count in counts.items():
            idf, known = self._idf(term)
            weights[term] = (1 + math.log(count)) * idf
            if known:
                words[term] = idf
        for pair in {f"{left} {right}" for left, right in pairwise(terms)}:
            weights[pair] = PAIR * self._idf(pair)[0]
        for synonym in {other for term in counts for other in synonyms().get(term, ()) if other not in counts}:
            weights[synonym] = SYNONYM * self._idf(synonym)[0]
        return weights, words

    def _idf(self, term: str) -> tuple[float, bool]:
        count = self._counts.get(term, 0)
        return math.log(1 + (len(self._paths) - count + 0.5) / (count + 0.5)), term in self._counts

    def _length(self, place: int) -> float:
        filled = sum(index.filled[place] for index in self._indexes)
        total = sum(index.totals[place] for index in self._indexes)
        return STEP ** round(math.log(total / filled, STEP)) if total else 1.0


def _plausible(term: str, known: set[str]) -> list[str]:
    """The words that could be meant, so that few are compared letter by letter: people mistype inside of words."""
    room = 1 + len(term) // 4
    return [word for word in known if word[:1] == term[:1] and abs(len(word) - len(term)) <= room]
