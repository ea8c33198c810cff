"""Documents that are broken anywhere: whatever stands where something else is expected, reading never fails."""

import copy
import json
import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.decisions.openapi_documents import FILES, content

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import describe
from toolscript.catalog.search import search
from toolscript.connectors.openapi.lint import lint
from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.tools import tools_of
from toolscript.connectors.openapi.yaml_text import parse
from toolscript.errors import ConfigError

EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "150"))

RICH = {
    "openapi": "3.1.0",
    "info": {"title": "Rich", "version": "1", "description": "Everything once"},
    "servers": [{"url": "https://{r}.x.test/v1", "variables": {"r": {"default": "eu", "enum": ["eu"]}}}],
    "security": [{"key": []}],
    "tags": [{"name": "t"}],
    "paths": {
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "servers": [{"url": "/other"}],
            "get": {
                "operationId": "things/get",
                "tags": ["t"],
                "parameters": [
                    {"$ref": "#/components/parameters/page"},
                    {"name": "f", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
                    {"name": "id", "in": "header", "style": "simple", "explode": True, "schema": {"enum": ["a"]}},
                ],
                "responses": {
                    "200": {"$ref": "#/components/responses/Thing"},
                    "204": {"description": ""},
                    "4XX": {"description": "", "content": {"text/plain": {"schema": {"type": "string"}}}},
                },
            },
            "post": {
                "summary": "Post",
                "security": [{"oauth": ["a"]}, {}],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
                        "multipart/form-data": {
                            "schema": {"properties": {"file": {"type": "string", "format": "binary"}}},
                            "encoding": {"file": {"contentType": "image/png", "headers": {"X": {"schema": {}}}}},
                        },
                    },
                },
                "responses": {"default": {"content": {"*/*": {"schema": {"type": "array", "items": {}}}}}},
            },
        },
        "/again": {"$ref": "#/paths/~1things~1{id}"},
    },
    "components": {
        "parameters": {"page": {"name": "page", "in": "query", "schema": {"type": "integer", "default": 1}}},
        "responses": {
            "Thing": {
                "headers": {"Link": {"schema": {"type": "string"}}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
            }
        },
        "schemas": {
            "Thing": {
                "allOf": [
                    {"$ref": "#/components/schemas/Base"},
                    {"type": "object", "properties": {"self": {"$ref": "#/components/schemas/Thing"}}},
                ],
                "required": ["id", "name"],
            },
            "Base": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "readOnly": True},
                    "name": {"type": ["string", "null"], "writeOnly": True},
                    "of": {"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/Thing"}]},
                },
            },
        },
        "securitySchemes": {
            "key": {"type": "apiKey", "in": "query", "name": "key"},
            "oauth": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "x", "scopes": {"a": ""}}}},
        },
    },
}
OLD = {
    "swagger": "2.0",
    "host": "x.test",
    "basePath": "/v1",
    "schemes": ["https"],
    "consumes": ["application/json"],
    "produces": ["application/json"],
    "securityDefinitions": {"o": {"type": "oauth2", "flow": "implicit", "scopes": {"a": "b"}}, "b": {"type": "basic"}},
    "paths": {
        "/a/{b}": {
            "put": {
                "parameters": [
                    {"name": "b", "in": "path", "required": True, "type": "string"},
                    {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/A"}},
                    {
                        "name": "l",
                        "in": "query",
                        "type": "array",
                        "items": {"type": "string"},
                        "collectionFormat": "tsv",
                    },
                ],
                "responses": {"200": {"schema": {"type": "array", "items": {"$ref": "#/definitions/A"}}}},
            },
            "post": {
                "consumes": ["multipart/form-data"],
                "parameters": [{"name": "f", "in": "formData", "type": "file"}, {"name": "g", "in": "formData"}],
                "responses": {"200": {"schema": {"type": "file"}}},
            },
        }
    },
    "definitions": {"A": {"type": "object", "properties": {"a": {"$ref": "#/definitions/A"}}}},
}


def places(node, path=()):
    """The place of every node of a document."""
    yield path
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, held in inner:
        yield from places(held, (*path, key))


SOURCES = [(source, [place for place in places(source) if place]) for source in (RICH, OLD)]

words = ["$ref", "type", "properties", "required", "in", "name", "schema", "content", "body", "default", "allOf", "x-a"]
references = st.sampled_from(
    ["#", "#/", "#/paths", "#/components/schemas/Thing", "#/components/schemas/Thing/allOf/1", "x.yaml", "#x", "../x"]
)
scalars = (
    st.none() | st.booleans() | st.integers(-2, 300) | st.floats(allow_nan=True) | st.text(max_size=4) | references
)
keys = st.sampled_from(words) | st.integers(0, 5)
junk = st.recursive(
    scalars | references.map(lambda reference: {"$ref": reference}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


def mutated(source, changes):
    document = copy.deepcopy(source)
    for place, new in changes:
        node = document
        try:
            for key in place[:-1]:
                node = node[key]
            node[place[-1]] = new
        except (KeyError, IndexError, TypeError):
            continue
    return document


def survives(document):
    """Reads a document and does with it what a runtime does; gives how many operations it has."""
    try:
        api = read_api(document)
    except ConfigError:
        return 0
    tools = tools_of(api.operations, "api")
    catalog = Catalog.empty().replace("api", tools)
    assert len(catalog) == len(tools)
    for operation, tool in zip(api.operations, tools, strict=True):
        for language in ("typescript", "python"):
            describe(catalog, [str(tool.path)], budget_tokens=400, language=language)
        catalog.check(tool, {"id": "1"})
        body = operation.body_for({"name": "x"})
        assert body is None or body in operation.bodies
        json.dumps([tool.input_schema, tool.output_schema])
    search(catalog, "get thing")
    assert catalog.digest
    for finding in api.findings:
        assert finding.message
        assert finding.pointer == "" or finding.pointer.startswith("/")
    return len(tools)


@pytest.mark.parametrize("number", range(len(SOURCES)), ids=["3.1", "2.0"])
def test_the_unbroken_documents_have_their_operations(number):
    source, _ = SOURCES[number]
    assert survives(source) == (4, 2)[number]
    assert [str(each) for each in lint(source).findings if each.severity == "error"] == []


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data())
def test_whatever_stands_anywhere_reading_never_fails(data):
    source, known = data.draw(st.sampled_from(SOURCES))
    changes = data.draw(st.lists(st.tuples(st.sampled_from(known), junk), min_size=1, max_size=4))
    survives(mutated(source, changes))


@settings(max_examples=EXAMPLES // 3, deadline=None)
@given(st.data())
def test_parts_in_each_other_s_places_do_no_harm(data):
    source, known = data.draw(st.sampled_from(SOURCES))
    changes = []
    for _ in range(data.draw(st.integers(1, 3))):
        from_place, to_place = data.draw(st.sampled_from(known)), data.draw(st.sampled_from(known))
        part = source
        for key in from_place:
            part = part[key]
        changes.append((to_place, copy.deepcopy(part)))
    survives(mutated(source, changes))


@pytest.mark.parametrize("name", ["petstore3", "netlify", "figma"])
@settings(max_examples=EXAMPLES // 15, deadline=None)
@given(data=st.data())
def test_real_documents_that_are_broken_are_read(name, data):
    document, _ = parse(content(name))
    kept = dict(list(document["paths"].items())[:12])
    document = {**document, "paths": kept}
    known = [place for place in places(kept) if place]
    chosen = data.draw(st.lists(st.tuples(st.sampled_from(known), junk), min_size=1, max_size=5))
    survives(mutated(document, [(("paths", *place), new) for place, new in chosen]))


def reaching(*numbers):
    return {"type": "object", "properties": {f"p{m}": {"$ref": f"#/components/schemas/S{m}"} for m in numbers}}


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]},
        {"allOf": [{"$ref": "#/components/schemas/A"}, {"type": "string"}], "nullable": True},
        {"oneOf": [{"$ref": "#/components/schemas/A"}], "nullable": True},
        {"allOf": [{"$ref": "#/components/schemas/A"}, {"type": "object"}]},
        {"type": "array", "items": {"$ref": "#/components/schemas/A"}},
        {"$ref": "#/components/schemas/A"},
    ],
)
def test_a_schema_that_is_itself_is_described(schema):
    responses = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}
    parameters = [{"name": "a", "in": "query", "schema": {"$ref": "#/components/schemas/A"}}]
    operation = {"responses": responses, "parameters": parameters}
    assert survives({"openapi": "3.1.0", "paths": {"/a": {"get": operation}}, "components": {"schemas": {"A": schema}}})


def test_schemas_that_reach_each_other_cost_no_more_than_their_size():
    count = 2_000
    schemas = {f"S{n}": reaching(n // 2, n * 7 % count, n + 1) for n in range(count)}
    responses = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}}
    paths = {f"/{n}": {"get": {"responses": responses}} for n in range(500)}
    began = time.process_time()
    api = read_api({"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}})
    assert time.process_time() - began < 2
    given = [each.output_schema["components"]["schemas"] for each in api.operations]
    assert all(each is given[0] for each in given)
    assert sum("points at nothing" in each.message for each in api.findings) == 1


def test_many_operations_are_read_in_the_time_of_their_number():
    def spent(count):
        paths = {f"/a{n}/{{id}}": {"get": {"operationId": "same"}, "delete": {}} for n in range(count)}
        began = time.process_time()
        assert len(read_api({"openapi": "3.1.0", "paths": paths}).operations) == 2 * count
        return time.process_time() - began

    assert min(spent(4_000) for _ in range(2)) < 20 * min(spent(500) for _ in range(3)) + 0.2


@pytest.mark.parametrize("name", FILES)
def test_a_document_is_linted_without_an_error(name):
    assert [str(each) for each in lint(content(name)).findings if each.severity == "error"] == []
