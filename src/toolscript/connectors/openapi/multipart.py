"""`multipart/form-data` (RFC 7578): parts to bytes."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

OCTETS = "application/octet-stream"
_usual = {"application/json": ".json", "text/plain": ".txt", "image/jpeg": ".jpg", OCTETS: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part: `filename` makes it a file."""

    name: str
    content: bytes
    content_type: str | None = None
    filename: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def filename_for(name: str, media_type: str) -> str:
    """A name for a file that has none: servers take a part without one for text."""
    bare = media_type.partition(";")[0].strip().lower()
    ending = _usual.get(bare)
    if ending is None:
        ending = mimetypes.guess_extension(bare, strict=False) or ""
    return name + ending


def multipart(parts: Sequence[Part]) -> tuple[str, bytes]:
    """The content type with its boundary, and the body.

    The boundary follows from the content: the same request is the same bytes, and no part can hold it by intent.
    """
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part.name.encode("utf-8", "replace") + b"\0" + part.content + b"\0")
    boundary = f"toolscript-{hasher.hexdigest()[:32]}"
    pieces: list[bytes] = []
    for part in parts:
        pieces += [f"--{boundary}\r\n{_head(part)}\r\n".encode(), part.content, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(pieces)


def _head(part: Part) -> str:
    lines = [f'Content-Disposition: form-data; name="{_quoted(part.name)}"']
    if part.filename is not None:
        lines[0] += f'; filename="{_quoted(part.filename)}"'
    if part.content_type is not None:
        lines.append(f"Content-Type: {_one_line(part.content_type)}")
    lines += [f"{_one_line(name)}: {_one_line(value)}" for name, value in part.headers.items()]
    return "\r\n".join(lines) + "\r\n"


def _quoted(text: str) -> str:
    """As browsers escape names (https://html.spec.whatwg.org/#multipart-form-data)."""
    clean = text.encode("utf-8", "replace").decode()
    return clean.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _one_line(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
