"""Arguments as the wire can carry them.

The SDK's writer fails on half a surrogate pair, which a program makes by cutting a text inside an emoji, and on deep
nesting; and its failure ends the connection, with the calls of all other runs.
"""

from __future__ import annotations

from typing import Any, cast

from toolscript.errors import Failure, ToolError
from toolscript.tools import ToolPath

MAX_DEPTH = 150  # of lists and objects; the SDK writes 255 with the message around them, most servers read 200


def sendable(args: dict[str, Any], path: ToolPath) -> dict[str, Any]:
    """The arguments with half surrogate pairs replaced by U+FFFD; `ToolError` where they are nested too deeply."""
    return cast("dict[str, Any]", _sendable(args, path, 0))


def _sendable(value: Any, path: ToolPath, depth: int) -> Any:
    if depth > MAX_DEPTH:
        message = (
            f"{path}: the arguments are nested deeper than {MAX_DEPTH} levels, which MCP cannot carry; flatten them."
        )
        raise ToolError(Failure(kind="tool", code="too_large", name="ToolError", message=message))
    match value:
        case str():
            return value if value.isascii() else _well_formed(value)
        case dict():
            items = cast("dict[str, Any]", value).items()
            return {_well_formed(key): _sendable(one, path, depth + 1) for key, one in items}
        case list():
            return [_sendable(one, path, depth + 1) for one in cast("list[Any]", value)]
        case _:
            return value


def _well_formed(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
