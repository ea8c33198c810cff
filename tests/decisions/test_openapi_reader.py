"""Documents made for one question each."""

import json

import pytest

from toolscript.connectors.openapi.lint import lint
from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.tools import tool_of
from toolscript.errors import ConfigError

OK = {"200": {"description": "fine", "content": {"application/json": {"schema": {"type": "object"}}}}}


def document(paths, **more):
    return {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": paths, **more}


def swagger(paths, **more):
    return {"swagger": "2.0", "info": {"title": "T", "version": "1"}, "host": "x.test", "paths": paths, **more}


def one(operation=None, *, path="/things", method="post", made=document, item=None, **more):
    """The only operation of a document."""
    node = {"operationId": "it", "responses": OK, **(operation or {})}
    api = read_api(made({path: {method: node, **(item or {})}}, **more))
    assert len(api.operations) == 1
    return api.operations[0], [str(finding) for finding in api.findings]


def body(schema, *, kind="application/json", required=True, **more):
    return {"requestBody": {"required": required, "content": {kind: {"schema": schema, **more}}}}


def thing(properties, required=(), **more):
    return {"type": "object", "properties": properties, "required": list(required), **more}


STRING, NUMBER = {"type": "string"}, {"type": "integer"}


# --- arguments


def test_parameters_and_fields_of_the_body_are_arguments_side_by_side():
    found, _ = one(
        {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": STRING}],
            **body(thing({"title": STRING, "count": NUMBER}, ["title"])),
        },
        path="/things/{id}",
    )
    assert list(found.input_schema["properties"]) == ["id", "title", "count"]
    assert found.input_schema["required"] == ["id", "title"]
    assert found.input_schema["additionalProperties"] is False
    assert found.bodies[0].fields == {"title": "title", "count": "count"}
    assert found.body_argument is None


def test_a_field_with_the_name_of_a_parameter_makes_the_body_one_argument():
    found, _ = one(
        {"parameters": [{"name": "title", "in": "query", "schema": STRING}], **body(thing({"title": STRING}))}
    )
    assert list(found.input_schema["properties"]) == ["title", "body"]
    assert found.bodies[0].fields is None
    assert found.input_schema["required"] == ["body"]


def test_a_parameter_called_body_leaves_the_body_another_name():
    parameters = [{"name": "body", "in": "query", "schema": STRING}]
    found, _ = one({"parameters": parameters, **body({"type": "array", "items": STRING})})
    assert found.body_argument == "request_body"
    assert found.parameters[0].name == "body"


def test_one_name_in_two_places_is_two_arguments():
    parameters = [
        {"name": "path", "in": "query", "schema": STRING},
        {"name": "path", "in": "path", "required": True, "schema": STRING},
        {"name": "path", "in": "header", "schema": STRING},
    ]
    found, _ = one({"parameters": parameters}, path="/files/{path}")
    assert [(each.name, each.raw_name, each.place) for each in found.parameters] == [
        ("path", "path", "path"),
        ("path_query", "path", "query"),
        ("path_header", "path", "header"),
    ]


def test_a_made_up_name_never_takes_that_of_another_parameter():
    parameters = [
        {"name": "a", "in": "path", "required": True, "schema": STRING},
        {"name": "a", "in": "query", "schema": STRING},
        {"name": "a_query", "in": "query", "schema": STRING},
    ]
    found, _ = one({"parameters": parameters}, path="/{a}")
    assert len({each.name for each in found.parameters}) == 3
    assert found.parameters[2].name == "a_query"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": STRING},
        {"oneOf": [thing({"a": STRING}), thing({"b": STRING})]},
        thing({"a": STRING}, additionalProperties=True),
        thing({"a": STRING}, additionalProperties=STRING),
        {"type": "object"},
        STRING,
    ],
    ids=["array", "union", "open", "map", "unknown", "text"],
)
def test_a_body_that_is_no_plain_object_is_one_argument(schema):
    found, _ = one(body(schema))
    assert list(found.input_schema["properties"]) == ["body"]
    assert found.input_schema["required"] == ["body"]


def test_a_body_is_spread_through_references_and_all_of():
    schemas = {
        "Base": thing({"id": NUMBER, "name": STRING}, ["name"]),
        "Thing": {"allOf": [{"$ref": "#/components/schemas/Base"}, thing({"size": NUMBER}, ["size"])]},
    }
    found, _ = one(body({"$ref": "#/components/schemas/Thing"}), components={"schemas": schemas})
    assert set(found.input_schema["properties"]) == {"id", "name", "size"}
    assert set(found.input_schema["required"]) == {"name", "size"}


def test_a_body_that_may_be_left_out_is_not_spread_if_its_fields_are_needed():
    schema = thing({"a": STRING, "b": STRING}, ["a"])
    found, _ = one(body(schema, required=False))
    assert list(found.input_schema["properties"]) == ["body"]
    assert "required" not in found.input_schema
    assert found.body_for({}) is None


def test_a_body_that_does_not_say_that_it_is_required_is_if_its_fields_are():
    node = body(thing({"a": STRING}, ["a"]))
    del node["requestBody"]["required"]
    found, _ = one(node)
    assert found.input_schema["required"] == ["a"]


def test_a_required_body_without_arguments_is_sent_empty_and_another_one_not_at_all():
    found, _ = one(body(thing({"a": STRING}), required=True))
    assert found.body_for({}) is found.bodies[0]
    found, _ = one(body(thing({"a": STRING}), required=False))
    assert found.body_for({}) is None
    assert found.body_for({"a": "x"}) is found.bodies[0]


def test_read_only_members_are_not_taken_and_write_only_ones_not_given():
    both = thing(
        {
            "id": {**STRING, "readOnly": True},
            "key": {**STRING, "writeOnly": True},
            "inner": thing({"at": {**STRING, "readOnly": True}, "x": STRING}, ["at", "x"]),
        },
        ["id", "key"],
    )
    reply = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/T"}}}}}
    found, _ = one(
        {**body({"$ref": "#/components/schemas/T"}), "responses": reply}, components={"schemas": {"T": both}}
    )
    assert set(found.input_schema["properties"]) == {"key", "inner"}
    assert found.input_schema["required"] == ["key"]
    assert found.input_schema["properties"]["inner"]["required"] == ["x"]
    given = found.output_schema["components"]["schemas"]["T"]
    assert set(given["properties"]) == {"id", "inner"}
    assert given["required"] == ["id"]
    assert set(given["properties"]["inner"]["properties"]) == {"at", "x"}


def test_a_read_only_member_of_one_part_is_not_required_by_another():
    schemas = {"Base": thing({"id": {**STRING, "readOnly": True}, "name": STRING})}
    parts = {"allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "required": ["id", "name"]}]}
    found, _ = one(body(parts), components={"schemas": schemas})
    assert list(found.input_schema["properties"]) == ["name"]
    assert found.input_schema["required"] == ["name"]


# --- parameters


def test_an_operation_replaces_parameters_of_its_path():
    item = {
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": STRING},
            {"name": "q", "in": "query", "schema": STRING},
        ]
    }
    own = {"parameters": [{"name": "q", "in": "query", "required": True, "schema": NUMBER}]}
    found, _ = one(own, path="/things/{id}", item=item)
    assert [(each.name, each.required, each.schema) for each in found.parameters] == [
        ("id", True, STRING),
        ("q", True, NUMBER),
    ]


def test_a_variable_of_the_path_that_nobody_declares_is_a_required_text():
    found, findings = one(path="/a/{b}/c/{d}")
    assert [(each.name, each.place, each.required, each.schema) for each in found.parameters] == [
        ("b", "path", True, STRING),
        ("d", "path", True, STRING),
    ]
    assert any("{b}" in each and each.startswith("/paths/~1a~1{b}~1c~1{d}/post") for each in findings)


def test_a_path_parameter_that_the_path_lacks_is_left_out():
    found, findings = one({"parameters": [{"name": "z", "in": "path", "required": True, "schema": STRING}]})
    assert found.parameters == ()
    assert any("{z}" in each for each in findings)


@pytest.mark.parametrize(
    ("node", "style", "explode"),
    [
        ({"in": "query"}, "form", True),
        ({"in": "query", "explode": False}, "form", False),
        ({"in": "query", "style": "pipeDelimited"}, "pipeDelimited", False),
        ({"in": "query", "style": "deepObject", "explode": True}, "deepObject", True),
        ({"in": "header"}, "simple", False),
        ({"in": "cookie"}, "form", True),
        ({"in": "query", "style": "nonsense"}, "form", True),
        ({"in": "header", "style": "deepObject"}, "simple", False),
    ],
)
def test_styles_have_the_defaults_of_their_place(node, style, explode):
    found, _ = one({"parameters": [{"name": "x", "schema": STRING, **node}]})
    assert (found.parameters[0].style, found.parameters[0].explode) == (style, explode)


def test_a_parameter_may_be_written_as_a_media_type():
    content = {"application/json": {"schema": thing({"a": STRING})}}
    found, _ = one({"parameters": [{"name": "filter", "in": "query", "content": content}]})
    assert found.parameters[0].content_type == "application/json"
    assert found.parameters[0].schema == thing({"a": STRING})


def test_headers_that_the_client_sets_are_no_arguments():
    names = ["Accept", "Content-Type", "Authorization", "authorization: Bearer <TOKEN>", "Cookie", "If-Match"]
    found, _ = one({"parameters": [{"name": name, "in": "header", "schema": STRING} for name in names]})
    assert [each.name for each in found.parameters] == ["If-Match"]


def test_what_a_security_scheme_names_is_no_argument():
    schemes = {
        "a": {"type": "apiKey", "in": "query", "name": "key"},
        "b": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "c": {"type": "apiKey", "in": "cookie", "name": "sid"},
    }
    parameters = [
        {"name": name, "in": place, "schema": STRING}
        for name, place in (("key", "query"), ("x-key", "header"), ("sid", "cookie"), ("key", "header"))
    ]
    found, _ = one({"parameters": parameters}, components={"securitySchemes": schemes})
    assert [(each.name, each.place) for each in found.parameters] == [("key", "header")]


def test_a_field_that_repeats_a_needed_key_is_no_argument():
    schemes = {"clientId": {"type": "apiKey", "in": "header", "name": "PLAID-CLIENT-ID"}}
    schema = thing({"client_id": STRING, "name": STRING}, ["name"])
    found, _ = one({**body(schema), "security": [{"clientId": []}]}, components={"securitySchemes": schemes})
    assert list(found.input_schema["properties"]) == ["name"]
    found, _ = one(body(schema), components={"securitySchemes": schemes})
    assert "client_id" in found.input_schema["properties"]


def test_descriptions_defaults_and_deprecation_of_parameters_are_kept():
    node = {
        "name": "n",
        "in": "query",
        "description": "How many",
        "deprecated": True,
        "schema": {**NUMBER, "default": 5},
    }
    found, _ = one({"parameters": [node]})
    assert found.input_schema["properties"]["n"] == {
        "type": "integer",
        "default": 5,
        "description": "How many",
        "deprecated": True,
    }
    assert found.parameters[0].default is not None
    assert found.parameters[0].default.value == 5


def test_a_schema_of_a_parameter_has_its_definitions():
    node = {"name": "n", "in": "query", "schema": {"$ref": "#/components/schemas/N"}}
    found, _ = one({"parameters": [node]}, components={"schemas": {"N": NUMBER}})
    assert found.parameters[0].schema == {**node["schema"], "components": {"schemas": {"N": NUMBER}}}
    assert found.input_schema["properties"]["n"] == node["schema"]


# --- bodies


def test_json_is_preferred_and_the_way_can_be_chosen():
    schema = thing({"a": STRING})
    content = {
        "multipart/form-data": {"schema": thing({"a": STRING, "file": {"type": "string", "format": "binary"}})},
        "application/vnd.api+json": {"schema": schema},
        "application/xml": {"schema": schema},
    }
    found, _ = one({"requestBody": {"content": content}})
    assert [each.content_type for each in found.bodies] == ["application/vnd.api+json", "multipart/form-data"]
    assert found.bodies[1].files == {"file"}
    assert list(found.input_schema["properties"]) == ["a", "file", "content_type"]
    assert found.input_schema["properties"]["content_type"]["enum"] == [
        "application/vnd.api+json",
        "multipart/form-data",
    ]


def test_kinds_of_json_can_be_chosen_and_the_plainest_comes_first():
    kinds = ["application/json-patch+json", "application/apply-patch+yaml", "application/merge-patch+json"]
    schema = thing({"a": STRING})
    found, _ = one({"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}})
    assert [each.content_type for each in found.bodies] == [kinds[2], kinds[0]]
    twice = {"application/json": {"schema": schema}, "application/json; charset=utf-8": {"schema": schema}}
    found, _ = one({"requestBody": {"content": twice}})
    assert (len(found.bodies), found.content_type_argument) == (1, None)


@pytest.mark.parametrize(
    ("media", "kind"),
    [
        ("application/json; charset=utf-8", "json"),
        ("application/merge-patch+json", "json"),
        ("application/x-www-form-urlencoded", "form"),
        ("multipart/form-data", "multipart"),
        ("text/csv", "text"),
        ("application/xml", "text"),
        ("application/octet-stream", "binary"),
        ("image/png", "binary"),
    ],
)
def test_a_media_type_says_how_a_body_is_written(media, kind):
    found, _ = one(body({"type": "string"}, kind=media))
    assert found.bodies[0].kind == kind


def test_bytes_and_text_are_the_argument_body():
    found, _ = one(body({"type": "string", "format": "binary"}, kind="application/octet-stream"))
    assert found.input_schema["properties"]["body"]["format"] == "binary"
    found, _ = one(body(thing({"a": STRING}), kind="application/xml"))
    assert found.input_schema["properties"]["body"]["type"] == "string"


def test_get_has_no_body_and_delete_only_one_with_fields():
    fields, empty = body(thing({"a": STRING})), body(thing({}))
    found, findings = one(fields, method="get")
    assert found.bodies == ()
    assert any("GET" in each for each in findings)
    found, findings = one(empty, method="get")
    assert (found.bodies, findings) == ((), [])
    assert len(one(fields, method="delete")[0].bodies) == 1
    assert one(empty, method="delete")[0].bodies == ()


def test_how_fields_are_written_is_kept():
    encoding = {
        "tags": {"style": "spaceDelimited", "explode": False, "allowReserved": True},
        "meta": {"contentType": "application/json", "headers": {"X-A": {"schema": {"type": "string", "default": "b"}}}},
    }
    schema = thing({"tags": {"type": "array", "items": STRING}, "meta": thing({"x": STRING})})
    found, _ = one(body(schema, kind="multipart/form-data", encoding=encoding))
    tags, meta = found.bodies[0].encoding["tags"], found.bodies[0].encoding["meta"]
    assert (tags.style, tags.explode, tags.allow_reserved) == ("spaceDelimited", False, True)
    assert (meta.content_type, dict(meta.headers)) == ("application/json", {"X-A": "b"})


# --- replies


def replied(**responses):
    return one({"responses": responses})[0].output_schema


def content(media, schema=None):
    return {"description": "", "content": {media: {} if schema is None else {"schema": schema}}}


def test_the_type_of_a_call_is_that_of_its_success():
    assert replied(**{"200": content("application/json", STRING), "404": content("application/json", NUMBER)}) == STRING
    assert replied(default=content("application/json", STRING)) == STRING
    assert replied(**{"2XX": content("application/json", STRING)}) == STRING
    assert replied(**{"204": {"description": ""}}) == {"type": "null"}
    assert replied(**{"200": content("text/csv", STRING)}) == {"type": "string"}
    assert replied(**{"200": content("image/png", STRING)})["required"] == ["type", "size"]
    assert replied(**{"200": content("application/json")}) is None
    assert replied(**{"200": content("text/event-stream", STRING)}) is None
    assert replied(**{"404": {"description": ""}}) is None


def test_several_successes_are_a_union():
    responses = {
        "200": content("application/json", STRING),
        "202": content("application/problem+json", NUMBER),
        "204": {"description": ""},
    }
    assert replied(**responses) == {"anyOf": [STRING, NUMBER, {"type": "null"}]}


def test_successes_of_one_type_are_no_union():
    assert replied(**{"200": content("application/json", STRING), "201": content("text/json", STRING)}) == STRING


def test_json_is_taken_where_xml_is_beside_it():
    both = {"content": {"application/xml": {"schema": STRING}, "application/json": {"schema": NUMBER}}}
    assert replied(**{"200": both}) == NUMBER


def test_replies_are_kept_with_their_status():
    found, findings = one({"responses": {"200": content("application/json", STRING), "4xx": {}, "whatever": {}}})
    assert [(each.status, each.content_type) for each in found.replies] == [("200", "application/json"), ("4XX", None)]
    assert any("/responses/whatever" in each for each in findings)


# --- effect, servers, security, paging


@pytest.mark.parametrize(
    ("method", "effect"),
    [
        ("get", "read"),
        ("query", "read"),
        ("head", "read"),
        ("options", "read"),
        ("post", "write"),
        ("put", "write"),
        ("delete", "write"),
    ],
)
def test_the_method_says_whether_a_call_changes_anything(method, effect):
    found, _ = one(method=method)
    assert found.effect == effect
    tool = tool_of(found, "api")
    assert tool.destructive is (method == "delete")
    assert tool.idempotent is (method != "post")


def test_servers_have_variables_and_the_nearest_ones_count():
    servers = [
        {
            "url": "https://{region}.x.test/{v}/",
            "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}, "v": {}},
        }
    ]
    api = read_api(document({"/a": {"get": {"responses": OK}}}, servers=servers))
    assert api.servers[0].url() == "https://eu.x.test/{v}"
    assert api.servers[0].url({"region": "us", "v": "v2"}) == "https://us.x.test/v2"
    assert api.servers[0].variables["region"].choices == ("eu", "us")
    found, _ = one({"servers": [{"url": "https://own.test"}]}, item={"servers": [{"url": "https://item.test"}]})
    assert found.servers[0].url() == "https://own.test"
    found, _ = one(item={"servers": [{"url": "https://item.test"}]})
    assert found.servers[0].url() == "https://item.test"


@pytest.mark.parametrize(
    ("url", "base", "whole"),
    [
        ("/v1", "https://x.test/docs/openapi.json", "https://x.test/v1"),
        ("v1", "https://x.test/docs/openapi.json", "https://x.test/docs/v1"),
        ("/v1", "", "/v1"),
        ("//y.test/v1", "", "https://y.test/v1"),
        ("https://y.test/v1/", "https://x.test/a.json", "https://y.test/v1"),
    ],
)
def test_a_relative_server_is_completed_by_the_document_s_address(url, base, whole):
    api = read_api(document({"/a": {"get": {"responses": OK}}}, servers=[{"url": url}]), base=base)
    assert api.operations[0].servers[0].url() == whole


def test_security_is_the_operation_s_own_or_the_document_s():
    schemes = {
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
        "basic": {"type": "http", "scheme": "Basic"},
        "oauth": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "https://x.test/token", "scopes": {"read": ""}}},
        },
    }
    paths = {
        "/a": {
            "get": {"responses": OK},
            "put": {"responses": OK, "security": []},
            "post": {"responses": OK, "security": [{"key": [], "basic": []}, {"oauth": ["read"]}, {}, {"gone": []}]},
        }
    }
    api = read_api(document(paths, security=[{"key": []}], components={"securitySchemes": schemes}))
    by_method = {each.method: each.security for each in api.operations}
    told = {
        method: [[(one.scheme, one.scopes) for one in each] for each in every] for method, every in by_method.items()
    }
    assert told == {
        "GET": [[("key", ())]],
        "PUT": [],
        "POST": [[("key", ()), ("basic", ())], [("oauth", ("read",))], []],
    }
    assert api.schemes["basic"].scheme == "basic"
    assert api.schemes["oauth"].flows[0].token_url == "https://x.test/token"
    assert any("'gone'" in str(each) for each in api.findings)


def paged(parameters, schema, headers=None):
    responses = {"200": {"content": {"application/json": {"schema": schema}}, "headers": headers or {}}}
    queries = [{"name": name, "in": "query", "schema": STRING} for name in parameters]
    return one({"parameters": queries, "responses": responses}, method="get")[0].paging


def test_pages_are_recognised_by_parameters_and_answers():
    items = {"type": "array", "items": STRING}
    found = paged(["page", "per_page"], items, {"Link": {}})
    assert (found.kind, found.argument, found.size_argument, found.items_field) == ("link", "page", "per_page", ())
    found = paged(["cursor", "limit"], thing({"data": items, "meta": thing({"next_cursor": STRING})}))
    assert (found.kind, found.argument, found.next_field) == ("cursor", "cursor", ("meta", "next_cursor"))
    assert found.items_field == ("data",)
    found = paged(["offset"], thing({"rows": items, "has_more": {"type": "boolean"}}))
    assert (found.kind, found.items_field, found.more_field) == ("offset", ("rows",), ("has_more",))
    found = paged(["page[number]"], items)
    assert (found.kind, found.argument) == ("page", "page[number]")
    assert paged(["cursor"], thing({"data": items})) is None
    found = paged(["after"], {"type": "array", "items": thing({"id": STRING})})
    assert (found.kind, found.argument, found.next_field, found.items_field) == ("cursor", "after", (), ())
    assert paged(["after"], items) is None
    assert paged(["page"], thing({"a": STRING})) is None
    assert paged(["q"], items) is None


# --- paths and names


def test_a_fragment_tells_paths_apart_and_a_query_is_sent():
    paths = {
        "/token": {"post": {"responses": OK}},
        "/token#refresh": {"post": {"responses": OK}},
        "/threads?beta=true&x={x}": {"get": {"responses": OK}},
    }
    api = read_api(document(paths))
    assert [(each.name, each.path, each.fixed_query) for each in api.operations] == [
        ("post_token", "/token", ()),
        ("post_token_refresh", "/token", ()),
        ("get_threads_beta_true_x_by_x", "/threads", (("beta", "true"),)),
    ]


def test_the_description_says_what_nobody_would_guess():
    found, _ = one({"summary": "List.", "description": "List. All of them.", "deprecated": True}, method="get")
    assert tool_of(found, "api").description == "Deprecated. List. All of them.\n\nGET /things"
    found, _ = one({"tags": ["Things"]})
    assert tool_of(found, "api").description == "POST /things (Things)"
    found, _ = one({"description": "<p>Gives <code>x</code> &amp; y.</p><ul><li>one</li></ul>"})
    assert tool_of(found, "api").description == "Gives x & y.\n\none\n\nPOST /things"
    found, _ = one({"description": "less < more, a <T> and b"})
    assert tool_of(found, "api").description.startswith("less < more")


# --- Swagger 2.0


def test_swagger_parameters_and_bodies_are_read():
    operation = {
        "parameters": [
            {"name": "ids", "in": "query", "type": "array", "items": NUMBER, "collectionFormat": "multi"},
            {"name": "tags", "in": "query", "type": "array", "items": STRING, "collectionFormat": "ssv"},
            {"name": "plain", "in": "query", "type": "array", "items": STRING},
            {"name": "X-L", "in": "header", "type": "array", "items": STRING},
            {"name": "anything", "in": "body", "required": True, "schema": {"$ref": "#/definitions/T"}},
        ],
        "responses": {"200": {"description": "", "schema": {"$ref": "#/definitions/T"}}},
    }
    definitions = {"T": thing({"a": STRING, "t": {"$ref": "#/definitions/T"}}, ["a"])}
    found, findings = one(operation, made=swagger, definitions=definitions, basePath="/v1", schemes=["http", "https"])
    assert findings == []
    assert [(each.name, each.style, each.explode) for each in found.parameters] == [
        ("ids", "form", True),
        ("tags", "spaceDelimited", False),
        ("plain", "form", False),
        ("X-L", "simple", False),
    ]
    assert found.parameters[0].schema == {"type": "array", "items": NUMBER}
    assert set(found.bodies[0].fields) == {"a", "t"}
    assert found.output_schema == {"$ref": "#/definitions/T", "definitions": definitions}
    assert [each.url() for each in found.servers] == ["https://x.test/v1", "http://x.test/v1"]


def test_swagger_forms_and_files_are_read():
    field = {"name": "note", "in": "formData", "type": "string", "required": True}
    found, _ = one({"parameters": [field]}, made=swagger)
    assert found.bodies[0].kind == "form"
    found, _ = one({"parameters": [field, {"name": "up", "in": "formData", "type": "file"}]}, made=swagger)
    assert (found.bodies[0].kind, found.bodies[0].files) == ("multipart", {"up"})
    assert found.input_schema["required"] == ["note"]
    file = {"200": {"description": "", "schema": {"type": "file"}}}
    found, _ = one({"responses": file, "produces": ["application/pdf"]}, made=swagger, method="get")
    assert (found.output_schema or {})["required"] == ["type", "size"]


def test_swagger_security_is_read():
    definitions = {
        "b": {"type": "basic"},
        "o": {"type": "oauth2", "flow": "application", "tokenUrl": "https://x.test/t", "scopes": {"s": ""}},
    }
    api = read_api(
        swagger({"/a": {"get": {"responses": OK}}}, securityDefinitions=definitions, security=[{"o": ["s"]}])
    )
    assert (api.schemes["b"].kind, api.schemes["b"].scheme) == ("http", "basic")
    assert (api.schemes["o"].flows[0].kind, api.schemes["o"].flows[0].token_url) == (
        "clientCredentials",
        "https://x.test/t",
    )


# --- faults


def test_a_broken_operation_costs_only_itself():
    paths = {
        "/a": {"get": "nonsense", "post": {"responses": OK}},
        "/b": 7,
        "/c": {"$ref": "#/paths/~1nowhere"},
        "/d": {"$ref": "#/components/pathItems/D"},
        "/e": {"get": {"$ref": "#/paths/~1nowhere/get"}},
    }
    api = read_api(document(paths, components={"pathItems": {"D": {"get": {"responses": OK}}}}))
    assert [each.id for each in api.operations] == ["POST /a", "GET /d"]
    errors = {each.pointer for each in api.findings if each.severity == "error"}
    assert errors == {"/paths/~1a/get", "/paths/~1b", "/paths/~1c", "/paths/~1e/get"}


def test_small_faults_are_told_with_their_place():
    schemas = {
        "T": thing({"a": {"enum": []}, "b": {"type": "string", "required": False}, "c": {"$ref": "#/nowhere"}}),
        "enum": thing({"enum": STRING, "example": {"$ref": "#/components/schemas/T"}, "required": STRING}),
    }
    said = {
        str(each)
        for each in lint(document({"/a": {"get": {"responses": OK}}}, components={"schemas": schemas})).findings
    }
    assert "/components/schemas/T/properties/a: an empty `enum` allows nothing; it is ignored" in said
    assert any(each.startswith("/components/schemas/T/properties/b: `required`") for each in said)
    assert any(each.startswith("/components/schemas/T/properties/c: its reference #/nowhere") for each in said)
    assert not any("/enum" in each for each in said)


def test_examples_and_defaults_are_values_and_no_schemas():
    odd = {"$ref": "#/nowhere", "enum": []}
    schema = {**thing({"a": STRING}), "example": odd, "examples": [odd], "default": odd, "x-more": odd, "const": odd}
    _, findings = one(body(schema))
    assert findings == []


def test_keys_that_are_numbers_are_read_as_text():
    found, findings = one(
        {"responses": {200: {"description": "", "content": {"application/json": {"schema": STRING}}}}}
    )
    assert found.output_schema == STRING
    assert any("responses/200" in each for each in findings)


def test_many_keys_that_are_numbers_are_told_once():
    paths = {f"/{n}": {"get": {"responses": {200: {}, 404: {}}}} for n in range(50)}
    findings = read_api(document(paths)).findings
    assert [(each.pointer, each.message[:9]) for each in findings] == [("/paths/~10/get/responses/200", "100 times")]


def test_a_reference_to_nothing_stands_for_anything():
    found, findings = one(body({"$ref": "#/components/schemas/Gone"}))
    assert list(found.input_schema["properties"]) == ["body"]
    assert any("points at nothing" in each for each in findings)


def test_cycles_of_references_end():
    schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    parameters = {"P": {"$ref": "#/components/parameters/P"}}
    found, findings = one(
        {"parameters": [{"$ref": "#/components/parameters/P"}], **body({"$ref": "#/components/schemas/A"})},
        components={"schemas": schemas, "parameters": parameters},
    )
    assert found.parameters == ()
    assert found.body_argument == "body"
    assert any("cannot be found" in each for each in findings)


@pytest.mark.parametrize("source", [[], 7, "text", "", "[1]", {}, {"a": 1}, b"\xff\xfe\x00", "{", "a: [", None])
def test_what_is_no_document_is_refused_in_words(source):
    with pytest.raises(ConfigError) as error:
        read_api(source)
    assert "Traceback" not in str(error.value)
    assert lint(source).findings[0].severity == "error"


def test_an_object_that_holds_itself_is_cut_off():
    looped = document({"/a": {"get": {"responses": OK}}})
    looped["components"] = {"schemas": {"L": {"properties": {"l": None}}}}
    looped["components"]["schemas"]["L"]["properties"]["l"] = looped["components"]["schemas"]
    api = read_api(looped)
    assert len(api.operations) == 1
    assert any("nested deeper" in str(each) for each in api.findings)


def test_the_given_object_is_left_as_it_is():
    given = document({"/a": {"post": {**body(thing({"a": {**STRING, "readOnly": True}})), "responses": {200: {}}}}})
    before = json.dumps(given)
    read_api(given)
    assert json.dumps(given) == before


def test_a_document_of_webhooks_says_so():
    api = read_api({"openapi": "3.1.0", "webhooks": {"a": {}, "b": {}}})
    assert api.operations == ()
    assert any("2 webhooks" in str(each) for each in api.findings)
