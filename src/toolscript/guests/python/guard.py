"""The lock of a program, by which nothing is left behind whoever closes it while somebody else holds it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType


class Guard:
    """A lock that its thread may take again. Once it is closed, whoever lets go of it calls `free`."""

    def __init__(self, free: Callable[[], None]) -> None:
        self._lock = threading.RLock()
        self._free = free
        self._depth = 0  # written only by the thread that has the lock
        self.is_closed = False

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def enter_at_once(self) -> bool:
        """Take it if nobody has it."""
        if not self._lock.acquire(blocking=False):
            return False
        self._depth += 1
        return True

    def leave(self) -> None:
        """Let go of it."""
        self._depth -= 1
        is_last = self._depth == 0
        if is_last and self.is_closed:
            self._free()
        self._lock.release()
        if is_last and self.is_closed and self._lock.acquire(blocking=False):
            try:  # it was closed after the look above, by somebody who could not have it
                self._free()
            finally:
                self._lock.release()

    def close(self) -> None:
        """Free at once, or when whoever has it lets go."""
        self.is_closed = True
        if self.enter_at_once():
            self.leave()
