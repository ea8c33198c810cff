"""Values between a Python program and its host, beside those of the guest suite."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolscript.codec import Blob, Encoded, encode
from toolscript.guests.python import wire
from toolscript.guests.python.guest import PythonGuest
from toolscript.runs.turn import Crashed, Finished, Returned, Settled
from toolscript.testing.guest_suite import START, boot, play

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text() | st.binary() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[PythonGuest]:
    guest = PythonGuest()
    yield guest
    await guest.close()


async def through(guest: PythonGuest, value: Encoded) -> Encoded:
    """A value as an answer, and back as the result."""
    session = await guest.start(boot(guest, "return await crm.find()"))
    try:
        await session.advance([], START)
        outcome = (await session.advance([Settled(1, Returned(value))], START)).outcome
    finally:
        await session.close()
    assert isinstance(outcome, Finished), outcome
    return outcome.value


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=PLAIN)
async def test_any_value_goes_in_and_out_as_it_is(guest: PythonGuest, value: Any) -> None:
    assert await through(guest, encode(value)) == encode(value)


@pytest.mark.parametrize("value", ["\ud800x", {"a\udfff": ["\udbff"]}])
async def test_halves_of_characters_become_the_mark_for_what_is_no_character(guest: PythonGuest, value: Any) -> None:
    assert "�" in await through(guest, encode(value))


async def test_a_value_as_deep_as_the_codec_takes_goes_in_and_out(guest: PythonGuest) -> None:
    value: list[Any] = [1]
    for _ in range(395):
        value = [value]
    assert await through(guest, encode(value)) == encode(value)


async def test_the_same_blob_twice_is_one(guest: PythonGuest) -> None:
    blob = Blob("ab" * 32, "text/plain", 5)
    code = "other = await crm.echo(value=input)\nreturn [input[0] == input[1], input[0] == other[0], input]"
    assert (await play(guest, boot(guest, code, value=[blob, blob]))).value == [True, True, [blob, blob]]


async def test_a_large_blob_is_read_in_pieces(guest: PythonGuest) -> None:
    content = ("ä" * 700_000).encode()
    blob = Blob("ab" * 32, "text/plain", len(content))
    session = await guest.start(boot(guest, "text = await input.text()\nreturn [len(text), text[-1]]", value=blob))
    turn = await session.advance([], START)
    pieces = 0
    while turn.outcome is None:
        (call,) = turn.calls
        pieces += 1
        args = wire.decode(call.args)
        answer = Settled(call.seq, Returned(encode(content[args["start"] : args["end"]])))
        turn = await session.advance([answer], START)
    assert turn.outcome == Finished(Encoded('[700000,"ä"]'))
    assert pieces == 3
    await session.close()


async def test_json_that_is_none_is_told_as_pythons_own_error(guest: PythonGuest) -> None:
    blob = Blob("ab" * 32, "application/json", 5)
    code = "try:\n    await input.json()\nexcept ValueError as error:\n    return str(error)"
    assert "Expecting value" in (await play(guest, boot(guest, code, value=blob))).value


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("return [10 ** 5000]", "an integer of more than 4,300 digits cannot cross"),
        ("return {'a': [print]}", "$.a[0]: a function or class cannot cross"),
        ("class A: pass\nreturn {'a': A}", "$.a: a class cannot cross"),
        ("class A:\n    def f(self): pass\nreturn {'a': [A().f]}", "$.a[0]: a function cannot cross"),
        ("import json\nreturn json", "cannot cross"),
        ("import re\nreturn [re.match('a', 'a')]", "cannot cross"),
        ("return iter({1})", "cannot cross"),
        ("x = []\nfor _ in range(5000): x = [x]\nreturn x", "nested deeper than 400 levels"),
        ("return {b'k': 1}", "keys are strings"),
        ("crm()", "crm is a namespace: call one of its methods"),
    ],
)
async def test_what_cannot_cross_is_told(guest: PythonGuest, code: str, says: str) -> None:
    session = await guest.start(boot(guest, code))
    outcome = (await session.advance([], START)).outcome
    await session.close()
    assert isinstance(outcome, Crashed)
    assert (outcome.failure.name, says in outcome.failure.message) == ("TypeError", True), outcome.failure


@pytest.mark.parametrize(
    "text", ["<a>", "<function f at 0x7f3a5c1>", "dict_keys", "[...]", "<class>", "<coroutine", "<module 'x' from 'y'>"]
)
async def test_text_that_only_looks_like_something_else_is_text(guest: PythonGuest, text: str) -> None:
    assert await through(guest, encode([text])) == encode([text])


async def test_of_an_object_the_attributes_cross_that_are_not_its_own_affair(guest: PythonGuest) -> None:
    code = "class A:\n    def __init__(self): self.a, self._b = 1, {}\nreturn [A(), {'_c': 2}]"
    assert (await play(guest, boot(guest, code))).value == [{"a": 1}, {"_c": 2}]


async def test_a_comprehension_may_use_the_name_of_any_builtin(guest: PythonGuest) -> None:
    names = [name for name in dir(builtins) if name.islower() and not name.startswith("_")]
    code = "return [\n" + "".join(f"    [{name} for {name} in [{n}]],\n" for n, name in enumerate(names)) + "]"
    assert (await play(guest, boot(guest, code))).value == [[n] for n in range(len(names))]


async def test_long_words_of_an_exception_are_cut(guest: PythonGuest) -> None:
    failure = (await play(guest, boot(guest, "raise ValueError('x' * 100000)"))).failure
    assert len(failure.message) == 20_000


@pytest.mark.parametrize(
    "code",
    [
        "_ts_failure()",
        "_ts_failure(1, 2, 3)",
        "_ts_caught = _ts_failure",
        "_ts_wake()",
        "_ts_wake('x')",
        "_ts_park(1)",
        "_step",
        "import os\nos.urandom(-1)",
        "import os\nos.urandom(10**12)",
        "import os\nos.urandom('x')",
        "import os\nos.listdir('/')",
        "import asyncio\nawait asyncio.sleep(float('inf'))",
        "import asyncio\nawait asyncio.sleep(float('nan'))",
        "import asyncio\nawait asyncio.sleep(-1)",
        "import time\ntime.sleep(-1)",
        "import time\ntime.sleep(None)",
        "codemode.failure()",
        "codemode.failure(1, 2)",
        "await codemode.search('x', 5)",
        "await codemode.search('x', query='y')",
        "await codemode.sleep(1, 2, 3)",
        "await codemode.state('x')",
        "await codemode.state.nope('x')",
        "await snippets.double(1)",
        "getattr(codemode, '')('x')",
        "getattr(crm, 'a b\\n')()",
        "await input.slice('a')",
        "await input.slice(1, 2, 3)",
        "await input.nope()",
        "input.text",
        "input.id = 5\nreturn input",
        "exec('crm.find()')",
        "eval('crm.find')(1)",
    ],
)
async def test_what_is_asked_by_hand_ends_as_the_programs_own_affair(guest: PythonGuest, code: str) -> None:
    played = await play(guest, boot(guest, code, value=Blob("ab" * 32, "text/plain", 5)))
    outcome = played.outcome
    assert isinstance(outcome, Finished) or outcome.failure.kind == "guest", outcome
    if isinstance(outcome, Crashed):
        assert "toolscript" not in str(outcome.failure).lower()
