"""Which known words a word that no tool has may be meant for.

1. One edit apart: a letter left out, one too many, another letter, or two neighbours exchanged. That is most of what
   people mistype, and is looked up: the time does not grow with the catalogue.
2. Words are compared as they are written, not their stems: `custmer` is one edit from `customer`, and two from its
   stem. What is written is known of all texts that were read so far; meant can only be a word whose stem some tool of
   the catalogue has.
3. The likeliest is the one that most tools have. But a letter more or less is RARER times less likely than one that is
   doubled or not, and than neighbours exchanged; another letter is so again, and another first letter twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from string import ascii_lowercase

from toolscript.catalog.stem import stem
from toolscript.catalog.terms import is_written

MAX_SAID = 4  # words that were taken for none
SHORTEST = 3  # letters of a word that is respelt
RARER = 5  # from one kind of mistake to the next
CLOSE = 5  # times as likely as the next may be the likeliest where both are taken
SURE = 4  # letters from which on any edit is likely; a shorter word is one edit from too many others


def respellings(word: str, commonness: Callable[[str], int], n: int) -> list[tuple[str, str]]:
    """At most `n` words, of different stems, that one edit makes of the word, each with its stem; likeliest first.

    `commonness` says how many tools have a stem.
    """
    if not (word.isascii() and word.isalpha() and len(word) >= SHORTEST):
        return []
    likely: dict[str, float] = {}
    spelt: dict[str, str] = {}
    for kind, other in _edits(word):
        if is_written(other) and (count := commonness(root := stem(other))):
            odds = count / RARER**kind / (1 if other[0] == word[0] else RARER**2)
            likely[root] = max(likely.get(root, 0.0), odds)
            spelt[root] = max(spelt.get(root, ""), other, key=len)
    best = sorted(likely, key=lambda root: (-likely[root], root))[:n]
    return [(spelt[root], root) for root in best if likely[root] * CLOSE >= likely[best[0]]]


def unknown_text(unknown: Mapping[str, Sequence[str]], *, all_of_them: bool) -> str:
    """What is said of words that no tool has: what each was taken for, and on demand those that were taken for none."""
    parts = [
        f"No tool has the word {word[:40]!r}; taken for {' or '.join(map(repr, near))}."
        for word, near in unknown.items()
        if near
    ]
    others = [repr(word[:40]) for word, near in unknown.items() if not near]
    if others and all_of_them:
        more = f" and {len(others) - MAX_SAID} more" if len(others) > MAX_SAID else ""
        parts.append(f"No tool has the word{'s' * (len(others) > 1)} {', '.join(others[:MAX_SAID])}{more}.")
    return " ".join(parts)


def _edits(word: str) -> Iterator[tuple[int, str]]:
    """The words that one edit makes, each with its kind: 0 is the likeliest."""
    size = len(word)
    for at in range(size):
        head, letter, tail = word[:at], word[at], word[at + 1 :]
        following = tail[:1]
        yield 0, f"{head}{letter}{letter}{tail}"
        if following and following != letter:
            yield 0, f"{head}{following}{letter}{tail[1:]}"
        if size >= SURE:
            yield (0 if following == letter else 1), head + tail
            for other in ascii_lowercase:
                yield 2, f"{head}{other}{tail}"
    for at in range(size + 1):
        head, tail = word[:at], word[at:]
        for other in ascii_lowercase:
            yield 1, f"{head}{other}{tail}"
