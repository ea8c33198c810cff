"""A stub against the type checker of the Python engine: what fits passes, what does not is named."""

import pytest
from tests.decisions.test_typescript import tool

from toolscript.schema.python import stub

monty = pytest.importorskip("pydantic_monty", reason="the Python engine is not installed")

NODE = {
    "type": "object",
    "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/Node"}, "a-b": {"type": "string"}},
    "required": ["v"],
}
SCHEMA = {
    "properties": {
        "tree": {"$ref": "#/$defs/Node"},
        "list": {"type": "object", "properties": {"c": {"type": "string"}}},
        "odd": {"type": "object", "properties": {"str": {"type": "string"}, "x": {"type": "string"}}},
        "json": {"$ref": "#/$defs/Json"},
        "pair": {"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
    },
    "required": ["tree"],
    "$defs": {
        "Node": NODE,
        "Json": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/Json"}}]},
    },
}
LISTING = {"type": "array", "items": {"$ref": "#/$defs/Node"}, "$defs": {"Node": NODE}}


@pytest.fixture(scope="module")
def problems():
    text = stub([tool(SCHEMA, LISTING, "list"), tool(SCHEMA, LISTING, "find")])

    def of(code: str) -> str:
        with pool.checkout(type_check=True, type_check_stubs=text, type_check_format="concise") as session:
            try:
                session.feed_start(code)
            except monty.MontyTypingError as error:
                return error.display()
        return ""

    with monty.Monty(min_processes=1, max_processes=1) as pool:
        yield of


@pytest.mark.parametrize(
    "code",
    [
        'x = await space.find(tree={"v": 1})\ny = x[0]["v"] + 1',
        'x = await space.list(tree={"v": 1, "next": {"v": 2}}, json=["a", ["b"]])\nx[0]["next"]["v"] + 1',
        'await space.find(tree={"v": 1}, pair=("a", 1), odd={"str": "a", "x": "b"})',
        'await space.find(tree={"v": 1}, pair=["a", 1], list={"c": "d"})',
    ],
)
def test_a_call_that_fits_passes(problems, code):
    assert problems(code) == ""


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ('await space.find(tree={"v": "a"})', "invalid-argument-type"),
        ("await space.find()", "tree"),
        ('await space.find(tree={"v": 1}, tre=1)', "tre"),
        ('await space.find(tree={"v": 1, "a-b": 5})', "a-b"),
        ('x = await space.find(tree={"v": 1})\nx[0]["nope"]', "nope"),
        ('x = await space.list(tree={"v": 1})\nx[0]["v"] + "a"', "unsupported-operator"),
        ('await space.nope(tree={"v": 1})', "nope"),
    ],
)
def test_a_call_that_does_not_fit_is_found(problems, code, word):
    assert word in problems(code)
