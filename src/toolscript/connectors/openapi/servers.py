"""Where an API is, as its document says."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

from toolscript.connectors.openapi.notes import Notes
from toolscript.connectors.openapi.operation import Server, ServerVariable
from toolscript.connectors.openapi.pointers import items, members, text, texts


def read_servers(raw: Any, base: str, notes: Notes, at: tuple[str, ...]) -> tuple[Server, ...]:
    """The servers in their order. Relative ones are completed by the document's own address, where it has one."""
    found: list[Server] = []
    for number, held in enumerate(items(raw)):
        node = members(held)
        url = text(node.get("url"))
        if "url" not in node:
            notes.warn((*at, str(number)), "a server without `url`; it is left out")
            continue
        variables = {
            name: ServerVariable(default=_plain(members(one).get("default")), choices=texts(members(one).get("enum")))
            for name, one in members(node.get("variables")).items()
        }
        server = Server(template=_completed(url, base), variables=variables, description=text(node.get("description")))
        if server not in found:
            found.append(server)
    return tuple(found)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None or isinstance(value, dict | list) else str(value)


def _completed(url: str, base: str) -> str:
    """The address of a server; it stays relative where the document lies in a file."""
    if url.startswith("{"):
        return url
    if "://" in url or urlsplit(base).scheme not in {"http", "https"}:
        return f"https:{url}" if url.startswith("//") else url
    return urljoin(base, url)
