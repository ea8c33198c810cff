import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.decisions.catalogs import large, needs_recorded, recorded, small, tool
from tests.decisions.languages import parses
from tests.decisions.test_typescript import hostile, hostile_schema

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import describe, overview
from toolscript.schema.check import Checker
from toolscript.tokens import estimate
from toolscript.tools import Tool, ToolPath

SMALL = small()
RECORDED = recorded()
LANGUAGES = ["typescript", "python"]
ADDRESS = {"type": "object", "properties": {"street": {"type": "string"}, "city": {"$ref": "#/$defs/City"}}}
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/Address"},
        "friends": {"type": "array", "items": {"$ref": "#/$defs/Person"}},
        "odd-key": {"type": "object", "properties": {"x": {"type": "integer"}}},
    },
    "required": ["name"],
}
DEFINITIONS = {
    "Person": PERSON,
    "Address": ADDRESS,
    "City": {"type": "object", "properties": {"zip": {"type": "string", "pattern": "^[0-9]{5}$"}}},
}


def crm() -> Catalog:
    defined = {"$defs": DEFINITIONS}
    person = {"$ref": "#/$defs/Person"}
    tools = [
        Tool(
            path=ToolPath("crm", "find"),
            raw_name="find",
            description="Find people.",
            input_schema={"type": "object", "properties": {"like": person, "limit": {"type": "integer"}}, **defined},
            output_schema={"type": "array", "items": person, **defined},
            effect="read",
        ),
        Tool(
            path=ToolPath("crm", "save"),
            raw_name="save",
            description="Save one.",
            input_schema={"type": "object", "properties": {"person": person}, "required": ["person"], **defined},
            output_schema={**person, **defined},
        ),
    ]
    return Catalog.empty().replace("crm", tools, about="People")


CRM = crm()


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
    assert describe(SMALL, ["hub.list_issues"], language="python") == (
        "hub.list_issues [read]\n"
        "List the issues of a repository. Pages.\n"
        "```py\n"
        "hub.list_issues(*, owner: str, repo: str) -> Any\n"
        "```\n"
        'Example: await hub.list_issues(owner="…", repo="…")'
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
    assert "hub.create_issue(owner, repo, title=...) — Open" in describe(SMALL, ["hub"], language="python")


def test_it_is_said_whether_a_call_will_ask_for_approval():
    outlooks = {"hub.list_issues": "allow", "hub.create_issue": "ask", "hub.delete_customer": "deny"}

    def outlook(each):
        return outlooks.get(str(each.path), "depends")

    def first(path):
        return describe(SMALL, [path], outlook=outlook).splitlines()[0]

    assert first("hub.list_issues") == "hub.list_issues [read]"
    assert first("hub.create_issue") == "hub.create_issue [write, asks for approval]"
    assert first("hub.delete_customer") == "hub.delete_customer [write, denied]"
    assert first("files.read") == "files.read [write, may ask for approval]"
    index = describe(SMALL, ["hub"], outlook=outlook)
    assert "hub.create_issue({ owner, repo, title? }) [write, asks for approval] — Open a new issue" in index
    assert "hub.list_issues({ owner, repo }) [read] — List" in index


def test_a_path_that_is_not_there_is_listed_with_near_ones():
    text = describe(SMALL, ["hub.list_isues", "hub.get_env", "zz.yy"])
    assert text.splitlines()[0] == "hub.get_env [read]"
    assert "There is no 'hub.list_isues'. Did you mean hub.list_issues" in text
    assert "There is no 'zz.yy'. Namespaces: files (3 tools), hub (4 tools)." in text


def test_an_upstream_name_is_accepted_and_said_where_it_differs():
    assert describe(SMALL, ["get-env"]).splitlines()[0] == "hub.get_env [read]"
    other = Catalog.empty().replace("a", [tool("a.delete_", raw="delete everything!")])
    assert describe(other, ["a.delete_"]).splitlines()[0] == "a.delete_ [write] (upstream name: delete everything!)"
    colon = Catalog.empty().replace("a", [tool("a.get_all", raw="get:all")])
    assert describe(colon, ["get:all"]).splitlines()[0] == "a.get_all [write]"


def test_nothing_to_describe_says_what_there_is():
    assert describe(SMALL, [" "]).endswith("Namespaces: files (3 tools), hub (4 tools).")
    assert describe(Catalog.empty(), ["a.b"]) == "There is no 'a.b'. No tools are connected."


def test_a_source_without_tools_says_why():
    catalog = SMALL.replace("dead", [], state="unreachable")
    assert describe(catalog, ["dead"]) == "dead (0 tools, unreachable)\nIt is unreachable; its tools may be missing."


def test_a_named_type_can_be_asked_for():
    assert describe(CRM, ["crm.find:Address"]) == (
        "```ts\n"
        "type Address = {\n"
        "  street?: string\n"
        "  city?: City\n"
        "}\n"
        "type City = {\n"
        "  zip?: string  // matches ^[0-9]{5}$\n"
        "}\n"
        "```"
    )
    assert describe(CRM, ["crm.find:Address"], language="python").startswith(
        "```py\nclass Address(TypedDict):\n    street: NotRequired[str]\n    city: NotRequired[City]\n"
    )


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("crm.find:input", "// input\ntype Part = {\n  like?: Person"),
        ("crm.find:output", "// output\ntype Part = Person[]"),
        ("crm.find:input.like.address", "type Address = {"),
        ("crm.find:output.address.city", "type City = {"),
        ("crm.find:Person.address.city.zip", "// Person.address.city.zip\ntype Part = string"),
        ("crm.find:output.friends", "// output.friends\ntype Part = Person[]"),
        ('crm.find:Person["odd-key"]', '// Person["odd-key"]\ntype Part = {\n  x?: number'),
        ('crm.find:Person["odd-key"].x', '// Person["odd-key"].x\ntype Part = number'),
    ],
)
def test_a_part_can_be_asked_for_by_its_place(path, first):
    text = describe(CRM, [path])
    assert text.startswith(f"```ts\n{first}"), text
    assert parses(text)
    assert parses(describe(CRM, [path], language="python"))


@pytest.mark.parametrize(
    "path", ["crm.find:Nope", "crm.find:input.nope", "crm.find:input..", 'crm.find:["', "crm.find:x y"]
)
def test_a_part_that_is_not_there_says_which_there_are(path):
    text = describe(CRM, [path])
    assert text.startswith("crm.find has no part ")
    assert text.endswith("Ask for one of input, output, Person, Address, City.")


def test_several_methods_share_their_types():
    text = describe(CRM, ["crm.find", "crm.save"])
    assert text.count("type Person = ") == text.count("type Address = ") == 1
    assert "crm.save(input: {\n  person: Person\n}): Promise<Person>" in text
    both = describe(CRM, ["crm.find", "crm.save", "crm.save:City"], language="python")
    assert both.count("class City(TypedDict)") == 1
    assert both.endswith("crm.save:City stands above: City")
    assert parses(text)
    assert parses(both)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("budget", [20, 60, 150, 500, 2000])
def test_a_large_namespace_keeps_to_its_budget_and_says_how_many_are_left(budget, language):
    text = describe(large(2000, 1), ["service0"], budget_tokens=budget, language=language)
    assert estimate(text) <= budget
    if budget >= 150:
        assert "more: search with namespace 'service0'" in text


@needs_recorded
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("budget", [60, 120, 400, 1000, 2000])
@pytest.mark.parametrize(
    "paths",
    [
        ["excel.create_chart"],
        ["notion.API_post_page", "notion.API_update_page_markdown", "excel.create_pivot_table"],
        ["excel", "github", "notion.API_patch_page"],
        ["playwright.browser_fill_form", "github.create_pull_request_review", "no.such"],
        ["notion.API_post_page:input.parent", "excel.create_chart:input"],
    ],
)
def test_recorded_tools_keep_to_the_budget(paths, budget, language):
    text = describe(RECORDED, paths, budget_tokens=budget, language=language)
    assert estimate(text) <= budget
    assert parses(text)
    for path in paths:
        assert path.partition(":")[0] in text or budget < 400 or ":" in path


@needs_recorded
def test_what_was_cut_is_named_with_the_path_to_ask_for():
    catalog = Catalog.empty().replace("excel", list(RECORDED.namespaces["excel"].methods.values()))
    text = describe(catalog, ["excel.create_chart"], budget_tokens=300)
    asked = re.search(r'Ask for a part: describe\("([^"]+)"', text)
    assert asked is not None, text
    part = describe(catalog, [asked[1]])
    assert part.startswith("```ts\n")
    assert parses(part)
    assert "Not all shown" not in describe(RECORDED, ["excel.sort_range"], budget_tokens=4000)


def test_everything_that_is_named_as_cut_can_be_asked_for():
    wide = {
        f"p{n}": {
            "type": "object",
            "properties": {f"q{m}": {"enum": [f"{n}_{m}_{k}" for k in range(20)]} for m in range(9)},
        }
        for n in range(9)
    }
    catalog = Catalog.empty().replace(
        "a",
        [
            tool(
                "a.b",
                "",
                {"one": {"type": "object", "properties": wide}, "x-y": {"type": "object", "properties": wide}},
            )
        ],
    )
    for language in LANGUAGES:
        for budget in (120, 200, 400, 800):
            text = describe(catalog, ["a.b"], budget_tokens=budget, language=language)
            listed = re.search(r"^Not all shown: (.*)\. Ask for", text, re.MULTILINE)
            assert listed is not None
            for name in re.sub(r" and \d+ more", "", listed[1]).split(", "):
                assert describe(catalog, [f"a.b:{name}"], language=language).startswith("```")


def test_what_gets_no_share_is_named():
    paths = [f"service0.{method}" for method in list(large(250, 1).namespaces["service0"].methods)[:40]]
    text = describe(large(250, 1), paths, budget_tokens=600)
    assert "Left out, ask again for: service0." in text
    assert estimate(text) <= 600


def test_paths_that_are_not_there_keep_to_the_budget_too():
    paths = [f"service0.no_such_method_{n}" for n in range(50)]
    text = describe(large(250, 1), paths, budget_tokens=300)
    assert "more paths are not there" in text
    assert estimate(text) <= 300


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


@settings(deadline=None)  # four descriptions, on however busy a machine
@given(hostile, hostile, hostile, hostile, st.sampled_from(LANGUAGES), st.integers(10, 700))
def test_hostile_schemas_are_described_within_the_budget(name, about, constant, definition, language, budget):
    schema = hostile_schema(name, about, constant, definition)
    wicked = Tool(
        path=ToolPath("a", "b"), raw_name=name, description=about * 5, input_schema=schema, output_schema=schema
    )
    catalog = Catalog.empty().replace("a", [wicked], about=about)
    for paths in (["a.b"], ["a"], ["a", "a.b", name], [f"a.b:{definition}", "a.b:input"]):
        text = describe(catalog, paths, budget_tokens=budget, language=language)
        assert estimate(text) <= budget
        assert parses(text), text


def examples(catalog):
    for each in catalog.tools:
        text = describe(catalog, [str(each.path)], budget_tokens=4_000, language="python")
        found = re.search(r"^Example: await \w+\.\w+\((.*)\)$", text, re.MULTILINE)
        yield each, None if found is None else eval(f"dict({found[1]})")


@needs_recorded
def test_every_example_passes_the_check_of_its_tool():
    lacking = []
    for each, args in examples(RECORDED):
        if args is None:
            lacking.append(str(each.path))
        else:
            assert Checker(each.input_schema).arguments(args) == ()
    assert lacking == []


@pytest.mark.parametrize(
    ("schema", "args"),
    [
        ({"type": "string"}, "…"),
        ({"type": "string", "pattern": "^[A-Z]{2}-[0-9]+$"}, "AA-1"),
        ({"type": "string", "format": "date"}, "2026-01-31"),
        ({"type": "string", "minLength": 3}, "aaa"),
        ({"type": "integer", "minimum": 10}, 10),
        ({"type": "integer", "exclusiveMinimum": 10}, 11),
        ({"type": "integer", "maximum": -5}, -5),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": "integer", "multipleOf": 7}, 7),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, ["…", "…"]),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": {"a": [1]}}, {"a": [1]}),
        ({"type": "object", "properties": {"x": {"type": "boolean"}}, "required": ["x"]}, {"x": True}),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"allOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"properties": {"b": {}}}]}, {"a": 1}),
        ({"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False}, ["…", 1]),
        ({"type": "string", "pattern": "^(?=x)y?x$", "examples": ["x"]}, "…"),
    ],
)
def test_an_example_fits_its_schema(schema, args):
    catalog = Catalog.empty().replace("a", [tool("a.b", "", {"v": schema}, required=["v"])])
    ((_, found),) = examples(catalog)
    assert found == {"v": args}
    assert Checker({"properties": {"v": schema}, "required": ["v"]}).arguments(found) == ()


def test_an_example_that_would_fail_is_not_shown():
    impossible = {"type": "string", "pattern": "^(a|b){2}c$", "maxLength": 1}
    catalog = Catalog.empty().replace("a", [tool("a.b", "", {"v": impossible}, required=["v"])])
    assert "Example" not in describe(catalog, ["a.b"])


def as_large_as_kubernetes():
    """771 definitions of 12 members, each with a long description, that name each other in circles."""
    definitions = {
        f"io.k8s.api.Kind{n}": {
            "type": "object",
            "description": "What it is. " * 30,
            "properties": {
                f"member{m}": {
                    "description": "What this member means, and what follows from it. " * 6,
                    **(
                        {"$ref": f"#/definitions/io.k8s.api.Kind{(n * 7 + m * 131 + 1) % 771}"}
                        if m % 3 == 0
                        else {"type": "array", "items": {"$ref": f"#/definitions/io.k8s.api.Kind{(n + m) % 771}"}}
                        if m % 3 == 1
                        else {"type": "string", "format": "date-time"}
                    ),
                }
                for m in range(12)
            },
            "required": ["member2"],
        }
        for n in range(771)
    }
    body = {"$ref": "#/definitions/io.k8s.api.Kind0"}
    return Tool(
        path=ToolPath("k8s", "create_pod"),
        raw_name="createPod",
        description="Create a pod.",
        input_schema={"type": "object", "properties": {"body": body}, "required": ["body"], "definitions": definitions},
        output_schema={**body, "definitions": definitions},
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_type_as_large_as_those_of_kubernetes_is_told_within_its_budget_and_50_ms(language):
    catalog = Catalog.empty().replace("k8s", [as_large_as_kubernetes()])
    spent = []
    for _ in range(3):
        began = time.thread_time()
        text = describe(catalog, ["k8s.create_pod"], language=language)
        spent.append((time.thread_time() - began) * 1000)
    assert min(spent) <= 50
    assert estimate(text) <= 2_000
    assert parses(text)
    assert text.count("IoK8sApiKind0") > 1
    assert "Not all shown: " in text
    part = describe(catalog, ["k8s.create_pod:IoK8sApiKind700"], language=language)
    assert "IoK8sApiKind700" in part
    assert estimate(part) <= 2_000


def test_an_empty_part_is_the_method():
    assert describe(SMALL, ["hub.list_issues:"]) == describe(SMALL, ["hub.list_issues"])
