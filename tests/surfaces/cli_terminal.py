"""A command with a terminal of its own, as a person has it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from cli_command import PATIENCE_S, Project


@dataclass(slots=True)
class Screen:
    """A terminal on which a command runs, and what it has shown so far."""

    process: subprocess.Popen[bytes]
    master: int
    shown: str = ""
    _ended: bool = field(default=False)
    _read_to: int = field(default=0)

    def until(self, words: str) -> str:
        """Wait until the words are shown, after those that were waited for before."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in self.shown[self._read_to :]:
            assert not self._ended, f"ended without showing {words!r}: {self.shown!r}"
            assert time.monotonic() < deadline, f"did not show {words!r}: {self.shown!r}"
            self._read(deadline)
        self._read_to = self.shown.index(words, self._read_to) + len(words)
        return self.shown

    def press(self, key: bytes) -> None:
        os.write(self.master, key)

    def end(self) -> tuple[int, str]:
        """Wait for the end: the exit code, and all that was shown."""
        deadline = time.monotonic() + PATIENCE_S
        while not self._ended:
            assert time.monotonic() < deadline, f"did not end: {self.shown!r}"
            self._read(deadline)
        return self.process.wait(PATIENCE_S), self.shown

    def _read(self, deadline: float) -> None:
        ready, _, _ = select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return
        try:
            content = os.read(self.master, 65_536)
        except OSError:  # Linux says EIO when the last holder of the other end has gone
            content = b""
        self._ended = not content
        self.shown += content.decode(errors="replace").replace("\r\n", "\n")


_TAKE_TERMINAL = """
import os, sys, fcntl, termios
os.setsid()
fcntl.ioctl(2, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


@contextmanager
def screen(
    project: Project,
    *words: str,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = b"",
    columns: int = 100,
) -> Generator[Screen]:
    """Run a command with stdout and stderr on a terminal, whose Ctrl-C reaches it; stdin is a pipe, or, with None, the
    terminal too: what is pressed is typed."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**project.environment(env)}
    environment.pop("COLUMNS")
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE_TERMINAL, *project.command(*words)],
        stdin=slave if stdin is None else subprocess.PIPE,
        stdout=slave,
        stderr=slave,
        cwd=project.folder,
        env=environment,
    )
    os.close(slave)
    if stdin is not None:
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
    try:
        yield Screen(process, master)
    finally:
        process.kill()
        process.wait()
        os.close(master)
