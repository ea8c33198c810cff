"""Near names in catalogues of any size: what is found, what is kept quiet about, and that snapshots stay apart."""

import random

import pytest
from tests.decisions.catalogs import needs_recorded, recorded, small, tool

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.letters import READ, Letters
from toolscript.runs.inspected import Inspected, Mention
from toolscript.runs.policy import Policy, Rule
from toolscript.runs.precheck import problems_of

VERBS = ("get", "list", "create", "update", "delete", "archive", "share", "export")
NOUNS = ("invoice", "contact", "pipeline", "repository", "calendar_event", "purchase_order", "webhook", "user")


def crowded(count: int = 20_000, spaces: int = 1) -> Catalog:
    """So many tools of which many begin and end alike."""
    catalog = Catalog.empty()
    for space in range(spaces):
        numbers = range(space, count, spaces)
        names = [f"{VERBS[n % 8]}_{NOUNS[n // 8 % 8]}_{n}" for n in numbers]
        catalog = catalog.replace(f"s{space}", [tool(f"s{space}.{name}") for name in names])
    return catalog


def first(catalog: Catalog, path: str) -> str:
    near = catalog.near(path)
    return str(near[0].path) if near else ""


@pytest.mark.parametrize("spaces", [1, 400])
def test_the_last_tool_of_many_is_found_as_well_as_the_first(spaces: int):
    catalog = crowded(spaces=spaces)
    for number in (0, 1, 9_999, 19_998, 19_999):
        name = f"{VERBS[number % 8]}_{NOUNS[number // 8 % 8]}_{number}"
        meant = f"s{number % spaces}.{name}"
        assert first(catalog, meant.replace("_", "")) == meant
        assert first(catalog, f"s{number % spaces}.{name[:2]}x{name[2:]}") == meant
        assert first(catalog, f"nowhere.{name}") == meant


def test_a_short_name_is_found_with_any_one_letter_wrong():
    catalog = crowded().replace("crm", [tool("crm.find"), tool("crm.get"), tool("crm.archive")])
    for wrong in ("fnd", "fnid", "fimd", "findd", "ffind", "Find", "fin"):
        assert first(catalog, f"crm.{wrong}") == "crm.find", wrong
    for wrong in ("gt", "egt", "gett", "g_et"):
        assert first(catalog, f"crm.{wrong}") == "crm.get", wrong


def test_the_same_method_of_another_namespace_is_among_the_near_ones():
    catalog = crowded(2_000).replace("crm", [tool("crm.get_contracts")]).replace("hub", [tool("hub.get_contacts")])
    assert [str(each.path) for each in catalog.near("crm.get_contacts")][:2] == [
        "crm.get_contracts",
        "hub.get_contacts",
    ]


def test_a_question_looks_at_no_more_tools_than_it_may():
    letters = Letters()
    letters.add("m", {f"item_{n}": tool(f"m.item_{n}") for n in range(30_000)})
    assert len(letters.alike("itemx", None, 10**6)) <= READ
    assert len(letters.alike("itemx", ("m",), 10**6)) <= READ


def test_a_snapshot_is_not_offered_what_another_has():
    old = small()
    new = old.replace("files", [tool("files.read_text"), tool("files.convert")])
    assert first(new, "files.read_tex") == "files.read_text"
    assert first(old, "files.read_tex") == "files.read"
    assert first(new.without("hub"), "hub.create_isue") == ""
    assert first(new, "hub.create_isue") == "hub.create_issue"
    narrow = new.where(lambda each: each.path.method != "create_issue")
    assert first(narrow, "hub.create_isue") != "hub.create_issue"


def test_one_tool_of_many_that_may_be_seen_is_found():
    catalog = crowded(5_000).where(lambda each: each.path.method.endswith("_4999"))
    assert len(catalog) == 1
    assert first(catalog, "s0.export_user_4998").endswith("_4999")


def test_names_that_are_gone_are_forgotten_in_time():
    catalog = Catalog.empty()
    for turn in range(10):
        catalog = catalog.replace("m", [tool(f"m.item_{turn}_{n}") for n in range(1_000)])
    assert len(catalog.letters) <= 3_000
    assert first(catalog, "m.item_9_77x") == "m.item_9_77"


def test_a_tool_is_meant_by_its_raw_name_among_many():
    catalog = crowded().replace("hub", [tool("hub.get_env", raw="get-env"), tool("hub.x", raw="list/all of it")])
    assert catalog.meant("get-env") is catalog.find("hub.get_env")
    assert catalog.meant("hub.list/all of it") is catalog.find("hub.x")
    assert catalog.meant("hubGetEnv") is catalog.find("hub.get_env")
    assert catalog.meant("s0.getInvoice0") is catalog.find("s0.get_invoice_0")
    assert catalog.meant("get_invoice") is None


def program(*names: str) -> Inspected:
    free = tuple(Mention(name=name, method="find", line=1, column=1) for name in names)
    return Inspected(syntax="typescript", free=free)


def told(catalog: Catalog, policy: Policy, *names: str) -> list[str]:
    return [problem.message for problem in problems_of(program(*names), catalog, policy)]


def test_a_near_namespace_is_found_among_five_hundred():
    catalog = crowded(2_000, 500).replace("contacts", [tool("contacts.all")]).replace("github", [tool("github.issues")])
    assert told(catalog, Policy(), "gihtub") == ["there is no namespace gihtub: did you mean github?"]
    assert told(catalog, Policy(), "Contact") == ["there is no namespace Contact: did you mean contacts?"]
    denied = Policy(rules=(Rule(verdict="deny", tools=("contacts.*",)),))
    assert "contacts" not in told(catalog, denied, "contact")[0]


@needs_recorded
def test_of_misspellings_of_real_names_nearly_all_are_understood():
    catalog, chance = recorded(), random.Random(4)
    tools = [each for each in catalog.tools if len(each.path.method) > 3]
    missed: list[str] = []
    for one in chance.choices(tools, k=400):
        name, at = one.path.method, chance.randrange(1, len(one.path.method) - 1)
        wrong = chance.choice([name[:at] + name[at + 1 :], f"{name[:at]}q{name[at:]}", f"{name}s", name.title()])
        if catalog.find(f"{one.path.namespace}.{wrong}") is None:
            near = catalog.near(f"{one.path.namespace}.{wrong}")
            missed += [] if one in near else [f"{one.path} from {wrong}"]
    assert len(missed) <= 4, missed
