"""Work that Ctrl-C ends properly: the first one cancels it and waits, the second one leaves at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from types import FrameType
from typing import Any

from toolscript.surfaces.cli.exits import SIGNALLED
from toolscript.surfaces.cli.terminal import Terminal


def until_done(work: Coroutine[Any, Any, int], terminal: Terminal) -> int:
    """Run the work to its end and give its exit code, or 128 and the number of the signal that cancelled it."""
    received: list[int] = []

    async def main() -> int:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def interrupted(number: int, frame: FrameType | None) -> None:
            if received:
                os._exit(SIGNALLED + number)
            received.append(number)
            loop.call_soon_threadsafe(cancel)  # the signal may have come in the middle of a write to stderr

        def cancel() -> None:
            if terminal.is_interactive:
                terminal.problem("cancelling; press Ctrl-C again to leave at once")
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, interrupted)
        return await work

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        return SIGNALLED + received[0] if received else SIGNALLED + signal.SIGINT
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
