"""The body of an operation: the ways in which it can be sent, and the arguments that it is made of.

1. JSON is preferred, then forms, multipart, text, anything else. A way is offered beside a preferred one if it takes
   what that does not, or is another form of writing the same fields.
2. A body that is a plain object is spread: its fields are arguments beside the parameters. It is one argument, `body`,
   where a field has the name of a parameter, where it is no plain object, and where its fields are needed together
   although the body itself is not.
3. A GET or HEAD sends no body, and a DELETE none that has no fields: many servers refuse it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from toolscript.connectors.openapi.document import Definitions, Document
from toolscript.connectors.openapi.notes import Notes
from toolscript.connectors.openapi.operation import Body, BodyKind, Encoding, Style
from toolscript.connectors.openapi.pointers import members, text
from toolscript.schema.fields import Fields, default_of, fields_of, is_array, is_file, is_objectlike, known_members

_ORDER: Mapping[BodyKind, int] = {"json": 0, "form": 1, "multipart": 2, "text": 3, "binary": 4}
_TEXT = frozenset({"application/xml", "application/graphql", "application/yaml", "application/x-yaml"})
_JSON = frozenset({"application/json", "text/json", "application/x-json"})
_STYLES: tuple[Style, ...] = ("form", "spaceDelimited", "pipeDelimited", "deepObject", "tabDelimited")
BODY, CHOICE = "body", "content_type"


@dataclass(slots=True)
class Taken:
    """What an operation takes beside its parameters: its bodies, and their arguments with schemas."""

    bodies: tuple[Body, ...] = ()
    schemas: dict[str, Any] = field(default_factory=dict[str, Any])
    required: set[str] = field(default_factory=set[str])
    body_argument: str | None = None
    choice_argument: str | None = None


@dataclass(slots=True)
class _Way:
    """One way of sending a body, as the document has it."""

    content_type: str
    kind: BodyKind
    schema: Any
    media: Mapping[str, Any]
    fields: Fields | None


def essence_of(content_type: str) -> str:
    """A media type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def kind_of(content_type: str) -> BodyKind:
    """How a media type is written."""
    essence = essence_of(content_type)
    if essence in _JSON or essence.endswith("+json"):
        return "json"
    if essence == "application/x-www-form-urlencoded":
        return "form"
    if essence.startswith("multipart/"):
        return "multipart"
    if essence.startswith("text/") or essence in _TEXT or essence.endswith(("+xml", "+yaml")):
        return "text"
    return "binary"


def is_wild(content_type: str) -> bool:
    """Whether a media type stands for any."""
    return essence_of(content_type) in {"*/*", "*", "application/*", ""}


class BodyReader:
    """Reads the bodies of a document's operations."""

    def __init__(self, document: Document, definitions: Definitions, notes: Notes) -> None:
        self._document = document
        self._definitions = definitions
        self._notes = notes

    def read(
        self,
        raw: Any,
        *,
        method: str,
        parameters: Iterable[str],
        hidden: Iterable[str] | None,
        at: tuple[str, ...],
    ) -> Taken:
        """The body of an operation whose other arguments are `parameters`; `hidden` fields are credentials."""
        node = members(self._document.follow(raw))
        ways = [self._way(content_type, members(media)) for content_type, media in members(node.get("content")).items()]
        if method in {"GET", "HEAD", "DELETE", "TRACE", "OPTIONS"}:
            told = [way for way in ways if not self._is_empty(way)]
            if told and method not in {"DELETE", "OPTIONS"}:
                self._notes.warn(at, f"a {method} has no body; the one that is described is left out")
            ways = told if method in {"DELETE", "OPTIONS"} else []
        if raw is not None and not ways and not members(node.get("content")):
            self._notes.warn(at, "the body has no content that could be read; it is left out")
        if not ways:
            return Taken()
        taken = set(parameters)
        required = node.get("required") is True
        for way in ways:
            if way.fields is not None:
                self._reduce(way.fields, frozenset(hidden or ()))
                if not taken.isdisjoint(way.fields.schemas):
                    way.fields = None
        if not required and any(way.fields is not None and way.fields.required for way in ways):
            required = self._is_meant(node, ways)
            if not required:
                for way in ways:
                    way.fields = None
        return self._taken(_offered(ways), taken, required=required, about=text(node.get("description")))

    def _way(self, content_type: str, media: Mapping[str, Any]) -> _Way:
        schema = self._definitions.side(media.get("schema", True))
        kind = kind_of(content_type)
        if is_wild(content_type):
            objectlike = is_objectlike(schema, self._document.resolve)
            content_type, kind = ("application/json", "json") if objectlike else ("application/octet-stream", "binary")
        spreads = kind in {"json", "form", "multipart"}
        fields = fields_of(schema, self._side_of) if spreads else None
        if fields is not None and not fields.schemas and "properties" not in members(schema):
            fields = None  # an object of which nothing is known: whatever is given
        return _Way(content_type, kind, schema, media, fields)

    def _is_empty(self, way: _Way) -> bool:
        """Whether a body says nothing: many documents give every operation an empty form."""
        resolve = self._document.resolve
        spreads = way.kind in {"json", "form", "multipart"}
        return spreads and not known_members(way.schema, resolve) and not is_array(way.schema, resolve)

    def _side_of(self, reference: Any) -> Any:
        return self._definitions.side(self._document.resolve(reference))

    @staticmethod
    def _reduce(fields: Fields, hidden: frozenset[str]) -> None:
        """Leaves out credentials, which the client adds itself."""
        for name in hidden - fields.required:
            fields.schemas.pop(name, None)

    @staticmethod
    def _is_meant(node: Mapping[str, Any], ways: list[_Way]) -> bool:
        """Whether a body is required though it does not say so: few authors do, and an explicit `false` is meant."""
        return "required" not in node and all(way.fields is not None and way.fields.required for way in ways)

    def _taken(self, ways: list[_Way], parameters: set[str], *, required: bool, about: str) -> Taken:
        taken = Taken()
        whole = [way for way in ways if way.fields is None]
        for way in ways:
            if way.fields is not None:
                for name, schema in way.fields.schemas.items():
                    taken.schemas.setdefault(name, schema)
        spread = [way.fields.required for way in ways if way.fields is not None]
        if required and spread and not whole:
            taken.required = spread[0].intersection(*spread)
        if whole:
            taken.body_argument = _free(BODY, parameters | set(taken.schemas))
            taken.schemas[taken.body_argument] = self._of_whole(whole, about)
            if required and not spread:
                taken.required = {taken.body_argument}
        if len({way.content_type for way in ways}) > 1:
            taken.choice_argument = _free(CHOICE, parameters | set(taken.schemas))
            taken.schemas[taken.choice_argument] = {
                "enum": [way.content_type for way in ways],
                "description": "The media type to send; else the first that takes the arguments given.",
            }
        taken.bodies = tuple(self._body(way, required=required) for way in ways)
        return taken

    def _of_whole(self, ways: list[_Way], about: str) -> Any:
        """The schema of the argument that is a whole body."""
        schemas = [self._argument(way) for way in ways]
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        return {**schema, "description": about} if about and "description" not in schema else schema

    def _argument(self, way: _Way) -> dict[str, Any]:
        match way.kind:
            case "json" | "form" | "multipart":
                return dict(members(way.schema))
            case "text":
                is_text = not is_objectlike(way.schema, self._document.resolve)
                said = dict(members(way.schema)) if is_text else {}
                return {**said, "type": "string"} if said else {"type": "string", "description": way.content_type}
            case "binary":
                words = f"{way.content_type}: bytes, a blob or text"
                return {"type": "string", "format": "binary", "description": words}

    def _body(self, way: _Way, *, required: bool) -> Body:
        properties = known_members(way.schema, self._document.resolve)
        files = [name for name, held in properties.items() if self._is_file(name, held)]
        return Body(
            content_type=way.content_type,
            kind=way.kind,
            schema=self._definitions.closed(members(way.schema)) or True,
            required=required,
            fields=None if way.fields is None else {name: name for name in way.fields.schemas},
            encoding=self._encoding(way.media.get("encoding")),
            files=frozenset(files) if way.kind == "multipart" else frozenset(),
        )

    def _is_file(self, name: str, schema: Any) -> bool:
        """Whether a part is a file: its schema says so, or it is a text that is called `file`, as many documents do."""
        if is_file(schema, self._document.resolve):
            return True
        node = members(schema)
        return name == "file" and node.get("type") == "string" and "enum" not in node

    def _encoding(self, raw: Any) -> dict[str, Encoding]:
        found: dict[str, Encoding] = {}
        for name, held in members(raw).items():
            node = members(held)
            style: Style | None = next((each for each in _STYLES if each == node.get("style")), None)
            explode = node.get("explode")
            found[name] = Encoding(
                content_type=text(node.get("contentType")) or None,
                style=style,
                explode=explode if isinstance(explode, bool) else None,
                allow_reserved=node.get("allowReserved") is True,
                headers=self._headers(node.get("headers")),
            )
        return found

    def _headers(self, raw: Any) -> dict[str, str]:
        """The headers of a part that have a value without anybody giving one."""
        found: dict[str, str] = {}
        for name, held in members(raw).items():
            default = default_of(members(self._document.follow(held)).get("schema"), self._document.resolve)
            if default is not None and isinstance(default.value, str) and name.lower() != "content-type":
                found[name] = default.value
        return found


def _offered(ways: list[_Way]) -> list[_Way]:
    """The ways that are worth a choice, the preferred one first."""
    ways = sorted(ways, key=lambda way: (_ORDER[way.kind], _rank(way)))
    kept = [ways[0]]
    for way in ways[1:]:
        is_known = any(essence_of(way.content_type) == essence_of(other.content_type) for other in kept)
        same = [other for other in kept if other.schema is way.schema or other.schema == way.schema]
        # Servers tell a merge patch from another JSON by its media type; two kinds of text are one.
        says_nothing = way.kind in {"text", "binary"} or (way.kind != "json" and any(x.kind == way.kind for x in same))
        if not is_known and not (same and says_nothing):
            kept.append(way)
    return kept


def _rank(way: _Way) -> int:
    """Plain JSON before others, and a patch of operations, which few bodies are, last."""
    essence = essence_of(way.content_type)
    return 0 if essence in _JSON else 1 if "merge-patch" in essence else 3 if "json-patch" in essence else 2


def _free(name: str, taken: set[str]) -> str:
    """A name that no other argument has."""
    made, number = name, 1
    while made in taken:
        made = f"request_{name}" + ("" if number == 1 else f"_{number}")
        number += 1
    return made
