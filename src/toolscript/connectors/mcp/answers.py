"""What an MCP tool answers, as the value that a program reads.

1. Structured content is the value. A wrapper `{"result": x}` is taken off, in the schema and in the value, where the
   output schema says so (`x-fastmcp-wrap-result`) or is exactly an object with the one property `result`.
2. Else one block stands for itself and several are a list; none is None.
3. Text stays text; one block of it is parsed as JSON where an output schema says that the value is no text.
4. Images, audio and binary resources are `Media`; a text resource is its text; a link stays an object with its `uri`.
5. `isError` is a `ToolError` with the tool's own words.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, cast

from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from toolscript.codec import CodecError, Encoded, encode
from toolscript.errors import ToolError
from toolscript.schema.check import check
from toolscript.tools import Media, Schema

_WRAPPED = "x-fastmcp-wrap-result"
_WRAPPER = "result"


def unwrapped(schema: Any) -> tuple[Schema | None, bool]:
    """A tool's output schema without its wrapper, and whether it had one."""
    if not isinstance(schema, dict):
        return (schema, False) if isinstance(schema, bool) else (None, False)
    known = cast("dict[str, Any]", schema)
    members = known.get("properties")
    if not isinstance(members, dict) or list(cast("dict[str, Any]", members)) != [_WRAPPER]:
        return known, False
    inner: Any = cast("dict[str, Any]", members)[_WRAPPER]
    closed = known.get("required") == [_WRAPPER] or known.get("additionalProperties") is False
    if not (known.get(_WRAPPED) is True or closed) or not isinstance(inner, dict | bool):
        return known, False
    if isinstance(inner, bool):
        return inner, True
    inner = cast("dict[str, Any]", inner)
    shared = {key: known[key] for key in ("$defs", "definitions", "$schema") if key in known and key not in inner}
    return {**inner, **shared}, True


def value_of(result: CallToolResult, schema: Schema | None, *, is_wrapped: bool) -> Any:
    """The value of a result by the rules of this module."""
    if result.is_error:
        raise _failed(result)
    if "structured_content" in result.model_fields_set and result.structured_content is not None:
        return _bare(result.structured_content, is_wrapped)
    values = [_value(block) for block in result.content]
    if len(values) != 1:
        return values or None
    if isinstance(result.content[0], TextContent) and schema is not None:
        return _bare(_typed(result.content[0].text, schema), is_wrapped)
    return values[0]


def _bare(value: Any, is_wrapped: bool) -> Any:
    if not is_wrapped or not isinstance(value, dict):
        return value
    members = cast("dict[str, Any]", value)
    return members[_WRAPPER] if list(members) == [_WRAPPER] else members


def _typed(text: str, schema: Schema) -> Any:
    """The text where the schema admits it as it is, else the JSON that it holds."""
    if not check(schema, text):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _value(block: Any) -> Any:
    match block:
        case TextContent():
            return block.text
        case ImageContent() | AudioContent():
            return Media(_bytes(block.data), block.mime_type)
        case EmbeddedResource(resource=BlobResourceContents() as held):
            return Media(_bytes(held.blob), held.mime_type or "application/octet-stream")
        case EmbeddedResource(resource=TextResourceContents() as held):
            return held.text
        case ResourceLink():
            return block.model_dump(
                by_alias=True, mode="json", exclude_none=True, exclude={"type", "annotations", "meta"}
            )
        case _:
            return block.model_dump(by_alias=True, mode="json", exclude_none=True)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError) as error:
        raise ToolError("The tool answered with a picture, sound or file whose base64 is damaged.") from error


def _failed(result: CallToolResult) -> ToolError:
    texts = [words for block in result.content if (words := _words(block))]
    content: Encoded | None = None
    if result.structured_content is not None:
        try:
            content = encode(result.structured_content)
        except CodecError:
            content = None
    return ToolError("\n".join(texts) or content or "The tool failed, and did not say why.", content=content)


def _words(block: Any) -> str:
    match block:
        case TextContent():
            return block.text
        case EmbeddedResource(resource=TextResourceContents() as held):
            return held.text
        case _:
            return ""


def encoded_content(value: Any) -> Encoded | None:
    """Structured detail of an error, if it can cross."""
    try:
        return None if value is None else encode(value)
    except CodecError:
        return None


def asked(requests: Sequence[Any]) -> str:
    """What a server wanted to know from a person, in its own words."""
    said = [getattr(getattr(one, "params", None), "message", None) for one in requests]
    return "; ".join(text for text in said if isinstance(text, str))
