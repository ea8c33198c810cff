"""How many tokens a text costs a model: a fast estimate of o200k_base that would rather be a little high.

The text is cut where the encoding's own pattern would cut it, roughly, and every piece costs what pieces of its kind
cost on average. The weights were fitted to true counts of JSON, TypeScript, Python, Markdown, English and ten other
languages, and raised by a few per cent: most texts come out 2 to 15 % high, and short odd ones up to 25 %.
"""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache

LARGE = 200_000  # characters: beyond this a text is sampled
SAMPLES, SAMPLE_CHARS = 32, 2_000


def estimate(text: str) -> int:
    """About how many tokens the text has; for a large text from samples spread over it."""
    if len(text) > LARGE:
        step = (len(text) - SAMPLE_CHARS) / (SAMPLES - 1)
        parts = [text[int(place * step) : int(place * step) + SAMPLE_CHARS] for place in range(SAMPLES)]
        return math.ceil(sum(map(estimate, parts)) * len(text) / (SAMPLES * SAMPLE_CHARS))
    return math.ceil(sum(map(_cost, _piece().findall(text))))


def cut(text: str, budget_tokens: int) -> str:
    """The beginning of the text that fits into the budget."""
    left = float(budget_tokens)
    for match in _piece().finditer(text):
        left -= _cost(match[0])
        if left < 0:
            return text[: match.start()]
    return text


@cache
def _piece() -> re.Pattern[str]:
    """A piece of text. Compiled when it is first asked for: it takes 3 ms, and a program's first result none of it."""
    return re.compile(
        r"[A-Za-z0-9+/]{40,}"  # base64, hexadecimal: no words in there
        r"|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|\s+"
        r"|[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"  # Thai, Lao, Burmese, Khmer
        r"|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"  # Japanese, Chinese, Korean
        r"|[\xaa\xb5\xba\xc0-\u0dff\u10a0-\u177f\u1e00-\u1fff]+"  # scripts with letters and spaces
        r"|[^\x00-\x7f]"
        r"|[^\sA-Za-z0-9\x80-\U0010ffff]+"
    )


@lru_cache(maxsize=16_384)
def _cost(piece: str) -> float:
    size, first = len(piece), piece[0]
    if first == " " and size == 1:
        return 0.27
    if piece.isascii():
        if first.isspace():
            return 1.35
        if (size >= 40 and piece.isalnum()) or ("/" in piece and size >= 40):  # noqa: PLR2004 - the pattern's first line
            return 0.75 * size
        if first.isdigit():
            return 1.25 * ((size + 2) // 3)
        if first.isalpha():
            return 1.5 if piece.isupper() else 0.72 + 0.09 * max(0, size - 6)
        return 0.95 + 0.2 * (size - 1)
    if first >= "\u2000" and size == 1 and not first.isalpha():
        return 1.3 if first < "\U00010000" else 2.0
    if "\u0400" <= first <= "\u052f":
        return 0.7 + 0.11 * size
    if "\u3040" <= first <= "\ud7af":
        return 0.3 + 0.65 * size
    return 0.5 + 0.4 * size if "\u0e00" <= first <= "\u17ff" and first < "\u10a0" else 0.8 + 0.17 * size
