"""Whether a request is made again, and when. Pure.

1. What was not sent may be sent again, whatever it does.
2. 429 and 503 are an answer: only a read, or a write with an idempotency key, is made again after them. So is one whose
   connection broke.
3. What a server asks to wait is waited, up to `max_wait_s` in all; beyond it the program is told at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BUSY = (429, 503)

Trouble = Literal["unsent", "broken", "busy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a request is made, and how long a call waits between its tries in all."""

    attempts: int = 3
    max_wait_s: float = 20.0
    first_delay_s: float = 0.25

    def delay_s(
        self, trouble: Trouble, *, tries: int, waited_s: float, asked_s: float | None, repeatable: bool, jitter: float
    ) -> float | None:
        """How long to wait before the next try, after so many; None where there is none. `jitter` is in [0, 1)."""
        if tries >= self.attempts or not (repeatable or trouble == "unsent"):
            return None
        delay_s = self.first_delay_s * 2.0 ** (tries - 1) * (0.5 + jitter / 2)
        if asked_s is not None:
            delay_s = asked_s + delay_s * jitter / 4  # not all at the same moment
        return delay_s if waited_s + delay_s <= self.max_wait_s else None
