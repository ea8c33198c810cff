"""Failures of MCP connections and calls, in the words of a program's author and of `doctor`."""

from __future__ import annotations

import re

import anyio
import httpx2
from mcp.shared.exceptions import MCPError
from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT
from pydantic import ValidationError

from toolscript.connectors.mcp.answers import encoded_content
from toolscript.connectors.mcp.http import OVERSIZE
from toolscript.connectors.mcp.reading import UNREADABLE
from toolscript.connectors.mcp.stdio import TOO_LARGE
from toolscript.errors import Failure, FailureCode, ToolError
from toolscript.tools import ToolPath

BREAKS = (
    MCPError, OSError, httpx2.HTTPError, ValidationError, TimeoutError, RuntimeError, ValueError,
    anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream, ExceptionGroup,
)  # fmt: skip
"""What the SDK and the network raise when a connection or a call cannot go on."""


def tool_error(code: FailureCode, message: str) -> ToolError:
    """A failure of a call, in our words."""
    return ToolError(Failure(kind="tool", code=code, name="ToolError", message=message))


def failed(error: BaseException, path: ToolPath, max_message_bytes: int, broken_by: str = "") -> ToolError:
    """The words for a program, of a call that got no result; `broken_by` is what ended the connection, if it ended."""
    match error:
        case MCPError(code=code) if code == TOO_LARGE:
            return _too_large(path, f"{int(error.message):,} bytes", max_message_bytes)
        case MCPError(code=code) if code == UNREADABLE:
            return tool_error("tool", f"{path} answered with something that cannot be read: {error.message}.")
        case _ if OVERSIZE in str(error) or OVERSIZE in broken_by:
            told = re.search(r"(\d+) bytes exceed", str(error))
            return _too_large(
                path, f"{int(told[1]):,} bytes" if told else "more bytes than can be read", max_message_bytes
            )
        case MCPError(code=code) if code == REQUEST_TIMEOUT:
            return tool_error("timeout", f"{path} did not answer in time.")
        case MCPError(code=code) if code != CONNECTION_CLOSED:
            return ToolError(error.message, content=encoded_content(error.data))
        case ValidationError():
            return ToolError(f"{path} answered with something that is no result of a tool.")
        case _:
            return tool_error(
                "unreachable",
                f"The connection to the MCP server {path.namespace} broke while {path} was running; "
                "whether it took effect is not known.",
            )


def _too_large(path: ToolPath, size: str, max_message_bytes: int) -> ToolError:
    return tool_error(
        "too_large",
        f"{path} answered with {size}, over the limit of {max_message_bytes:,} bytes for a message. "
        "Ask for less, or for a part.",
    )


def is_closed(error: BaseException) -> bool:
    """Whether the whole connection is gone, and not only this request: the SDK has one code for both."""
    return isinstance(error, MCPError) and error.code == CONNECTION_CLOSED and error.message == "Connection closed"


def reason_of(error: BaseException) -> str:
    """Why a connection could not be made, for people."""
    match error:
        case BaseExceptionGroup():
            return reason_of(error.exceptions[0])
        case FileNotFoundError():
            return "There is no such program; is it installed, and on the PATH?"
        case NotADirectoryError():
            return str(error)
        case PermissionError():
            return "The system does not permit to run it."
        case MCPError(code=code) if code == CONNECTION_CLOSED:
            return "The connection was closed."
        case MCPError(code=code) if code == UNREADABLE:
            return f"It answered with something that cannot be read: {error.message}."
        case httpx2.ConnectError():
            return "Nothing answers at this address."
        case ValidationError():
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            return f"It does not speak MCP as it should: `{where}`: {first['msg']}."
        case _:
            return f"{type(error).__name__}: {error}"


def without_secrets(url: str) -> str:
    """The URL without user, password, query and fragment."""
    return str(httpx2.URL(url).copy_with(username=None, password=None, query=None, fragment=None))
