"""Ten published documents, all of them whole: their operations, and what is known of each vendor's oddities."""

import os
import re
from collections import Counter

import pytest
from tests.decisions.languages import is_python, is_typescript
from tests.decisions.openapi_documents import DOCUMENTS, FILES, api, content, operations

from toolscript.catalog.catalog import Catalog
from toolscript.codec import digest
from toolscript.connectors.openapi.lint import lint
from toolscript.connectors.openapi.operation import Operation
from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.tools import tools_of
from toolscript.connectors.openapi.yaml_text import parse
from toolscript.schema import python, typescript
from toolscript.schema.check import Checker
from toolscript.schema.sample import sample_arguments

SPREAD = int(os.environ.get("OPENAPI_SPREAD", "40"))  # operations of each document, from its beginning to its end
DECLARED = SPREAD // 3  # of which all types are printed whole, which takes longer


def counted() -> dict[str, tuple[int, dict[str, int]]]:
    """Operations and parameters by place of each document, as the table beside the documents has them."""
    page = DOCUMENTS / "README.md"
    if not page.exists():
        pytest.skip("the recorded OpenAPI documents are not there")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.read_text("utf-8").splitlines()]
    return {
        row[0]: (int(row[3].replace(",", "")), {place: int(n) for place, n in re.findall(r"(\w+) (\d+)", row[6])})
        for row in rows
        if len(row) > 6 and row[0] in FILES
    }


def spread(name: str, count: int = SPREAD) -> tuple[Operation, ...]:
    """So many operations from the beginning to the end of a document."""
    every = api(name).operations
    return every[:: max(1, len(every) // count)]


def operation(name: str, id: str) -> Operation:
    return next(each for each in api(name).operations if each.id == id)


def properties(name: str, id: str) -> list[str]:
    return list(operation(name, id).input_schema["properties"])


@pytest.mark.parametrize("name", FILES)
def test_every_operation_of_a_document_is_imported(name):
    expected, _ = counted()[name]
    assert len(api(name).operations) == expected
    assert [str(finding) for finding in api(name).findings if finding.severity == "error"] == []


@pytest.mark.parametrize("name", FILES)
def test_ids_names_and_routes_are_distinct(name):
    every = api(name).operations
    for told in (lambda each: each.id, lambda each: each.name, lambda each: each.pointer):
        assert Counter(map(told, every)).most_common(1)[0][1] == 1


@pytest.mark.parametrize("name", FILES)
def test_every_parameter_that_is_no_credential_is_taken(name):
    _, expected = counted()[name]
    found = Counter(parameter.place for each in api(name).operations for parameter in each.parameters)
    hidden = {
        "slack": {"query": 54, "header": 101},  # the token, on every operation
        "petstore3": {"header": 1},  # `api_key`, which is also a security scheme
        "box": {"query": 1},  # `access_token`
    }.get(name, {})
    for place in ("path", "query", "header"):
        assert found[place] == expected.get(place, 0) - hidden.get(place, 0), place
    assert all(each.required for one in api(name).operations for each in one.parameters if each.place == "path")


@pytest.mark.parametrize("name", FILES)
def test_every_argument_goes_to_one_place(name):
    for each in api(name).operations:
        homes = [parameter.name for parameter in each.parameters]
        fields = {argument for body in each.bodies for argument in (body.fields or {}).values()}
        homes += [*fields, *filter(None, (each.body_argument, each.content_type_argument))]
        assert sorted(homes) == sorted(each.input_schema["properties"])
        assert set(each.input_schema.get("required", ())) <= set(homes)


@pytest.mark.parametrize("name", FILES)
def test_sample_arguments_fit_and_find_their_body(name):
    made = 0
    for each in spread(name):
        checker = Checker(each.input_schema)
        args = sample_arguments(each.input_schema, lambda given, checker=checker: not checker.arguments(given))
        if args is None:  # a pattern, for which no sample is made up
            continue
        made += 1
        body = each.body_for(args)
        assert body is None or body in each.bodies
        assert body is not None or not any(one.required for one in each.bodies), each.id
    assert made >= 0.9 * len(spread(name))


@pytest.mark.parametrize("name", FILES)
def test_the_types_of_a_document_declare_as_a_whole(name):
    tools = tools_of(spread(name, DECLARED), name)
    assert is_typescript(typescript.ambient(tools))
    assert is_python(python.stub(tools))


@pytest.mark.parametrize("name", FILES)
def test_every_definition_that_a_schema_names_stands_beside_it(name):
    for each in spread(name):
        for schema in (each.input_schema, each.output_schema or {}):
            for reference in references(schema):
                assert pointed(schema, reference) is not None, (each.id, reference)


def references(schema):
    found, waiting = set(), [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            found |= {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return found


def pointed(schema, reference):
    for part in reference.removeprefix("#/").split("/"):
        schema = schema.get(part.replace("~1", "/").replace("~0", "~"))
        if schema is None:
            return None
    return schema


def test_definitions_are_shared_and_not_copied():
    tools = operations("github")
    issue = [
        tool.output_schema["components"]["schemas"]["issue"]
        for tool in tools
        if "issue" in ((tool.output_schema or {}).get("components") or {}).get("schemas", {})
    ]
    assert len(issue) > 10
    assert all(each is issue[0] for each in issue)


def test_reading_twice_gives_the_same():
    again = read_api(content("figma"))
    assert again == api("figma")
    catalogs = [Catalog.empty().replace("figma", tools_of(each.operations, "figma")) for each in (again, api("figma"))]
    assert digest(catalogs[0].digest) == digest(catalogs[1].digest)


@pytest.mark.parametrize("name", FILES)
def test_names_do_not_depend_on_other_operations(name):
    every = {each.id: each.name for each in api(name).operations}
    document = read_half(name)
    assert {each.id: each.name for each in document.operations}.items() <= every.items()


def read_half(name):
    """The same document without every other path."""
    document, _ = parse(content(name))
    paths = {key: document["paths"][key] for key in list(document["paths"])[::2]}
    return read_api({**document, "paths": paths})


def test_github_groups_its_names_and_pages_by_link():
    found = operation("github", "issues/list-for-repo")
    assert found.name == "issues_list_for_repo"
    assert found.effect == "read"
    assert found.paging is not None
    assert (found.paging.kind, found.paging.argument, found.paging.size_argument) == ("link", "page", "per_page")
    alerts = operation("github", "dependabot/list-alerts-for-repo").paging
    assert alerts is not None
    assert alerts.kind == "link"
    compare = operation("github", "repos/compare-commits")
    assert [each.raw_name for each in compare.parameters if each.place == "path"] == ["owner", "repo", "base", "head"]


def test_a_body_with_a_field_like_a_parameter_keeps_its_own_place():
    found = operation("github", "actions/update-org-variable")
    assert list(found.input_schema["properties"]) == ["org", "name", "body"]
    assert found.body_argument == "body"
    assert found.bodies[0].fields is None
    assert properties("spotify", "remove-albums-user") == ["ids", "body"]
    assert properties("petstore3", "updateUser")[:2] == ["username", "body"]


def test_stripe_sends_forms_and_no_body_with_get():
    charges = operation("stripe_2020", "GetCharges")
    assert charges.bodies == ()
    created = next(each for each in charges.parameters if each.name == "created")
    assert (created.style, created.explode) == ("deepObject", True)
    assert charges.paging is not None
    assert (charges.paging.argument, charges.paging.items_field) == ("starting_after", ("data",))
    customer = operation("stripe_2020", "PostCustomers").bodies[0]
    assert customer.kind == "form"
    assert customer.encoding["address"].style == "deepObject"
    assert operation("stripe_2020", "PostFiles").bodies[0].files == {"file"}
    sent = [each for each in api("stripe_2020").operations if each.method == "DELETE" and each.bodies]
    assert len(sent) == 8


def test_slack_hides_its_token():
    for each in api("slack").operations:
        assert "token" not in each.input_schema["properties"], each.id
    found = operation("slack", "conversations_list").paging
    assert found is not None
    assert found.next_field == ("response_metadata", "next_cursor")


def test_box_tells_paths_apart_by_fragments():
    refresh = operation("box", "post_oauth2_token#refresh")
    assert (refresh.name, refresh.path) == ("post_oauth2_token_refresh", "/oauth2/token")
    thumbnail = operation("box", "get_files_id_thumbnail_id")
    assert [each.name for each in thumbnail.parameters if each.place == "path"] == ["file_id", "extension"]


def test_discord_takes_files_by_choosing_multipart():
    found = operation("discord", "create_message")
    kinds = [body.kind for body in found.bodies]
    assert kinds[0] == "json"
    assert "multipart" in kinds
    assert found.content_type_argument == "content_type"
    said = found.body_for({"channel_id": "1", "content": "hi"})
    assert said is not None
    assert said.kind == "json"
    files = found.body_for({"channel_id": "1", "content": "hi", "files[0]": b"x"})
    assert files is not None
    assert (files.kind, "files[0]" in files.files) == ("multipart", True)
    chosen = found.body_for({"channel_id": "1", "content_type": "application/x-www-form-urlencoded"})
    assert chosen is not None
    assert chosen.kind == "form"


def test_tmdb_gives_its_key_by_itself():
    assert not any("api_key" in each.input_schema["properties"] for each in api("tmdb").operations)


def test_lint_says_what_is_odd_of_a_real_document():
    said = {str(finding) for finding in lint(content("spotify")).findings}
    assert any("playlist_id" in each and each.startswith("/paths/~1playlists~1{playlist_id}") for each in said)
    assert [each for each in lint(content("petstore3")).findings if each.severity == "error"] == []
