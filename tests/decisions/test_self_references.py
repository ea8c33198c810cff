"""Schemas that lead back to themselves: both languages take what is printed, and nobody else's answer is lost."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.decisions.languages import circular, is_python, is_typescript, parses

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import describe
from toolscript.catalog.search import found_text, search
from toolscript.schema import python, typescript
from toolscript.schema.check import check
from toolscript.schema.syntax import outline, signature
from toolscript.tools import Tool, ToolPath

CASES = json.loads((Path(__file__).parent.parent / "cases" / "self_references.json").read_text(encoding="utf-8"))
LANGUAGES = ("typescript", "python")
NAMES = ("A", "B", "C", "D")
MAX_FRAMES = 300  # that answering may take beyond those of whoever asks

leaves = st.sampled_from(
    [{"type": "string"}, {"type": "object"}, {}, {"type": "object", "properties": {"x": {"type": "integer"}}}]
)
references = st.sampled_from(["#", *(f"#/$defs/{name}" for name in NAMES)]).map(lambda ref: {"$ref": ref})
schemas = st.recursive(
    references | leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"allOf": parts}),
        inner.map(lambda items: {"type": "array", "items": items}),
        inner.map(lambda extra: {"type": "object", "additionalProperties": extra}),
        inner.map(lambda place: {"type": "array", "prefixItems": [place], "items": False, "minItems": 1}),
        st.tuples(inner, inner).map(lambda two: {"properties": {"p": two[0]}, "anyOf": [two[1], {"required": ["p"]}]}),
    ),
    max_leaves=8,
)
documents = st.tuples(schemas, st.fixed_dictionaries(dict.fromkeys(NAMES, schemas))).map(
    lambda drawn: {**drawn[0], "$defs": drawn[1]}
)


def tool(schema, output=None, method="act"):
    path = ToolPath("space", method)
    return Tool(path=path, raw_name=method, description="Show it", input_schema=schema, output_schema=output)


def catalog(schema):
    return Catalog.empty().replace("space", [tool(schema, schema), tool({"type": "object"}, method="show_log")])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_leads_back_to_itself_prints_as_a_type_that_checkers_take(case):
    written = tool(case["input"], case["output"])
    for language, text in (("typescript", typescript.declarations(written)), ("python", python.declarations(written))):
        assert text == "\n".join(case[language]), case["why"]
        assert circular(text, language) == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_such_a_tool_stands_in_answers_beside_others(case, language):
    tools = catalog(case["output"])
    assert "space.show_log" in found_text(search(tools, "show log", language=language))
    for paths in (["space"], ["space.act", "space.show_log"], ["space.act:input"], ["space.act:output"]):
        text = describe(tools, paths, language=language)
        assert parses(text)
        assert "not there" not in text


@settings(deadline=None)  # several texts in one example, on however busy a machine
@given(documents)
def test_whatever_leads_wherever_is_told_in_types_that_parse_and_are_not_circular(schema):
    for written in (tool(schema), tool({"type": "object"}, schema)):
        text = typescript.declarations(written)
        assert is_typescript(text), text
        assert circular(text, "typescript") == set(), text
        text = python.declarations(written)
        assert is_python(text), text
        assert circular(text, "python") == set(), text
        for language in LANGUAGES:
            assert signature(written, language)
            assert outline(written, language)
    check(schema, {"p": [{}]})


def at_depth(frames, ask):
    """What is answered when so many frames are left on the stack."""
    here, frame = 0, sys._getframe()
    while frame is not None:
        here, frame = here + 1, frame.f_back
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(here + frames)
    try:
        return ask()
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_schema_that_does_not_fit_on_the_stack_costs_its_own_types_alone(language):
    deep = {"type": "string"}
    for _ in range(36):
        deep = {"type": "object", "properties": {"d": deep}, "required": ["d"]}
    tools = catalog(deep)
    search(tools, "show")  # what is built once is there
    text = at_depth(120, lambda: found_text(search(tools, "show it", language=language)))
    assert "space.act(" in text
    assert "space.show_log(" in text
    text = at_depth(120, lambda: describe(tools, ["space.act", "space.show_log", "space"], language=language))
    assert "space.act [write]" in text
    assert "space.show_log [write]" in text


def test_chains_of_definitions_need_a_bounded_part_of_the_stack():
    chains = (
        lambda following: {"$ref": following},
        lambda following: {"allOf": [{"$ref": following}], "properties": {"p": {}}},
        lambda following: {"anyOf": [{"$ref": following}, {"type": "string"}]},
        lambda following: {"type": "array", "items": {"$ref": following}},
    )
    for link in chains:
        definitions = {f"D{number}": link(f"#/$defs/D{(number + 1) % 400}") for number in range(400)}
        schema = {"$ref": "#/$defs/D0", "$defs": definitions}
        tools = catalog(schema)
        for language in LANGUAGES:
            assert "space.act" in at_depth(MAX_FRAMES * 2, lambda tools=tools: describe(tools, ["space.act"]))
            assert signature(tool(schema), language)
