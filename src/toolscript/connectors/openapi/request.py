"""A call of an operation, as the HTTP request that it stands for. Pure: nothing is sent here.

1. A path value that is missing, null or empty, that would leave its place in the path (`.`, `..`, alone or between
   slashes), or that has control characters in it, is refused: the request would reach another resource.
2. No value adds a header, a parameter or a path segment: what separates these is encoded, or refused.
3. What a program left out is not sent, but for the default of a required parameter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast
from urllib.parse import quote

from toolscript.connectors.openapi.body_text import Written, written_body
from toolscript.connectors.openapi.encoding import (
    Unwritable,
    in_header,
    in_path,
    json_text,
    pairs,
    percent,
    reserved_in_path,
    reserved_in_query,
    text_of,
)
from toolscript.connectors.openapi.operation import Operation, Parameter
from toolscript.errors import Failure, ToolError

Headers = tuple[tuple[str, str], ...]

_variable = re.compile(r"\{([^{}]+)\}")
_dots = re.compile(r"(?:^|[/\\])\.{1,2}(?:$|[/\\])")
_control = re.compile(r"[\x00-\x1f\x7f]")
_header_control = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_header_name = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LITERAL = "~!$&'()*+,;=:@/%"  # what may stand in a path as the document has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `query` and `cookies` are encoded `name=value` texts, so that credentials can be added."""

    method: str
    base: str
    path: str
    query: tuple[str, ...] = ()
    headers: Headers = ()
    cookies: tuple[str, ...] = ()
    body: bytes | None = None
    content_type: str | None = None

    @property
    def url(self) -> str:
        """The whole address."""
        return self.base + self.target

    @property
    def target(self) -> str:
        """Path and query, behind the base."""
        return f"{self.path}?{'&'.join(self.query)}" if self.query else self.path


def built(operation: Operation, args: Mapping[str, Any], base: str, called: str) -> Request:
    """The request for a call; `called` is its name in messages, blobs among the arguments are `Media`.

    Raises `ToolError` with code `bad_arguments`, which names the argument.
    """
    values = {parameter.name: _value(parameter, args) for parameter in operation.parameters}
    by_place: dict[str, list[Parameter]] = {"path": [], "query": [], "header": [], "cookie": []}
    for parameter in operation.parameters:
        by_place[parameter.place].append(parameter)
    body = _body(operation, args, called)
    return Request(
        method=operation.method.upper(),
        base=base.rstrip("/"),
        path=_path(operation, by_place["path"], values, called),
        query=(
            *(f"{percent(name)}={percent(value)}" if value else percent(name) for name, value in operation.fixed_query),
            *(text for one in by_place["query"] for text in _pairs(one, values[one.name], called)),
        ),
        headers=(("Accept", _accepted(operation)), *_headers(by_place["header"], values, called)),
        cookies=tuple(text for one in by_place["cookie"] for text in _pairs(one, values[one.name], called)),
        body=None if body is None else body.content,
        content_type=None if body is None else body.content_type,
    )


def _value(parameter: Parameter, args: Mapping[str, Any]) -> Any:
    value = args.get(parameter.name)
    if value is None and parameter.required and parameter.default is not None:
        return parameter.default.value
    return value


# --- the path


def _path(operation: Operation, parameters: Sequence[Parameter], values: Mapping[str, Any], called: str) -> str:
    known = {parameter.raw_name: parameter for parameter in parameters}
    at, parts = 0, list[str]()
    for found in _variable.finditer(operation.path):
        parameter = known.get(found[1])
        if parameter is None:
            raise ToolError(f"{called} has a variable {{{found[1]}}} in its path that no argument fills.")
        parts += [quote(operation.path[at : found.start()], safe=_LITERAL), _filled(parameter, values, called)]
        at = found.end()
    path = "".join(parts) + quote(operation.path[at:], safe=_LITERAL)
    return path if path.startswith("/") else f"/{path}"


def _filled(parameter: Parameter, values: Mapping[str, Any], called: str) -> str:
    name, value = parameter.name, values[parameter.name]
    if value is None:
        refused(called, name, "is missing: it is part of the path")
    if parameter.content_type is not None:
        return percent(json_text(value))
    written = reserved_in_path if parameter.allow_reserved else percent
    try:
        for text in _leaves(value):
            if not text:
                refused(called, name, "is empty: it is part of the path")
            if _dots.search(text):
                refused(called, name, "must not have `.` or `..` as a part: it would lead to another path")
            if _control.search(text):
                refused(called, name, "must not hold control characters: it is part of the path")
        text = in_path(parameter.raw_name, value, parameter.style, parameter.explode, written)
    except Unwritable as error:
        refused(called, name, str(error))
    if not text:
        refused(called, name, "is empty: it is part of the path")
    return text


def _leaves(value: Any) -> list[str]:
    match value:
        case dict():
            members = cast("Mapping[str, Any]", value)
            return [text for key, held in members.items() if held is not None for text in (str(key), text_of(held))]
        case list() | tuple():
            return [text_of(item) for item in cast("Sequence[Any]", value) if item is not None]
        case _:
            return [text_of(value)]


# --- query, cookies, headers


def _pairs(parameter: Parameter, value: Any, called: str) -> list[str]:
    if value is None:
        return []
    written = reserved_in_query if parameter.allow_reserved and parameter.place == "query" else percent
    try:
        if parameter.content_type is not None:
            return [f"{percent(parameter.raw_name)}={written(_content(parameter, value))}"]
        return pairs(parameter.raw_name, value, parameter.style, parameter.explode, written)
    except Unwritable as error:
        refused(called, parameter.name, str(error))


def _content(parameter: Parameter, value: Any) -> str:
    """A value as the media type of its parameter: text where that is text, else JSON."""
    is_text = isinstance(value, str) and "json" not in (parameter.content_type or "")
    return value if is_text else json_text(value)


def _headers(parameters: Sequence[Parameter], values: Mapping[str, Any], called: str) -> Headers:
    found: list[tuple[str, str]] = []
    for parameter in parameters:
        value = values[parameter.name]
        if value is None:
            continue
        try:
            text = (
                in_header(value, parameter.style, parameter.explode)
                if parameter.content_type is None
                else _content(parameter, value)
            ).strip()
        except Unwritable as error:
            refused(called, parameter.name, str(error))
        if _header_control.search(text):
            refused(called, parameter.name, "must not hold line breaks or control characters: it is a header")
        if _header_name.fullmatch(parameter.raw_name) is None:
            refused(called, parameter.name, "cannot be sent: its name in the document is no name of a header")
        found.append((parameter.raw_name, text))
    return tuple(found)


def _accepted(operation: Operation) -> str:
    """What the answer should be: JSON where the document has it, else the first that it names; anything else too."""
    named = [reply.content_type for reply in operation.replies if reply.is_success and reply.content_type]
    as_json = [name for name in named if is_json(name)]
    first = (as_json or named or ["application/json"])[0]
    if "*" in first or not _printable(first):
        return "application/json, */*;q=0.8"
    return f"{first}, */*;q=0.8"


def is_json(content_type: str) -> bool:
    """Whether a media type is JSON: `application/json`, or one that ends in `+json`."""
    bare = content_type.partition(";")[0].strip().lower()
    return bare.endswith(("/json", "+json"))


def _printable(text: str) -> bool:
    return text.isascii() and text.isprintable()


# --- the body


def _body(operation: Operation, args: Mapping[str, Any], called: str) -> Written | None:
    body = operation.body_for(args)
    if body is None:
        return None
    if body.fields is None:
        argument = operation.body_argument or "body"
        if args.get(argument) is None and argument not in args:
            if body.required:
                refused(called, argument, "is missing: it is the body of the request")
            return None
        value = args[argument]
    else:
        argument = ""
        value = {raw: args[name] for raw, name in body.fields.items() if name in args}
    try:
        return written_body(body, value)
    except Unwritable as error:
        where, _, reason = str(error).rpartition("\0")
        name = (body.fields or {}).get(where, where) if where else argument
        refused(called, name or "the body", reason)


def refused(called: str, argument: str, reason: str) -> NoReturn:
    """Raise for an argument that cannot be sent."""
    message = f"{called}: `{argument}` {reason}. Nothing was sent."
    raise ToolError(Failure(kind="tool", code="bad_arguments", name="ToolError", message=message))
