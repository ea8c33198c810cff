"""The parameters of an operation.

1. Those of the path's item come first; the operation's own replace them by name and place.
2. A path parameter is always required. A variable of the path that nobody declares is a required text; a declared one
   that the path does not have is left out.
3. A name in two places is `name` in the first of path, query, header and cookie, and `name_query` (by its place) there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import parse_qsl

from toolscript.connectors.openapi.document import Document
from toolscript.connectors.openapi.notes import Notes
from toolscript.connectors.openapi.operation import Parameter, ParameterPlace, Style
from toolscript.connectors.openapi.pointers import items, members, text
from toolscript.schema.fields import default_of

PLACES: tuple[ParameterPlace, ...] = ("path", "query", "header", "cookie")
_STYLES: Mapping[ParameterPlace, tuple[Style, ...]] = {
    "path": ("simple", "label", "matrix", "spaceDelimited", "pipeDelimited", "tabDelimited"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject", "tabDelimited"),
    "header": ("simple", "spaceDelimited", "pipeDelimited", "tabDelimited"),
    "cookie": ("form",),
}  # the usual one first; delimited ones outside of queries come from Swagger 2.0
# What stands in a parameter itself where its schema was forgotten.
_SCHEMA = ("type", "format", "items", "enum", "default", "minimum", "maximum", "pattern", "minLength", "maxLength")
_variable = re.compile(r"\{([^{}/?#]+)\}")


@dataclass(frozen=True, slots=True)
class Written:
    """A parameter as the document has it, references followed, and where it stands."""

    node: Mapping[str, Any]
    at: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others of its operation."""
        return text(self.node.get("name")), text(self.node.get("in"))


def variables_of(path: str) -> list[str]:
    """The variables of a path's template, each once."""
    return list(dict.fromkeys(_variable.findall(path)))


def written_parameters(
    document: Document, lists: Iterable[tuple[Any, tuple[str, ...]]], notes: Notes
) -> dict[tuple[str, str], Written]:
    """The parameters of an operation by name and place: each list replaces what those before it say."""
    found: dict[tuple[str, str], Written] = {}
    for raw, at in lists:
        own: dict[tuple[str, str], Written] = {}
        for number, node in enumerate(items(raw)):
            here = (*at, str(number))
            known = document.follow(node)
            if not isinstance(known, dict):
                notes.warn(here, "this parameter cannot be found; it is left out")
                continue
            one = Written(members(cast("Any", known)), here)
            if not one.key[0]:
                notes.warn(here, "a parameter without a name; it is left out")
            elif one.key in own:
                if own[one.key].node != one.node:
                    notes.warn(here, f"{one.key[0]!r} in {one.key[1]} stands twice in one list; the first one counts")
            else:
                own[one.key] = one
        found |= own
    return found


def read_parameters(
    written: Iterable[Written], path: str, document: Document, notes: Notes, at: tuple[str, ...]
) -> list[Parameter]:
    """The parameters outside of the body, with names of their own; `at` is where the operation stands."""
    variables = variables_of(path)
    found: dict[tuple[str, str], Parameter] = {}
    for one in written:
        parameter = _read(one, variables, document, notes)
        if parameter is not None:
            found.setdefault((parameter.raw_name, parameter.place), parameter)
    for variable in variables:
        if (variable, "path") not in found:
            notes.warn(at, f"no parameter declares the path's variable {{{variable}}}; read as a required text")
            found[variable, "path"] = _undeclared(variable)
    parameters = sorted(found.values(), key=lambda each: (PLACES.index(each.place), _order(each, variables)))
    return _named(parameters)


def _undeclared(variable: str) -> Parameter:
    schema = {"type": "string"}
    return Parameter(
        name=variable, raw_name=variable, place="path", style="simple", explode=False, required=True, schema=schema
    )


def _read(one: Written, variables: list[str], document: Document, notes: Notes) -> Parameter | None:
    node, name = one.node, one.key[0]
    place = _place(one, variables, notes)
    if place is None:
        return None
    content_type, schema = _content(node)
    style = _style(one, place, notes)
    explode = node.get("explode")
    schema = _described(schema, node)
    return Parameter(
        name=name,
        raw_name=name,
        place=place,
        style=style,
        explode=explode if isinstance(explode, bool) else style == "form",
        allow_reserved=node.get("allowReserved") is True,
        allow_empty=node.get("allowEmptyValue") is True,
        required=place == "path" or node.get("required") is True,
        schema=schema,
        content_type=content_type,
        default=default_of(schema, document.resolve),
    )


def _place(one: Written, variables: list[str], notes: Notes) -> ParameterPlace | None:
    name, place = one.key
    if place not in PLACES:
        assumed: ParameterPlace = "path" if name in variables else "query"
        notes.warn(
            one.at, f"{name!r} is in {place or 'no place'!r}, which is none of {', '.join(PLACES)}; read as {assumed}"
        )
        return assumed
    if place == "path":
        if name not in variables:
            notes.warn(one.at, f"the path has no variable {{{name}}}; this parameter is left out")
            return None
        if one.node.get("required") is not True:
            notes.warn(one.at, f"{name!r} is part of the path and so is required, which it does not say")
    return place


def _style(one: Written, place: ParameterPlace, notes: Notes) -> Style:
    said, known = one.node.get("style"), _STYLES[place]
    if said is None:
        return known[0]
    for style in known:
        if style == said:
            return style
    notes.warn(one.at, f"the style {str(said)[:40]!r} is not for parameters in {place}; read as {known[0]}")
    return known[0]


def _content(node: Mapping[str, Any]) -> tuple[str | None, Any]:
    """The media type that a value is written as, if there is one, and the schema."""
    for content_type, media in members(node.get("content")).items():
        return content_type, members(media).get("schema", True)
    schema = node.get("schema")
    if isinstance(schema, dict | bool):
        return None, cast("Any", schema)
    return None, {key: node[key] for key in _SCHEMA if key in node} or True


def _described(schema: Any, node: Mapping[str, Any]) -> Any:
    """The schema with what only the parameter says: what it means, and that it is deprecated."""
    said: dict[str, Any] = {}
    if description := text(node.get("description")):
        said["description"] = description
    if node.get("deprecated") is True:
        said["deprecated"] = True
    if not said:
        return schema
    return {**members(schema), **said}


def _order(parameter: Parameter, variables: list[str]) -> int:
    """Variables of the path in its order, all else as the document has it."""
    return variables.index(parameter.raw_name) if parameter.place == "path" else 0


def _named(parameters: list[Parameter]) -> list[Parameter]:
    raw = {parameter.raw_name for parameter in parameters}
    used: set[str] = set()
    named: list[Parameter] = []
    for parameter in parameters:
        name, number = parameter.raw_name, 1
        while name in used or (number > 1 and name in raw):
            name = f"{parameter.raw_name}_{parameter.place}" + ("" if number == 1 else f"_{number}")
            number += 1
        used.add(name)
        named.append(replace(parameter, name=name))
    return named


def path_of_key(key: str) -> str:
    """The path of a key among `paths`, which may also hold a query and a fragment that tells operations apart."""
    path = key.partition("#")[0].partition("?")[0]
    return path if path.startswith("/") else f"/{path}"


def fixed_query_of(key: str, known: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The query in a key among `paths`, without what is a parameter: it is part of every request."""
    taken = set(known)
    pairs = parse_qsl(key.partition("#")[0].partition("?")[2], keep_blank_values=True)
    return tuple((name, value) for name, value in pairs if name not in taken and not _variable.search(value))
