"""How far a run is, told to a client that asked.

1. Something is said at least every 10 s: clients give up on a silent server after 60 s, some sooner.
2. A call's start and end are said at once, but never more often than every `QUIET_S`: what happens in between is
   summed up in the next message.
3. `progress` is the run's time in seconds and always grows, as the protocol asks; the number of steps is not known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from toolscript.ports import CallEnded, CallProgressed, CallStarted, Clock, Event, RunStarted
from toolscript.tools import Progress

HEARTBEAT_S = 9.0
QUIET_S = 0.25
WAITS_FOR_SERVERS = "waiting for servers to connect"
GOES_ON = "the run goes on"
_SHOWN = 3  # names of calls in one message

Report = Callable[[float, str], Awaitable[None]]


class ProgressTeller:
    """Watches one run, and tells its client."""

    def __init__(self, report: Report, clock: Clock, *, before: str = WAITS_FOR_SERVERS) -> None:
        """`before` is said until the run makes its first call."""
        self._report = report
        self._clock = clock
        self._before = before
        self._began = clock.now()
        self._last = 0.0
        self._running: dict[int, str] = {}
        self._details: dict[int, str] = {}
        self._ended = 0
        self._started = False
        self._news = asyncio.Event()

    def observed(self, event: Event) -> None:
        """Take note of one event of the run."""
        match event:
            case CallStarted(call=call):
                self._running[call.seq] = call.path
            case CallEnded(settled=settled):
                self._running.pop(settled.seq, None)
                self._details.pop(settled.seq, None)
                self._ended += 1
            case CallProgressed(seq=seq, progress=progress):
                self._details[seq] = _words(progress)
            case RunStarted():
                self._started = True
                return
            case _:
                return
        self._started = True
        self._news.set()

    async def tell(self) -> None:
        """Tell, until cancelled."""
        while True:
            await self._news_or_heartbeat()
            self._news.clear()
            seconds = max((self._clock.now() - self._began) / 1_000, self._last + 0.001)
            self._last = seconds
            await self._report(seconds, self._message())
            await self._clock.sleep(QUIET_S)

    async def _news_or_heartbeat(self) -> None:
        if self._news.is_set():
            return
        waits = [asyncio.ensure_future(self._news.wait()), asyncio.ensure_future(self._clock.sleep(HEARTBEAT_S))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _message(self) -> str:
        if not self._started:
            return self._before
        done = f"{self._ended} call{'' if self._ended == 1 else 's'} done"
        if not self._running:
            return done
        names = [
            f"{path} ({self._details[seq]})" if seq in self._details else path
            for seq, path in list(self._running.items())[:_SHOWN]
        ]
        more = f" and {len(self._running) - _SHOWN} more" if len(self._running) > _SHOWN else ""
        return f"calling {', '.join(names)}{more}; {done}"


def _words(progress: Progress) -> str:
    share = f"{progress.done:g}" + (f"/{progress.total:g}" if progress.total is not None else "")
    return f"{share}: {progress.message[:80]}" if progress.message else share
