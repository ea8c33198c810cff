"""Hostile programs: none gets out, none harms the host or another program, and all end within their limits.

`tests/cases/cpython_hostile.json` holds them by theme. A program that succeeds says `ESCAPED`. `gives` is the value
that it must end in; `kind` and `says` are that of its failure; `limit`: it must end in a limit; `broken`: in the
failure of what has broken its channel; `late`: it waits, and is stopped for it; `any`: it may end in
whatever does no harm; else it must fail.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.plugs.cpython_machine import lockable

from toolscript.codec import Encoded, decode
from toolscript.errors import Failure
from toolscript.guests.cpython import session
from toolscript.guests.cpython.guest import CPythonGuest
from toolscript.runs.program import Limits
from toolscript.runs.turn import Crashed, Finished, Outcome, Returned, Settled
from toolscript.testing.guest_suite import START, boot, play

pytestmark = [lockable, pytest.mark.timeout(60)]
_FILE = Path(__file__).parents[1] / "cases" / "cpython_hostile.json"
THEMES: dict[str, list[dict[str, Any]]] = json.loads(_FILE.read_text(encoding="utf-8"))
CPU_MS = 700
LIMITS = Limits(cpu_ms=CPU_MS)
PATIENCE_S = 1.0
SLOWEST_S = CPU_MS / 1000 + PATIENCE_S + 5.0  # on a machine that does other things, too


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def short_patience() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "PATIENCE_S", PATIENCE_S)
        yield


@pytest.fixture(scope="module")
async def guest(short_patience: None) -> AsyncIterator[CPythonGuest]:
    os.environ["SECRET_OF_THE_HOST"] = "hidden"
    guest = CPythonGuest()
    await guest.walls()
    yield guest
    await guest.close()
    del os.environ["SECRET_OF_THE_HOST"]


def rows() -> Iterator[Any]:
    for theme, programs in THEMES.items():
        for row in programs:
            yield pytest.param(row, id=f"{theme}: {row['name']}")


def judged(outcome: Outcome, row: dict[str, Any]) -> None:
    """Whether a program ended as it had to."""
    match outcome:
        case Finished(value):
            assert not str(decode(value)).startswith("ESCAPED"), value
            assert "gives" not in row or decode(value) == row["gives"]
            assert "any" in row or "gives" in row or decode(value) == "refused", f"it finished with {value[:200]}"
        case Crashed(failure):
            assert "gives" not in row, str(failure)
            assert failure.kind == row.get("kind", "guest"), str(failure)
            assert failure.message == row.get("says", failure.message)
            assert "limit" not in row or failure.code == "limit", str(failure)
            assert "broken" not in row or failure.name == "SandboxError", str(failure)
            assert "late" not in row or "waited" in failure.message, str(failure)
            presentable(failure)


def presentable(failure: Failure) -> None:
    """Nothing of ours, and nothing endless, in what a model reads."""
    text = f"{failure}{failure.stack}"
    assert "Traceback" not in text
    assert "/src/toolscript" not in text
    assert len(text) < 50_000
    text.encode()


@pytest.mark.parametrize("row", list(rows()))
async def test_a_hostile_program_harms_nobody(guest: CPythonGuest, row: dict[str, Any]) -> None:
    sibling = await guest.start(boot(guest, "held = 'SECRET-OF-A-SIBLING'\nr = await crm.find(id=1)\n[held, r['id']]"))
    assert (await sibling.advance((), START)).outcome is None
    spawner = guest.spawner
    began = time.perf_counter()
    played = await play(guest, boot(guest, row["code"], limits=LIMITS))
    assert time.perf_counter() - began < SLOWEST_S
    judged(played.outcome, row)
    answered = await sibling.advance([Settled(1, Returned(Encoded('{"id":1}')))], START)
    assert answered.outcome == Finished(Encoded('["SECRET-OF-A-SIBLING",1]'))
    assert guest.spawner is spawner, "the zygote died"
    assert (await play(guest, boot(guest, "1 + 1"))).value == 2


def test_there_are_enough_hostile_programs() -> None:
    assert sum(map(len, THEMES.values())) >= 60


async def test_an_endless_loop_holds_up_nobody(guest: CPythonGuest) -> None:
    loop = asyncio.create_task(play(guest, boot(guest, "while True: pass", limits=LIMITS)))
    began = time.perf_counter()
    assert (await play(guest, boot(guest, "1 + 1"))).value == 2
    assert time.perf_counter() - began < CPU_MS / 1000
    assert (await loop).failure.code == "limit"
