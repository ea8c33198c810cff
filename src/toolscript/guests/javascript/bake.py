"""Bakes a booted memory into a WebAssembly module, so that every instance starts booted, by copy-on-write.

The module keeps its code; its data section is replaced by the memory's content, its start function is dropped, and
so are custom sections (names, producers). The binary format is that of the WebAssembly core specification, chapter 5.
"""

from __future__ import annotations

from collections.abc import Iterator

WASM_PAGE = 65536
LINE = 64  # data segments are found in lines of this size
GAP = 256  # two runs nearer than this become one segment: a segment's header costs about ten bytes and some time


def bake(wasm: bytes, memory: bytes) -> bytes:
    """The module `wasm` whose instances start with `memory` as their (one, own) linear memory."""
    segments = list(_runs(memory))
    output = bytearray(wasm[:8])
    for kind, body in _sections(wasm):
        match kind:
            case 0 | 8:  # CUSTOM, START
                continue
            case 5:  # MEMORY
                content = _memory_section(body, len(memory) // WASM_PAGE)
            case 12:  # DATA_COUNT
                content = _unsigned(len(segments))
            case 11:  # DATA
                content = _data_section(memory, segments)
            case _:
                content = body
        output += bytes([kind]) + _unsigned(len(content)) + content
    return bytes(output)


def _runs(memory: bytes) -> Iterator[tuple[int, int]]:
    zero, start, end = bytes(LINE), -1, -1
    for at in range(0, len(memory), LINE):
        if memory[at : at + LINE] == zero:
            continue
        if start >= 0 and at - end > GAP:
            yield start, end
            start = at
        elif start < 0:
            start = at
        end = at + LINE
    if start >= 0:
        yield start, end


def _data_section(memory: bytes, segments: list[tuple[int, int]]) -> bytes:
    # an active segment of memory 0: 0x00, the offset as `i32.const n; end`, the bytes
    parts = [
        b"\x00\x41" + _signed(start) + b"\x0b" + _unsigned(end - start) + memory[start:end] for start, end in segments
    ]
    return _unsigned(len(segments)) + b"".join(parts)


def _memory_section(body: bytes, pages: int) -> bytes:
    count, at = _read_unsigned(body, 0)
    if count != 1:
        raise ValueError("a module with one memory is needed")
    flags, at = _read_unsigned(body, at)
    _, at = _read_unsigned(body, at)
    return _unsigned(1) + _unsigned(flags) + _unsigned(pages) + body[at:]


def _sections(wasm: bytes) -> Iterator[tuple[int, bytes]]:
    at = 8
    while at < len(wasm):
        kind = wasm[at]
        size, at = _read_unsigned(wasm, at + 1)
        yield kind, wasm[at : at + size]
        at += size


def _unsigned(number: int) -> bytes:
    output = bytearray()
    while True:
        low, number = number & 0x7F, number >> 7
        output.append(low | (0x80 if number else 0))
        if not number:
            return bytes(output)


def _signed(number: int) -> bytes:
    output = bytearray()
    while True:
        low, number = number & 0x7F, number >> 7
        done = (number == 0 and not low & 0x40) or (number == -1 and low & 0x40)
        output.append(low if done else low | 0x80)
        if done:
            return bytes(output)


def _read_unsigned(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = body[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return number, at
