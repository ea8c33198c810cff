"""One line on a terminal: what is running, and for how long."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from types import TracebackType
from typing import Self, TextIO

from toolscript.ports import CallEnded, CallProgressed, CallStarted, Event, RunEnded, RunStarted
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.cli.terminal import Terminal, printable
from toolscript.tools import Progress

FIRST_S = 0.15  # what is over sooner needs no line
EVERY_S = 0.1
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_COLUMNS = 80  # of a terminal that does not say
_CLEAR = "\r\x1b[K"


class ProgressLine:
    """An observer that keeps a line up to date while it is entered; silent where nobody is watching.

    It may be entered again and again. `runtime` is the one whose servers are waited for.
    """

    def __init__(self, terminal: Terminal, runtime: Runtime | None = None) -> None:
        self.run: str | None = None
        self.runtime = runtime
        self._terminal = terminal
        self._begun = time.monotonic()
        self._running: dict[int, tuple[str, float, Progress | None]] = {}
        self._done = 0
        self._task: asyncio.Task[None] | None = None
        self._is_shown = False

    async def __aenter__(self) -> Self:
        if self._terminal.is_interactive:
            self._task = asyncio.create_task(self._spin())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self.clear()

    def observed(self, event: Event) -> None:
        """Take in what happens."""
        match event:
            case RunStarted(run):
                self.run = run.id
            case CallStarted(_, call):
                self._running[call.seq] = (call.path, time.monotonic(), None)
            case CallProgressed(_, seq, progress) if seq in self._running:
                path, begun, _ = self._running[seq]
                self._running[seq] = (path, begun, progress)
            case CallEnded(_, settled):
                self._running.pop(settled.seq, None)
                self._done += 1
            case RunEnded():
                self._running.clear()
            case _:
                pass

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown:
            self._is_shown = False
            self._terminal.err.write(_CLEAR)
            self._terminal.err.flush()

    async def _spin(self) -> None:
        await asyncio.sleep(FIRST_S)
        for sign in itertools.cycle(_SPINNER):
            width = _columns(self._terminal.err) - 1
            self._terminal.err.write(f"{_CLEAR}{printable(f'{sign} {self._line()}')[:width]}")
            self._terminal.err.flush()
            self._is_shown = True
            await asyncio.sleep(EVERY_S)

    def _line(self) -> str:
        now = time.monotonic()
        line = f"{now - self._begun:.1f} s"
        if not self._running and not self._done and self.runtime is not None:
            waiting = [each.namespace for each in self.runtime.connectors if each.listing().state == "connecting"]
            if waiting:
                return f"{line} · connecting {', '.join(waiting)}"
        if self._done:
            line += f" · {self._done} call{'s' if self._done > 1 else ''} done"
        if self._running:
            path, begun, progress = next(iter(self._running.values()))
            line += f" · {path} {now - begun:.1f} s{_amount(progress)}"
            if len(self._running) > 1:
                line += f" and {len(self._running) - 1} more"
        return line


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or _COLUMNS
    except (OSError, ValueError):
        return _COLUMNS


def _amount(progress: Progress | None) -> str:
    if progress is None:
        return ""
    share = f" {progress.done:g}/{progress.total:g}" if progress.total else f" {progress.done:g}"
    return f"{share} {progress.message}".rstrip()
