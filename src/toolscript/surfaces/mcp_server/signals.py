"""Signals that ask the process to end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def asked_to_end(end: Callable[[], object]) -> Generator[None]:
    """While entered, SIGTERM and SIGINT call `end` on the running loop instead of killing the process."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    with contextlib.suppress(NotImplementedError, RuntimeError):  # Windows, and loops outside the main thread
        for number in numbers:
            loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        with contextlib.suppress(NotImplementedError, RuntimeError):
            for number in numbers:
                loop.remove_signal_handler(number)
