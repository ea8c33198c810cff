"""Laws of the codec: what goes in comes out with its type, nothing is forged, and what cannot cross says where."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolscript.codec import Blob, CodecError, Encoded, TooLarge, decode, encode, plain

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec=None, exclude_categories=()))
    | st.binary()
    | st.datetimes(timezones=st.just(UTC))
    | st.builds(Blob, st.text(), st.text(), st.integers(0, 2**40))
)
keys = st.text() | st.sampled_from(["$bytes", "$date", "$$x", "$", "$blob", "$bigint"])
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=20)


@given(values)
def test_what_goes_in_comes_out(value):
    text = encode(value)
    text.encode()
    assert decode(text) == value


@given(values)
def test_the_text_is_json_and_equal_values_have_equal_texts(value):
    text = encode(value)
    json.loads(text)
    assert encode(decode(text)) == text


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -0.0, 2**53, -(2**53), 10**300, 1e300, 5e-324])
def test_odd_numbers_keep_their_type(number):
    back = decode(encode({"n": [number]}))["n"][0]
    assert type(back) is type(number)
    assert back == number or (math.isnan(back) and math.isnan(number))
    assert math.copysign(1, back) == math.copysign(1, number)


def test_a_long_integer_outside_its_tag_came_from_a_float():
    assert decode(Encoded("12345678901234567000")) == 1.2345678901234567e19
    assert isinstance(decode(Encoded("12345678901234567000")), float)
    assert isinstance(decode(Encoded("9007199254740991")), int)


def test_dates_are_instants_in_utc_and_naive_ones_stay_naive():
    east = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert encode(east) == '{"$date":"2026-01-01T10:00:00Z"}'
    naive = datetime(2026, 1, 1, 12)
    assert decode(encode(naive)) == naive


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [1, {"b": object()}]}, "$.a[1].b"),
        ({"x": {(1, 2): 2}}, "$.x"),
        ([{1, 2}], "$[0]"),
        (lambda: 1, "$"),
    ],
)
def test_what_cannot_cross_is_named_by_its_path(value, path):
    with pytest.raises(CodecError) as error:
        encode(value)
    assert error.value.path == path


def test_keys_that_are_numbers_become_text_as_in_json():
    assert encode({1: "a", None: "b"}) == encode({1: "a", None: "b", "c": b""}).replace(',"c":{"$bytes":""}', "")


def test_cycles_and_deep_nesting_are_errors_and_not_crashes():
    cycle: list[object] = []
    cycle.append(cycle)
    deep: object = b""
    for _ in range(5_000):
        deep = [deep]
    for value in (cycle, deep):
        with pytest.raises(CodecError, match=r"contains itself|nested"):
            encode(value)
    with pytest.raises(CodecError):
        decode(Encoded("[" * 100_000))


def test_a_value_over_its_limit_says_both_sizes():
    with pytest.raises(TooLarge, match="1,002 bytes, over the limit of 1,000"):
        encode(["x" * 998], max_bytes=1_000)
    assert encode("x" * 998, max_bytes=1_000)
    with pytest.raises(TooLarge):
        encode("é" * 600, max_bytes=1_000)


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", '{"$bytes":1}', '{"$date":"tomorrow"}', '{"$what":1}', '{"$blob":{}}']
)
def test_damaged_text_is_a_codec_error(text):
    with pytest.raises(CodecError):
        decode(Encoded(text))


def test_plain_values_are_json_for_readers_that_know_no_tags():
    value = {
        "b": b"hi",
        "d": datetime(2026, 1, 1, tzinfo=UTC),
        "n": math.nan,
        "f": Blob("ab", "image/png", 3),
        "l": (1,),
    }
    assert json.loads(json.dumps(plain(value))) == {
        "b": "aGk=",
        "d": "2026-01-01T00:00:00Z",
        "n": None,
        "f": {"blob": "ab", "media_type": "image/png", "size": 3},
        "l": [1],
    }
