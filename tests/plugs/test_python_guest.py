"""The Python guest against the suite that every guest must pass."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from toolscript.guests.python.guest import PythonGuest
from toolscript.testing.guest_suite import Case, cases_in, check, check_determinism, check_endings, check_snapshots

CASES = cases_in("python")
TALKATIVE = [case for case in CASES if "crm." in case.programs["python"] or "codemode." in case.programs["python"]]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[PythonGuest]:
    guest = PythonGuest()
    yield guest
    await guest.close()


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_program_ends_as_its_case_says(guest: PythonGuest, case: Case) -> None:
    await check(guest, case)


@pytest.mark.parametrize("order", ["all", "first", "last"])
@pytest.mark.parametrize("case", TALKATIVE, ids=str)
async def test_the_same_answers_give_the_same_turns(guest: PythonGuest, case: Case, order: str) -> None:
    await check_determinism(guest, case, order)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["first", "last"])
@pytest.mark.parametrize("case", TALKATIVE, ids=str)
async def test_a_program_that_slept_at_every_point_takes_the_same_turns(
    guest: PythonGuest, case: Case, order: str
) -> None:
    await check_snapshots(guest, case, order)  # type: ignore[arg-type]


async def test_after_its_end_a_session_answers_the_same_outcome(guest: PythonGuest) -> None:
    await check_endings(guest, "return 1")
    await check_endings(guest, "raise ValueError(1)")
