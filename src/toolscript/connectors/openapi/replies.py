"""What an operation may answer: its replies by status and media type, and the type of what a call gives.

The type is that of the successful JSON replies; a text is a string, all else a blob, no content is null. `default` is
taken where no reply says that it is successful. Without any schema the type is unknown, and will be observed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolscript.connectors.openapi.bodies import is_wild, kind_of
from toolscript.connectors.openapi.document import Definitions, Document
from toolscript.connectors.openapi.notes import Notes
from toolscript.connectors.openapi.operation import Reply
from toolscript.connectors.openapi.pointers import members
from toolscript.schema.fields import is_objectlike

BLOB: Mapping[str, Any] = {
    "type": "object",
    "description": "a blob: await its text() or bytes()",
    "properties": {"type": {"type": "string"}, "size": {"type": "integer"}},
    "required": ["type", "size"],
}
MAX_KINDS = 8  # of answers that one type tells apart
_status = re.compile("[1-5]([0-9X])([0-9X])")


@dataclass(frozen=True, slots=True)
class Replies:
    """The replies with complete schemas, and the schemas as they stand; `has_link`: a success names the next page."""

    known: tuple[Reply, ...]
    schemas: tuple[Any, ...]
    has_link: bool = False


def read_replies(raw: Any, document: Document, definitions: Definitions, notes: Notes, at: tuple[str, ...]) -> Replies:
    """The replies of an operation."""
    replies: list[Reply] = []
    schemas: list[Any] = []
    has_link = False
    for status, held in members(raw).items():
        if status[:2] == "x-":
            continue
        node = document.follow(held)
        if not isinstance(node, dict):
            notes.warn((*at, status), "this response cannot be found; what it holds is unknown")
        said = "default" if status.lower() == "default" else status.upper()
        if said != "default" and _status.fullmatch(said) is None:
            notes.warn((*at, status), "this is no status, no `2XX` and no `default`; it is left out")
            continue
        response = members(node)
        if said[0] == "2" and any(name.lower() == "link" for name in members(response.get("headers"))):
            has_link = True
        for content_type, schema in _contents(response):
            sided = definitions.side(schema)
            whole = definitions.closed(members(sided)) or None
            replies.append(Reply(status=said, content_type=content_type, schema=whole))
            schemas.append(members(sided) or None)
    return Replies(tuple(replies), tuple(schemas), has_link)


def _contents(response: Mapping[str, Any]) -> list[tuple[str | None, Any]]:
    content = members(response.get("content"))
    return [(each, members(media).get("schema")) for each, media in content.items()] or [(None, None)]


def output_of(replies: Replies, method: str, document: Document) -> Mapping[str, Any] | None:
    """The schema of what a successful call gives, without the definitions that it names; None where it is unknown."""
    if method == "HEAD":
        return {"type": "null"}
    listed = list(zip(replies.known, replies.schemas, strict=True))
    good = [each for each in listed if each[0].is_success] or [each for each in listed if each[0].status == "default"]
    structured = [each for each in good if _is_json(*each, document)]
    kinds: list[Mapping[str, Any]] = []
    for reply, schema in structured or good:
        kind = _given(reply, schema, document)
        if kind is None:
            return None
        if kind not in kinds:
            kinds.append(kind)
    if structured and any(reply.content_type is None for reply, _ in good):
        kinds.append({"type": "null"})
    if not kinds or len(kinds) > MAX_KINDS:
        return None
    return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}


def _is_json(reply: Reply, schema: Any, document: Document) -> bool:
    if reply.content_type is None:
        return False
    if is_wild(reply.content_type):
        return schema is None or is_objectlike(schema, document.resolve)
    return kind_of(reply.content_type) == "json"


def _given(reply: Reply, schema: Any, document: Document) -> Mapping[str, Any] | None:
    if reply.content_type is None:
        return {"type": "null"}
    if _is_json(reply, schema, document):
        return schema
    if reply.content_type.lower().startswith("text/event-stream"):
        return None
    return {"type": "string"} if kind_of(reply.content_type) == "text" else BLOB
