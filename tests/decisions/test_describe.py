import pytest
from tests.decisions.catalogs import large, needs_recorded, recorded, small, tool

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import describe, overview
from toolscript.tokens import estimate

SMALL = small()
RECORDED = recorded()


def test_a_method_gives_its_effect_types_and_an_example():
    assert describe(SMALL, ["hub.list_issues"]) == (
        "hub.list_issues [read]\n"
        "List the issues of a repository. Pages.\n"
        "```ts\n"
        "hub.list_issues(input: {\n"
        "  owner: string\n"
        "  repo: string\n"
        "}): Promise<unknown>\n"
        "```\n"
        'Example: await hub.list_issues({ owner: "…", repo: "…" })'
    )


def test_a_namespace_gives_an_index_and_how_to_go_on():
    assert describe(SMALL, ["hub"]) == (
        "hub (4 tools)\n"
        "A code host\n"
        "hub.create_issue({ owner, repo, title? }) — Open a new issue\n"
        "hub.delete_customer() — Remove a customer for good\n"
        "hub.get_env() [read] — Environment\n"
        "hub.list_issues({ owner, repo }) [read] — List the issues of a repository\n"
        'describe("hub.create_issue") gives its types; search with namespace "hub" finds methods.'
    )


def test_a_path_that_is_not_there_is_listed_with_near_ones():
    text = describe(SMALL, ["hub.list_isues", "hub.get_env", "zz.yy"])
    assert text.splitlines()[0] == "hub.get_env [read]"
    assert "There is no 'hub.list_isues'. Did you mean hub.list_issues" in text
    assert "There is no 'zz.yy'. Namespaces: files (3 tools), hub (4 tools)." in text


def test_an_upstream_name_is_accepted_and_said_where_it_differs():
    assert describe(SMALL, ["get-env"]).splitlines()[0] == "hub.get_env [read]"
    other = Catalog.empty().replace("a", [tool("a.delete_", raw="delete everything!")])
    assert describe(other, ["a.delete_"]).splitlines()[0] == "a.delete_ [write] (upstream name: delete everything!)"


def test_nothing_to_describe_says_what_there_is():
    assert describe(SMALL, [" "]).endswith("Namespaces: files (3 tools), hub (4 tools).")
    assert describe(Catalog.empty(), ["a.b"]) == "There is no 'a.b'. No tools are connected."


def test_a_source_without_tools_says_why():
    catalog = SMALL.replace("dead", [], state="unreachable")
    assert describe(catalog, ["dead"]) == "dead (0 tools, unreachable)\nIt is unreachable; its tools may be missing."


@pytest.mark.parametrize("budget", [150, 500, 2000])
def test_a_large_namespace_keeps_to_its_budget_and_says_how_many_are_left(budget):
    text = describe(large(2000, 1), ["service0"], budget_tokens=budget)
    assert estimate(text) <= budget
    assert "more: search with namespace 'service0'" in text


@needs_recorded
@pytest.mark.parametrize("budget", [120, 400, 1000, 2000])
@pytest.mark.parametrize(
    "paths",
    [
        ["excel.create_chart"],
        ["notion.API_post_page", "notion.API_update_page_markdown", "excel.create_pivot_table"],
        ["excel", "github", "notion.API_patch_page"],
        ["playwright.browser_fill_form", "github.create_pull_request_review", "no.such"],
    ],
)
def test_recorded_tools_keep_to_the_budget(paths, budget):
    text = describe(RECORDED, paths, budget_tokens=budget)
    assert estimate(text) <= budget * 1.1 + 40
    for path in paths:
        assert path in text


@needs_recorded
def test_what_was_cut_is_marked_and_the_way_to_the_rest_is_told():
    text = describe(RECORDED, ["excel.create_chart"], budget_tokens=300)
    assert "…" in text
    assert "describe excel.create_chart alone with a larger budget" in text
    assert "…" not in describe(RECORDED, ["excel.sort_range"], budget_tokens=4000).partition("Example")[0]


def test_what_gets_no_share_is_named():
    paths = [f"service0.{method}" for method in list(large(250, 1).namespaces["service0"].methods)[:40]]
    text = describe(large(250, 1), paths, budget_tokens=600)
    assert "Left out, ask again for: service0." in text
    assert estimate(text) <= 800


def test_an_overview_is_bounded_whatever_the_catalogue():
    for catalog in (Catalog.empty(), SMALL, large(10_000, 500)):
        for budget in (10, 40, 150, 400):
            assert estimate(overview(catalog, budget_tokens=budget)) <= budget
    assert (
        overview(SMALL, budget_tokens=100) == "hub (4 tools): A code host\nfiles (3 tools): read, list_issues, convert"
    )
    assert overview(Catalog.empty(), budget_tokens=100) == "No tools are connected."


def test_descriptions_cannot_end_the_code_fence():
    wicked = tool("a.b", "Text\n```\nnow prose", {"x": {"type": "string", "description": "``` */ \n }"}})
    text = describe(Catalog.empty().replace("a", [wicked]), ["a.b"])
    assert text.count("```") == 2
