"""Runs blocking work beside the event loop, on threads that grow with the work that runs."""

from __future__ import annotations

import _thread
import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_GLANCE_S = 100e-6  # going round the event loop costs work that ends within it twice as much


class Steadfast(asyncio.Future[T]):
    """The future of work that goes on whoever stops waiting for it: it cannot be cancelled, and may be awaited again.

    A task that is cancelled while it waits for one hears of it when the work is done. `asyncio.shield` tells it at
    once, but by a second future, whose round of the event loop costs a fifth of a commit.
    """

    def cancel(self, msg: object = None) -> bool:
        return False


class _Job(Generic[T]):
    """One piece of work, and where its result goes: to a glance on the spot, or to a future."""

    __slots__ = ("_error", "_future", "_lock", "_result", "_work", "ended")

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._future: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self.ended = threading.Lock()
        self.ended.acquire()

    def __call__(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:  # carried over to the waiter, which raises it there
            self._error = error
        with self._lock:
            self.ended.release()
            future = self._future
        if future is not None:
            try:
                future.get_loop().call_soon_threadsafe(self._settle)
            except RuntimeError:
                return  # the loop was closed meanwhile: nobody listens

    def outcome(self) -> T:
        """The result, or what was raised, once the work has ended."""
        if self._error is None:
            return self._result
        if isinstance(self._error, StopIteration):  # which a coroutine cannot raise
            raise RuntimeError(f"StopIteration: {self._error}" if str(self._error) else "StopIteration")
        raise self._error

    async def waited(self) -> T:
        """The same, waiting for the end without holding up the event loop."""
        with self._lock:
            if self.ended.locked():
                self._future = asyncio.get_running_loop().create_future()
        if self._future is not None:
            await self._future
        return self.outcome()

    def _settle(self) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class Threads:
    """A pool of daemon threads, unlike `ThreadPoolExecutor`: work that never returns must not keep the process alive.

    A thread is added when none is idle, up to `most`; beyond it work waits. A thread cannot be stopped: when a wait is
    cancelled the work goes on, and its result is dropped. `stack_bytes` of 0 is the platform's own.
    """

    def __init__(self, *, most: int, stack_bytes: int = 0) -> None:
        self._most = most
        self._stack_bytes = stack_bytes
        self._lock = threading.Lock()
        self._work: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._tasks = 0  # waiting or under way
        self._count = 0  # threads

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, called on another thread."""
        return await self._started(work).waited()

    async def run_short(self, work: Callable[[], T]) -> T:
        """The same for work that mostly ends within 0.1 ms: the event loop glances at it for so long."""
        job = self._started(work)
        if self._tasks == 1 and job.ended.acquire(timeout=_GLANCE_S):
            return job.outcome()
        return await job.waited()

    def _started(self, work: Callable[[], T]) -> _Job[T]:
        job = _Job(work)
        with self._lock:
            self._tasks += 1
            if self._tasks > self._count and self._count < self._most:
                self._count += 1
                self._add_thread()
            work_queue = self._work
        work_queue.put(job)  # outside the lock, which the woken thread would only wait for
        return job

    def close(self) -> None:
        """Let idle threads end, and busy ones after what they are doing; what is run later gets new ones."""
        with self._lock:
            for _ in range(self._count):
                self._work.put(None)
            self._work = SimpleQueue()
            self._tasks = self._count = 0

    def _add_thread(self) -> None:
        before = threading.stack_size(self._stack_bytes)
        try:
            # threading.Thread.start waits until the thread runs: beside busy ones that holds the event loop up
            _thread.start_new_thread(self._serve, (self._work,))
        finally:
            threading.stack_size(before)

    def _serve(self, work: SimpleQueue[_Job[Any] | None]) -> None:
        while (job := work.get()) is not None:
            job()
            with self._lock:
                if work is self._work:  # else the pool was closed meanwhile, and counts anew
                    self._tasks -= 1
