"""Whether this machine can lock a CPython program down; where it cannot, tests are skipped and say why."""

from __future__ import annotations

import asyncio
import sys

import pytest

from toolscript.guests.cpython.checkup import checkup


def _problem() -> str | None:
    if not sys.platform.startswith("linux"):
        return "CPython programs need Linux"
    return asyncio.run(checkup()).problem


_found = _problem()
lockable = pytest.mark.skipif(_found is not None, reason=_found or "")
