"""The bytes that a call sends: blobs read from the store, and files of a folder that the operator opened.

1. A blob among the arguments stands for its bytes and their media type.
2. Where a file is expected, a text `file:NAME` stands for a file of the folder `files`, and below: nothing above it is
   read, also not through a link. Without such a folder it is text like any other.
"""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from toolscript.codec import Blob
from toolscript.connectors.openapi.operation import Operation
from toolscript.connectors.openapi.request import refused
from toolscript.tools import CallContext, Media

MAX_FILE_BYTES = 64 << 20
_MARK = "file:"


class Uploads:
    """Brings bytes in the place of handles; `files` is the folder whose files may be sent."""

    def __init__(self, files: str | Path | None = None) -> None:
        self._files = None if files is None else Path(files)

    async def brought(
        self, operation: Operation, args: Mapping[str, Any], context: CallContext, called: str
    ) -> Mapping[str, Any]:
        """The arguments with bytes in the place of blobs and files."""
        if not operation.bodies:
            return args
        if _has_blobs(args):
            args = cast("Mapping[str, Any]", await _with_bytes(args, context))
        if self._files is not None:
            args = {name: await self._file(operation, name, value, called) for name, value in args.items()}
        return args

    async def _file(self, operation: Operation, name: str, value: Any, called: str) -> Any:
        if not isinstance(value, str) or not value.startswith(_MARK) or not _takes_file(operation, name):
            return value
        read = await asyncio.to_thread(_content, cast("Path", self._files), value.removeprefix(_MARK))
        if isinstance(read, str):
            refused(called, name, read)
        return read


def _takes_file(operation: Operation, name: str) -> bool:
    for body in operation.bodies:
        if body.fields is None and body.kind == "binary" and name == operation.body_argument:
            return True
        if body.fields is not None and any(body.fields.get(raw) == name for raw in body.files):
            return True
    return False


def _content(folder: Path, name: str) -> Media | str:
    """A file's bytes, or why they cannot be had."""
    root = folder.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root) or not path.is_file():
        return "names no file that may be sent"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError:
        return "names a file that cannot be read"
    if len(content) > MAX_FILE_BYTES:
        return f"names a file of more than {MAX_FILE_BYTES:,} bytes"
    return Media(content, mimetypes.guess_type(path.name)[0] or "application/octet-stream")


def _has_blobs(value: Any) -> bool:
    match value:
        case Blob():
            return True
        case dict():
            return any(_has_blobs(held) for held in cast("dict[str, Any]", value).values())
        case list():
            return any(_has_blobs(item) for item in cast("list[Any]", value))
        case _:
            return False


async def _with_bytes(value: Any, context: CallContext) -> Any:
    match value:
        case Blob():
            return Media(await context.read_blob(value.id), value.media_type)
        case dict():
            return {key: await _with_bytes(held, context) for key, held in cast("dict[str, Any]", value).items()}
        case list():
            return [await _with_bytes(item, context) for item in cast("list[Any]", value)]
        case _:
            return value
