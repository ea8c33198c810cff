"""A document, fetched and looked through, without an API being called."""

from __future__ import annotations

import asyncio

from toolscript.connectors.openapi.client import Http, HttpOptions
from toolscript.connectors.openapi.guard import is_public_host
from toolscript.connectors.openapi.lint import Linted, lint, unreadable
from toolscript.connectors.openapi.origins import origin_of
from toolscript.connectors.openapi.source import Unfetched, fetched, is_address


async def checked(spec: str) -> Linted:
    """Look a file, or what is at an address, through; one that cannot be had or read is the one error that says why."""
    try:
        # Whoever names a private address means it.
        private = [one for one in ([origin_of(spec)] if is_address(spec) else []) if not is_public_host(one.host)]
    except ValueError as error:
        return unreadable(f"the address cannot be used: {error}")
    http = Http(HttpOptions(), frozenset(private))
    try:
        document = await fetched(spec, http)
        return await asyncio.to_thread(lint, document.source, base=document.base, load=document.load)
    except Unfetched as error:
        return unreadable(str(error))
    finally:
        await http.close()
