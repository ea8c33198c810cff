# ruff: noqa: E501 - snapshots stand as a model reads them
"""What a model reads of a value, within a budget."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from toolscript.codec import Blob, Encoded, decode, encode
from toolscript.runs.shaping import Shaped, shape, shape_lines
from toolscript.tokens import estimate

PEOPLE = [{"id": n, "name": f"Customer {n}", "tags": ["a", "b"]} for n in range(1_000)]


def shaped(value: Any, budget: int = 150) -> str:
    result = shape(encode(value), budget, "run_1")
    assert estimate(result.text) <= budget * 1.02
    return result.text


def test_a_string_stands_as_itself() -> None:
    assert shape(encode('a "quoted"\nline'), 100, "run_1") == Shaped('a "quoted"\nline', False)


@pytest.mark.parametrize("value", [None, True, 0, -1.5, [], {}, [1, [2, {"a": None}]], {"a": {"b": [1]}}, PEOPLE[:20]])
def test_what_fits_is_json(value: Any) -> None:
    result = shape(encode(value), 2_000, "run_1")
    assert not result.cut
    assert json.loads(result.text) == value


def test_values_that_json_lacks_are_readable() -> None:
    value = {
        "when": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        "few": b"abc",
        "many": b"x" * 1_000,
        "big": 2**60,
        "nan": float("nan"),
        "picture": Blob(id="abc", media_type="image/png", size=9),
    }
    assert shaped(value, 400) == snapshot("""\
{
 "when":"2026-01-02T03:04:00Z",
 "few":"YWJj",
 "many":"<1,000 bytes>",
 "big":1152921504606846976,
 "nan":NaN,
 "picture":{"blob":"abc","media_type":"image/png","size":9}
}\
""")


def test_long_arrays_show_their_first_items_whole() -> None:
    assert shaped(PEOPLE) == snapshot("""\
[
 {"id":0,"name":"Customer 0","tags":["a","b"]},
 {"id":1,"name":"Customer 1","tags":["a","b"]},
 {"id":2,"name":"Customer 2","tags":["a","b"]},
 … 997 more of 1,000 items
]
[Cut. The whole value is kept; read on in a program: const r = await codemode.result("run_1"); return r.slice(3, 13);]\
""")


def test_an_object_keeps_its_small_members_beside_a_large_one() -> None:
    assert shaped({"total": 1_000, "items": PEOPLE, "next": "abc"}) == snapshot("""\
{
 "total":1000,
 "items":[{"id":0,"name":"Customer 0","tags":["a","b"]},… 999 more of 1,000 items],
 "next":"abc"
}
[Cut. The whole value is kept; read on in a program: const r = await codemode.result("run_1"); return r.items.slice(1, 11);]\
""")


def test_a_long_string_in_an_object_is_cut_and_counted() -> None:
    assert shaped({"id": 1, "body": "lorem ipsum " * 5_000, "author": {"name": "Ada"}}) == snapshot("""\
{
 "id":1,
 "body":"lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsu… (+59,762 characters)",
 "author":{"name":"Ada"}
}
[Cut. The whole value is kept; read on in a program: const r = await codemode.result("run_1"); return r.body.slice(238, 20238);]\
""")


def test_a_long_string_alone_is_cut_and_counted() -> None:
    assert shaped("lorem ipsum " * 5_000, 100) == snapshot("""\
lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum lorem ip… (+59,884 characters)
[Cut. The whole value is kept; read on in a program: const r = await codemode.result("run_1"); return r.slice(116, 20116);]\
""")


def test_large_items_share_the_budget() -> None:
    assert shaped([{"id": n, "body": "word " * 1_000} for n in range(100)], 300) == snapshot("""\
[
 {
  "id":0,
  "body":"word word word word word word word word word word word word word word word word word word word word word word word wor… (+4,882 characters)"
 },
 {"id":1,"body":"word word word word word word word word word word word word… (+4,941 characters)"},
 {"id":2,"body":"word word word word word word word word word word … (+4,950 characters)"},
 {"id":3,"body":"word word word word word word word word word word … (+4,950 characters)"},
 {"id":4,"body":"word word word word word word word word word word … (+4,950 characters)"},
 {"id":5,"body":"word word word word word word word word word word … (+4,950 characters)"},
 … 94 more of 100 items
]
[Cut. The whole value is kept; read on in a program: const r = await codemode.result("run_1"); return r.slice(6, 16);]\
""")


def test_nested_arrays_are_cut_where_they_are_long() -> None:
    assert shaped({"matrix": [[n] * 500 for n in range(40)]}) == snapshot("""\
{"matrix":[[0,0,0,0,0,0,0,… 493 more of 500 items],… 39 more of 40 items]}
[Cut. The whole value is kept; read on in a program: const r = await codemode.result("run_1"); return r.matrix.slice(1, 11);]\
""")


def test_many_keys_are_counted() -> None:
    assert shaped({f"key {n}": n for n in range(5_000)}) == snapshot("""\
{"key 0":0,"key 1":1,"key 2":2,"key 3":3,"key 4":4,"key 5":5,… 4,994 more of 5,000 keys}
[Cut. The whole value is kept; read on in a program: const r = await codemode.result("run_1"); return Object.entries(r).slice(6, 16);]\
""")


def test_deep_values_end_in_a_count() -> None:
    value: Any = {"leaf": "x" * 5_000}
    for _ in range(200):
        value = {"a": value, "b": 1}
    text = shaped(value, 1_000)
    assert "… 2 keys" in text


def test_keys_that_are_no_identifiers_are_quoted_in_the_way_to_read_on() -> None:
    assert 'return r["long text"].slice(' in shaped({"long text": "word " * 5_000})


def test_half_a_surrogate_pair_does_not_break_the_text() -> None:
    text = shape(Encoded('{"a":"x\\ud83d"}'), 100, "run_1").text
    assert text == '{"a":"x\ufffd"}'


@pytest.mark.parametrize(
    "value",
    [
        [{"id": n, "text": "x" * 40} for n in range(150_000)],
        "word 1 " * 7_000_000,
        {f"key {n}": list(range(20)) for n in range(50_000)},
        [[[n]] for n in range(200_000)],
        "日本語" * 5_000_000,
        " " * 50_000_000,
    ],
    ids=["records", "text", "keys", "nested", "japanese", "spaces"],
)
def test_what_is_left_out_costs_no_more_than_parsing_it(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    began = time.process_time()
    decode(Encoded(text))
    parsing = time.process_time() - began
    began = time.process_time()
    result = shape(Encoded(text), 6_000, "run_1")
    assert time.process_time() - began < parsing * 3 + 1
    assert result.cut
    assert estimate(result.text) <= 6_120
    assert len(result.text) > 5_000


_json: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text(max_size=20), inner, max_size=12),
    max_leaves=80,
)


@given(value=_json, budget=st.integers(100, 2_000))
@settings(max_examples=300, deadline=None)
def test_no_text_is_over_its_budget_and_what_is_not_cut_is_whole(value: Any, budget: int) -> None:
    result = shape(encode(value), budget, "run_1a2b3c4d5e6f7a8b9c0d1e2f3a4")
    assert estimate(result.text) <= budget * 1.02
    if not result.cut:
        assert value == (result.text if isinstance(value, str) else json.loads(result.text))


@given(lines=st.lists(st.text(max_size=400), max_size=60), budget=st.integers(60, 500))
@settings(max_examples=200, deadline=None)
def test_printed_lines_are_never_over_their_budget(lines: list[str], budget: int) -> None:
    result = shape_lines(lines, budget)
    assert estimate(result.text) <= budget * 1.02
    if not result.cut:
        assert result.text == "\n".join(lines)


def test_of_many_lines_the_first_and_the_last_are_shown() -> None:
    assert shape_lines([f"line {n}" for n in range(1_000)], 60).text == snapshot("""\
line 0
line 1
line 2
line 3
line 4
line 5
… 990 more lines …
line 996
line 997
line 998
line 999\
""")


def test_one_endless_line_is_cut_and_counted() -> None:
    assert shape_lines(["word " * 100_000, "end"], 40).text == snapshot("""\
word word word word word word word word word word word word word word word word word wo… (+499,913 characters)
end\
""")
