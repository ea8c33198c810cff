"""Names of a program's own that are like one that it does not have."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 2
_LIKE = 0.78  # of `difflib`'s ratio: two letters changed in five are like, three are not
_LONGER = 3  # letters that a name may have more, or fewer


def near_names(name: str, own: Iterable[str]) -> tuple[str, ...]:
    """The likest ones first. Only names that begin or end alike are looked at closely: that is slow."""
    if len(name) <= 1:
        return ()
    likely = {
        each
        for each in own
        if abs(len(each) - len(name)) <= _LONGER and (each[:1] == name[:1] or each[-2:] == name[-2:])
    }
    return tuple(get_close_matches(name, sorted(likely), n=MOST, cutoff=_LIKE)) if likely else ()
