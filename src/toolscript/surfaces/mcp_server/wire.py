"""The stdio wire: lines in, lines out, on descriptors that nothing else in the process can reach.

1. Stdout belongs to the protocol. Descriptor 1 is pointed at stderr, and descriptor 0 at the null device, so a stray
   `print`, a library in C or a child process can neither write into the wire nor read from it.
2. Reading and writing are done by two threads of their own: an event loop, a client that does not read, or a handler
   that blocks cannot hold them up, and neither can hold up the end of the process.
3. A line longer than `MAX_LINE_BYTES` is read to its end, dropped, and reported as `None`.
4. Standard library only: the wire speaks before anything else is imported.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable

MAX_LINE_BYTES = 64 << 20  # far over any program; only a client gone wrong sends more
_CHUNK_BYTES = 256 << 10
_FLUSH_S = 1.0  # how long the end waits for a client that does not read

OnLine = Callable[[bytes | None], None]
OnEnd = Callable[[], None]


class Wire:
    """Lines over a pair of descriptors."""

    def __init__(self, in_fd: int, out_fd: int, *, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._in = in_fd
        self._out = out_fd
        self._max = max_line_bytes
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="toolscript-stdout", daemon=True)

    @classmethod
    def claim_stdio(cls) -> Wire:
        """The process's own stdin and stdout, taken from everything else in it."""
        sys.stdout.flush()
        wire = cls(os.dup(0), os.dup(1))
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        return wire

    def open(self, on_line: OnLine, on_end: OnEnd) -> None:
        """Begin; both callbacks come from a thread of the wire's own, one after the other."""
        self._writer.start()
        threading.Thread(target=self._read, args=(on_line, on_end), name="toolscript-stdin", daemon=True).start()

    def send(self, line: bytes) -> None:
        """Write one line, without its end; returns at once, in any thread, and keeps the order."""
        self._outbox.put(line + b"\n")

    def close(self) -> None:
        """Write what is left, for as long as a client reads it."""
        self._outbox.put(None)
        if self._writer.is_alive():
            self._writer.join(_FLUSH_S)

    def _write(self) -> None:
        while (line := self._outbox.get()) is not None:
            rest = memoryview(line)
            try:
                while rest:
                    rest = rest[os.write(self._out, rest) :]
            except OSError:
                return  # the client is gone; the end of stdin says so to everyone else

    def _read(self, on_line: OnLine, on_end: OnEnd) -> None:
        begun: list[bytes] = []
        size = 0
        try:
            while chunk := os.read(self._in, _CHUNK_BYTES):
                *ends, rest = chunk.split(b"\n")
                for end in ends:
                    on_line(b"".join([*begun, end]) if size + len(end) <= self._max else None)
                    begun, size = [], 0
                size += len(rest)
                if size <= self._max:
                    begun.append(rest)
                else:
                    begun = []
            if size:
                on_line(b"".join(begun) if size <= self._max else None)
        except OSError:
            pass  # as good as the end of the stream
        finally:
            on_end()
