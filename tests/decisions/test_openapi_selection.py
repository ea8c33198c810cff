import pytest
from tests.decisions.openapi_documents import api

from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.selection import Selection, selected
from toolscript.errors import ConfigError

PATHS = {
    "/users": {
        "get": {"operationId": "users/list", "tags": ["users"]},
        "post": {"operationId": "users/create", "tags": ["users", "admin"]},
    },
    "/users/{id}": {"delete": {"operationId": "users/delete", "tags": ["admin"], "deprecated": True}},
    "/search": {"post": {"operationId": "search", "tags": ["search"]}},
}
OPERATIONS = read_api({"openapi": "3.0.0", "paths": PATHS}).operations


def names(**options):
    kept, problems = selected(OPERATIONS, Selection(**options))
    assert problems == ()
    return [each.name for each in kept]


def test_operations_are_chosen_by_tag_path_method_and_name():
    everything = ["users_list", "users_create", "users_delete", "search"]
    assert names() == everything
    assert names(tags=("users",)) == ["users_list", "users_create"]
    assert names(paths=("/users*",)) == ["users_list", "users_create", "users_delete"]
    assert names(methods=("get", "DELETE")) == ["users_list", "users_delete"]
    assert names(operations=("users/*",)) == ["users_list", "users_create", "users_delete"]
    assert names(operations=("users_l*", "POST /search")) == ["users_list", "search"]
    assert names(exclude=("users/delete", "DELETE *")) == ["users_list", "users_create", "search"]
    assert names(deprecated=False) == ["users_list", "users_create", "search"]
    assert names(tags=("admin",), methods=("POST",)) == ["users_create"]


def test_effects_can_be_said_and_the_first_pattern_counts():
    kept, _ = selected(OPERATIONS, Selection(effects={"search": "read", "*": "write"}))
    assert {each.name: each.effect for each in kept} == {
        "users_list": "write",
        "users_create": "write",
        "users_delete": "write",
        "search": "read",
    }


def test_operations_can_be_renamed_but_not_to_a_name_that_is_taken():
    kept, problems = selected(OPERATIONS, Selection(rename={"users/list": "people", "search": "users_create"}))
    assert [each.name for each in kept] == ["people", "users_create", "users_delete", "search"]
    assert problems == ("rename: search cannot be users_create, which is another operation's name",)
    assert kept[0].id == "users/list"


def test_two_operations_can_change_names_after_each_other():
    kept, problems = selected(OPERATIONS, Selection(rename={"users/list": "people", "search": "users_list"}))
    assert ([each.name for each in kept], problems) == (["people", "users_create", "users_delete", "users_list"], ())


def test_a_pattern_that_fits_nothing_is_told_with_what_was_meant():
    _, problems = selected(OPERATIONS, Selection(tags=("user",), operations=("nothing*",), effects={"serch": "read"}))
    assert problems == (
        "tags: user fits no operation; did you mean users?",
        "operations: nothing* fits no operation",
        "effects: serch fits no operation; did you mean search?",
    )


def test_a_selection_that_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="programs cannot use this name; 'list_them' would do"):
        Selection(rename={"a": "list-them"})
    with pytest.raises(ConfigError, match='an effect is "read" or "write"'):
        Selection(effects={"a": "maybe"})


def test_a_part_of_a_large_document_is_chosen():
    kept, problems = selected(api("github").operations, Selection(tags=("issues",), methods=("GET",)))
    assert problems == ()
    assert 15 < len(kept) < 40
    assert all(each.name.startswith("issues_") for each in kept)
