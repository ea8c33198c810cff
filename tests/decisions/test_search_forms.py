"""What a query may look like, and what an answer says: forms, pages, filters, approval."""

import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.decisions.catalogs import large, small, tool

from toolscript.catalog import ranking
from toolscript.catalog.catalog import Catalog
from toolscript.catalog.questions import MAX_QUESTIONS, questions
from toolscript.catalog.search import ask, found_text, search
from toolscript.tokens import estimate

SMALL = small()
LARGE_SIZE = 2_000
LARGE = large(LARGE_SIZE, 8)
CASES = json.loads((Path(__file__).parents[1] / "cases" / "search.json").read_text(encoding="utf-8"))


def paths(query, catalog=SMALL, **options):
    return [hit.path for hit in search(catalog, query, **options).hits]


def catalog_of(name):
    catalog = Catalog.empty()
    for space, tools in CASES["catalogs"][name].items():
        made = [
            tool(f"{space}.{each['method']}", each["description"], each.get("properties"), raw=each.get("raw"))
            for each in tools
        ]
        catalog = catalog.replace(space, made)
    return catalog


CATALOGS = {name: catalog_of(name) for name in CASES["catalogs"]}


@pytest.mark.parametrize("case", CASES["queries"], ids=lambda case: f"{case['why']}: {case['query']!r}")
def test_the_expected_tools_come_first(case):
    found = search(CATALOGS[case["catalog"]], case["query"])
    assert [hit.path for hit in found.hits[: len(case["first"])]] == case["first"], case["why"]
    assert found.weak == case.get("weak", False)


@pytest.mark.parametrize("case", CASES["forms"], ids=lambda case: case["why"])
def test_a_query_in_any_form_is_the_same_questions(case):
    if "questions" in case:
        assert list(questions(case["query"])) == case["questions"]
    else:
        with pytest.raises(ValueError, match="a query is") as raised:
            questions(case["query"])
        assert case["says"] in str(raised.value)


def test_all_forms_find_the_same():
    plain = search(SMALL, "list issues")
    for form in (["list issues"], {"query": "list issues"}, {"queries": ["list issues"]}, [{"query": "list  issues "}]):
        assert search(SMALL, form) == plain


def test_no_more_questions_than_fit_are_asked():
    assert len(questions([f"question {number}" for number in range(50)])) == MAX_QUESTIONS


def test_duplicates_and_filler_leave_the_order():
    plain = paths("delete customer", LARGE)
    assert paths("please could you help me to delete the customer, I would like that", LARGE) == plain
    assert paths("delete customer " * 5, LARGE)[:3] == plain[:3]
    assert paths(["delete customer", "delete customer"], LARGE) == plain


def test_pages_put_together_are_the_whole_answer():
    whole = paths("export the report of a customer", LARGE, limit=40)
    pages = [paths("export the report of a customer", LARGE, limit=10, offset=at) for at in range(0, 40, 10)]
    assert [path for page in pages for path in page] == whole
    assert len(set(whole)) == 40


def test_pages_of_several_questions_do_not_overlap():
    asked = ["export reports", "delete customers"]
    pages = [paths(asked, LARGE, limit=7, offset=at) for at in (0, 7, 14)]
    assert len({path for page in pages for path in page}) == 21


def test_a_page_says_where_it_is_and_how_to_go_on():
    found = search(LARGE, "export report", limit=5, offset=10)
    assert found.offset == 10
    assert f"(11-15 of {found.total} matches; narrow the query, or go on with `offset: 15`)" in found_text(found)
    beyond = search(SMALL, "parquet", offset=500)
    assert (beyond.hits, beyond.total, beyond.note) == ((), 1, "There are no more than 1.")


def test_several_namespaces_are_searched_and_a_wrong_one_is_named():
    catalog = LARGE.replace("extra", [tool("extra.export_report", "Export one report")])
    found = search(catalog, "export report", namespace=["extra", "service1", "servis2"])
    assert {hit.path.partition(".")[0] for hit in found.hits} == {"extra", "service1"}
    assert found.note.startswith("There is no namespace 'servis2'; near: service")
    assert found.total == search(catalog, "export report", namespace=["service1", "extra"]).total


def test_a_filter_gives_what_the_whole_answer_has_of_that_namespace():
    whole = [path for path in paths("export the budget", LARGE, limit=50) if path.startswith("service3.")]
    assert paths("export the budget", LARGE, limit=50, namespace="service3")[: len(whole)] == whole


def test_an_empty_query_pages_through_the_namespaces():
    catalog = large(300, 100)
    first = search(catalog, "").note
    assert first.startswith("The query is empty. Namespaces: service0 (3 tools), service1 (3 tools)")
    assert "more." in first
    assert search(catalog, "", offset=90).note.startswith("The query is empty. Namespaces: service90 (3 tools)")


def test_what_asks_is_marked_and_what_is_denied_is_not_found():
    def outlook(each):
        return {"create_issue": "ask", "delete_customer": "deny", "list_issues": "allow"}.get(
            each.path.method, "depends"
        )

    found = search(SMALL, "issues", outlook=outlook)
    assert {hit.path: hit.approval for hit in found.hits} == {
        "hub.list_issues": False,
        "files.list_issues": False,
        "hub.create_issue": True,
    }
    assert "hub.create_issue({ owner: string, repo: string, title?: string }) [asks]" in found_text(found)
    assert "hub.delete_customer" not in paths("delete customer", outlook=outlook)
    assert search(SMALL, "environment", outlook=outlook).hits[0].approval is None
    assert search(SMALL, "issues").hits[0].approval is None


def test_ten_marked_hits_keep_to_their_tokens():
    found = search(LARGE, "get user by id", outlook=lambda each: "ask")
    assert "[asks]" in found_text(found)
    assert estimate(found_text(found)) <= 310


def test_what_matches_nothing_gets_the_nearest_names_and_the_namespaces():
    found = search(LARGE, "qqqqqq zzzz")
    assert found.hits
    assert found.weak
    assert found.note.startswith(
        "Nothing matches 'qqqqqq zzzz'; these are the nearest. Namespaces: service0 (250 tools)"
    )
    assert estimate(found_text(found)) <= 450


def test_one_letter_finds_few_or_says_that_it_is_weak():
    for letter in ("a", "e", "x"):
        found = search(LARGE, letter)
        assert found.weak
        assert len(found.hits) <= 5


def test_totals_count_the_tools_that_have_a_word_of_the_question():
    catalog = Catalog.empty().replace("x", [tool("x.one", "red"), tool("x.two", "red blue"), tool("x.three", "green")])
    assert search(catalog, "red").total == 2
    assert search(catalog, "red green").total == 3
    assert search(catalog, "red", namespace="x", limit=1).total == 2


def test_more_equal_tools_than_are_looked_at_come_in_the_order_of_paths():
    tools = [tool(f"same.act_{number:04}", "Do the same thing") for number in range(5_000)]
    catalog = Catalog.empty().replace("same", tools[2_500:] + tools[:2_500])
    found = search(catalog, "do the same thing")
    assert [hit.path for hit in found.hits] == [f"same.act_{number:04}" for number in range(10)]
    assert found.total == 5_000


def test_a_question_of_hundreds_of_words_finds_the_tool_with_a_few_of_them():
    filler = [f"word{number}" for number in range(300)]
    tools = [tool(f"w.t{number}", f"{filler[number]} thing") for number in range(300)]
    catalog = Catalog.empty().replace("w", [*tools, tool("w.best", "word1 word2 word3")])
    assert paths(" ".join(filler), catalog)[0] == "w.best"


def test_the_very_best_is_the_first_of_many():
    """Among few tools of few words, some say one word loud, and others say all of them: coverage often decides."""
    chosen = random.Random(5)
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]
    for _ in range(150):
        tools = [
            tool(
                f"x.{chosen.choice(words)}_{number}",
                " ".join(chosen.choices(words, k=chosen.randrange(1, 9))),
                {chosen.choice(words): {"description": " ".join(chosen.choices(words, k=6))}},
            )
            for number in range(12)
        ]
        catalog = Catalog.empty().replace("x", tools)
        query = " ".join(chosen.choices(words, k=4))
        assert paths(query, catalog, limit=1) == paths(query, catalog, limit=50)[:1]


def test_of_hundreds_of_words_many_beat_one():
    filler = [f"word{number}" for number in range(300)]
    few = [tool(f"w.t{number}", filler[number]) for number in range(300)]
    for many in range(20, 200, 4):
        catalog = Catalog.empty().replace("w", few).replace("z", [tool("z.best", " ".join(filler[:many]))])
        assert paths(" ".join(filler), catalog, limit=50)[0] == "z.best"


def test_weights_never_overflow_a_lane():
    tools = [tool(f"x.t{number}", "alpha " * 500 + "beta " * 500) for number in range(50)]
    catalog = Catalog.empty().replace("x", [*tools, tool("x.alpha_beta", "alpha beta " * 2_000)])
    found = search(catalog, "alpha beta " * 300)
    assert all(0 < hit.score < 10_000 * 4 for hit in found.hits)


def test_a_changed_catalogue_is_ranked_like_one_made_afresh():
    old = large(1_000, 10)
    search(old, "warm up the old one")
    tools = [tool("service3.zebra", "Feed the zebra"), tool("service3.export_report", "Export one report")]
    changed, fresh = old.replace("service3", tools), large(1_000, 10).replace("service3", tools)
    for query in ("zebra", "export report", "get user by id", "list"):
        assert search(changed, query) == search(fresh, query)


WORDS = ["get", "list", "export", "delete", "report", "customer", "invoice", "user", "budget", "id", "limit", "note"]
WORDS += ["service", "one", "by", "its", "all", "fetch"]


@pytest.mark.parametrize("seed", range(40))
def test_short_cuts_change_no_answer(seed, monkeypatch):
    """Sums by lanes, sums by loops, and looking at every tool must agree."""
    chosen = random.Random(seed)
    query = " ".join(chosen.choices(WORDS, k=chosen.choice([1, 2, 4, 9, 30])))
    namespace = chosen.choice([None, None, "service2", ["service1", "service5"]])
    answers = []
    for long, candidates in ((64, 2_000), (1, 2_000), (10**9, 2_000), (64, 10**9)):
        monkeypatch.setattr(ranking, "LONG", long)
        monkeypatch.setattr(ranking, "CANDIDATES", candidates)
        fresh = Catalog(LARGE.namespaces)
        answers.append(search(fresh, query, namespace=namespace))
    assert answers[1:] == answers[:1] * 3


@pytest.mark.parametrize("query", ["get list id user", "export the report of a customer", "budget", "note"])
def test_the_best_few_are_the_head_of_a_long_answer(query):
    whole = ask(LARGE, query, depth=LARGE_SIZE).answers[0].hits
    assert [hit.score for hit in whole] == sorted((hit.score for hit in whole), reverse=True)
    for limit in (1, 5, 10, 50):
        assert search(LARGE, query, limit=limit).hits == whole[:limit]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["query", "queries", "q"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@given(ANYTHING)
def test_a_query_of_any_form_is_answered_or_refused_in_words(query):
    try:
        said = found_text(search(SMALL, query))
    except ValueError as error:
        said = str(error) if "a query is" in str(error) else ""
    assert said


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=3_000), st.integers(-5, 5_000), st.integers(-5, 5_000))
def test_any_text_is_answered_in_bounded_time(query, limit, offset):
    search(LARGE, "warm")
    began = time.perf_counter()
    found = search(LARGE, query, limit=limit, offset=offset)
    # Loose: the machine may be busy. The longest of these takes about 10 ms.
    assert time.perf_counter() - began < 2
    assert len(found.hits) <= 50
    assert ask(LARGE, query).questions == questions(query)
