"""Questions as people and models put them: with words around, twice, and misspelt, over real tools."""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from tests.decisions.catalogs import large, needs_recorded, recorded, small, tool
from tests.decisions.openapi_documents import FILES, operations

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.questions import questions, wish
from toolscript.catalog.search import MAX_READ, found_text, search
from toolscript.tools import ToolPath

CASES = json.loads((Path(__file__).parents[1] / "cases" / "search_real.json").read_text(encoding="utf-8"))
PLAIN = [(case["query"], case["tool"]) for case in CASES["queries"]]
SMALL = small()
LARGE = large(2_000, 8)


@cache
def real() -> Catalog:
    """The tools of all recorded servers and documents: 2,801."""
    catalog = recorded()
    for name in FILES:
        space = f"{name}_api" if name in catalog.namespaces else name
        catalog = catalog.replace(
            space, [replace(each, path=ToolPath(space, each.path.method)) for each in operations(name)]
        )
    return catalog


def paths(query, catalog=SMALL, **options):
    return [hit.path for hit in search(catalog, query, **options).hits]


def place(query, wanted):
    """Where the first tool that fits comes, from 0; 99 if it is not among the first ten."""
    return next((at for at, path in enumerate(paths(query, real())) if re.search(wanted, path)), 99)


@needs_recorded
def test_most_plain_questions_find_their_tool_among_the_first_three():
    assert sum(place(query, wanted) < 3 for query, wanted in PLAIN) >= 35


@needs_recorded
@pytest.mark.parametrize("around", CASES["around"])
def test_words_around_a_question_leave_its_tool_among_the_first_three(around):
    found = [(query, wanted) for query, wanted in PLAIN if place(query, wanted) < 3]
    kept = [place(around.replace("{q}", query).replace("{Q}", query.upper()), wanted) < 3 for query, wanted in found]
    assert sum(kept) >= len(found) - 2


@needs_recorded
@pytest.mark.parametrize("query", [query for query, _ in PLAIN])
def test_a_question_that_is_repeated_has_the_same_answer(query):
    once = paths(query, real())
    doubled = " ".join(f"{word} {word}" for word in query.split())
    for repeated in (f"{query} {query}", f"{query}, {query}, {query}.", doubled):
        assert paths(repeated, real()) == once


@needs_recorded
@pytest.mark.parametrize("case", CASES["misspelt"], ids=lambda case: case["query"])
def test_a_misspelt_word_is_taken_for_the_one_that_is_meant(case):
    found = search(real(), case["query"])
    assert f"taken for '{case['taken_for']}'" in found.note
    right = [word if f"'{word}'" not in found.note else case["taken_for"] for word in case["query"].split()]
    assert set(paths(" ".join(right), real())[:5]) & {hit.path for hit in found.hits[:5]}


def test_a_misspelt_word_beside_a_known_one_is_told_and_found():
    found = search(LARGE, "create invioce")
    assert found.hits[0].path == "service0.create_invoice"
    assert found.note == "No tool has the word 'invioce'; taken for 'invoice'."
    assert not found.weak


def test_a_word_that_nothing_is_spelt_like_makes_a_short_question_weak():
    found = search(LARGE, "create zeppelinfahrt")
    assert found.weak
    assert "No tool has the word 'zeppelinfahrt'." in found.note
    assert search(LARGE, "create invoice").note == ""


def test_a_word_that_means_what_a_tool_has_is_not_respelt():
    found = search(SMALL, "open a ticket")
    assert found.hits[0].path == "hub.create_issue"
    assert found.note == ""
    catalog = SMALL.replace("chair", [tool("chair.rise", "Ease the load of a customer")])
    found = search(catalog, "erase customer")  # one letter from ease, and means delete
    assert found.hits[0].path == "hub.delete_customer"
    assert found.note == ""


def test_what_takes_something_away_comes_first_only_where_that_is_asked_for():
    tools = [tool(f"x.{verb}_pin", "Pins of a comment") for verb in ("create", "delete", "unpin")]
    catalog = Catalog.empty().replace("x", tools)
    assert paths("pin a comment", catalog)[0] == "x.create_pin"
    assert paths("remove a pin", catalog)[0] == "x.delete_pin"
    discarded = search(catalog, "discard the pin").hits
    assert discarded[0].score == discarded[1].score


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("search for tools that create a customer", "create a customer"),
        ("Which API call allows me to fork a repository?", "fork a repository?"),
        ("I need a function that can delete files", "delete files"),
        ("the user would like to pay", "pay"),
        ("find users", "find users"),
        ("search for issues", "search for issues"),
        ("create a function that resizes images", "create a function that resizes images"),
        ("list tools", "list tools"),
        ("find a tool to", "find a tool to"),
    ],
)
def test_only_what_says_that_a_tool_is_looked_for_is_left_out(question, wanted):
    assert wish(question) == wanted


def test_a_name_that_begins_like_a_request_is_found_as_it_is():
    catalog = LARGE.replace("x", [tool("x.search_tools_to_buy"), tool("x.buy")])
    assert paths("search tools to buy", catalog)[0] == "x.search_tools_to_buy"


def test_what_is_said_twice_in_one_text_is_one_question():
    assert questions("fork repo. Fork repo") == ("fork repo.",)
    assert questions("run run sql sql") == ("run sql",)
    assert questions("a b a") == ("a b a",)


def test_pages_end_where_no_more_can_be_read():
    last = search(LARGE, "invoice of a service by id", offset=MAX_READ - 10)
    assert len(last.hits) == 10
    assert "no more can be read" in found_text(last)
    assert "go on with" not in found_text(last)
    for offset in (MAX_READ, 5_000):
        beyond = search(LARGE, "invoice of a service by id", offset=offset)
        assert (beyond.hits, beyond.total) == ((), last.total)
        assert found_text(beyond) == "Only the first 1,000 can be read: narrow the query."


def test_an_empty_filter_is_no_filter():
    for empty in ([], "", [""], ()):
        assert search(SMALL, "issues", namespace=empty) == search(SMALL, "issues")
    assert search(SMALL, "", namespace=[]) == search(SMALL, "")


def test_guesses_do_not_count_as_matches():
    found = search(LARGE, "qqqqqq zzzz")
    assert found.hits
    assert found.total == 0
    assert search(LARGE, ["qqqqqq", "zzzzzzz"]).total == 0


def test_what_is_denied_takes_no_place_on_a_page_and_is_not_counted():
    def outlook(each):
        return "deny" if each.path.namespace != "service7" else "allow"

    found = search(LARGE, "export report", outlook=outlook, limit=5)
    alone = search(LARGE, "export report", namespace="service7", limit=5)
    assert [hit.path for hit in found.hits] == [hit.path for hit in alone.hits]
    assert paths("", LARGE, namespace=["service6", "service7"], outlook=outlook, limit=50) == paths(
        "", LARGE, namespace="service7", limit=50
    )
    few = search(SMALL, "issues", outlook=lambda each: "deny" if each.path.method == "create_issue" else "allow")
    assert (len(few.hits), few.total) == (2, 2)
