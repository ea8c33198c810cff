import ast
import json
import sys
import types
import typing
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.decisions.languages import is_python, python_declares
from tests.decisions.test_typescript import hostile, hostile_schema, tool

from toolscript.schema.python import call_text, declarations, outline, signature, stub, type_text, wire_names

CASES_FOLDER = Path(__file__).parent.parent / "cases"
CASES = json.loads((CASES_FOLDER / "types.json").read_text(encoding="utf-8"))
DECLARATIONS = json.loads((CASES_FOLDER / "declarations.json").read_text(encoding="utf-8"))
NODE = {
    "type": "object",
    "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/Node"}},
    "required": ["v"],
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_schema_prints_as_a_type(case):
    assert type_text(case["schema"]) == case["python"], case["why"]
    ast.parse(case["python"], mode="eval")


@pytest.mark.parametrize("case", DECLARATIONS, ids=lambda case: case["name"])
def test_a_tool_prints_as_declarations(case):
    text = declarations(tool(case["input"], case.get("output")))
    assert text == "\n".join(case["python"]), case["why"]
    assert is_python(text)


def test_a_signature_is_one_line_with_keyword_arguments():
    schema = {
        "properties": {
            "state": {"enum": ["open", "closed"], "default": "open"},
            "owner": {"type": "string"},
            "page": {"type": "integer"},
        },
        "required": ["owner"],
    }
    output = {"type": "array", "items": {"$ref": "#/$defs/Node"}, "$defs": {"Node": NODE}}
    assert signature(tool(schema, output)) == (
        'space.act(*, owner: str, state: Literal["open", "closed"] = "open", page: int = ...) -> list[Node]'
    )
    assert signature(tool({"type": "object"})) == "space.act() -> Any"
    assert outline(tool(schema)) == "space.act(owner, state=..., page=...)"


def test_arguments_that_python_cannot_name_have_other_names_that_lead_back():
    schema = {"properties": {"from": {"type": "string"}, "sort-by": {}, "sort_by": {}, "self": {}, "名前": {}}}
    text = signature(tool(schema, {"properties": {"from": {"type": "string"}}}))
    assert text == (
        "space.act(*, from_: str = ..., sort_by_2: Any = ..., sort_by: Any = ..., self_: Any = ..., 名前: Any = ...)"
        ' -> {"from": NotRequired[str]}'
    )
    assert wire_names(schema) == {
        "from_": "from",
        "sort_by_2": "sort-by",
        "sort_by": "sort_by",
        "self_": "self",
        "名前": "名前",
    }
    assert call_text(tool(schema), {"from": "x", "sort-by": {"from": None}}) == (
        'await space.act(from_="x", sort_by_2={"from": None})'
    )


def test_a_stub_is_a_module_whose_names_all_resolve(monkeypatch):
    schema = {
        "properties": {
            "tree": {"$ref": "#/$defs/Node"},
            "list": {"type": "object", "properties": {"a-b": {"$ref": "#/$defs/Node"}, "c": {"type": "string"}}},
            "odd": {"type": "object", "properties": {"str": {"type": "string"}, "__x": {}, "Node": {}}},
            "json": {"$ref": "#/$defs/Json"},
        },
        "required": ["tree"],
        "$defs": {
            "Node": NODE,
            "Json": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/Json"}}]},
        },
    }
    listing = {"type": "array", "items": {"$ref": "#/$defs/Node"}, "$defs": {"Node": NODE}}
    text = stub([tool(schema, listing, "list"), tool(schema, listing, "find"), tool({}, listing, "Node")])
    assert "-> _builtins.list[Node_2]:" in text
    module = types.ModuleType("declared_by_a_stub")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # where forward references are looked up
    space = vars(module)
    exec(compile(text, "stub", "exec"), space)
    classes = {name: held for name, held in space.items() if typing.is_typeddict(held)}
    for held in classes.values():
        assert typing.get_type_hints(held, space)
    assert set(typing.get_type_hints(classes["ListOdd"], space)) == {"str", "__x", "Node"}
    node = classes["Node_2"]
    assert typing.get_type_hints(space["_space"].find, space)["return"] == list[node]


@settings(deadline=None)  # several texts in one example, on however busy a machine
@given(hostile, hostile, hostile, hostile)
def test_text_of_a_schema_never_breaks_out(name, about, constant, definition):
    schema = hostile_schema(name, about, constant, definition)
    text = declarations(tool(schema, schema))
    assert is_python(text), text
    assert python_declares(text)[0] == "AsyncFunctionDef"
    assert set(python_declares(text)[1:]) <= {"ClassDef", "Assign", "AnnAssign"}
    assert len(python_declares(text)) <= 12
    assert "```" not in text
    assert not set(text) & set("\r\x00\u2028\u2029\x85\ud800\u202e\u2066\u200b\ufeff\U000e0041")
    ast.parse(type_text(schema), mode="eval")
    line = signature(tool(schema, schema))
    assert "\n" not in line
    assert is_python(line), line
    module = ast.parse(stub([tool(schema, schema), tool(schema, None, "other")]))
    classes = [each for each in module.body if isinstance(each, ast.ClassDef) and each.name == "_space"]
    assert len(classes) == 1
    assert [getattr(each, "name", "") for each in classes[0].body] == ["act", "other"]
    (call,) = ast.parse(call_text(tool(schema), {name: [constant, {definition: about}]}).removeprefix("await ")).body
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert ast.literal_eval(call.value.keywords[0].value) == [constant, {definition: about}]


@pytest.mark.parametrize("max_chars", [150, 400, 2000])
def test_declarations_keep_to_their_bound_and_say_what_was_cut(max_chars):
    wide = {
        "properties": {
            f"p{n}": {"description": "words " * 20, "enum": [f"{n}_{m}" for m in range(30)]} for n in range(60)
        }
    }
    text = declarations(tool({"properties": {"a": wide, "b": wide}}, wide), max_chars=max_chars)
    assert len(text) <= max_chars
    assert "..." in text or "…" in text
    assert is_python(text)
