"""The world of a program: randomness from the run's seed, no files, no environment.

Each program gets the same answers whenever and wherever it is run again. None of this is a wall: those stand outside.
"""

from __future__ import annotations

import _thread
import builtins
import io
import os
import random
import sys
import uuid
from typing import Any, cast

from toolscript.guests.python.printing import Printed

_SURROUNDINGS = "a program has no process and no environment: read what it needs from `input`"
_THREADS = "a program has no threads: make calls in parallel with `await asyncio.gather(...)`"


def rule_chance(seed: int) -> None:
    """Let all randomness follow from the seed."""
    source = random.Random(seed)  # noqa: S311 - it is the run's to know
    seeded = random.Random.seed

    def seed_with(self: random.Random, a: Any = None, version: int = 2) -> None:
        seeded(self, source.getrandbits(256) if a is None else a, version)

    def drawn(size: int) -> bytes:
        return source.randbytes(size)

    os.urandom = drawn
    own = cast("Any", random)
    own.Random.seed = seed_with
    own._urandom = drawn
    own.seed = own._inst.seed
    random.seed(seed)
    identity = cast("Any", uuid)
    identity._generate_time_safe, identity._UuidCreate, identity._node = None, None, 0x02_00_00_00_00_01
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed & 0xFFFFFFFF)


def rule_surroundings(printed: Printed) -> None:
    """What a program prints is taken; what it asks of the machine is answered in plain words, the same everywhere."""
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = cast("Any", _Output(printed))
    sys.stdin = sys.__stdin__ = io.StringIO()
    system = cast("Any", os)
    names = os.uname_result(("Linux", "sandbox", "", "", ""))
    system.uname, system.getpid, system.getppid, system.cpu_count = lambda: names, lambda: 2, lambda: 1, lambda: 1
    system.getcwd = lambda: "/"
    cast("Any", builtins).exit = cast("Any", builtins).quit = sys.exit
    thread = cast("Any", _thread)
    thread.start_new_thread = thread.start_new = _no_thread
    threading = sys.modules.get("threading")
    if threading is not None:
        for name in ("_start_new_thread", "_start_joinable_thread"):
            setattr(threading, name, _no_thread)


def _no_thread(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError(_THREADS)


class _Output(io.TextIOBase):
    """Standard output, and standard error."""

    encoding = "utf-8"

    def __init__(self, printed: Printed) -> None:
        super().__init__()
        self._printed = printed

    def writable(self) -> bool:
        return True

    def write(self, s: str) -> int:
        if not isinstance(s, str):  # pyright: ignore[reportUnnecessaryIsInstance] - the caller is a program
            raise TypeError(f"write() argument must be str, not {type(s).__name__}")
        self._printed("stdout", s)
        return len(s)
