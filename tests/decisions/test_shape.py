import ast
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.decisions.languages import is_python, is_typescript

from toolscript.schema import python
from toolscript.schema.check import check
from toolscript.schema.sample import sample_arguments
from toolscript.schema.shape import parameters, shape
from toolscript.schema.shapes import (
    Anything,
    Array,
    Constant,
    Null,
    Number,
    Object,
    Property,
    Ref,
    String,
    Union,
    Unknown,
)
from toolscript.schema.typescript import ambient, declarations, signature, type_text
from toolscript.tools import Tool, ToolPath

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "mcp_tools"
KEYWORDS = ["type", "properties", "items", "anyOf", "allOf", "oneOf", "$ref", "$defs", "enum", "const", "required"]
KEYWORDS += ["additionalProperties", "prefixItems", "nullable", "minimum", "pattern", "default", "description"]
texts = st.sampled_from(["string", "object", "array", "#", "#/$defs/a", "#/$defs/b", "a", "b"]) | st.text(max_size=5)
anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYWORDS, "a", "b"]), inner, max_size=5)
    ),
    max_leaves=30,
)


@settings(deadline=None)  # many texts in one example, on however busy a machine
@given(anything)
def test_no_schema_is_too_strange(schema):
    shaped = shape(schema)
    assert shaped.follow(shaped.root) is not None
    assert is_typescript(f"type T = {type_text(schema)}")
    assert ast.parse(python.type_text(schema), mode="eval")
    assert list(parameters(schema)) is not None
    strange = Tool(
        path=ToolPath("space", "act"), raw_name="act", description="", input_schema=schema, output_schema=schema
    )
    for text in (signature(strange), declarations(strange), ambient([strange])):
        assert is_typescript(text), text
    for text in (python.signature(strange), python.declarations(strange), python.stub([strange])):
        assert is_python(text), text
    args = sample_arguments(schema, lambda given: not check(schema, given))
    assert args is None or check(schema, dict(args)) == ()


def test_an_object_keeps_what_is_said_of_its_properties():
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": "string", "description": "The a.", "minLength": 2},
            "b": {"type": "integer", "default": 3, "maximum": 9, "deprecated": True},
        },
        "additionalProperties": False,
    }
    assert shape(schema).root == Object(
        properties=(
            Property(name="a", shape=String(min_length=2), required=True, about="The a."),
            Property(name="b", shape=Number(integer=True, maximum=9), default="3", deprecated=True),
        ),
        extra=None,
        stated=True,
    )


def test_what_is_not_understood_says_why():
    assert shape({"type": "banana"}).root == Unknown("type 'banana'")
    assert shape({"$ref": "#/nowhere"}).root == Unknown("reference to #/nowhere, which is not in the schema")
    assert shape(5).root == Unknown("not a schema")  # pyright: ignore[reportArgumentType]


def test_a_cycle_is_a_named_reference():
    shaped = shape({"$ref": "#/$defs/N", "$defs": {"N": {"properties": {"next": {"$ref": "#/$defs/N"}}}}})
    assert shaped.root == Ref("N")
    assert shaped.resolve(Ref("N")) == Object(properties=(Property(name="next", shape=Ref("N")),))


def test_a_reference_to_a_reference_is_followed_to_its_end():
    shaped = shape({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"type": "string"}}})
    assert shaped.follow(shaped.root) == String()


def test_a_null_among_types_or_constants_is_one_option():
    assert shape({"type": ["array", "null"]}).root == Union((Array(items=Anything()), Null()))
    assert shape({"enum": ["a", None]}).root == Union((Constant('"a"'), Null()))


def test_deep_nesting_ends():
    schema: dict[str, object] = {}
    for _ in range(5000):
        schema = {"properties": {"a": schema}}
    assert "unknown" in type_text(schema) or "…" in type_text(schema)


def test_definitions_that_double_at_every_step_stay_linear():
    definitions: dict[str, object] = {"D0": {"properties": {"x": {"type": "string"}}}}
    for number in range(1, 200):
        below = {"$ref": f"#/$defs/D{number - 1}"}
        definitions[f"D{number}"] = {"allOf": [below, below], "properties": {"l": below, "r": below}}
    began = time.perf_counter()
    assert type_text({"$ref": "#/$defs/D199", "$defs": definitions})
    assert type_text({"type": "object", "properties": {"d": {"$ref": "#/$defs/D30"}}, "$defs": definitions})
    assert time.perf_counter() - began < 2


def test_the_parameters_of_referred_and_merged_schemas_are_found():
    schema = {
        "allOf": [{"$ref": "#/$defs/P"}, {"properties": {"b": {"enum": ["x", "y", 1]}}}],
        "$defs": {"P": {"properties": {"a": {"description": "The a."}}}},
    }
    assert list(parameters(schema)) == [("a", "The a.", ()), ("b", "", ("x", "y"))]


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded tool lists are not there")
def test_every_recorded_schema_is_understood():
    for file in sorted(RECORDED.glob("*.json")):
        for tool in json.loads(file.read_text(encoding="utf-8"))["tools"]:
            for schema in (tool["inputSchema"], tool.get("outputSchema", True)):
                assert "Unknown(" not in repr(shape(schema).root), tool["name"]


def test_types_that_a_part_excludes_are_no_options():
    schema = {"type": ["object", "null"], "anyOf": [{"properties": {"a": {}}}, {"type": "null"}, {"type": "string"}]}
    assert shape(schema).root == Union((Object(properties=(Property(name="a", shape=Anything()),)), Null()))
    assert shape({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b"]}]}).root == Constant('"b"')
    assert shape({"allOf": [{"type": "integer"}, {"minimum": 1}, {"maximum": 9}]}).root == (
        Number(integer=True, minimum=1, maximum=9)
    )


def test_two_ways_to_one_definition_are_one_reference():
    schema = {"properties": {"a": {"$ref": "#/$defs/N"}, "b": {"$ref": "#it"}}, "$defs": {"N": {"$anchor": "it"}}}
    assert [prop.shape for prop in shape(schema).root.properties] == [Ref("N"), Ref("It")]
    again = {"anyOf": [{"$ref": "#/$defs/N"}, {"$ref": "#/$defs/%4E"}], "$defs": {"N": {"properties": {"a": {}}}}}
    assert shape(again).root == Ref("N")


def test_what_types_cannot_say_is_kept_as_notes():
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "not": {"enum": ["x"]}}, "b": {"type": "array", "uniqueItems": True}},
        "if": {"properties": {"a": {"const": "y"}}},
        "then": {"required": ["b"]},
        "patternProperties": {"^x-": {}},
        "dependentRequired": {"a": ["b"]},
        "minProperties": 1,
    }
    root = shape(schema).root
    assert isinstance(root, Object)
    assert root.notes == (
        "typed keys match ^x-",
        "at least 1 key",
        "with a: b required",
        'if a = "y" then b required',
    )
    assert root.properties[0].notes == ('not one of "x"',)
    assert root.properties[1].shape == Array(items=Anything(), unique=True)
