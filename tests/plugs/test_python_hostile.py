"""Hostile programs for Monty: none gets out, none harms the host or another program, and all end within their limits.

`tests/cases/python_hostile.json` holds them by theme; a long one is told in parts, each with how often it is repeated.
A program that gets out gives `ESCAPED`. `gives` is the value that it must end in, `fails` the codes of the failures
that it may end in instead: on a slow machine some reach a limit first.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from toolscript.codec import Encoded, decode
from toolscript.errors import Failure
from toolscript.guests.python.guest import PythonGuest
from toolscript.runs.program import Limits
from toolscript.runs.turn import Crashed, Finished, Returned, Settled
from toolscript.testing.guest_suite import START, boot, play

_FILE = Path(__file__).parents[1] / "cases" / "python_hostile.json"
THEMES: dict[str, list[dict[str, Any]]] = json.loads(_FILE.read_text(encoding="utf-8"))
ROWS = [pytest.param(row, id=f"{theme}: {row['name']}") for theme, rows in THEMES.items() for row in rows]
LIMITS = Limits(cpu_ms=200, memory_bytes=32 << 20, calls=50, output_bytes=1 << 20, printed_bytes=4096)
SLOWEST_S = 5.0  # on a machine that does other things, too
MOST_GROWN_BYTES = 150 << 20  # of the host, over all programs: each may hand over 8 MB


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[PythonGuest]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_OF_THE_HOST", "hidden")
        guest = PythonGuest()
        before = _peak_bytes()
        yield guest
        await guest.close()
        assert _peak_bytes() - before < MOST_GROWN_BYTES


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


@pytest.mark.parametrize("row", ROWS)
async def test_a_hostile_program_harms_nobody(guest: PythonGuest, row: dict[str, Any]) -> None:
    sibling = await guest.start(boot(guest, "held = 'a secret'\nr = await crm.find(id=1)\n[held, r['id']]"))
    assert (await sibling.advance((), START)).outcome is None
    began = time.monotonic()
    played = await play(guest, boot(guest, _code(row["code"]), limits=LIMITS))
    assert time.monotonic() - began < SLOWEST_S
    match played.outcome:
        case Finished(value):
            assert not str(decode(value)).startswith("ESCAPED"), value
            assert "gives" in row, value
            assert decode(value) == row["gives"]
        case Crashed(failure):
            assert failure.code in row.get("fails", ()), str(failure)
            _presentable(failure)
    assert sum(len(line.encode()) for line in played.printed) < LIMITS.printed_bytes + 200
    answered = await sibling.advance([Settled(1, Returned(Encoded('{"id":1}')))], START)
    assert answered.outcome == Finished(Encoded('["a secret",1]'))
    await sibling.close()


def _code(told: str | list[tuple[str, int]]) -> str:
    return told if isinstance(told, str) else "".join(part * times for part, times in told)


def _presentable(failure: Failure) -> None:
    """Nothing of ours, and nothing endless, in what a model reads."""
    text = f"{failure}{failure.stack}"
    assert failure.kind in ("guest", "tool")
    assert "Traceback" not in text
    assert "/src/toolscript" not in text
    assert "<python-input" not in text
    assert len(text) < 50_000
    text.encode()
    if failure.code == "limit":
        assert failure.name == "LimitError"
        assert "limit" in text


def test_there_are_enough_hostile_programs() -> None:
    assert len(ROWS) >= 60
