"""`read_api`: an OpenAPI or Swagger document as an `Api`.

1. A document is refused only where it is none, or cannot be borne. Every other fault is a finding, and costs at most
   the operation that has it.
2. Nothing is fetched but the files that the document refers to, by the `load` that was given.
3. Types are not looked into: what a schema says is found out when somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from toolscript.connectors.openapi import swagger2
from toolscript.connectors.openapi.bodies import BodyReader, Taken
from toolscript.connectors.openapi.credentials import credential_fields, is_credential, read_schemes, read_security
from toolscript.connectors.openapi.document import Definitions, Document, references_of
from toolscript.connectors.openapi.names import Naming, named
from toolscript.connectors.openapi.notes import Notes
from toolscript.connectors.openapi.operation import Api, Operation, Parameter, Requirement, SecurityScheme, Server
from toolscript.connectors.openapi.paging import read_paging
from toolscript.connectors.openapi.parameters import (
    Written,
    fixed_query_of,
    path_of_key,
    read_parameters,
    written_parameters,
)
from toolscript.connectors.openapi.pointers import items, members, pointer_text, text, texts
from toolscript.connectors.openapi.references import Load
from toolscript.connectors.openapi.replies import Replies, output_of, read_replies
from toolscript.connectors.openapi.servers import read_servers
from toolscript.schema.fields import known_members
from toolscript.tools import Effect

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_READS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})  # the safe methods of RFC 9110, and OpenAPI 3.2's own


def read_api(
    source: Mapping[str, Any] | str | bytes,
    *,
    base: str = "",
    load: Load | None = None,
    is_allowed: Callable[[str], bool] = lambda place: False,
) -> Api:
    """The API that a document describes: JSON or YAML text, or the object that was read from it.

    `base` is the document's own path or address, `load` reads the files that it refers to, and `is_allowed` says which
    of those outside of its folder may be read. Raises `ConfigError` for what is no OpenAPI document.
    """
    return _Reader(Document(source, base=base, load=load, is_allowed=is_allowed)).api()


@dataclass(frozen=True, slots=True)
class _Place:
    """An operation in the document: its item's path as written, its method, and both nodes."""

    key: str
    method: str
    item: Mapping[str, Any]
    node: Mapping[str, Any]

    @property
    def at(self) -> tuple[str, ...]:
        return ("paths", self.key, self.method)


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._root = document.root
        self._notes = Notes(list(document.findings))
        self._taken = Definitions(document, "taken")
        self._given = Definitions(document, "given")
        self._bodies = BodyReader(document, self._taken, self._notes)
        self._schemes = self._read_schemes()
        at = ("securityDefinitions",) if document.is_swagger else ("security",)
        self._security = read_security(self._root.get("security"), self._schemes, self._notes, at)
        listed = swagger2.servers(self._root) if document.is_swagger else self._root.get("servers")
        self._servers = read_servers(listed, document.base, self._notes, ("servers",))
        self._servers = self._servers or read_servers([{"url": "/"}], document.base, self._notes, ())

    def api(self) -> Api:
        self._head()
        places = list(self._places())
        names = named([Naming(text(each.node.get("operationId")), each.method.upper(), each.key) for each in places])
        self._doubled(places, names)
        info = members(self._root.get("info"))
        operations = tuple(self._operation(each, *name) for each, name in zip(places, names, strict=True))
        return Api(
            title=text(info.get("title")),
            version=text(info.get("version")),
            description=text(info.get("description")),
            operations=operations,
            schemes=self._schemes,
            servers=self._servers,
            findings=tuple(self._notes.findings),
        )

    def _head(self) -> None:
        version = self._root.get("swagger" if self._document.is_swagger else "openapi")
        if not isinstance(version, str):
            self._notes.warn((), "the version is no text" if version is not None else "it does not say its version")
        elif not version.startswith(("2.0", "3.0", "3.1", "3.2")):
            self._notes.warn((), f"the version {version[:20]!r} is not known; read as far as it is like 3.1")
        if not members(self._root.get("paths")):
            webhooks = len(members(self._root.get("webhooks")))
            said = f"; its {webhooks} webhooks are calls that the API makes, not calls to it" if webhooks else ""
            self._notes.warn(("paths",), f"it describes no operations{said}")

    def _read_schemes(self) -> dict[str, SecurityScheme]:
        if self._document.is_swagger:
            return read_schemes(self._root.get("securityDefinitions"), self._notes, ("securityDefinitions",))
        raw = members(members(self._root.get("components")).get("securitySchemes"))
        followed = {name: self._document.follow(node) for name, node in raw.items()}
        return read_schemes(followed, self._notes, ("components", "securitySchemes"))

    def _places(self) -> Iterator[_Place]:
        for key, raw in members(self._root.get("paths")).items():
            if key[:2] == "x-":
                continue
            item = self._document.follow(raw)
            if not isinstance(item, dict):
                self._notes.skip(("paths", key), "this path has no object with operations; it is left out")
                continue
            for method in METHODS:
                node = members(item).get(method)
                if node is None:
                    continue
                found = self._document.follow(node)
                if isinstance(found, dict):
                    yield _Place(key, method, members(item), members(found))
                else:
                    said = "cannot be found" if isinstance(node, dict) else "is no object"
                    self._notes.skip(("paths", key, method), f"this operation {said}; it is left out")

    def _doubled(self, places: list[_Place], names: list[tuple[str, str]]) -> None:
        for each, (id, name) in zip(places, names, strict=True):
            said = text(each.node.get("operationId"))
            if said and id != said:
                self._notes.warn(each.at, f"another operation has the operationId {said!r}; this one is named {name}")

    def _operation(self, place: _Place, id: str, name: str) -> Operation:
        node, method, at = place.node, place.method.upper(), place.at
        security = self._security
        if "security" in node:
            security = read_security(node["security"], self._schemes, self._notes, (*at, "security"))
        written = self._written(place, security)
        path = path_of_key(place.key)
        parameters = read_parameters(
            (one for one in written if one.key[1] not in {"body", "formData"}), path, self._document, self._notes, at
        )
        taken = self._body(place, written, parameters, security)
        replies = self._replies(place)
        gives = output_of(replies, method, self._document)
        has_link, document = replies.has_link, self._document
        return Operation(
            id=id,
            name=name,
            method=method,
            path=path,
            fixed_query=fixed_query_of(place.key, (each.raw_name for each in parameters)),
            parameters=tuple(self._complete(each) for each in parameters),
            bodies=taken.bodies,
            body_argument=taken.body_argument,
            content_type_argument=taken.choice_argument,
            replies=replies.known,
            servers=self._own_servers(place),
            security=security,
            effect=_effect(method),
            deprecated=node.get("deprecated") is True,
            tags=texts(node.get("tags")),
            summary=text(node.get("summary")) or text(place.item.get("summary")),
            description=text(node.get("description")) or text(place.item.get("description")),
            paging=read_paging(parameters, gives, document, has_link=has_link) if method == "GET" else None,
            input_schema=self._input(parameters, taken),
            output_schema=None if gives is None else self._given.closed(gives),
            pointer=pointer_text(at),
        )

    def _written(self, place: _Place, security: tuple[tuple[Requirement, ...], ...]) -> list[Written]:
        """The parameters of an operation in the form of OpenAPI 3, without credentials."""
        lists = [
            (place.item.get("parameters"), ("paths", place.key, "parameters")),
            (place.node.get("parameters"), (*place.at, "parameters")),
        ]
        found: list[Written] = []
        for one in written_parameters(self._document, lists, self._notes).values():
            if is_credential(one.node, self._schemes, security):
                continue
            if self._document.is_swagger and one.key[1] not in {"body", "formData"}:
                one = Written(swagger2.parameter(one.node), one.at)  # noqa: PLW2901 - the same parameter, converted
            found.append(one)
        return found

    def _body(
        self,
        place: _Place,
        written: list[Written],
        parameters: list[Parameter],
        security: tuple[tuple[Requirement, ...], ...],
    ) -> Taken:
        raw, at = place.node.get("requestBody"), (*place.at, "requestBody")
        if self._document.is_swagger:
            consumes = swagger2.media_types(place.node, self._root, "consumes")
            nodes = [one.node for one in written if one.key[1] in {"body", "formData"}]
            raw, at = swagger2.request_body(nodes, consumes), (*place.at, "parameters")
        if raw is None:
            return Taken()
        content = members(members(self._document.follow(raw)).get("content"))
        fields = {
            name: held
            for media in content.values()
            for name, held in known_members(members(media).get("schema"), self._document.resolve).items()
        }
        hidden = credential_fields(fields, self._schemes, security)
        names = [each.name for each in parameters]
        return self._bodies.read(raw, method=place.method.upper(), parameters=names, hidden=hidden, at=at)

    def _replies(self, place: _Place) -> Replies:
        raw: Any = place.node.get("responses")
        if self._document.is_swagger:
            produces = swagger2.media_types(place.node, self._root, "produces")
            raw = {
                status: swagger2.response(members(self._document.follow(held)), produces)
                for status, held in members(raw).items()
                if status[:2] != "x-"
            }
        return read_replies(raw, self._document, self._given, self._notes, (*place.at, "responses"))

    def _own_servers(self, place: _Place) -> tuple[Server, ...]:
        for node, at in ((place.node, place.at), (place.item, ("paths", place.key))):
            if items(node.get("servers")):
                return read_servers(node["servers"], self._document.base, self._notes, (*at, "servers"))
        return self._servers

    def _input(self, parameters: list[Parameter], taken: Taken) -> Mapping[str, Any]:
        """The arguments as one object."""
        properties = {each.name: self._taken.side(each.schema) for each in parameters}
        required = [each.name for each in parameters if each.required]
        for name, schema in taken.schemas.items():
            properties[name] = schema
            if name in taken.required:
                required.append(name)
        schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        if required:
            schema["required"] = required
        return self._taken.closed(schema)

    def _complete(self, parameter: Parameter) -> Parameter:
        """The parameter with the definitions that its schema names."""
        schema = members(parameter.schema)
        if not references_of(schema):
            return parameter
        return replace(parameter, schema=self._taken.closed(schema))


def _effect(method: str) -> Effect:
    return "read" if method in _READS else "write"
