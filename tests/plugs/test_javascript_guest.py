"""The JavaScript guest against the suite that every guest must pass."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.testing.guest_suite import Case, cases_in, check, check_determinism, check_endings, check_snapshots

CASES = cases_in("typescript")
TALKATIVE = [case for case in CASES if "await" in case.programs["typescript"]]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[JavaScriptGuest]:
    guest = JavaScriptGuest()
    yield guest
    await guest.close()


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_program_ends_as_its_case_says(guest: JavaScriptGuest, case: Case) -> None:
    await check(guest, case)


@pytest.mark.parametrize("order", ["all", "first", "last"])
@pytest.mark.parametrize("case", TALKATIVE, ids=str)
async def test_the_same_answers_give_the_same_turns(guest: JavaScriptGuest, case: Case, order: str) -> None:
    await check_determinism(guest, case, order)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["first", "last"])
@pytest.mark.parametrize("case", TALKATIVE, ids=str)
async def test_a_program_that_slept_at_every_point_takes_the_same_turns(
    guest: JavaScriptGuest, case: Case, order: str
) -> None:
    await check_snapshots(guest, case, order)  # type: ignore[arg-type]


async def test_after_its_end_a_session_answers_the_same_outcome(guest: JavaScriptGuest) -> None:
    await check_endings(guest, "return 1")
    await check_endings(guest, "throw 1")
