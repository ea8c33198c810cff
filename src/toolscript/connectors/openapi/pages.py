"""Results in pages: with which arguments the next page is asked for, and where the items of this one lie. Pure.

1. The next page is an ordinary call of the same operation with other arguments. An address that a service gives for it
   is never followed: its query is read as arguments, and only those that the document has.
2. A `Link` header with `rel="next"` is believed before all else, and an answer with a `Link` header without one is the
   last page.
3. There is no next page where the answer says so, where a page is empty or shorter than was asked for, or where the
   next page would be asked for like this one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from toolscript.connectors.openapi.operation import Operation, Paging, Parameter
from toolscript.connectors.openapi.response import Answer
from toolscript.schema.check import check
from toolscript.tools import Page

_link = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s;,\"]+))?)*)")
_relation = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)


def page_of(
    operation: Operation, args: Mapping[str, Any], value: Any, answer: Answer, *, came_by_link: bool = False
) -> Page:
    """What is known of the result of a call with these arguments; the only page where nothing speaks of another.

    `came_by_link`: a `Link` header led to this page, and so one without leads no further.
    """
    paging = operation.paging
    links = links_of(answer.header("link"))
    items = _items(value, paging)
    if "next" in links:
        return _by_address(operation, args, links["next"], items)
    if came_by_link or links.keys() & {"prev", "first", "last"} or paging is None or paging.kind == "link":
        return Page(items=items)
    return _by_argument(operation, paging, args, value, items)


def links_of(header: str) -> dict[str, str]:
    """The addresses of a `Link` header (RFC 8288) by relation."""
    found: dict[str, str] = {}
    for place, parameters in _link.findall(header):
        if relation := _relation.search(parameters):
            for name in (relation[1] or relation[2] or "").lower().split():
                found.setdefault(name, place)
    return found


def _by_address(operation: Operation, args: Mapping[str, Any], place: str, items: tuple[str, ...] | None) -> Page:
    """The next page by the address that the service gives for it: rule 1."""
    known = {one.raw_name: one for one in operation.parameters if one.place == "query"}
    parts = urlsplit(place)
    asked: dict[str, list[str]] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        asked.setdefault(name, []).append(text)
    following = dict(args)
    changed = False
    for name, texts in asked.items():
        parameter = known.get(name) or known.get(f"{name}[]")
        if parameter is None:
            continue
        if parameter.name in args and _as_sent(args[parameter.name]) == texts:
            continue
        following[parameter.name] = _read(parameter, texts)
        changed = changed or following[parameter.name] != args.get(parameter.name)
    if not changed:
        unknown = sorted(set(asked) - set(known))
        named = f" ({', '.join(unknown[:5])})" if unknown else ""
        return Page(
            items=items, problem=f"the service names a next page by parameters that its document does not have{named}"
        )
    return Page(next=following, items=items)


def _as_sent(value: Any) -> list[str]:
    values = cast("Sequence[Any]", value) if isinstance(value, list) else [value]
    return [each if isinstance(each, str) else json.dumps(each) for each in values]


def _read(parameter: Parameter, texts: list[str]) -> Any:
    """A value of the query as the argument that would be written so."""
    for candidate in (texts[0] if len(texts) == 1 else texts, texts, texts[0].split(",")):
        if not check(parameter.schema, candidate):
            return candidate
    try:
        value: Any = json.loads(texts[0])
    except ValueError:
        return texts[0]
    return value if not check(parameter.schema, value) else texts[0]


# --- by what the answer holds


def _by_argument(
    operation: Operation, paging: Paging, args: Mapping[str, Any], value: Any, items: tuple[str, ...] | None
) -> Page:
    found = at(value, items) if items is not None else None
    count = len(cast("list[Any]", found)) if isinstance(found, list) else None
    more = at(value, paging.more_field) if paging.more_field else None
    if more is False or count == 0 or paging.argument is None:
        return Page(items=items)
    following: Any
    match paging.kind:
        case "page" | "offset":
            size = args.get(paging.size_argument) if paging.size_argument else None
            if count is None or (more is None and isinstance(size, int) and count < size):
                return Page(items=items)
            given = args.get(paging.argument)
            now = given if isinstance(given, int) else _first(operation, paging)
            following = now + (1 if paging.kind == "page" else count)
        case _:
            following = _cursor(paging, value, found)
            if isinstance(following, str) and re.match(r"https?://|/|\?", following):
                return _by_address(operation, args, following, items)
    if following in (None, "", False) or following == args.get(paging.argument):
        return Page(items=items)
    return Page(next={**args, paging.argument: following}, items=items)


def _first(operation: Operation, paging: Paging) -> int:
    """The number of the first page, or the first offset."""
    parameter = next((one for one in operation.parameters if one.name == paging.argument), None)
    default = parameter.default.value if parameter is not None and parameter.default is not None else None
    if isinstance(default, int):
        return default
    return 1 if paging.kind == "page" else 0


def _cursor(paging: Paging, value: Any, items: Any) -> Any:
    if paging.next_field:
        return at(value, paging.next_field)
    if isinstance(items, list) and items:
        last = cast("list[Any]", items)[-1]
        return cast("dict[str, Any]", last).get("id") if isinstance(last, dict) else None
    return None


def at(value: Any, path: Sequence[str]) -> Any:
    """What lies at a path of members; None where nothing does."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, Any]", value).get(name)
    return value


def _items(value: Any, paging: Paging | None) -> tuple[str, ...] | None:
    """Where the items are: as the document says, else the answer itself, else its one list."""
    if paging is not None and paging.items_field and isinstance(at(value, paging.items_field), list):
        return paging.items_field
    if isinstance(value, list):
        return ()
    if not isinstance(value, dict):
        return None
    lists = [name for name, held in cast("dict[str, Any]", value).items() if isinstance(held, list)]
    return (lists[0],) if len(lists) == 1 else None
