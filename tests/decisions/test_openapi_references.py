"""Documents of several files."""

import json

import pytest

from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.references import is_inside, joined

FILES = {
    "api/paths/users.yaml": """
get:
  operationId: listUsers
  parameters:
    - $ref: ../common/parameters.yaml#/limit
  responses:
    "200":
      description: ok
      content:
        application/json:
          schema: {type: array, items: {$ref: "../models/user.yaml"}}
""",
    "api/common/parameters.yaml": """
limit: {name: limit, in: query, schema: {$ref: '#/types/count'}}
types: {count: {type: integer}}
""",
    "api/models/user.yaml": """
type: object
properties:
  name: {type: string}
  boss: {$ref: user.yaml}
  team: {$ref: "team.json#/definitions/Team"}
  root: {$ref: "../openapi.yaml#/components/schemas/Root"}
""",
    "api/models/team.json": json.dumps(
        {"definitions": {"Team": {"type": "object", "properties": {"lead": {"$ref": "user.yaml#"}}}}}
    ),
}
MAIN = {
    "openapi": "3.0.3",
    "paths": {"/users": {"$ref": "paths/users.yaml"}},
    "components": {"schemas": {"Root": {"type": "string"}}},
}


def loaded(files=FILES):
    asked = []

    def load(place):
        asked.append(place)
        if place not in files:
            raise FileNotFoundError(2, "no such file", place)
        return files[place]

    return load, asked


def test_files_are_brought_in_relative_to_the_file_that_names_them():
    load, asked = loaded()
    api = read_api(MAIN, base="api/openapi.yaml", load=load)
    assert [str(each) for each in api.findings] == []
    (found,) = api.operations
    assert (found.id, [each.name for each in found.parameters]) == ("listUsers", ["limit"])
    assert sorted(asked) == sorted(FILES)
    known = found.output_schema["x-files"]
    assert set(known) == {"user", "team"}
    assert known["user"]["properties"]["boss"] == {"$ref": "#/x-files/user"}
    assert known["user"]["properties"]["root"] == {"$ref": "#/components/schemas/Root"}
    assert known["team"]["definitions"]["Team"]["properties"]["lead"] == {"$ref": "#/x-files/user"}


def test_the_same_works_over_addresses():
    base = "https://x.test/docs/v1/"
    files = {place.replace("api/", base): text for place, text in FILES.items()}
    load, _ = loaded(files)
    api = read_api(MAIN, base=f"{base}openapi.yaml", load=load)
    assert api.findings == ()
    assert api.operations[0].name == "listUsers"


@pytest.mark.parametrize(
    ("base", "reference", "place", "inside"),
    [
        ("api/openapi.yaml", "a.yaml", "api/a.yaml", True),
        ("api/openapi.yaml", "../a.yaml", "a.yaml", False),
        ("api/openapi.yaml", "x/../../a.yaml", "a.yaml", False),
        ("api/openapi.yaml", "x/%2e%2e/%2e%2e/a.yaml", "a.yaml", False),
        ("api/openapi.yaml", "..\\a.yaml", "a.yaml", False),
        ("api/openapi.yaml", "/etc/passwd", "/etc/passwd", False),
        ("openapi.yaml", "a.yaml", "a.yaml", True),
        ("openapi.yaml", "../a.yaml", "../a.yaml", False),
        ("openapi.yaml", "/etc/passwd", "/etc/passwd", False),
        ("/srv/api/openapi.yaml", "m/a.yaml", "/srv/api/m/a.yaml", True),
        ("/srv/api/openapi.yaml", "../apis/a.yaml", "/srv/apis/a.yaml", False),
        ("/srv/api/openapi.yaml", "https://x.test/a.yaml", "https://x.test/a.yaml", False),
        ("https://x.test/v1/o.yaml", "a.yaml", "https://x.test/v1/a.yaml", True),
        ("https://x.test/v1/o.yaml", "../a.yaml", "https://x.test/a.yaml", False),
        ("https://x.test/v1/o.yaml", "%2e%2e/a.yaml", "https://x.test/v1/%2e%2e/a.yaml", False),
        ("https://x.test/v1/o.yaml", "//y.test/v1/a.yaml", "https://y.test/v1/a.yaml", False),
        ("https://x.test/v1/o.yaml", "http://x.test/v1/a.yaml", "http://x.test/v1/a.yaml", False),
        ("https://x.test/v1/o.yaml", "https://x.test:8443/v1/a.yaml", "https://x.test:8443/v1/a.yaml", False),
        ("https://x.test/v1/o.yaml", "file:///etc/passwd", "file:///etc/passwd", False),
        ("https://x.test/o.yaml", "a.yaml", "https://x.test/a.yaml", True),
    ],
)
def test_a_reference_leads_from_its_file_and_stays_in_the_folder(base, reference, place, inside):
    assert joined(base, reference) == place
    assert is_inside(base, place) is inside


def of_schema(reference):
    schema = {"type": "object", "properties": {"x": {"$ref": reference}}}
    responses = {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}
    return {"openapi": "3.0.3", "paths": {"/a": {"get": {"responses": responses}}}}


@pytest.mark.parametrize(
    "reference", ["../secret.yaml", "/etc/passwd", "https://evil.test/x.yaml", "file:///etc/passwd"]
)
def test_files_outside_are_not_read_unless_they_are_allowed(reference):
    load, asked = loaded({"secret.yaml": "type: string", "/etc/passwd": "type: string"})
    api = read_api(of_schema(reference), base="api/openapi.yaml", load=load)
    assert asked == []
    assert len(api.operations) == 1
    assert any("outside" in each.message and each.pointer.endswith("/properties/x") for each in api.findings)
    if reference == "../secret.yaml":
        allowed = read_api(of_schema(reference), base="api/openapi.yaml", load=load, is_allowed=lambda place: True)
        assert asked == ["secret.yaml"]
        assert allowed.findings == ()


def test_a_file_that_cannot_be_read_stands_for_anything():
    load, _ = loaded({"api/bad.yaml": "{", "api/odd.yaml": "[1]"})
    for reference, said in (
        ("gone.yaml", "cannot be read"),
        ("bad.yaml", "cannot be read"),
        ("odd.yaml#/a", "nothing"),
    ):
        api = read_api(of_schema(reference), base="api/openapi.yaml", load=load)
        assert len(api.operations) == 1
        assert any(said in each.message for each in api.findings), reference


def test_without_anything_to_read_files_they_are_reported():
    api = read_api(MAIN, base="api/openapi.yaml")
    assert api.operations == ()
    assert any("nothing that could read it" in str(each) for each in api.findings)


def test_a_place_on_this_machine_is_not_told():
    load, _ = loaded({})
    api = read_api(of_schema("m/a.yaml"), base="/home/someone/secret/api/openapi.yaml", load=load)
    findings = [each for each in api.findings if "m/a.yaml" in each.message]
    assert findings
    assert not any("/home/someone" in each.message for each in findings)


def test_references_with_escapes_and_anchors_are_followed():
    schemas = {
        "a/b": {"type": "string"},
        "c~d": {"type": "integer"},
        "{e}": {"type": "boolean"},
        "named": {"$anchor": "here", "type": "null"},
        "known": {"$id": "https://x.test/schemas/known", "type": "number"},
    }
    names = [
        "#/components/schemas/a~1b",
        "#/components/schemas/c~0d",
        "#/components/schemas/%7Be%7D",
        "#here",
        "https://x.test/schemas/known",
    ]
    schema = {"type": "object", "properties": {str(n): {"$ref": name} for n, name in enumerate(names)}}
    responses = {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}
    api = read_api(
        {"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": responses}}}, "components": {"schemas": schemas}}
    )
    assert api.findings == ()
    assert api.operations[0].output_schema["components"]["schemas"] == schemas


def test_a_reference_into_another_operation_brings_what_it_needs():
    schema = {"type": "object", "properties": {"x": {"$ref": "#/components/schemas/X"}}}
    first = {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}
    inner = "#/paths/~1a/get/responses/200/content/application~1json/schema"
    second = {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": inner}}}}}}
    paths = {"/a": {"get": first}, "/b": {"get": second}}
    api = read_api({"openapi": "3.0.0", "paths": paths, "components": {"schemas": {"X": {"type": "string"}}}})
    given = api.operations[1].output_schema
    assert given["paths"]["/a"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] == schema
    assert given["components"] == {"schemas": {"X": {"type": "string"}}}


def test_what_stands_beside_a_reference_of_a_path_is_kept():
    paths = {"/a": {"$ref": "#/components/pathItems/A", "parameters": [{"name": "q", "in": "query"}]}}
    item = {"get": {"responses": {"204": {"description": ""}}}}
    api = read_api({"openapi": "3.1.0", "paths": paths, "components": {"pathItems": {"A": item}}})
    assert [each.name for each in api.operations[0].parameters] == ["q"]
