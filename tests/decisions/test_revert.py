"""How a call is undone, read from one line and evaluated over the call's arguments and result."""

from __future__ import annotations

import pytest

from toolscript.codec import Blob
from toolscript.errors import ConfigError
from toolscript.runs.revert import read_revert, revert_args
from toolscript.tools import Revert


def evaluated(expression: str, *, args=None, result=None):
    return revert_args(Revert("a.b", {"x": expression}), args or {}, result)["x"]


def test_a_revert_is_a_call_of_a_tool_with_arguments_by_name():
    assert read_revert('crm.delete_contact(id=result.id, kind="x", who=args.owner.0.name)') == Revert(
        "crm.delete_contact", {"id": "result.id", "kind": '"x"', "who": "args.owner.0.name"}
    )


def test_spaces_a_trailing_comma_and_no_arguments_are_fine():
    assert read_revert(" crm . undo ( ) ") == Revert("crm.undo", {})
    assert read_revert("crm.undo( id = result.id , )") == Revert("crm.undo", {"id": "result.id"})


def test_a_bare_method_belongs_to_the_namespace_of_the_reader():
    assert read_revert("delete(id=result)", namespace="crm").path == "crm.delete"
    assert read_revert("hub.delete(id=result)", namespace="crm").path == "hub.delete"
    with pytest.raises(ConfigError, match=r"delete has no namespace: write namespace\.delete"):
        read_revert("delete(id=result)")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("result", {"id": 5, "tags": ["a", {"n": 1}], "first name": "Ada", "0": "zero"}),
        ("result.id", 5),
        ("result.tags.1.n", 1),
        ("result.tags[0]", "a"),
        ('result["first name"]', "Ada"),
        ("result.0", "zero"),
        ("args.who", None),
        ('"a \\"quoted\\", (text) \\u00e9"', 'a "quoted", (text) é'),
        ("-1.5e2", -150.0),
        ('[1, {"a": [true, null]}]', [1, {"a": [True, None]}]),
        ("true", True),
        ("null", None),
    ],
)
def test_an_expression_is_a_path_or_a_json_value(expression, value):
    result = {"id": 5, "tags": ["a", {"n": 1}], "first name": "Ada", "0": "zero"}
    revert = read_revert(f"a.b(x={expression}, y=1)")
    assert revert.args == {"x": expression, "y": "1"}
    assert revert_args(revert, {"who": None}, result) == {"x": value, "y": 1}


@pytest.mark.parametrize(
    ("expression", "result", "words"),
    [
        ("result.id", {"name": 1, "age": 2}, "result.id is not there: result is an object with name, age"),
        ("result.a.b.c", {"a": {"b": "text"}}, r"result.a.b.c is not there: result.a.b is a text"),
        ("result.2", [1, 2], "result.2 is not there: result is a list of 2"),
        ("result.id", None, "result.id is not there: result is null"),
        ('result["first name"]', {}, r'result\["first name"\] is not there: result is an empty object'),
        ("result.__class__", "x", "result.__class__ is not there"),
        ("result.id", Blob("a" * 64, "application/json", 5), "result is a blob, whose content is not in the log"),
        ("result.id", b"x", "result is of type bytes"),
        ("args.id", {"id": 1}, "args.id is not there"),
        ("reslt.id", {"id": 1}, "reslt is neither result nor args"),
    ],
)
def test_a_member_that_is_missing_is_named_by_its_path(expression, result, words):
    with pytest.raises(ValueError, match=words):
        evaluated(expression, result=result)


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 1, "expected a tool"),
        ("crm.x", 6, "expected `\\(` and the arguments"),
        ("crm.x(", 7, "expected an argument's name"),
        ("crm.x(id)", 9, "expected `=` and the value of id"),
        ("crm.x(id=)", 10, "a value is missing"),
        ("crm.x(id='a')", 10, "double quotes"),
        ("crm.x(id=reslt.id)", 10, "reslt is neither result nor args"),
        ("crm.x(id=1 b=2)", 12, "expected `,`"),
        ("crm.x(id=1, id=2)", 13, "id is given twice"),
        ("crm.x(id=1) + 2", 13, "nothing may follow"),
        ('crm.x(id="a)', 10, "not JSON"),
        ("crm.x(id=result.)", 17, "expected a member's name"),
        ("crm.x(id=result[x])", 17, "a name in double quotes or a number"),
        ("crm.x(id=result[0)", 18, "expected `]`"),
        ("crm.x(id=-Infinity)", 10, "-Infinity is no JSON number"),
        ("crm.x(id=result.first-name)", 22, "expected `,`"),
        ("crm.x(id=result.9999999999)", 17, "no list is that long"),
        ("crm.x(id=__import__)", 10, "neither result nor args"),
        ("crm.x(id=" + "[" * 1_500 + ")", 10, "not JSON"),
    ],
)
def test_what_cannot_be_read_is_shown_with_a_caret_under_it(text, column, words):
    with pytest.raises(ConfigError, match=words) as caught:
        read_revert(text)
    _, line, caret = str(caught.value).split("\n")
    assert f"column {column}:" in str(caught.value)
    assert line == f"  {text}"
    assert caret.index("^") == column - 1 + 2


def test_a_text_without_end_is_refused():
    with pytest.raises(ConfigError, match=r"over the limit of 2,000"):
        read_revert("crm.x(id=" + "9" * 5_000 + ")")
