"""Search with the help of a user's own model: a function that scores texts, or one that embeds them.

1. The first `depth` tools of the lexical ranking are scored, and both orders are fused; no tool is added or lost.
2. What the model said of a text is kept by the text's digest, the latest used first: a tool is embedded once.
3. A model that fails, answers nonsense or takes too long costs nothing but a line in the log: the lexical order holds.
"""

from __future__ import annotations

import asyncio
import logging
import math
from array import array
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.fusion import WEIGHT, fused, text_of
from toolscript.catalog.questions import Query
from toolscript.catalog.search import Found, Outlook, ask
from toolscript.codec import digest
from toolscript.errors import ConfigError
from toolscript.schema.syntax import Syntax

Score = Callable[[str, Sequence[str]], Awaitable[Sequence[float]]]
"""How well each text answers a question; higher is better, in any unit."""

Embed = Callable[[Sequence[str]], Awaitable[Sequence[Sequence[float]]]]
"""A vector for each text; questions are compared with tools by their cosine."""

DEPTH = 50
MAX_VECTORS = 20_000  # 30 MB at 384 dimensions
MAX_SCORES = 50_000
TIMEOUT_S = 5.0  # longer than a model waits for a search

T = TypeVar("T")

log = logging.getLogger("toolscript.rerank")


class Rerank:
    """Search by words and by a model of the user's; give it either `score` or `embed`."""

    def __init__(
        self,
        *,
        score: Score | None = None,
        embed: Embed | None = None,
        weight: float = WEIGHT,
        depth: int = DEPTH,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        if (score is None) == (embed is None):
            raise ConfigError("Rerank takes a score function or an embed function: one of the two")
        if not 0 <= weight <= 1:
            raise ConfigError(f"the weight of a reranking is from 0 to 1, not {weight}")
        self._score = score
        self._embed = embed
        self._weight = weight
        self._depth = depth
        self._timeout_s = timeout_s
        self._scores: _Kept[float] = _Kept(MAX_SCORES)
        self._vectors: _Kept[array[float]] = _Kept(MAX_VECTORS)

    async def search(
        self,
        catalog: Catalog,
        query: Query,
        *,
        limit: int = 10,
        offset: int = 0,
        namespace: str | Sequence[str] | None = None,
        outlook: Outlook | None = None,
        language: Syntax = "typescript",
    ) -> Found:
        """As `catalog.search.search`, in the order of words and model together."""
        asked = ask(
            catalog,
            query,
            limit=limit,
            offset=offset,
            depth=self._depth,
            namespace=namespace,
            outlook=outlook,
            language=language,
        )
        if asked.questions:
            pairs = zip(asked.questions, asked.answers, strict=True)
            answers = [await self._reranked(catalog, question, found) for question, found in pairs]
            asked = replace(asked, answers=tuple(answers))
        return asked.page(limit, offset)

    async def _reranked(self, catalog: Catalog, question: str, found: Found) -> Found:
        tools = [catalog.find(hit.path) for hit in found.hits[: self._depth]]
        texts = [text_of(tool) for tool in tools if tool is not None]
        if len(texts) < 2:  # noqa: PLR2004 - one tool has no order
            return found
        try:
            async with asyncio.timeout(self._timeout_s):
                scores = await self._scored(question, texts)
            return fused(found, scores, weight=self._weight)
        except Exception as error:  # a user's own function: whatever it raises, search goes on without it
            log.warning("reranking failed, the order is that of words alone: %s: %s", type(error).__name__, error)
            return found

    async def _scored(self, question: str, texts: list[str]) -> list[float]:
        if self._embed is not None:
            return await self._alike(self._embed, question, texts)
        assert self._score is not None
        by_key = {digest(f"{question}\0{text}"): text for text in texts}
        new = self._scores.missing(by_key)
        if new:
            scores = await self._score(question, [by_key[key] for key in new])
            _same_count(scores, new)
            self._scores.add(zip(new, map(float, scores), strict=True))
        return [self._scores.of(digest(f"{question}\0{text}")) for text in texts]

    async def _alike(self, embed: Embed, question: str, texts: list[str]) -> list[float]:
        by_key = {digest(text): text for text in (question, *texts)}
        new = self._vectors.missing(by_key)
        if new:
            vectors = await embed([by_key[key] for key in new])
            _same_count(vectors, new)
            self._vectors.add(zip(new, map(_unit, vectors), strict=True))
        asked = self._vectors.of(digest(question))
        return [_dot(asked, self._vectors.of(digest(text))) for text in texts]


class _Kept(Generic[T]):
    """What is known by a text's digest; beyond `most` the longest unused is forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[str, T] = {}

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Those of the keys that are not known; the others become the latest used."""
        new: list[str] = []
        for key in keys:
            if key in self._held:
                self._held[key] = self._held.pop(key)
            else:
                new.append(key)
        return new

    def add(self, told: Iterable[tuple[str, T]]) -> None:
        self._held.update(told)
        while len(self._held) > self._most:
            del self._held[next(iter(self._held))]

    def of(self, key: str) -> T:
        return self._held[key]


def _same_count(given: Sequence[object], asked: Sequence[object]) -> None:
    if len(given) != len(asked):
        raise ValueError(f"{len(given)} answers for {len(asked)} texts")


def _unit(vector: Sequence[float]) -> array[float]:
    length = math.sqrt(sum(part * part for part in vector))
    if not 0 < length < math.inf:
        raise ValueError("a vector is finite, and not all zeros")
    return array("f", (part / length for part in vector))


def _dot(one: array[float], other: array[float]) -> float:
    return sum(left * right for left, right in zip(one, other, strict=True))
