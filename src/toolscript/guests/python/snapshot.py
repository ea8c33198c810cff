"""A program as bytes: what its strands are in the engine, and what is known of them beside it, compressed."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

LEVEL = 6
HEAD = struct.Struct("<4s16sI")  # magic, origin, CRC-32 of the body
_MAGIC = b"TSM1"
_SIZE = struct.Struct("<I")


def pack(origin: bytes, notes: Mapping[str, Any], states: Sequence[bytes]) -> bytes:
    """The snapshot; `origin` says in 16 bytes what it belongs to: the engine and the program."""
    text = json.dumps(notes, separators=(",", ":")).encode()
    body = b"".join(_SIZE.pack(len(piece)) + piece for piece in (text, *states))
    packed = zlib.compress(body, LEVEL)
    return HEAD.pack(_MAGIC, origin, zlib.crc32(packed)) + packed


def unpack(blob: bytes, origin: bytes, *, most_bytes: int) -> tuple[Mapping[str, Any], Sequence[bytes]]:
    """What a snapshot holds; `ValueError` for one that is damaged or of another origin."""
    if len(blob) < HEAD.size:
        raise ValueError("the snapshot is cut short")
    magic, found, checksum = HEAD.unpack_from(blob)
    if magic != _MAGIC or found != origin:
        raise ValueError("the snapshot is of another engine or program")
    packed = blob[HEAD.size :]
    if zlib.crc32(packed) != checksum:
        raise ValueError("the snapshot is damaged")
    notes, *states = _pieces(_inflated(packed, most_bytes))
    try:
        return cast("dict[str, Any]", json.loads(notes)), states
    except ValueError as error:
        raise ValueError("the snapshot is damaged") from error


def _inflated(packed: bytes, most_bytes: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        body = stream.decompress(packed, most_bytes)
    except zlib.error as error:
        raise ValueError("the snapshot is damaged") from error
    if stream.unconsumed_tail or not stream.eof:
        raise ValueError("the snapshot is damaged")
    return body


def _pieces(body: bytes) -> list[bytes]:
    pieces: list[bytes] = []
    at = 0
    while at < len(body):
        if at + _SIZE.size > len(body):
            raise ValueError("the snapshot is damaged")
        (size,) = _SIZE.unpack_from(body, at)
        at += _SIZE.size
        if at + size > len(body):
            raise ValueError("the snapshot is damaged")
        pieces.append(body[at : at + size])
        at += size
    if not pieces:
        raise ValueError("the snapshot is damaged")
    return pieces
