"""The pipe between a program's process and its host: frames of JSON, each after its length in four bytes.

A program can read and write the pipe by hand, and so can end only itself: the host takes every byte for hostile.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any

Message = dict[str, Any]

HEADER = struct.Struct("<I")


class Channel:
    """Blocking; ends the process when the host is gone."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing

    def receive(self) -> Message:
        """The next message of the host."""
        (length,) = HEADER.unpack(self._take(HEADER.size))
        return json.loads(self._take(length))

    def send(self, message: Message) -> None:
        """Send a message."""
        body = json.dumps(message, separators=(",", ":")).encode()
        frame = memoryview(HEADER.pack(len(body)) + body)
        while frame:
            frame = frame[os.write(self._writing, frame) :]

    def _take(self, count: int) -> bytes:
        """So many bytes and no more: how a message was cut on its way must not show, not even in addresses."""
        taken = os.read(self._reading, count)
        while len(taken) < count:
            received = os.read(self._reading, count - len(taken))
            if not received:
                os._exit(0)
            taken += received
        return taken
