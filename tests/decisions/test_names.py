import ast
import json
import keyword
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.decisions.languages import is_typescript

from toolscript.schema.names import argument_names, collisions, is_identifier, method_names, namespace_names

CASES = json.loads((Path(__file__).parent.parent / "cases" / "names.json").read_text(encoding="utf-8"))
MAKERS = {"methods": method_names, "namespaces": namespace_names, "arguments": argument_names}
raw_names = st.lists(st.text(max_size=12) | st.sampled_from(["get-user", "get user", "get_user", "get_user_2", "then"]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_names_become_identifiers(case):
    assert MAKERS[case["of"]](case["names"]) == case["names"], case["why"]
    if "collisions" in case:
        assert list(collisions(case["names"])) == case["collisions"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_names_are_legal_in_both_languages(case):
    for name in case["names"].values():
        ast.parse(f"space.{name}()")
        assert is_typescript(f"space.{name}()")
        if case["of"] == "arguments":
            ast.parse(f"f({name}=1)")


@given(raw_names)
def test_every_name_is_a_distinct_legal_identifier(raw):
    for make in MAKERS.values():
        names = make(raw)
        assert set(names) == set(raw)
        assert len(set(names.values())) == len(names)
        assert all(is_identifier(name) and not keyword.iskeyword(name) for name in names.values())


@given(raw_names, st.randoms())
def test_names_do_not_depend_on_the_order(raw, random):
    shuffled = list(raw)
    random.shuffle(shuffled)
    assert method_names(shuffled) == method_names(raw)


@given(raw_names)
def test_an_identifier_keeps_its_own_name_whatever_stands_beside_it(raw):
    assert method_names([*raw, "list_issues", "listIssues"]).items() >= {
        ("list_issues", "list_issues"),
        ("listIssues", "listIssues"),
    }


def test_a_name_without_end_is_cut():
    names = method_names(["a" * 5000, "a" * 5001])
    assert max(map(len, names.values())) < 110
    assert len(set(names.values())) == 2


def test_ten_thousand_names_that_collide_are_told_apart():
    names = method_names(f"get{mark * count}user" for mark in "-./ " for count in range(1, 2500))
    assert len(set(names.values())) == len(names)


@given(raw_names)
def test_every_name_that_got_a_suffix_is_reported(raw):
    names = method_names(raw)
    told = " ".join(collisions(names))
    for each, name in names.items():
        if method_names([each])[each] != name:
            assert name in told or "…" in told


def test_names_that_collide_are_reported_together():
    assert collisions({"a": "a", "b": "b"}) == ()
    assert collisions({"a-b": "a_b_2", "a_b": "a_b"}) == ("2 names come to a_b: 'a-b' is a_b_2, 'a_b' is a_b",)
