"""Whatever a program's process says, the host reads it or calls it broken, and nothing else."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from toolscript.codec import decode, encode
from toolscript.errors import Failure
from toolscript.guests.cpython.wire import Broken, Listener, Said
from toolscript.runs.program import Boot, Limits, Program
from toolscript.runs.turn import Crashed, Finished, Raised, Settled

BOOT = Boot(program=Program(code="await crm.find(id=1)\n1", language="cpython"), limits=Limits(calls=5))

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
encoded = st.one_of(
    anything.map(json.dumps), st.text(max_size=12), st.sampled_from(['{"$bytes":"!"}', '"\\ud800"', "1e999"])
)
call = st.one_of(
    anything, st.tuples(st.integers(0, 3), st.sampled_from(["crm.find", "crm", "a.b\x1b", ""]), encoded).map(list)
)
failure = st.one_of(
    anything,
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.one_of(anything, st.text()),
            "message": st.one_of(anything, st.text()),
            "code": st.sampled_from(["thrown", "fault", "tool", "limit", 5, None]),
            "kind": st.sampled_from(["fault", "tool"]),
            "of": st.one_of(anything, st.integers(0, 3)),
            "where": st.one_of(anything, st.just(" (at line 3 of snippet x)")),
            "whole": anything,
            "frames": st.one_of(
                anything, st.lists(st.tuples(anything, st.integers(), st.integers(), anything).map(list))
            ),
        },
    ),
)
message = st.one_of(
    anything,
    st.fixed_dictionaries(
        {
            "calls": st.one_of(anything, st.lists(call, max_size=4)),
            "dropped": st.one_of(anything, st.lists(st.one_of(anything, st.integers(0, 4)), max_size=4)),
            "printed": st.one_of(anything, st.lists(st.one_of(anything, st.text()), max_size=4)),
        },
        optional={"value": st.one_of(anything, encoded), "failure": failure},
    ),
)


def judged(frame: bytes) -> Said | None:
    """What a listener that has handed over one failure makes of a frame; None for one that it calls broken."""
    listener = Listener(BOOT)
    listener.heard(json.dumps({"calls": [[1, "crm.fail", "{}"]], "dropped": [], "printed": []}).encode())
    told = Failure(kind="tool", code="tool", name="ToolError", message="busy")
    listener.answered([Settled(1, Raised(told))])
    try:
        return listener.heard(frame)
    except Broken:
        return None


def sound(said: Said) -> None:
    """All of it can be stored, shown and read again."""
    assert [call.seq for call in said.calls] == list(range(2, 2 + len(said.calls)))
    for made in said.calls:
        assert isinstance(decode(made.args), dict)
        made.path.encode()
    "".join(said.printed).encode()
    match said.outcome:
        case Finished(value):
            assert encode(decode(value)) == value
        case Crashed(found):
            assert found.kind == "guest" or found.message.startswith("busy")
            assert found.code != "fault"
            str(found).encode()
        case None:
            assert said.calls


@settings(max_examples=500, deadline=None)
@given(message)
def test_any_message_is_sound_or_broken(said: Any) -> None:
    found = judged(json.dumps(said).encode())
    if found is not None:
        sound(found)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_sound_or_broken(frame: bytes) -> None:
    found = judged(frame)
    if found is not None:
        sound(found)


def test_an_honest_turn_is_read() -> None:
    frame = {"calls": [[2, "crm.find", '{"id": 1}']], "dropped": [], "printed": ["a"], "value": '{"n": [1, 2]}'}
    found = judged(json.dumps(frame).encode())
    assert found is not None
    assert found.calls[0].args == '{"id":1}', "it is encoded again"
    assert found.outcome == Finished(encode({"n": [1, 2]}))
