"""Operations as tools: what a model reads of them.

The description is the document's own, in Markdown. Where it says nothing, method, path and tags stand in; behind it
stands what nobody would guess: that a result is one page of many, and method and path, by which many know an API.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from toolscript.connectors.openapi.operation import Operation, Paging
from toolscript.tools import Tool, ToolPath

_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY", "PUT", "DELETE"})  # RFC 9110, section 9.2.2
_tag = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(\s[^<>]*)?/?>")
_block_end = re.compile(r"</(p|li|ul|ol|h[1-6]|div|tr)>|<br\s*/?>", re.IGNORECASE)
_blank_lines = re.compile(r"\n\s*\n\s*")


def tools_of(operations: Iterable[Operation], namespace: str) -> tuple[Tool, ...]:
    """The operations as tools of a namespace, each with its operation's id as its raw name."""
    return tuple(tool_of(operation, namespace) for operation in operations)


def tool_of(operation: Operation, namespace: str) -> Tool:
    """One operation as a tool."""
    return Tool(
        path=ToolPath(namespace, operation.name),
        raw_name=operation.id,
        description=description_of(operation),
        input_schema=operation.input_schema,
        output_schema=operation.output_schema,
        effect=operation.effect,
        destructive=operation.method == "DELETE" and operation.effect == "write",
        idempotent=operation.method in _IDEMPOTENT,
    )


def description_of(operation: Operation) -> str:
    """What a model reads of an operation."""
    route = f"{operation.method} {operation.path}"
    summary, about = plain_text(operation.summary), plain_text(operation.description)
    if about.startswith(summary.rstrip(".")):
        summary = ""
    parts = [part for part in (summary, about) if part]
    if not parts:
        tags = f" ({', '.join(operation.tags)})" if operation.tags else ""
        parts, route = [f"{route}{tags}"], ""
    if operation.deprecated:
        parts[0] = f"Deprecated. {parts[0]}"
    if operation.paging is not None:
        parts.append(_page_text(operation.paging))
    return "\n\n".join([*parts, *([route] if route else [])])


def _page_text(paging: Paging) -> str:
    match paging.kind:
        case "cursor" if paging.next_field:
            return f"Gives one page of many; `{paging.argument}` of the next is in `{'.'.join(paging.next_field)}`."
        case "cursor":
            return f"Gives one page of many; `{paging.argument}` of the next is the `id` of the last item."
        case _ if paging.argument is not None:
            return f"Gives one page of many; `{paging.argument}` asks for others."
        case _:
            return "Gives one page of many."


def plain_text(text: str) -> str:
    """A description without the tags of HTML, which some documents are written in."""
    text = text.replace("\r\n", "\n").strip()
    if _tag.search(text) is None:
        return text
    text = _tag.sub("", _block_end.sub("\n\n", text))
    return _blank_lines.sub("\n\n", html.unescape(text)).strip()
