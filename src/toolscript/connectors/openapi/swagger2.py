"""Parts of a Swagger 2.0 document as OpenAPI 3 has them. Schemas stay as they are: readers of schemas know both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toolscript.connectors.openapi.pointers import members, text, texts

_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
# `collectionFormat` as `style` and `explode`, of parameters that are lists.
_LISTS: Mapping[str, tuple[str, bool]] = {
    "csv": ("form", False),
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
    "multi": ("form", True),
}
_OF_PARAMETER = frozenset(
    {"name", "in", "description", "required", "allowEmptyValue", "collectionFormat", "schema", "deprecated"}
)


def parameter(node: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter outside of the body."""
    converted = {key: node[key] for key in ("name", "in", "description", "required", "deprecated") if key in node}
    converted["schema"] = _schema(node)
    if "allowEmptyValue" in node:
        converted["allowEmptyValue"] = node["allowEmptyValue"]
    if node.get("type") == "array":
        style, explode = _listed(node)
        if style != "form" or node.get("in") == "query":
            converted["style"] = style
        converted["explode"] = explode and node.get("in") == "query"
    return converted


def request_body(nodes: Iterable[Mapping[str, Any]], consumes: tuple[str, ...]) -> dict[str, Any] | None:
    """The body of an operation, of its parameters in `body` and in `formData`; None where it has none."""
    fields: list[Mapping[str, Any]] = []
    whole: Mapping[str, Any] | None = None
    for node in nodes:
        if node.get("in") == "body":
            whole = whole or node
        else:
            fields.append(node)
    if fields:
        return _form(fields, consumes)
    if whole is None:
        return None
    types = [each for each in consumes if each not in {_FORM, _MULTIPART}] or ["application/json"]
    schema = whole.get("schema", {})
    return {
        "description": text(whole.get("description")),
        "required": whole.get("required") is True,
        "content": {each: {"schema": schema} for each in types},
    }


def _form(fields: list[Mapping[str, Any]], consumes: tuple[str, ...]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    encoding: dict[str, Any] = {}
    for node in fields:
        name = text(node.get("name"))
        about = {"description": node["description"]} if text(node.get("description")) else {}
        properties[name] = {**_schema(node), **about}
        if node.get("type") == "array":
            style, explode = _listed(node)
            encoding[name] = {"style": style, "explode": explode}
    required = [text(node.get("name")) for node in fields if node.get("required") is True]
    schema = {"type": "object", "properties": properties, "required": required}
    has_files = any(node.get("type") == "file" for node in fields)
    types = [each for each in consumes if each in {_FORM, _MULTIPART} and not (has_files and each == _FORM)]
    content = {"schema": schema, "encoding": encoding}
    return {
        "required": bool(required),
        "content": dict.fromkeys(types or [_MULTIPART if has_files else _FORM], content),
    }


def response(node: Mapping[str, Any], produces: tuple[str, ...]) -> dict[str, Any]:
    """A response."""
    converted = {key: node[key] for key in ("description", "headers") if key in node}
    if "schema" in node:
        schema: Any = node["schema"]
        if members(schema).get("type") == "file":
            schema = {**schema, "type": "string", "format": "binary"}
            produces = produces or ("application/octet-stream",)
        converted["content"] = {each: {"schema": schema} for each in produces or ("application/json",)}
    return converted


def media_types(operation: Mapping[str, Any], root: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """What an operation `consumes` or `produces`."""
    return texts(operation[key]) if key in operation else texts(root.get(key))


def servers(root: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where the API is: `https` first, the document's own place where no host is said."""
    host, path = text(root.get("host")), text(root.get("basePath"))
    path = f"/{path.strip('/')}" if path.strip("/") else ""
    if not host:
        return [{"url": path or "/"}]
    known = [scheme for scheme in texts(root.get("schemes")) if scheme in {"http", "https"}]
    schemes = sorted(known, key=lambda scheme: scheme != "https") or ["https"]
    return [{"url": f"{scheme}://{host}{path}"} for scheme in schemes]


def _schema(node: Mapping[str, Any]) -> dict[str, Any]:
    """The schema that lies in a parameter itself."""
    schema = {key: held for key, held in node.items() if key not in _OF_PARAMETER}
    if schema.get("type") == "file":
        schema |= {"type": "string", "format": "binary"}
    return schema


def _listed(node: Mapping[str, Any]) -> tuple[str, bool]:
    return _LISTS.get(text(node.get("collectionFormat")), _LISTS["csv"])
