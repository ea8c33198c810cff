"""Any value crosses into a program and out of it unchanged, by every road."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from toolscript.codec import Blob, decode, encode
from toolscript.errors import Failure
from toolscript.guests.javascript.live import LiveProgram
from toolscript.guests.javascript.template import Template
from toolscript.runs.program import Boot, Program
from toolscript.runs.turn import Finished, Raised, Returned, Settled

TEMPLATE = Template()
ROADS = """
let caught;
try { await crm.fail({}) } catch (e) { caught = e.content }
return [input, await crm.echo({value: input}), caught, structuredClone(input)]
"""

dates = st.integers(0, 10**13).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
blobs = st.builds(
    Blob,
    id=st.text("0123456789abcdef", min_size=64, max_size=64),
    media_type=st.text(max_size=9),
    size=st.integers(0, 2**40),
)
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), dates, blobs)
keys = st.one_of(
    st.text(), st.sampled_from(["$date", "$$date", "$bytes", "__proto__", "then", "toJSON", "constructor", "0", "-1"])
)
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=20)


def same(left: Any, right: Any) -> bool:
    """Equal, where NaN is NaN, -0.0 is not 0.0, and a whole float is the integer that JavaScript makes of it."""
    match left, right:
        case dict(), dict():
            return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
        case list(), list():
            return len(left) == len(right) and all(map(same, left, right))
        case (bool(), _) | (_, bool()):
            return left is right
        case (float(), float() | int()) | (int(), float()):
            return (math.isnan(left) and math.isnan(right)) or (
                left == right and math.copysign(1, left) == math.copysign(1, right)
            )
        case _:
            return type(left) is type(right) and left == right


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(values)
@example({"$date": {"$$bytes": [{"$x": 1}]}})
@example([[[{"a": -0.0, "b": 2**53, "c": -(2**64), "d": 1e300, "e": 2.0**60}]]])
@example("\ud800 lone \udfff")
@example({"__proto__": {"then": 1}, "then": None})
def test_a_value_crosses_unchanged(value: Any) -> None:
    text = encode(value)
    live = LiveProgram.start(
        Boot(program=Program(code=ROADS, input=text), namespaces={"crm": ["echo", "fail"]}), TEMPLATE
    )
    turn = live.advance_blocking((), 0)
    while turn.outcome is None:
        answers: list[Settled] = []
        for call in turn.calls:
            if call.path == "crm.echo":
                answers.append(Settled(call.seq, Returned(encode(decode(call.args).get("value")))))
            else:
                failure = Failure(kind="tool", code="tool", name="ToolError", message="no", content=text)
                answers.append(Settled(call.seq, Raised(failure)))
        turn = live.advance_blocking(answers, 0)
    assert isinstance(turn.outcome, Finished), turn.outcome
    for arrived in decode(turn.outcome.value):
        assert same(arrived, value), (arrived, value)
