"""Workers that end with their host, also where it is killed in the middle of their work."""

from __future__ import annotations

import os
import shlex
import shutil
import sysconfig
from pathlib import Path


class Mortal:
    """The engine's program, started so that the kernel ends it with its host; Linux only.

    A worker that waits sees its host's end by itself. One that computes would go on until its computing time is over.
    """

    def __init__(self) -> None:
        self._descriptor: int | None = None

    def path(self) -> str | None:
        """What to start; None where the platform cannot do it."""
        setpriv, engine = shutil.which("setpriv"), _engine()
        if setpriv is None or engine is None or not hasattr(os, "memfd_create"):
            return None
        if self._descriptor is None:
            script = (
                f'#!/bin/sh\nexec {shlex.quote(setpriv)} --pdeathsig KILL -- {shlex.quote(engine)} "$@" 2>/dev/null\n'
            )
            self._descriptor = os.memfd_create("toolscript-worker")
            os.write(self._descriptor, script.encode())
            os.fchmod(self._descriptor, 0o500)
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def close(self) -> None:
        """Forget it; workers that run are not concerned."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _engine() -> str | None:
    """Where the engine's wheel puts its program."""
    named = os.environ.get("MONTY_BIN")
    beside = Path(sysconfig.get_path("scripts")) / "monty"
    return named or (str(beside) if beside.is_file() else shutil.which("monty"))
