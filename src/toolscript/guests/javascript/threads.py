"""Runs blocking work beside the event loop, on threads that grow with the work that runs."""

from __future__ import annotations

import _thread
import asyncio
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
STACK_BYTES = 8 << 20  # the engine may take 2 MiB of it; some platforms give a thread less than that
MOST_THREADS = 64  # programs that loop at the same time; beyond it, turns wait for a thread


class Threads:
    """A pool of daemon threads. A thread is added when none is idle, so endless loops starve nobody."""

    def __init__(self, most: int = MOST_THREADS) -> None:
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._tasks = 0  # waiting or under way
        self._count = 0  # threads
        self._most = most

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, called on another thread. When the wait is cancelled the work goes on, unheard."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def task() -> None:
            try:
                result = work()
            except BaseException as error:  # handed to the waiter, whatever it is
                _tell(loop, _fail, future, error)
            else:
                _tell(loop, _finish, future, result)

        with self._lock:
            self._tasks += 1
            if self._tasks > self._count and self._count < self._most:
                self._count += 1
                self._add_thread()
        self._work.put(task)
        return await future

    def close(self) -> None:
        """Let idle threads end."""
        with self._lock:
            for _ in range(self._count):
                self._work.put(None)

    def _add_thread(self) -> None:
        before = threading.stack_size(STACK_BYTES)
        try:
            # threading.Thread.start waits until the thread runs: beside busy ones that holds the event loop up
            _thread.start_new_thread(self._serve, ())
        finally:
            threading.stack_size(before)

    def _serve(self) -> None:
        while (task := self._work.get()) is not None:
            task()
            with self._lock:
                self._tasks -= 1
        with self._lock:
            self._count -= 1


def _tell(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: object) -> None:
    try:
        loop.call_soon_threadsafe(function, *arguments)
    except RuntimeError:
        return  # the loop was closed meanwhile: nobody listens


def _finish(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[T], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
