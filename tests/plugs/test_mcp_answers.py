"""What an MCP tool answers, as the value that a program reads."""

from __future__ import annotations

from typing import Any

import pytest
from mcp_types import CallToolResult, EmbeddedResource, ImageContent, ResourceLink, TextContent

from toolscript.connectors.mcp.answers import unwrapped, value_of
from toolscript.errors import ToolError
from toolscript.tools import Media

INTEGER = {"type": "integer"}
OBJECT = {"type": "object"}


def text(*texts: str, **more: Any) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=one) for one in texts], **more)


def value(result: CallToolResult, schema: Any = None, *, is_wrapped: bool = False) -> Any:
    return value_of(result, schema, is_wrapped=is_wrapped)


@pytest.mark.parametrize("words", ["123", "true", "007", "null", '{"a": 1}', "[1]", ""])
def test_text_that_no_schema_describes_stays_text(words: str) -> None:
    assert value(text(words)) == words
    assert value(text(words), {}) == words
    assert value(text(words), {"type": "string"}) == words
    assert value(text(words), {"type": ["string", "null"]}) == words


def test_text_is_parsed_where_the_schema_says_that_the_value_is_no_text() -> None:
    assert value(text('{"n": 1}'), OBJECT) == {"n": 1}
    assert value(text("12"), INTEGER) == 12
    assert value(text("[1, 2]"), {"type": "array"}, is_wrapped=True) == [1, 2]
    assert value(text("null"), {"type": ["object", "null"]}) is None
    assert value(text("not found"), OBJECT) == "not found"


def test_structured_content_is_the_value() -> None:
    assert value(text("x", structured_content={"n": 1})) == {"n": 1}
    assert value(text("x", structured_content={"result": [1]}), {"type": "array"}, is_wrapped=True) == [1]
    assert value(text("x", structured_content={"result": [1]}), OBJECT) == {"result": [1]}
    assert value(text("x", structured_content={"result": 1, "more": 2}), INTEGER, is_wrapped=True) == {
        "result": 1,
        "more": 2,
    }


def test_several_blocks_are_a_list_and_none_is_null() -> None:
    assert value(text("a", "b")) == ["a", "b"]
    assert value(text()) is None


def test_media_resources_and_links() -> None:
    blocks: list[tuple[Any, Any]] = [
        (ImageContent(type="image", data="/w==", mime_type="image/png"), Media(b"\xff", "image/png")),
        (_embedded({"uri": "a://b", "blob": "/w=="}), Media(b"\xff", "application/octet-stream")),
        (_embedded({"uri": "a://b", "text": "words", "mimeType": "text/plain"}), "words"),
        (
            ResourceLink(type="resource_link", uri="a://b", name="b", mime_type="text/plain", size=3),
            {"uri": "a://b", "name": "b", "mimeType": "text/plain", "size": 3},
        ),
    ]
    for block, expected in blocks:
        assert value(CallToolResult(content=[block])) == expected


def _embedded(resource: dict[str, Any]) -> EmbeddedResource:
    return EmbeddedResource.model_validate({"type": "resource", "resource": resource})


def test_damaged_base64_is_a_failure_in_words() -> None:
    with pytest.raises(ToolError, match="base64 is damaged"):
        value(CallToolResult(content=[ImageContent(type="image", data="/", mime_type="image/png")]))


@pytest.mark.parametrize(
    ("result", "message", "content"),
    [
        (text("no", "such thing", is_error=True), "no\nsuch thing", None),
        (text("no", structured_content={"code": 7}, is_error=True), "no", '{"code":7}'),
        (text(structured_content={"code": 7}, is_error=True), '{"code":7}', '{"code":7}'),
        (text(is_error=True), "The tool failed, and did not say why.", None),
    ],
)
def test_an_error_is_raised_with_the_tools_own_words(result: CallToolResult, message: str, content: str | None) -> None:
    with pytest.raises(ToolError) as caught:
        value(result)
    assert (caught.value.failure.message, caught.value.failure.content) == (message, content)


WRAPPERS: list[tuple[Any, Any]] = [
    (None, (None, False)),
    (True, (True, False)),
    (OBJECT, (OBJECT, False)),
    ({"type": "object", "properties": {"result": INTEGER}, "required": ["result"]}, (INTEGER, True)),
    ({"type": "object", "properties": {"result": INTEGER}, "x-fastmcp-wrap-result": True}, (INTEGER, True)),
    (
        {
            "type": "object",
            "properties": {"result": {"$ref": "#/$defs/A"}},
            "required": ["result"],
            "$defs": {"A": {}},
        },
        ({"$ref": "#/$defs/A", "$defs": {"A": {}}}, True),
    ),
    (
        {"properties": {"result": INTEGER, "more": INTEGER}},
        ({"properties": {"result": INTEGER, "more": INTEGER}}, False),
    ),
    ({"properties": {"result": INTEGER}}, ({"properties": {"result": INTEGER}}, False)),
    ({"properties": "nonsense"}, ({"properties": "nonsense"}, False)),
]


@pytest.mark.parametrize(("schema", "expected"), WRAPPERS, ids=range(9))
def test_the_wrapper_is_taken_off_the_schema(schema: Any, expected: Any) -> None:
    assert unwrapped(schema) == expected
