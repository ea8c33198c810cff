"""A program's memory as bytes: what differs from the freshly booted memory, compressed."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

PAGE = 4096
LEVEL = 6
STACK_BYTES = 262144  # build.py's stack-size: the engine's stack lies first in the memory, and is empty between turns
HEAD = struct.Struct("<4s16sIBQI")  # magic, origin, memory size, started, microseconds used, CRC-32 of the body
_MAGIC = b"TSJ1"


@dataclass(frozen=True, slots=True)
class Header:
    """`origin` says what the memory belongs to, in 16 bytes: the engine and the program."""

    origin: bytes
    started: bool
    cpu_us: int


@dataclass(frozen=True, slots=True)
class Image:
    """What a snapshot holds: the memory's size, and the pages that differ, as (offset, content)."""

    size: int
    started: bool
    cpu_us: int
    pages: list[tuple[int, bytes]]


def pack(header: Header, memory: bytes, template: bytes) -> bytes:
    """The snapshot of `memory`."""
    zero = bytes(PAGE)
    numbers: list[int] = []
    content: list[bytes] = []
    for at in range(STACK_BYTES, len(memory), PAGE):
        page, before = memory[at : at + PAGE], template[at : at + PAGE] or zero
        if page != before:
            numbers.append(at // PAGE)
            content.append(_xor(page, before))
    body = struct.pack(f"<I{len(numbers)}I", len(numbers), *numbers) + b"".join(content)
    packed = zlib.compress(body, LEVEL)
    head = (_MAGIC, header.origin, len(memory), header.started, header.cpu_us, zlib.crc32(packed))
    return HEAD.pack(*head) + packed


def unpack(blob: bytes, origin: bytes, template: bytes) -> Image:
    """What a snapshot holds; `ValueError` for one that is damaged or of another origin."""
    if len(blob) < HEAD.size:
        raise ValueError("the snapshot is cut short")
    magic, found, size, started, cpu_us, checksum = HEAD.unpack_from(blob)
    if magic != _MAGIC or found != origin:
        raise ValueError("the snapshot is of another engine or program")
    packed = blob[HEAD.size :]
    if zlib.crc32(packed) != checksum or size % 65536 or size < len(template):
        raise ValueError("the snapshot is damaged")
    try:
        body = _inflate(packed, size)
        (count,) = struct.unpack_from("<I", body)
        numbers = struct.unpack_from(f"<{count}I", body, 4)
    except (zlib.error, struct.error) as error:
        raise ValueError("the snapshot is damaged") from error
    start = 4 + 4 * count
    if len(body) != start + PAGE * count or any(number * PAGE >= size for number in numbers):
        raise ValueError("the snapshot is damaged")
    zero = bytes(PAGE)
    pages = [
        (
            number * PAGE,
            _xor(body[start + PAGE * index : start + PAGE * (index + 1)], template[number * PAGE :][:PAGE] or zero),
        )
        for index, number in enumerate(numbers)
    ]
    return Image(size, bool(started), cpu_us, pages)


def _inflate(packed: bytes, size: int) -> bytes:
    """Never more than a whole memory and its table of pages, whatever the blob says."""
    most = size + size // PAGE * 4 + 4
    stream = zlib.decompressobj()
    body = stream.decompress(packed, most)
    if stream.unconsumed_tail or not stream.eof:
        raise ValueError("the snapshot is damaged")
    return body


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left, "little") ^ int.from_bytes(right, "little")).to_bytes(PAGE, "little")
