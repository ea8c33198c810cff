"""How long ended runs are kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Ended runs are kept while they are among the newest `keep` and ended at most `max_age_ms` ago.

    None means without bound. A run that is running or parked is always kept.
    """

    keep: int | None = None
    max_age_ms: int | None = None
