"""Where programs that compute for long take turns, so that short ones always find a core."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

SLICE_TICKS = 10  # how long one computes before it lets the next one in
PATIENCE_S = 0.005  # how often one that waits looks whether it was cancelled


class Lane:
    """At most `width` guests compute for long at the same time; a few milliseconds are free for all."""

    def __init__(self, width: int) -> None:
        self._places = threading.Semaphore(width)
        self._waiting = 0
        self._lock = threading.Lock()

    def enter(self, given_up: Callable[[], bool]) -> bool:
        """Wait for a place; False when `given_up` says so meanwhile."""
        self._count(1)
        try:
            while not self._places.acquire(timeout=PATIENCE_S):
                if given_up():
                    return False
            return True
        finally:
            self._count(-1)

    def leave(self) -> None:
        """Give the place back."""
        self._places.release()

    @property
    def wanted(self) -> bool:
        """Whether others wait for a place."""
        return self._waiting > 0

    def _count(self, change: int) -> None:
        with self._lock:
            self._waiting += change


def spare_cores() -> int:
    """All cores that this process may use but one, which stays with the event loop and short programs."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)
