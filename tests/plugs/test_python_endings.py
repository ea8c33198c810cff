"""How programs in Python end badly: in words with a line, alike in both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.plugs.cpython_machine import lockable

from toolscript.guests.cpython.guest import CPythonGuest
from toolscript.guests.python.guest import PythonGuest
from toolscript.ports import Guest
from toolscript.testing.guest_suite import boot, play


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", params=["python", pytest.param("cpython", marks=lockable)])
async def guest(request: pytest.FixtureRequest) -> AsyncIterator[Guest]:
    guest = PythonGuest() if request.param == "python" else CPythonGuest()
    yield guest
    await guest.close()


FAILS: dict[str, tuple[str, str, str, int]] = {
    "leaving with a status": ("await crm.find(id=1)\nraise SystemExit(3)", "SystemExit", "3", 2),
    "leaving with words": ("raise SystemExit('no data')", "SystemExit", "no data", 1),
    "leaving from a function": ("def f():\n    raise SystemExit(2)\nf()\nreturn 1", "SystemExit", "2", 2),
    "a misspelt variable": (
        "contacts = [1]\ndef f():\n    return contcts\nawait crm.find(id=1)\nf()",
        "NameError", "name 'contcts' is not defined; did you mean contacts?", 3,
    ),
    "a misspelt namespace": (
        "def f():\n    return crn\nf()", "NameError", "name 'crn' is not defined; did you mean crm?", 2,
    ),
    "a name that is like none": ("def f():\n    return zzzz\nf()", "NameError", "name 'zzzz' is not defined", 2),
    "a coroutine in the value": (
        "def f(): return {'a': crm.find(id=1)}\nx = 1\nreturn f()",
        "TypeError", "$.a: a coroutine cannot cross; did you forget await?", 3,
    ),
    "a coroutine in the last expression": (
        "def f(): return [crm.find(id=1)]\nx = 1\n\nf()",
        "TypeError", "$[0]: a coroutine cannot cross; did you forget await?", 4,
    ),
}  # fmt: skip


@pytest.mark.parametrize("why", FAILS)
async def test_what_ends_a_program_is_told_in_its_line(guest: Guest, why: str) -> None:
    code, name, words, line = FAILS[why]
    failure = (await play(guest, boot(guest, code))).failure
    assert (failure.name, failure.message, failure.line) == (name, words, line)
    assert failure.source == code.split("\n")[line - 1]


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit",
        "raise SystemExit()",
        "raise SystemExit(0)",
        "raise SystemExit(None)",
        "def f():\n    raise SystemExit(0)\nf()\nreturn 2",
    ],
)
async def test_leaving_in_peace_is_an_end_without_a_value(guest: Guest, code: str) -> None:
    assert (await play(guest, boot(guest, code))).value is None


async def test_a_value_from_one_of_several_places_is_told_without_a_line(guest: Guest) -> None:
    code = "def f(): return [crm.find(id=1)]\nif input:\n    return f()\nreturn [f()]"
    failure = (await play(guest, boot(guest, code))).failure
    assert (failure.message, failure.line) == ("$[0][0]: a coroutine cannot cross; did you forget await?", None)


async def test_of_a_call_that_nobody_awaits_the_failure_is_printed(guest: Guest) -> None:
    played = await play(guest, boot(guest, "crm.find(id=1)\ncrm.fail(why='no contact 404')\nreturn 1"))
    assert [call.path for call in played.calls] == ["crm.find", "crm.fail"]
    assert (played.value, played.printed) == (
        1, ["warning: nobody awaited a call that failed: ToolError: no contact 404"],
    )  # fmt: skip


@pytest.mark.parametrize(
    "code",
    [
        "x = crm.fail()\ntry:\n    await x\nexcept ToolError: pass\nreturn 1",
        "import asyncio\nawait asyncio.gather(crm.fail(), crm.fail(), return_exceptions=True)\nreturn 1",
        "import asyncio\ntry:\n    await asyncio.gather(crm.fail(), crm.find(id=1), crm.fail())\n"
        "except ToolError: pass\nawait crm.find(id=1)\nreturn 1",
        "crm.find(id=1)\nreturn 1",
    ],
)
async def test_of_a_call_that_somebody_awaits_nothing_is_printed(guest: Guest, code: str) -> None:
    played = await play(guest, boot(guest, code))
    assert (played.value, played.printed) == (1, [])


@lockable
@pytest.mark.parametrize(("code", "words"), [("import sys\nsys.exit('no')", "no"), ("x = 1\nexit(3)", "3"),
                                             ("x = 1\nquit(2)", "2")])  # fmt: skip
async def test_the_other_ways_to_leave_are_told_in_their_line_too(code: str, words: str) -> None:
    guest = CPythonGuest()
    try:
        failure = (await play(guest, boot(guest, code))).failure
    finally:
        await guest.close()
    assert (failure.name, failure.message, failure.line) == ("SystemExit", words, 2)
