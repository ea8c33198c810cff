"""One order out of two: the lexical ranking, and scores that somebody else gave to the same tools.

1. Both are brought to 0..1 over the tools that have both, and added: `weight` for the other, the rest for the lexical.
   Ranks alone (reciprocal-rank fusion) lose what the scores say: 0.612 macro nDCG@10 where the lexical alone has 0.634.
2. A tool whose exact name was asked for stays where it is. Tools without another score come after those with one, in
   the order that they had.
3. Equal sums keep the lexical order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from toolscript.catalog.search import EXACT, Found
from toolscript.schema.shape import parameters
from toolscript.tools import Tool

WEIGHT = 0.25  # of the other scores; see docs/search.md
TEXT_CHARS = 1_000


def fused(found: Found, scores: Sequence[float], *, weight: float = WEIGHT) -> Found:
    """The answer in the new order; `scores` belong to its first hits, in their order.

    Raises ValueError for a score that is no number, or if there are more scores than hits.
    """
    if len(scores) > len(found.hits):
        raise ValueError(f"there are {len(scores)} scores for {len(found.hits)} tools")
    if not all(math.isfinite(score) for score in scores):
        raise ValueError("a score is a finite number")
    exact = sum(hit.score >= EXACT for hit in found.hits)  # they lie in front
    told = found.hits[exact : len(scores)]
    sums = [
        (1 - weight) * lexical + weight * other
        for lexical, other in zip(_levelled([hit.score for hit in told]), _levelled(scores[exact:]), strict=True)
    ]
    order = sorted(range(len(told)), key=lambda place: -sums[place])
    return replace(
        found, hits=(*found.hits[:exact], *(told[place] for place in order), *found.hits[max(exact, len(scores)) :])
    )


def text_of(tool: Tool) -> str:
    """What a model that scores texts reads of a tool."""
    named = ", ".join(name for name, _, _ in parameters(tool.input_schema))
    said = f"{tool.path.namespace} {tool.raw_name}: {tool.description}".strip()[:TEXT_CHARS]
    return f"{said}\nparameters: {named}"[: 2 * TEXT_CHARS] if named else said


def _levelled(scores: Sequence[float]) -> list[float]:
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    room = high - low
    return [(score - low) / room if room > 0 else 0.0 for score in scores]
