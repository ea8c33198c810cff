"""Whether this machine has what CPython programs are locked down with; where not, tests are skipped and say why."""

from __future__ import annotations

import sys

import pytest

from toolscript.guests.lockdown import filter_of, landlock_version
from toolscript.guests.syscalls import PROGRAM


def _missing() -> str:
    if not sys.platform.startswith("linux"):
        return "CPython programs need Linux"
    if not landlock_version():
        return "this kernel has no landlock"
    return "" if filter_of(PROGRAM) else "no table of system calls for this machine"


lockable = pytest.mark.skipif(bool(_missing()), reason=_missing())
