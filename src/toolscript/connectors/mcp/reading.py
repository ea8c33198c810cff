"""One JSON-RPC message out of what a server wrote.

The SDK's reader refuses a message for half a surrogate pair (what is left of an emoji that was cut), for bytes that
are not UTF-8, and for values nested 200 deep; and a response with a `result` or an `error` that is no object. Whoever
waits for that response would wait for ever, so it is read again here, generously; and what still cannot be read is the
failure of its request.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

from mcp_types import ErrorData, JSONRPCError, JSONRPCMessage, JSONRPCResponse, jsonrpc_message_adapter
from pydantic import ValidationError

UNREADABLE = -32098  # our own code, from the range that JSON-RPC leaves to implementations
ENDS = 512  # bytes at either end of a message, where its id is looked for
_SHOWN_CHARS = 500

_ID_AT_END = re.compile(rb'"id"\s*:\s*(\d+|"[^"\\]*")\s*\}\s*$')
_ID_AT_START = re.compile(rb'^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d+|"[^"\\]*")\s*,')


def message_of(text: bytes) -> JSONRPCMessage | None:
    """The message, or none where the text is something else."""
    try:
        return jsonrpc_message_adapter.validate_json(text, by_name=False)
    except ValidationError:
        return _read_again(text)


def id_in(start: bytes, end: bytes) -> int | str | None:
    """The id of a request, from the two ends of a message that is not read whole."""
    found = _ID_AT_END.search(end) or _ID_AT_START.search(start)
    if found is None:
        return None
    text = found[1].decode(errors="replace")
    return text[1:-1] if text[0] == '"' else int(text)


def refusal(request: int | str, code: int, message: str) -> JSONRPCError:
    """The error that takes the place of a response."""
    return JSONRPCError(jsonrpc="2.0", id=request, error=ErrorData(code=code, message=message))


def _read_again(text: bytes) -> JSONRPCMessage | None:
    try:
        raw: Any = json.loads(text.decode(errors="replace"))
    except (ValueError, RecursionError) as error:
        request = id_in(text[:ENDS], text[-ENDS:]) if b'"jsonrpc"' in text[:ENDS] + text[-ENDS:] else None
        why = "it is nested too deeply" if isinstance(error, RecursionError) else "it is not JSON"
        return None if request is None else refusal(request, UNREADABLE, why)
    if not isinstance(raw, dict):
        return None
    message = cast("dict[str, Any]", raw)
    request = message.get("id")
    if message.get("jsonrpc") != "2.0":
        return None
    if isinstance(request, int | str) and "method" not in message:
        return _response(request, message)
    try:
        return jsonrpc_message_adapter.validate_python(message, by_name=False)
    except ValidationError:
        return None


def _response(request: int | str, message: dict[str, Any]) -> JSONRPCMessage:
    if (error := message.get("error")) is not None:
        told = cast("dict[str, Any]", error) if isinstance(error, dict) else {"message": error}
        code = told.get("code")
        words = told.get("message", "it failed, and does not say why")
        return JSONRPCError(
            jsonrpc="2.0",
            id=request,
            error=ErrorData(
                code=code if isinstance(code, int) else 0,
                message=words if isinstance(words, str) else json.dumps(words)[:_SHOWN_CHARS],
                data=told.get("data"),
            ),
        )
    result = message.get("result")
    if not isinstance(result, dict):
        return refusal(request, UNREADABLE, "it has no result")
    return JSONRPCResponse(jsonrpc="2.0", id=request, result=cast("dict[str, Any]", result))
