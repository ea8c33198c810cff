"""Where a document is, and how its text is fetched: a file, an address, or the document itself.

1. A document at an address is fetched without credentials; what it refers to is fetched from the same origin only.
2. A file may refer to files of its own folder and below, also behind links: what a link leads to counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from toolscript.connectors.openapi.client import Broken, Http, TooMuch, Unsent
from toolscript.connectors.openapi.guard import Refused
from toolscript.connectors.openapi.origins import origin_of
from toolscript.connectors.openapi.request import Request
from toolscript.errors import ConfigError

MAX_DOCUMENT_BYTES = 64 << 20  # the largest that we know has 14 MB
PART_TIMEOUT_S = 60.0

Spec = str | Path | Mapping[str, Any]
"""A document: its path, its address, or the document itself as an object."""


class Unfetched(Exception):
    """A document cannot be had; the message is for people. `for_good`: asking again is of no use."""

    def __init__(self, message: str, *, for_good: bool = False) -> None:
        super().__init__(message)
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document's text or value, where it is from, and what reads the files that it refers to (not on the loop)."""

    source: Mapping[str, Any] | bytes
    base: str
    load: Callable[[str], bytes] | None


def is_address(spec: Spec) -> bool:
    """Whether a document is fetched over the network."""
    return isinstance(spec, str) and urlsplit(spec).scheme in ("http", "https")


async def fetched(spec: Spec, http: Http) -> Fetched:
    """The document, wherever it is; raises `Unfetched`."""
    if isinstance(spec, Mapping):
        return Fetched(spec, "", None)
    if isinstance(spec, str) and is_address(spec):
        loop = asyncio.get_running_loop()

        def load(place: str) -> bytes:
            return _waited(loop, http, place)

        return Fetched(await _got(http, spec), spec, load)
    return await asyncio.to_thread(_from_file, Path(spec))


def _from_file(path: Path) -> Fetched:
    path = path.expanduser()
    try:
        content = _read(path)
    except OSError as error:
        raise Unfetched(f"The document {path} cannot be read: {error.strerror or error}.", for_good=True) from error
    return Fetched(content, str(path), lambda place: _read_beside(path.parent, place))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_DOCUMENT_BYTES + 1)
    if len(content) > MAX_DOCUMENT_BYTES:
        raise OSError(None, f"it has more than {MAX_DOCUMENT_BYTES:,} bytes")
    return content


def _read_beside(folder: Path, place: str) -> bytes:
    path, root = Path(place).resolve(), folder.resolve()
    if not path.is_relative_to(root):
        raise ConfigError("it lies outside of the document's own folder")
    return _read(path)


def _waited(loop: asyncio.AbstractEventLoop, http: Http, place: str) -> bytes:
    """A part of a document, fetched by the loop for a thread that reads the document."""
    try:
        return asyncio.run_coroutine_threadsafe(_got(http, place), loop).result(PART_TIMEOUT_S)
    except (Unfetched, TimeoutError) as error:
        raise ConfigError(str(error) or "it was not there in time") from error


async def _got(http: Http, url: str) -> bytes:
    try:
        origin = origin_of(url)
    except ValueError as error:
        raise Unfetched(f"The document's address cannot be used: {error}.", for_good=True) from error
    parts = urlsplit(url)
    request = Request(
        method="GET",
        base=str(origin),
        path=parts.path or "/",
        query=(parts.query,) if parts.query else (),
        headers=(("Accept", "application/json, application/yaml, */*;q=0.8"),),
    )
    where = f"{origin}{parts.path}"
    try:
        answer = await http.send(request)
    except (Unsent, Broken, Refused, TooMuch) as error:
        raise Unfetched(f"The document at {where} cannot be had: {error}") from error
    if not answer.is_success:
        raise Unfetched(f"The document at {where} cannot be had: the server answered with status {answer.status}.")
    return answer.body
