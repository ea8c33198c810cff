"""Whether an operation gives one page of many, and how the next one is asked for: by its parameters and its answer.

A `Link` header comes first, also one that only the words of a parameter promise. Else there has to be a parameter for
the next page, and a list in the answer; a cursor is also looked for in the answer, at its top or in an envelope such as
`meta` or `pagination`, and is the id of the last item where it is called so and items have one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from toolscript.connectors.openapi.document import Document
from toolscript.connectors.openapi.operation import Paging, Parameter
from toolscript.connectors.openapi.pointers import members, text
from toolscript.schema.fields import is_array, items_of, known_members

# Names without case and marks.
_CURSORS = frozenset(
    """cursor pagetoken nexttoken nextpagetoken startingafter after continuationtoken continue marker pagecursor
    pageafter nextcursor startcursor""".split()  # noqa: SIM905 - a list would be a page
)
_LAST_IDS = frozenset({"startingafter", "after"})  # cursors that are the id of the last item, where no answer has one
_link = re.compile(r"\blink`? header", re.IGNORECASE)
_PAGES = frozenset({"page", "pagenumber", "pageno", "pageindex"})
_OFFSETS = frozenset({"offset", "skip", "startindex", "pageoffset"})
_SIZES = frozenset({"limit", "perpage", "pagesize", "maxresults", "count", "pagelimit", "size", "first", "top"})
_NEXT = frozenset(
    """nextcursor nextpagetoken nexttoken cursor next nextmarker continuationtoken endcursor after nextpage continue
    nextpagecursor pagetoken""".split()  # noqa: SIM905 - a list would be a page
)
_MORE = frozenset({"hasmore", "hasnext", "more", "hasnextpage", "ismore"})
_ENVELOPES = frozenset({"meta", "metadata", "pagination", "paging", "responsemetadata", "pageinfo", "page", "cursors"})
_ITEMS = ("data", "items", "results", "entries", "values", "records", "content", "list")


def read_paging(parameters: Iterable[Parameter], output: Any, document: Document, *, has_link: bool) -> Paging | None:
    """How the pages of an operation follow each other; None where they do not."""
    asked = [each for each in parameters if each.place == "query"]
    queries = {_bare(each.raw_name): each.name for each in asked}
    has_link = has_link or any(_link.search(text(members(each.schema).get("description"))) for each in asked)
    size = _first(queries, _SIZES)
    resolve = document.resolve
    held = {} if output is None else known_members(output, resolve)
    lists = [name for name, schema in held.items() if is_array(schema, resolve)]
    is_list = output is not None and not held and is_array(output, resolve)
    where = () if is_list else _items(lists)
    if has_link and (queries.keys() & (_PAGES | _CURSORS | _OFFSETS | _SIZES)):
        return Paging(kind="link", argument=_first(queries, _PAGES), size_argument=size, items_field=where or ())
    if where is None:
        return None
    more = _found(held, _MORE, document)
    following = _found(held, _NEXT, document)
    if cursor := _first(queries, _CURSORS):
        listed = held[where[0]] if where else output
        if following or (_bare(cursor) in _LAST_IDS and "id" in known_members(items_of(listed, resolve), resolve)):
            return Paging(
                kind="cursor",
                argument=cursor,
                size_argument=size,
                next_field=following,
                items_field=where,
                more_field=more,
            )
        return None
    if page := _first(queries, _PAGES):
        return Paging(kind="page", argument=page, size_argument=size, items_field=where, more_field=more)
    if offset := _first(queries, _OFFSETS):
        return Paging(kind="offset", argument=offset, size_argument=size, items_field=where, more_field=more)
    return None


def _items(lists: list[str]) -> tuple[str, ...] | None:
    """Where the items lie: in the only list, or in one with a usual name."""
    if len(lists) == 1:
        return (lists[0],)
    usual = [name for name in _ITEMS if name in lists]
    return (usual[0],) if usual else None


def _found(held: Mapping[str, Any], names: frozenset[str], document: Document) -> tuple[str, ...]:
    """The member with such a name, at the top or in an envelope."""
    for name, schema in held.items():
        if _bare(name) in names and not known_members(schema, document.resolve):
            return (name,)
    for name, schema in held.items():
        if _bare(name) in _ENVELOPES:
            for inner in known_members(schema, document.resolve):
                if _bare(inner) in names:
                    return (name, inner)
    return ()


def _first(queries: Mapping[str, str], names: frozenset[str]) -> str | None:
    return next((name for bare, name in queries.items() if bare in names), None)


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()
