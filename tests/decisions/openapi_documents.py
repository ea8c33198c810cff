"""Operations of real OpenAPI documents as tools, with their schemas as they stand in the document."""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from toolscript.schema.names import method_names
from toolscript.tools import Tool, ToolPath

DOCUMENTS = Path(__file__).parents[3] / "shared" / "data" / "openapi"
FILES = {
    "box": "openapi.json.gz",
    "discord": "openapi.json.gz",
    "figma": "openapi.yaml",
    "github": "api.github.com.json.gz",
    "netlify": "swagger.yml",
    "petstore3": "openapi.yaml",
    "slack": "slack_web_openapi_v2.json.gz",
    "spotify": "spotify_oas.json",
    "stripe_2020": "spec3.json.gz",
    "tmdb": "tmdb_oas.json.gz",
}
VERBS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@cache
def operations(name: str) -> tuple[Tool, ...]:
    """The operations of a document; skips the test where it or what reads it is not there."""
    file = DOCUMENTS / name / FILES[name]
    if not file.exists():
        pytest.skip("the recorded OpenAPI documents are not there")
    if file.suffix == ".gz":
        document = json.loads(gzip.decompress(file.read_bytes()))
    elif file.suffix == ".json":
        document = json.loads(file.read_text(encoding="utf-8"))
    else:
        yaml = pytest.importorskip("yaml", reason="nothing here reads YAML")
        document = yaml.load(file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    found = list(_operations(document))
    names = method_names(raw for raw, _, _, _ in found)
    shared = {key: document[key] for key in ("components", "definitions") if key in document}
    return tuple(
        Tool(
            path=ToolPath(name, names[raw]),
            raw_name=raw,
            description=about,
            input_schema={**takes, **shared},
            output_schema=None if gives is None else {"allOf": [gives], **shared},
        )
        for raw, about, takes, gives in found
    )


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], Any]]:
    for path, item in document["paths"].items():
        for verb in VERBS:
            if verb in item:
                held = item[verb]
                takes = _input(document, [*item.get("parameters", []), *held.get("parameters", [])], held)
                about = held.get("description") or held.get("summary") or ""
                yield held.get("operationId") or f"{verb} {path}", about, takes, _output(document, held)


def _input(document: dict[str, Any], parameters: list[Any], held: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for raw in parameters:
        one = _followed(document, raw)
        schema = one.get("schema") or {key: one[key] for key in ("type", "items", "enum", "default") if key in one}
        about = {"description": one["description"]} if "description" in one else {}
        properties[one["name"]] = {"allOf": [schema], **about} if "$ref" in schema else {**schema, **about}
        required += [one["name"]] if one.get("required") else []
    body = _content(_followed(document, held.get("requestBody", {})))
    if body is not None:
        properties["body"] = body
    return {"type": "object", "properties": properties, "required": required}


def _output(document: dict[str, Any], held: dict[str, Any]) -> Any:
    for status, response in held.get("responses", {}).items():
        if str(status).startswith("2"):
            followed = _followed(document, response)
            return followed.get("schema") or _content(followed)
    return None


def _content(held: dict[str, Any]) -> Any:
    return next((each["schema"] for each in held.get("content", {}).values() if "schema" in each), None)


def _followed(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        held: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            held = held[part.replace("~1", "/").replace("~0", "~")]
        node = held
    return node
