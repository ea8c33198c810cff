"""`codemode.pages(tool, args)`: the items of one page after another, each page a call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from toolscript.guests.cpython.inside.names import Call, Method

_TRIES = 2  # how the next page is asked for may be learned from the first one


def pages_of(send: Callable[[str, Mapping[str, Any]], Call]) -> Callable[..., AsyncIterator[Any]]:
    """The function that programs call."""

    def pages(tool: Method, args: Mapping[str, Any] | None = None, limit: int | None = None) -> AsyncIterator[Any]:
        if not isinstance(tool, Method):  # pyright: ignore[reportUnnecessaryIsInstance] - the caller is a program
            raise TypeError("codemode.pages takes a tool and its arguments: codemode.pages(crm.list, {...})")
        return _items(send, tool, dict(args or {}), limit)

    return pages


async def _items(
    send: Callable[[str, Mapping[str, Any]], Call], tool: Method, args: Mapping[str, Any], limit: int | None
) -> AsyncIterator[Any]:
    given = 0
    while limit is None or given < limit:
        result: Any = None
        page: Mapping[str, Any] = {}
        for _ in range(_TRIES):
            result = await tool(args)
            page = await send("codemode.next_page", {"path": tool.path, "args": args})
            if page["known"]:
                break
        else:
            raise RuntimeError(
                f"what follows a page of {tool.path} is not known: its arguments were changed on the way"
            )
        items = [result] if page["items"] is None else result
        for name in page["items"] or ():
            items = items[name]
        for item in items if limit is None else items[: limit - given]:
            yield item
        given += len(items)
        if page["next"] is None:
            return
        args = page["next"]
