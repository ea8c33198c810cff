"""The calls of a program that have no answer yet, and who waits for each."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from toolscript.codec import TAGGED_JSON, Blob, Encoded, decode

PIECE_BYTES = 512 << 10  # 683 KiB as base64: below the cap on one answer; MAX_PIECE_BYTES of the runtime's builtin.py

Form = Literal["bytes", "text", "json"]
"""What the bytes of a blob are made into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Part of a blob on its way: from `start` up to `end`, of which `read` is there."""

    blob: Blob
    form: Form
    start: int
    end: int
    read: bytes = b""

    @property
    def arguments(self) -> dict[str, Any]:
        """Of the call that gives the next piece."""
        at = self.start + len(self.read)
        if self.start == 0 and self.end == self.blob.size and self.end <= PIECE_BYTES:
            return {"id": self.blob.id}
        return {"id": self.blob.id, "start": at, "end": min(self.end, at + PIECE_BYTES)}

    def with_piece(self, piece: bytes) -> Reading | None:
        """What is to be read after this piece; None at the end."""
        more = replace(self, read=self.read + piece)
        return more if piece and self.start + len(more.read) < self.end else None

    def value(self, piece: bytes) -> Any:
        """What the program gets in the end; `ValueError` where the bytes are not what it asked for."""
        content = self.read + piece
        if self.form == "bytes":
            return content
        text = content.decode(errors="replace")
        if self.form == "text":
            return text
        return decode(Encoded(text)) if self.blob.media_type == TAGGED_JSON else json.loads(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A call: the strand that made it, and the id that it has in there.

    `is_timer`: nobody waits for it once the program has ended. `depth` is that of the snippet that the answer holds.
    """

    strand: int
    call_id: int
    is_timer: bool = False
    depth: int = 0
    reading: Reading | None = None
