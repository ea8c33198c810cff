import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from toolscript.schema.typescript import type_text

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


@given(anything)
def test_no_schema_is_too_strange(schema):
    shaped = shape(schema)
    assert shaped.follow(shaped.root) is not None
    assert type_text(schema)
    assert list(parameters(schema)) is not None


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
