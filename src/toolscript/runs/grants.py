"""Which grant of a run approves a call.

A grant fits a call by the patterns of its tools and by its conditions; what cannot be decided does not fit. It holds
until its instant, and for as many calls as it says. Of several the first decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from toolscript.runs.condition import Condition
from toolscript.runs.entry import Granted
from toolscript.runs.policy import fits
from toolscript.runs.program import Instant

_read = lru_cache(maxsize=1_000)(Condition.parse)  # a run asks the same few again and again


def grant_of(
    grants: Sequence[Granted], path: str, args: Mapping[str, Any], used: Mapping[str, int], now: Instant
) -> Granted | None:
    """The first grant that approves this call, or None; `used` has how many calls each grant approved before, by id."""
    return next((grant for grant in grants if _approves(grant, path, args, used.get(grant.id, 0), now)), None)


def _approves(grant: Granted, path: str, args: Mapping[str, Any], used: int, now: Instant) -> bool:
    if grant.until is not None and now >= grant.until:
        return False
    if grant.calls is not None and used >= grant.calls:
        return False
    if not any(fits(pattern, path) for pattern in grant.tools):
        return False
    return all(_read(condition).holds(args) is True for condition in grant.when)
