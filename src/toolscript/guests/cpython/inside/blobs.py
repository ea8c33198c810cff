"""What a blob is in a program: a handle whose methods read it, by calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from toolscript.codec import Blob
from toolscript.guests.cpython.inside.names import Call
from toolscript.guests.python.calls import READ_BLOB
from toolscript.guests.python.opened import Form, Reading


class ProgramBlob(Blob):
    """Bytes that the host keeps: `id`, `media_type`, `size`."""

    def __init__(self, blob: Blob, send: Callable[[str, Mapping[str, Any]], Call]) -> None:
        super().__init__(blob.id, blob.media_type, blob.size)
        object.__setattr__(self, "_send", send)

    async def bytes(self) -> bytes:
        """All of its bytes."""
        return await self._read("bytes", 0, self.size)

    async def text(self) -> str:
        """All of it as text."""
        return await self._read("text", 0, self.size)

    async def json(self) -> Any:
        """The value that it holds as JSON."""
        return await self._read("json", 0, self.size)

    async def slice(self, start: int = 0, end: int | None = None) -> Any:
        """Some of its bytes."""
        first, last, _ = slice(start, end).indices(self.size)
        return await self._read("bytes", first, max(first, last))

    async def _read(self, form: Form, start: int, end: int) -> Any:
        reading: Reading | None = Reading(blob=self, form=form, start=start, end=end)
        send: Callable[[str, Mapping[str, Any]], Call] = getattr(self, "_send")  # noqa: B009 - a frozen class has it
        while True:
            assert reading is not None
            piece = await send(READ_BLOB, reading.arguments)
            more = reading.with_piece(piece)
            if more is None:
                return reading.value(piece)
            reading = more


ProgramBlob.__name__ = ProgramBlob.__qualname__ = "Blob"
