"""What a document says of an API, as values: the reader makes them, requests and responses are worked out from them.

1. A call has one flat object of arguments. Each argument goes to exactly one place: to a parameter (`Parameter.name`),
   to a field of the body (`Body.fields`), to the body as a whole (`Operation.body_argument`), or it chooses the media
   type (`Operation.content_type_argument`).
2. `name` is what programs write, `raw_name` is what goes on the wire. They differ where two parameters share a name.
3. Schemas hold the definitions that they refer to, under the pointers that they use; nodes are shared with the
   document, so that none may be changed.
4. Credentials are no arguments: what a security scheme names is not among the parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from toolscript.schema.shapes import Constant
from toolscript.tools import Effect, Schema

ParameterPlace = Literal["path", "query", "header", "cookie"]
Style = Literal[
    "simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "deepObject", "tabDelimited"
]  # the last is Swagger 2.0's `tsv`
BodyKind = Literal["json", "form", "multipart", "text", "binary"]
"""How a body is written: XML and all other text is `text`, what has no better name is `binary`."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a document: an `error` cost an operation, with a `warning` something was assumed.

    `pointer` is a JSON pointer into the document; what lies in another file is under `/x-files`, by the file's name.
    """

    severity: Severity
    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter outside of the body.

    With a `content_type` its value is written as that media type, else by `style` and `explode`. `default` is what is
    sent where a required parameter is left out. `allow_empty`: an empty value is sent as `name=`.
    """

    name: str
    raw_name: str
    place: ParameterPlace
    style: Style
    explode: bool
    allow_reserved: bool = False
    allow_empty: bool = False
    required: bool = False
    schema: Schema = True
    content_type: str | None = None
    default: Constant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How one field of a form or multipart body is written, as far as the document says; None is the usual way.

    `headers` are those of the part that have one value only, or a default.
    """

    content_type: str | None = None
    style: Style | None = None
    explode: bool | None = None
    allow_reserved: bool = False
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One way of sending a body.

    `fields` are the arguments that are its fields, by the field's raw name; None where the whole body is the argument
    `Operation.body_argument`. `files` are the fields of a multipart body that are files, by their raw names.
    """

    content_type: str
    kind: BodyKind
    schema: Schema = True
    required: bool = False
    fields: Mapping[str, str] | None = None
    encoding: Mapping[str, Encoding] = field(default_factory=dict[str, Encoding])
    files: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a status may bring: `200`, `2XX` or `default`. Without a `content_type` there is no content."""

    status: str
    content_type: str | None = None
    schema: Schema | None = None

    @property
    def is_success(self) -> bool:
        """Whether the status itself says so; `default` does not."""
        return self.status[:1] == "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVariable:
    default: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where an API is. `template` may hold `{variables}`; it is relative where the document's address is unknown."""

    template: str
    variables: Mapping[str, ServerVariable] = field(default_factory=dict[str, ServerVariable])
    description: str = ""

    def url(self, values: Mapping[str, str] | None = None) -> str:
        """The address with the variables filled in that have a value, without a `/` at its end."""
        text = self.template
        for name, variable in self.variables.items():
            value = (values or {}).get(name, variable.default)
            text = text.replace(f"{{{name}}}", value) if value else text
        return text.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One way of getting a token: `kind` is `clientCredentials`, `authorizationCode`, `password` or `implicit`."""

    kind: str
    token_url: str = ""
    authorization_url: str = ""
    refresh_url: str = ""
    scopes: tuple[str, ...] = ()


SchemeKind = Literal["apiKey", "http", "oauth2", "openIdConnect", "mutualTLS"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityScheme:
    """A way of proving who calls.

    `place` and `parameter` say where an `apiKey` goes; `scheme` is that of `http`, in lower case: `basic`, `bearer`.
    """

    name: str
    kind: SchemeKind
    place: Literal["query", "header", "cookie"] = "header"
    parameter: str = ""
    scheme: str = ""
    flows: tuple[Flow, ...] = ()


@dataclass(frozen=True, slots=True)
class Requirement:
    """A scheme that a call needs, by name, and its scopes."""

    scheme: str
    scopes: tuple[str, ...] = ()


PagingKind = Literal["link", "cursor", "page", "offset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """That a result is one page of many, as far as the document tells.

    `link`: the answer's `Link` header names the next page. Else `argument` is what the next page is asked for by: a
    `cursor`, which the answer holds at `next_field` (a path of members, such as `("meta", "next_cursor")`; empty: the
    `id` of the last item), a `page` number or an `offset`. `items_field` is where the items lie, empty for the answer
    itself. `more_field` says whether there is more. `size_argument` asks for pages of a size.
    """

    kind: PagingKind
    argument: str | None = None
    size_argument: str | None = None
    next_field: tuple[str, ...] = ()
    items_field: tuple[str, ...] = ()
    more_field: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of an API.

    `id` is the document's own name for it, else `GET /path`; distinct in its document. `name` is its method's name as
    programs write it. `path` is the template as it goes on the wire: `fixed_query` has what stood behind a `?` in it.
    Of `bodies` the first is the preferred one, and a call takes the first that has all the arguments that were given;
    none is sent where no argument of a body is given, unless the body is required. Each item of `security` is enough,
    all requirements of one item are needed; an item without any stands for "no credentials".
    """

    id: str
    name: str
    method: str
    path: str
    fixed_query: tuple[tuple[str, str], ...] = ()
    parameters: tuple[Parameter, ...] = ()
    bodies: tuple[Body, ...] = ()
    body_argument: str | None = None
    content_type_argument: str | None = None
    replies: tuple[Reply, ...] = ()
    servers: tuple[Server, ...] = ()
    security: tuple[tuple[Requirement, ...], ...] = ()
    effect: Effect = "write"
    deprecated: bool = False
    tags: tuple[str, ...] = ()
    summary: str = ""
    description: str = ""
    paging: Paging | None = None
    input_schema: Schema = field(default_factory=lambda: {"type": "object"})
    output_schema: Schema | None = None
    pointer: str = ""

    def body_for(self, args: Mapping[str, Any]) -> Body | None:
        """The body that a call with these arguments sends: as it chose, else the first that has them all."""
        if not self.bodies:
            return None
        chosen = args.get(self.content_type_argument) if self.content_type_argument is not None else None
        if chosen is not None:
            return next((body for body in self.bodies if body.content_type == chosen), self.bodies[0])
        outside = {parameter.name for parameter in self.parameters} | {self.content_type_argument}
        given = [name for name in args if name not in outside]
        if not given and not self.bodies[0].required:
            return None
        return next((body for body in self.bodies if self._has_all(body, given)), self.bodies[0])

    def _has_all(self, body: Body, given: Iterable[str]) -> bool:
        if body.fields is None:
            return all(name == self.body_argument for name in given)
        known = set(body.fields.values())
        return all(name in known for name in given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """All that a document offers.

    `findings` says what was wrong with it; `schemes` are its security schemes by name.
    """

    title: str = ""
    version: str = ""
    description: str = ""
    operations: tuple[Operation, ...] = ()
    schemes: Mapping[str, SecurityScheme] = field(default_factory=dict[str, SecurityScheme])
    servers: tuple[Server, ...] = ()
    findings: tuple[Finding, ...] = ()
