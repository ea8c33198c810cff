"""Threads for functions that block: as many as are needed at once, up to a cap, and none that holds up the exit."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any

MAX_THREADS = 32  # as many calls as one run may have in flight (`Limits.concurrent_calls`)


class Threads:
    """Daemon threads, unlike `ThreadPoolExecutor`: a function that never returns must not keep the process alive.

    A thread cannot be stopped: after a cancelled wait the function goes on, and its result is dropped.
    """

    def __init__(self, limit: int = MAX_THREADS) -> None:
        self._limit = limit
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._count = 0
        self._idle = 0

    async def run(self, fn: Callable[[], Any]) -> Any:
        """What `fn()` gives or raises, in the caller's context variables."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._submit(partial(_perform, partial(contextvars.copy_context().run, fn), future, loop))
        return await future

    def close(self) -> None:
        """Let idle threads end, and busy ones after what they are doing."""
        with self._lock:
            for _ in range(self._count):
                self._jobs.put(None)
            self._count = self._idle = 0

    def _submit(self, job: Callable[[], None]) -> None:
        with self._lock:
            if self._idle > 0:
                self._idle -= 1
            elif self._count < self._limit:
                self._count += 1
                threading.Thread(target=self._work, name="toolscript-function", daemon=True).start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            with self._lock:
                self._idle += 1


def _perform(fn: Callable[[], Any], future: asyncio.Future[Any], loop: asyncio.AbstractEventLoop) -> None:
    try:
        settle = partial(_returned, future, fn())
    except BaseException as error:  # carried over to the loop, which raises it there
        settle = partial(_raised, future, error)
    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:
        return  # the loop is closed: nobody waits any more


def _returned(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


def _raised(future: asyncio.Future[Any], error: BaseException) -> None:
    if future.done():
        return
    if isinstance(error, StopIteration):  # a future refuses it
        error = RuntimeError(f"StopIteration: {error}" if str(error) else "StopIteration")
    future.set_exception(error)
