"""Values and types in problems of arguments, in the words of the program's language; and what cures are offered."""

from typing import Any

import pytest

from toolscript.catalog.catalog import Catalog
from toolscript.codec import encode
from toolscript.runs.machine import Refuse, check
from toolscript.runs.policy import Policy
from toolscript.runs.program import Limits
from toolscript.schema.check import Checker
from toolscript.schema.partial import UNKNOWN, PartialChecker
from toolscript.schema.words import PYTHON
from toolscript.tools import Tool, ToolPath

INTEGER, NUMBER, TEXT, FLAG = ({"type": kind} for kind in ("integer", "number", "string", "boolean"))
ANY_OBJECT = {"type": "object"}


def said(schema: Any, value: Any) -> tuple[str, str]:
    """The first problem of an argument, in a program in TypeScript and in one in Python."""
    whole = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    given = {"a": value} if value is not ... else {}
    plain, python = Checker(whole).arguments(given), Checker(whole, PYTHON).arguments(given)
    assert len(plain) == len(python)
    return plain[0].message, python[0].message


@pytest.mark.parametrize(
    ("schema", "value", "plain", "python"),
    [
        (TEXT, None, "expected string, got null", "expected str, got None"),
        (INTEGER, True, "expected integer, got true", "expected int, got True"),
        (NUMBER, False, "expected number, got false", "expected float, got False"),
        (ANY_OBJECT, "x", 'expected object, got string "x"', 'expected dict, got str "x"'),
        (TEXT, {"b": 1}, "expected string, got object", "expected str, got dict"),
        (TEXT, [1, 2], "expected string, got array of 2", "expected str, got list of 2"),
        ({"type": "array", "items": INTEGER}, 1, "expected array of integer, got 1", "expected list of int, got 1"),
        ({"type": ["boolean", "null"]}, 7, "expected boolean or null, got 7", "expected bool or None, got 7"),
        ({"const": True}, 1, "expected true, got 1", "expected True, got 1"),
        ({"enum": ["a", None]}, 3, 'expected "a" or null, got 3', 'expected "a" or None, got 3'),
        ({"const": {"a": None}}, 3, 'expected {"a": null}, got 3', 'expected {"a": None}, got 3'),
        (TEXT, ..., "missing required argument 'a' (string)", "missing required argument 'a' (str)"),
        ({"type": "integer"}, float("inf"), "expected integer, got Infinity", "expected int, got inf"),
        (
            {"type": "array"},
            "x",
            'expected array, got string "x"; put it in an array',
            'expected list, got str "x"; put it in a list',
        ),
        (
            FLAG,
            "TRUE",
            'expected boolean, got string "TRUE"; pass true without quotes',
            'expected bool, got str "TRUE"; pass True without quotes',
        ),
    ],
)
def test_a_program_is_told_of_values_and_types_in_its_own_words(schema: Any, value: Any, plain: str, python: str):
    assert said(schema, value) == (plain, python)


def test_null_for_what_may_be_left_out_is_told_in_both_languages():
    schema = {"type": "object", "properties": {"a": TEXT}}
    assert str(Checker(schema).arguments({"a": None})[0]) == "a: expected string, got null; leave it out instead"
    assert str(Checker(schema, PYTHON).arguments({"a": None})[0]) == "a: expected str, got None; leave it out instead"


def test_what_is_known_before_the_start_is_told_in_the_same_words():
    schema = {"type": "object", "properties": {"a": TEXT, "b": INTEGER}}
    (problem,) = PartialChecker(schema, PYTHON).certain({"a": UNKNOWN, "b": {}})
    assert str(problem) == "b: expected int, got dict"


def test_the_machine_speaks_as_the_program_does():
    schema = {"type": "object", "properties": {"a": ANY_OBJECT}}
    tool = Tool(path=ToolPath("m", "t"), raw_name="t", description="", input_schema=schema)
    catalog = Catalog.empty().replace("m", [tool])
    python = check("m.t", encode({"a": True}), catalog, Limits(), Policy(), syntax="python")
    plain = check("m.t", encode({"a": True}), catalog, Limits(), Policy())
    assert isinstance(python, Refuse)
    assert isinstance(plain, Refuse)
    assert python.failure.message.startswith("m.t: a: expected dict, got True.")
    assert plain.failure.message.startswith("m.t: a: expected object, got true.")


@pytest.mark.parametrize("text", ["007", "-0", "1.50", "00", "-01.5", "٣", "1e3", "0x10"])
def test_what_is_no_number_as_it_stands_is_not_to_be_written_without_quotes(text: str):
    for schema in (NUMBER, INTEGER):
        assert "without quotes" not in said(schema, text)[0]


def test_a_number_is_to_be_written_without_quotes_where_the_number_would_fit():
    assert said(NUMBER, " 7 ")[0] == 'expected number, got string " 7 "; pass 7 without quotes'
    assert said(NUMBER, "-1.5")[1].endswith("; pass -1.5 without quotes")
    assert said(INTEGER, "1.5")[0] == 'expected integer, got string "1.5"'
