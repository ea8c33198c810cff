"""Bodies of requests, by media type: JSON, forms, multipart, text, bytes.

1. Fields of a form are written as the document's `encoding` says; without a word there, a list repeats its field and an
   object is JSON (OpenAPI 3.1, 4.8.15).
2. Bytes and blobs are themselves where a body or a part is binary, and base64 where they stand in JSON or a form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from toolscript.connectors.openapi.encoding import Unwritable, json_text, pairs, plus, reserved_in_query, text_of
from toolscript.connectors.openapi.multipart import OCTETS, Part, filename_for, multipart
from toolscript.connectors.openapi.operation import Body, Encoding
from toolscript.tools import Media

_usual = Encoding()


@dataclass(frozen=True, slots=True)
class Written:
    """A body as bytes, with its content type."""

    content: bytes
    content_type: str


def written_body(body: Body, value: Any) -> Written | None:
    """The bytes of a body; None where there is nothing to send.

    Raises `Unwritable`, whose message has the field's raw name and a NUL before it where one field is to blame.
    """
    match body.kind:
        case "json":
            return Written(_utf8(json_text(value)), body.content_type if "*" not in body.content_type else _JSON)
        case "form":
            return Written(_form(body, _object(value)), _FORM)
        case "multipart":
            content_type, content = multipart(list(_parts(body, _object(value))))
            return Written(content, content_type)
        case "text":
            return _text(body, value)
        case "binary":
            content, media_type = _bytes(value)
            named = body.content_type if "*" not in body.content_type else media_type or OCTETS
            return Written(content, named)


_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


def _text(body: Body, value: Any) -> Written:
    if isinstance(value, Media | bytes):
        content, _ = _bytes(value)
    elif isinstance(value, dict | list):
        raise Unwritable(f"must be text: the body is {body.content_type}")
    else:
        content = _utf8("" if value is None else text_of(value))
    named = body.content_type if "*" not in body.content_type else "text/plain"
    return Written(content, named if content.isascii() or "charset" in named else f"{named}; charset=utf-8")


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unwritable("must be an object: the body is a form")
    return cast("Mapping[str, Any]", value)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _bytes(value: Any) -> tuple[bytes, str | None]:
    """Bytes for a binary place, and their own media type if they have one."""
    match value:
        case Media(content, media_type):
            return content, media_type
        case bytes():
            return value, None
        case str():
            return _utf8(value), None
        case _:
            return _utf8(text_of(value)), None


# --- forms


def _form(body: Body, fields: Mapping[str, Any]) -> bytes:
    texts: list[str] = []
    for name, value in fields.items():
        encoding = body.encoding.get(name, _usual)
        try:
            texts += _form_field(name, value, encoding)
        except Unwritable as error:
            raise Unwritable(f"{name}\0{error}") from error
    return "&".join(texts).encode()


def _form_field(name: str, value: Any, encoding: Encoding) -> list[str]:
    if value is None:
        return []
    styled = encoding.style is not None or encoding.explode is not None or encoding.allow_reserved
    written = reserved_in_query if encoding.allow_reserved else plus
    if styled:
        style = encoding.style or "form"
        # An object by the usual style loses its own name, and a field may only be an object because of the program.
        return pairs(name, value, style, encoding.explode if encoding.explode is not None else style == "form", written)
    if encoding.content_type is not None and "json" in encoding.content_type:
        return [f"{plus(name)}={plus(json_text(value))}"]
    if isinstance(value, list | tuple):
        return [f"{plus(name)}={plus(text_of(item))}" for item in cast("Sequence[Any]", value) if item is not None]
    return [f"{plus(name)}={plus(text_of(value))}"]


# --- multipart


def _parts(body: Body, fields: Mapping[str, Any]) -> Iterator[Part]:
    for name, value in fields.items():
        encoding = body.encoding.get(name, _usual)
        is_whole = not isinstance(value, list | tuple) or "json" in (encoding.content_type or "")
        items = cast("Sequence[Any]", (value,) if is_whole else value)
        for item in items:
            if item is None:
                continue
            try:
                yield _part(name, item, encoding, is_file=name in body.files)
            except Unwritable as error:
                raise Unwritable(f"{name}\0{error}") from error


def _part(name: str, value: Any, encoding: Encoding, *, is_file: bool) -> Part:
    said = _first(encoding.content_type)
    if isinstance(value, Media | bytes) or (is_file and not isinstance(value, dict | list)):
        content, media_type = _bytes(value)
        named = media_type or said or OCTETS
        filename = getattr(value, "filename", None) or filename_for(name, named)
        return Part(name=name, content=content, content_type=named, filename=filename, headers=encoding.headers)
    if isinstance(value, dict | list):
        return Part(name=name, content=_utf8(json_text(value)), content_type=said or _JSON, headers=encoding.headers)
    return Part(name=name, content=_utf8(text_of(value)), content_type=said, headers=encoding.headers)


def _first(content_types: str | None) -> str | None:
    """The first of a list of media types; None where that is a pattern."""
    first = (content_types or "").partition(",")[0].strip()
    return first if first and "*" not in first else None
