"""The worker processes that run Python programs, shared by all sessions of a guest.

1. A session holds a worker from its checkout to its release, also while it only waits for answers.
2. So of those that wait only the latest `resting` keep theirs. Whoever waited longest is put to sleep: its state
   becomes bytes, and its worker free.
3. Beyond `most` workers a session that wants to run waits until another one waits, ends or is stopped.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from pydantic_monty import Monty, MontyError, MontySession, OSPolicy, ResourceLimits

from toolscript.errors import Fault
from toolscript.guests.python.mortal import Mortal

MOST_WORKERS = 64  # programs that compute at the same time; each process has about 1 MB of its own
RESTING = 16  # sessions that wait for answers and keep their worker: to wake one costs 0.1 ms
PATIENCE_S = 0.005  # how often one that waits for a worker looks whether it was cancelled
GRACE_S = 0.25  # beyond its computing time, after which a worker that does not look at the clock is killed

_POLICY: OSPolicy = {
    "datetime": "call_host",
    "sleep": "call_host",
    "random_start": "call_host",
    "process_time": "zero",
    "timezone": "utc",
}
_STOP = getattr(signal, "SIGKILL", signal.SIGTERM)  # what ends a process on Windows, too


class Lease:
    """A worker, held for one session until it is given back."""

    def __init__(self, session: MontySession, free: Callable[[Lease], None]) -> None:
        self.session = session
        self.pid = session.worker_pid
        self._free = free
        self._lock = threading.Lock()
        self._held = True

    def kill(self) -> None:
        """Stop what the worker does; the pool replaces it."""
        with self._lock:
            if self._held and self.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(self.pid, _STOP)

    def release(self) -> None:
        """Give the worker back; twice is once."""
        with self._lock:
            if not self._held:
                return
            self._held = False
        try:
            self.session.__exit__(None, None, None)
        except MontyError:
            pass  # it died meanwhile: whoever used it was told
        finally:
            self._free(self)


class Sleeper(Protocol):
    """A session that waits for answers, and can give its worker back."""

    def sleep(self) -> bool:
        """Become bytes; False where that is not possible now, because somebody uses it."""
        ...


class Workers:
    """Hands out workers. Everything here may be called on any thread; `lease` blocks."""

    def __init__(self, *, most: int = MOST_WORKERS, resting: int = RESTING) -> None:
        self._most = most
        self._keep = resting
        self._free = threading.Semaphore(most)
        self._lock = threading.Lock()
        self._pool: Monty | None = None
        self._mortal = Mortal()
        self._resting: OrderedDict[Sleeper, None] = OrderedDict()
        self._leases: set[Lease] = set()

    @property
    def computing(self) -> int:
        """How many sessions run at this moment."""
        with self._lock:
            return len(self._leases) - len(self._resting)

    @property
    def is_closed(self) -> bool:
        """Whether there is no pool, because it was closed or never opened."""
        return self._pool is None

    @property
    def pids(self) -> list[int]:
        """The processes that hold a session."""
        with self._lock:
            return [lease.pid for lease in self._leases if lease.pid is not None]

    def lease(self, limits: ResourceLimits, given_up: Callable[[], bool]) -> Lease | None:
        """A worker with a fresh session; None when `given_up` says so while all are taken."""
        while not self._free.acquire(blocking=False):
            if self._put_to_sleep():
                continue
            if self._free.acquire(timeout=PATIENCE_S):
                break
            if given_up():
                return None
        try:
            session = self._opened().checkout(limits=limits, os_policy=_POLICY)
            session.__enter__()
        except MontyError as error:
            self._free.release()
            raise Fault("a worker for Python programs could not be started") from error
        except BaseException:
            self._free.release()
            raise
        lease = Lease(session, self._freed)
        with self._lock:
            self._leases.add(lease)
        return lease

    def rest(self, session: Sleeper) -> None:
        """Note that a session with a worker waits from now on."""
        with self._lock:
            self._resting[session] = None
            too_many = len(self._resting) > self._keep
        if too_many:
            self._put_to_sleep()

    def wake(self, session: Sleeper) -> None:
        """Note that it does not wait any more."""
        with self._lock:
            self._resting.pop(session, None)

    def close(self) -> None:
        """End all workers; what is leased later gets new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
            self._resting.clear()
            held = list(self._leases)
        for lease in held:
            lease.kill()
        if pool is not None:
            pool.__exit__(None, None, None)
        self._mortal.close()

    def _freed(self, lease: Lease) -> None:
        with self._lock:
            self._leases.discard(lease)
        self._free.release()

    def _put_to_sleep(self) -> bool:
        """Free the worker of the one that has waited longest; False if there is none."""
        with self._lock:
            waiting = list(self._resting)
        for session in waiting:
            if session.sleep():
                self.wake(session)
                return True
        return False

    def _opened(self) -> Monty:
        with self._lock:
            if self._pool is None:
                mortal = self._mortal.path()
                try:
                    self._pool = self._started(mortal)
                except (MontyError, OSError):
                    if mortal is None:
                        raise
                    self._pool = self._started(None)  # what the platform promised does not work here
            return self._pool

    def _started(self, path: str | None) -> Monty:
        pool = Monty(
            binary_path=path,
            min_processes=1,
            max_processes=self._most,
            feed_duration_limit_grace=GRACE_S,
            turn_duration_limit_grace=GRACE_S,
        )
        pool.__enter__()
        with pool.checkout():  # a program that cannot be started is noticed here, and not before
            return pool
