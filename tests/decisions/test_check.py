import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.decisions.test_shape import anything

from toolscript.codec import Blob
from toolscript.schema.check import Checker, Problem, check
from toolscript.schema.patterns import compiled_safely

CASES = json.loads((Path(__file__).parent.parent / "cases" / "check.json").read_text(encoding="utf-8"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=8,
)


READINGS = [case for case in CASES if case["name"].startswith("reading: ")]


@pytest.mark.parametrize("case", [case for case in CASES if case not in READINGS], ids=lambda case: case["name"])
def test_a_value_is_checked(case):
    checker = Checker(case["schema"])
    found = checker.arguments(case["arguments"]) if "arguments" in case else checker.value(case["value"])
    assert [str(problem) for problem in found] == case["problems"]


@pytest.mark.parametrize("case", READINGS, ids=lambda case: case["name"].removeprefix("reading: "))
def test_arguments_are_read_in_the_one_way_that_fits(case):
    checker = Checker(case["schema"])
    given = json.dumps(case["arguments"])
    read, problems = checker.fitted(case["arguments"])
    assert json.dumps(case["arguments"]) == given
    if "read" in case:
        assert json.dumps(read) == json.dumps(case["read"])
        assert [str(problem) for problem in problems] == case.get("problems_left", [])
        assert checker.fitted(read)[0] is read
    else:
        assert problems


@given(anything, st.dictionaries(st.sampled_from("ab"), values))
def test_reading_changes_nothing_that_fits_and_never_fails(schema, args):
    checker = Checker(schema)
    read, problems = checker.fitted(args)
    if not checker.arguments(args):
        assert read is args
    assert problems == checker.arguments(read)


@given(anything, values)
def test_checking_never_fails(schema, value):
    for problem in check(schema, value):
        assert problem.path
        assert problem.message


def test_bytes_dates_and_blobs_go_where_text_is_expected():
    for value in (b"x", datetime(2026, 1, 1, tzinfo=UTC), Blob("0" * 64, "image/png", 3)):
        assert check({"type": "string", "pattern": "^never$", "maxLength": 1}, value) == ()
    assert check({"type": "integer"}, b"x") == (Problem("$", "expected integer, got bytes"),)


@pytest.mark.parametrize(
    "pattern",
    ["^(a+)+$", "^(a|a)*$", "(.*a){12}", "a*a*a*b", "(?=a)b", r"(a)\1", "^(a|aa)+$", "(", r"\p{L}", "(a{0,60}){0,60}"],
)
def test_a_risky_or_foreign_pattern_is_not_used(pattern):
    assert compiled_safely(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "fitting"),
    [
        ("^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$", "123e4567-e89b-12d3-a456-426614174000"),
        (r"^\d{4}-\d{2}-\d{2}$", "2026-01-31"),
        ("^https?://", "https://example.com"),
        ("^(foo|bar)$", "bar"),
        ("^[a-z]+@[a-z]+$", "a@b"),
    ],
)
def test_an_ordinary_pattern_is_used(pattern, fitting):
    used = compiled_safely(pattern)
    assert used is not None
    assert used.search(fitting)
    assert not used.search("nothing like it")


def test_a_deep_value_of_a_recursive_schema_ends():
    schema = {"$ref": "#/$defs/N", "$defs": {"N": {"properties": {"n": {"$ref": "#/$defs/N"}}}}}
    value: dict[str, object] = {}
    for _ in range(390):
        value = {"n": value}
    assert check(schema, value) == ()


def test_options_that_nest_do_not_multiply():
    node = {"$ref": "#/$defs/N"}
    options = [{"properties": {"t": {"const": t}, "n": node}, "required": ["t"]} for t in "abcd"]
    schema = {"$ref": "#/$defs/N", "$defs": {"N": {"anyOf": [*options, {"type": "null"}]}}}
    value: object = {"t": "none"}
    for _ in range(50):
        value = {"t": "d", "n": value}
    began = time.perf_counter()
    assert check(schema, value) != ()
    assert time.perf_counter() - began < 1


def test_a_text_of_any_length_meets_a_quadratic_pattern_unharmed():
    began = time.perf_counter()
    check({"type": "string", "pattern": "[a-z]*x"}, "a" * 1_000_000)
    assert time.perf_counter() - began < 0.5


def test_problems_are_few_however_wrong_the_value_is():
    assert len(check({"items": {"type": "string"}}, list(range(1000)))) == 8


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"),
    [
        ("^[[a]x$", "[x", "bx"),
        ("^[a&&b]$", "&", "c"),
        (r"^[\[\\]$", "\\", "x"),
        ("^[^[]$", "a", "["),
        ("^[a||]$", "|", "b"),
    ],
)
def test_a_class_that_python_warns_of_means_what_it_says(pattern, fits, fails):
    assert check({"type": "string", "pattern": pattern}, fits) == ()
    assert check({"type": "string", "pattern": pattern}, fails) != ()
    assert check({"type": "string", "pattern": "^[!--a]$"}, "zz") == ()  # not tried
