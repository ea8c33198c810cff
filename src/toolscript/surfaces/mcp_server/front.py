"""The first thing that a client on stdio meets: it answers the opening at once, and loads the rest meanwhile.

Imports the standard library and our own words only. The protocol's library takes half a second to load; some clients
give a server that long for its first reply.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from toolscript.runtime.plugs import load
from toolscript.surfaces.mcp_server.opening import Opening
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.surfaces.mcp_server.wire import Wire

if TYPE_CHECKING:
    from toolscript.runtime.runtime import Runtime

_PATIENCE_S = 0.3  # how long loading waits for the first line, so that its answer has the processor to itself


class Front:
    """Stands on the wire until the server does, and hands over what it could not answer."""

    def __init__(self, wire: Wire, opening: Opening) -> None:
        self.wire = wire
        self._opening = opening
        self._lock = threading.Lock()
        self._heard = threading.Event()
        self._kept: list[bytes | None] = []
        self._ended = False
        self._on_line: Callable[[bytes | None], None] | None = None
        self._on_end: Callable[[], None] | None = None

    def open(self) -> None:
        self.wire.open(self._line, self._end)

    def wait_for_opening(self, timeout_s: float) -> None:
        """Wait until the first line has been answered or kept, or the client has gone."""
        self._heard.wait(timeout_s)

    def take_over(self, on_line: Callable[[bytes | None], None], on_end: Callable[[], None]) -> None:
        """Give all lines that were kept, in order, and from now on every line as it comes."""
        with self._lock:
            for line in self._kept:
                on_line(line)
            self._kept.clear()
            self._on_line, self._on_end = on_line, on_end
            if self._ended:
                on_end()

    def swallows(self, identity: str) -> bool:
        """Whether the answer to this id, given as JSON, was sent already; asked once for each answer."""
        with self._lock:
            if identity in self._opening.swallowed:
                self._opening.swallowed.remove(identity)
                return True
            return False

    def _line(self, line: bytes | None) -> None:
        if line is not None and not line.strip():
            return
        with self._lock:
            if self._on_line is not None:
                self._on_line(line)
                return
            reply = None if line is None else self._opening.answer(line)
            if reply is None or reply.forward:
                self._kept.append(line)
            if reply is not None:
                self.wire.send(reply.line)
        self._heard.set()

    def _end(self) -> None:
        with self._lock:
            self._ended = True
            if self._on_end is not None:
                self._on_end()
        self._heard.set()


def serve(assemble: Callable[[], Runtime], options: ServeOptions, configured: Sequence[str]) -> int:
    """Serve over stdin and stdout until the client goes or the process is asked to end; gives the exit code.

    `assemble` builds the runtime, and is called after the first reply; `configured` names its namespaces, for the
    words that a client reads before that.
    """
    signal.signal(signal.SIGTERM, _leave)
    front = Front(Wire.claim_stdio(), Opening(options, configured))
    front.open()
    front.wait_for_opening(_PATIENCE_S)
    try:
        run: Callable[..., Any] = load("toolscript.surfaces.mcp_server.stdio:run")
        run(front, assemble, options)
    finally:
        front.wire.close()
    return 0


def _leave(number: int, frame: Any) -> None:
    raise SystemExit(0)
