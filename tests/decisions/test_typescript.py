import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.decisions.languages import is_typescript, typescript_declares

from toolscript.schema import python
from toolscript.schema.quoting import comment
from toolscript.schema.typescript import ambient, call_text, declarations, outline, signature, type_text
from toolscript.tools import Tool, ToolPath

CASES_FOLDER = Path(__file__).parent.parent / "cases"
CASES = json.loads((CASES_FOLDER / "types.json").read_text(encoding="utf-8"))
DECLARATIONS = json.loads((CASES_FOLDER / "declarations.json").read_text(encoding="utf-8"))
RECORDED = Path(__file__).parents[3] / "shared" / "data" / "mcp_tools"
HOSTILE = [
    "*/",
    "/*",
    "//",
    '"""',
    "'''",
    "`",
    "${x}",
    "\\",
    '"',
    "'",
    "\n",
    "\r",
    "\u2028",
    "\u2029",
    "\x85",
    "\x00",
    " ",
]
HOSTILE += [
    "\ud800",
    "\udc00",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\U000e0041",
    "😀",
    "#",
    ";",
    "}",
    "{",
    "(",
    ")",
]
HOSTILE += [
    "]",
    "```",
    "\n```\n",
    "@ts-ignore",
    "type: ignore",
    "a",
    "in",
    "class",
    "_",
    "1",
    "é",
    ": ",
    "= ",
    "\x0c",
    "<",
]
hostile = st.lists(st.sampled_from(HOSTILE), max_size=6).map("".join) | st.text(max_size=8)


def tool(schema, output=None, method="act"):
    path = ToolPath("space", method)
    return Tool(path=path, raw_name=method, description="", input_schema=schema, output_schema=output)


def hostile_schema(name, about, constant, definition):
    """A schema with hostile text in every place that a printer reads, and two named types."""
    return {
        "type": "object",
        "properties": {
            name: {"description": about, "enum": [constant, "z"], "default": constant},
            "n": {"$ref": "#/$defs/D"},
            "t": {"type": "string", "pattern": about, "format": constant},
            "m": {"type": "object", "patternProperties": {name: {}}, "if": {"required": [name]}},
            "u": {"$ref": f"#/{about}"},
            "o": {"type": "object", "properties": {name: {"type": "object", "properties": {constant: {}}}}},
            "c": {"const": {name: [constant]}},
        },
        "required": ["n", "o"],
        "$defs": {
            "D": {
                "title": definition,
                "type": "object",
                "properties": {constant: {"description": about}, "e": {"$ref": "#/definitions/" + quoted(definition)}},
            }
        },
        "definitions": {definition: {"type": "object", "properties": {"a": {"title": about, "type": "integer"}}}},
    }


def quoted(key):
    from urllib.parse import quote

    return quote(key.replace("~", "~0").replace("/", "~1"), safe="~", errors="surrogatepass")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_schema_prints_as_a_type(case):
    assert type_text(case["schema"]) == case["typescript"], case["why"]
    assert is_typescript(f"type T = {case['typescript']}")


@pytest.mark.parametrize("case", DECLARATIONS, ids=lambda case: case["name"])
def test_a_tool_prints_as_declarations(case):
    text = declarations(tool(case["input"], case.get("output")))
    assert text == "\n".join(case["typescript"]), case["why"]
    assert is_typescript(text)


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


def test_an_argument_with_a_default_is_optional_and_a_result_with_one_is_not():
    schema = {"properties": {"level": {"type": "string", "default": "info"}}, "required": ["level"]}
    assert signature(tool(schema, schema)) == "space.act({ level?: string }): Promise<{ level: string }>"


@settings(deadline=None)  # several texts in one example, on however busy a machine
@given(hostile, hostile, hostile, hostile)
def test_text_of_a_schema_never_breaks_out(name, about, constant, definition):
    schema = hostile_schema(name, about, constant, definition)
    text = declarations(tool(schema, schema))
    assert is_typescript(text), text
    kinds = typescript_declares(text)
    assert kinds[0] == "ambient_declaration"
    assert set(kinds[1:]) <= {"type_alias_declaration"}
    assert len(kinds) <= 3
    assert "```" not in text
    assert not set(text) & set("\r\x00\u2028\u2029\x85\ud800\u202e\u2066\u200b\ufeff\U000e0041")
    assert is_typescript(f"type T = {type_text(schema)}")
    line = signature(tool(schema, schema))
    assert "\n" not in line
    assert is_typescript(line), line
    stub = ambient([tool(schema, schema), tool(schema, None, "other")])
    assert is_typescript(stub), stub
    assert typescript_declares(stub)[0] == "ambient_declaration"
    assert len(typescript_declares(stub)) <= 4
    call = call_text(tool(schema), {name: [constant, {definition: about}]})
    assert is_typescript(call), call
    assert typescript_declares(call) == ["expression_statement"]


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
    assert is_typescript(text)


def test_whole_namespaces_share_their_types_and_nothing_is_cut():
    person = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    other = {"type": "object", "properties": {"id": {"type": "integer"}}}
    tools = [
        tool({"properties": {"p": {"$ref": "#/$defs/Person"}}, "$defs": {"Person": person}}, None, "add"),
        tool({}, {"$ref": "#/$defs/Person", "$defs": {"Person": dict(person)}}, "get"),
        tool({}, {"$ref": "#/$defs/Person", "$defs": {"Person": other}}, "other"),
    ]
    assert ambient(tools) == (
        "declare namespace space {\n"
        "  function add(input?: {\n"
        "    p?: Person\n"
        "  }): Promise<unknown>\n"
        "  function get(): Promise<Person>\n"
        "  function other(): Promise<Person_2>\n"
        "}\n"
        "type Person = {\n"
        "  name: string\n"
        "}\n"
        "type Person_2 = {\n"
        "  id?: number  // integer\n"
        "}"
    )


def test_a_comment_is_one_bounded_line():
    assert comment("a\n\n b */ c", 40) == "a b *\\/ c"
    assert comment("one two three four", 12) == "one two…"
    assert comment("@ts-ignore", 40) == "@ ts-ignore"
    assert comment("type: ignore", 40).startswith(" ") is False
    assert not comment("x" * 10_000_000, 40).startswith("type:")


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded tool lists are not there")
@pytest.mark.parametrize("name", ["notion", "excel", "playwright", "github", "filesystem", "memory", "everything"])
def test_recorded_tools_declare_as_typescript(name):
    for each in json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))["tools"]:
        text = declarations(tool(each["inputSchema"], each.get("outputSchema")))
        assert is_typescript(text), text
        assert len(signature(tool(each["inputSchema"], each.get("outputSchema")))) <= 220


def test_an_observed_type_says_that_nobody_promised_it():
    seen = Tool(
        path=ToolPath("crm", "find"),
        raw_name="find",
        description="Find.",
        input_schema={"type": "object"},
        output_schema={"type": "array", "items": {"type": "string"}},
        observed=True,
    )
    assert "Promise</* observed */ string[]>" in signature(seen)
    assert "// output: observed in earlier calls, not promised" in declarations(seen)
    assert python.signature(seen).endswith("-> list[str]  # observed")
    assert "# output: observed in earlier calls, not promised" in python.declarations(seen)
