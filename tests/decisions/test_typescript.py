import json
import re
from pathlib import Path

import pytest
import tree_sitter_typescript
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Language, Parser

from toolscript.schema.quoting import comment
from toolscript.schema.typescript import declarations, example, outline, signature, type_text
from toolscript.tools import Tool, ToolPath

CASES = json.loads((Path(__file__).parent.parent / "cases" / "types.json").read_text(encoding="utf-8"))
RECORDED = Path(__file__).parents[3] / "shared" / "data" / "mcp_tools"
PARSER = Parser(Language(tree_sitter_typescript.language_typescript()))
hostile = st.text(st.sampled_from("a*/`\"'\\\n\r\u2028\u2029 ;{}()\x00\ud800$"), max_size=12)


def tool(schema, output=None, method="act"):
    path = ToolPath("space", method)
    return Tool(path=path, raw_name=method, description="", input_schema=schema, output_schema=output)


def is_typescript(text: str) -> bool:
    code = re.sub(r"^\w+\.(\w+)\(", r"declare function \1(", text)
    code = re.sub(r"\n( +)in", r"\n\1In", code)  # the grammar takes a line that begins with `in_` for an operator
    return not PARSER.parse(code.encode("utf-8", "replace")).root_node.has_error


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_schema_prints_as_a_type(case):
    assert type_text(case["schema"]) == case["type"]
    assert "…" in case["type"] or is_typescript(f"type T = {case['type']}")


def test_a_signature_is_one_line():
    schema = {
        "properties": {"state": {"enum": ["open", "closed"]}, "owner": {"type": "string"}},
        "required": ["owner"],
    }
    output = {"type": "array", "items": {"$ref": "#/$defs/Issue"}, "$defs": {"Issue": {"properties": {"id": {}}}}}
    assert signature(tool(schema, output)) == (
        'space.act({ owner: string, state?: "open" | "closed" }): Promise<Issue[]>'
    )
    assert signature(tool({"type": "object"})) == "space.act(): Promise<unknown>"
    assert outline(tool(schema)) == "space.act({ owner, state? })"


def test_declarations_carry_comments_and_named_types():
    node = {"type": "object", "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/Node"}}}
    schema = {
        "type": "object",
        "properties": {
            "tree": {"$ref": "#/$defs/Node", "description": "Where to start.\nSecond line"},
            "depth": {"type": "integer", "minimum": 1, "default": 2},
        },
        "required": ["tree"],
        "$defs": {"Node": node},
    }
    assert declarations(tool(schema, {"type": "string"})) == (
        "space.act(input: {\n"
        "  tree: Node  // Where to start. Second line\n"
        "  depth?: number  // integer; >=1; default 2\n"
        "}): Promise<string>\n"
        "type Node = {\n"
        "  v?: number  // integer\n"
        "  next?: Node\n"
        "}"
    )


def test_an_argument_with_a_default_is_optional_and_a_result_with_one_is_not():
    schema = {"properties": {"level": {"type": "string", "default": "info"}}, "required": ["level"]}
    assert signature(tool(schema, schema)) == "space.act({ level?: string }): Promise<{ level: string }>"


@given(hostile, hostile, hostile, hostile)
def test_text_of_a_schema_never_breaks_out(name, about, constant, definition):
    schema = {
        "type": "object",
        "properties": {
            name: {"description": about, "enum": [constant, "z"], "default": constant},
            "n": {"$ref": "#/$defs/D"},
        },
        "$defs": {"D": {"title": definition, "type": "object", "properties": {constant: {"description": about}}}},
    }
    text = declarations(tool(schema, schema))
    assert is_typescript(text), text
    assert "```" not in text
    assert "*/" not in text
    assert not set(text) & set("\r\x00\u2028\u2029")
    assert is_typescript(f"type T = {type_text(schema)}")
    assert "\n" not in signature(tool(schema))


@pytest.mark.parametrize("max_chars", [150, 400, 2000])
def test_declarations_keep_to_their_bound_and_say_what_was_cut(max_chars):
    wide = {
        "properties": {
            f"p{n}": {"description": "words " * 20, "enum": [f"{n}_{m}" for m in range(30)]} for n in range(60)
        }
    }
    text = declarations(tool({"properties": {"a": wide, "b": wide}}, wide), max_chars=max_chars)
    assert len(text) <= max_chars
    assert "…" in text


def test_an_example_fills_what_is_required():
    schema = {
        "properties": {
            "name": {"type": "string"},
            "sort-by": {"enum": ["size", "date"]},
            "edits": {"type": "array", "items": {"properties": {"old": {"type": "string"}}, "required": ["old"]}},
            "count": {"type": "integer"},
        },
        "required": ["name", "sort-by", "edits"],
    }
    assert example(tool(schema)) == 'await space.act({ name: "…", "sort-by": "size", edits: [{ old: "…" }] })'


def test_a_comment_is_one_bounded_line():
    assert comment("a\n\n b */ c", 40) == "a b *\\/ c"
    assert comment("one two three four", 12) == "one two…"


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded tool lists are not there")
@pytest.mark.parametrize("name", ["notion", "excel", "playwright", "github", "filesystem", "memory", "everything"])
def test_recorded_tools_declare_as_typescript(name):
    for each in json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))["tools"]:
        text = declarations(tool(each["inputSchema"], each.get("outputSchema")))
        assert is_typescript(text), text
        assert len(signature(tool(each["inputSchema"], each.get("outputSchema")))) <= 220
