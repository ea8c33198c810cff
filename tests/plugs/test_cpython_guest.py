"""The CPython guest against the suite that every guest must pass."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.plugs.cpython_machine import lockable

from toolscript.guests.cpython.guest import CPythonGuest
from toolscript.testing.guest_suite import CASES, Case, check, check_determinism, check_endings

pytestmark = lockable
OWN = [case for case in CASES if "cpython" in case.programs]
TALKATIVE = [case for case in OWN if "await" in case.programs["cpython"]]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[CPythonGuest]:
    guest = CPythonGuest()
    yield guest
    await guest.close()


@pytest.mark.parametrize("case", OWN, ids=str)
async def test_a_program_ends_as_its_case_says(guest: CPythonGuest, case: Case) -> None:
    await check(guest, case)


@pytest.mark.parametrize("order", ["all", "first", "last"])
@pytest.mark.parametrize("case", TALKATIVE, ids=str)
async def test_the_same_answers_give_the_same_turns(guest: CPythonGuest, case: Case, order: str) -> None:
    await check_determinism(guest, case, order)  # type: ignore[arg-type]


async def test_after_its_end_a_session_answers_the_same_outcome(guest: CPythonGuest) -> None:
    await check_endings(guest, "return 1")
    await check_endings(guest, "raise ValueError(1)")
