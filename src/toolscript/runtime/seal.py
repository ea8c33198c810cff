"""Snapshots under seal: a snapshot becomes part of a running engine, so only one that this store's runtimes made is
let in."""

from __future__ import annotations

import hashlib
import hmac
import struct

_HEAD = struct.Struct("<I32s")  # how many turns the log had, HMAC-SHA256


def seal(secret: bytes, run: str, turns: int, snapshot: bytes) -> bytes:
    """The snapshot of a run after so many turns, so that nobody without the secret can change any of it."""
    return _HEAD.pack(turns, _mac(secret, run, turns, snapshot)) + snapshot


def unseal(secret: bytes, run: str, sealed: bytes) -> tuple[int, bytes]:
    """The turns and the snapshot; `ValueError` for anything that `seal` did not make."""
    if len(sealed) < _HEAD.size:
        raise ValueError("the snapshot is cut short")
    turns, mac = _HEAD.unpack_from(sealed)
    snapshot = sealed[_HEAD.size :]
    if not hmac.compare_digest(mac, _mac(secret, run, turns, snapshot)):
        raise ValueError("the snapshot's seal is broken")
    return turns, snapshot


def _mac(secret: bytes, run: str, turns: int, snapshot: bytes) -> bytes:
    return hmac.digest(secret, struct.pack("<I", turns) + run.encode() + b"\0" + snapshot, hashlib.sha256)
