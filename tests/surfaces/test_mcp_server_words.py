"""The words that every client pays for: how many, how stable, and whether they are true."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from dirty_equals import IsPartialDict
from mcp_parts import runtime

from toolscript.catalog.catalog import Catalog
from toolscript.surfaces.mcp_server.offer import Offer, count, first_offer, offer_of
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.surfaces.mcp_server.texts import EXAMPLES, INSTRUCTIONS, VERSION, tools
from toolscript.tokens import estimate
from toolscript.tools import Tool, ToolPath

MAX_TOKENS = 650
WORDS = Path(__file__).parent / "mcp_words.txt"
OBJECT = {"type": "object", "properties": {"customer": {"type": "string"}}, "required": ["customer"]}


def tool(namespace: str, method: str, **more: Any) -> Tool:
    given: dict[str, Any] = {"input_schema": OBJECT, "description": f"Does {method} to a customer."} | more
    return Tool(path=ToolPath(namespace, method), raw_name=method, **given)


def catalog(spaces: int, each: int, *, about: str = "A service of ours, with many methods.") -> Catalog:
    result = Catalog.empty()
    for number in range(spaces):
        name = f"service_{number}"
        result = result.replace(name, [tool(name, f"method_{index}") for index in range(each)], about=about)
    return result


@pytest.mark.parametrize(
    "offer",
    [
        first_offer([], ServeOptions()),
        first_offer(["github", "slack"], ServeOptions()),
        first_offer([f"a_rather_long_server_name_{number}" for number in range(500)], ServeOptions()),
        offer_of(Catalog.empty(), ServeOptions()),
        offer_of(catalog(3, 2), ServeOptions(types="search")),
        offer_of(catalog(1, 10_000), ServeOptions()),
        offer_of(catalog(40, 250), ServeOptions()),
        offer_of(catalog(40, 250, about="words " * 500), ServeOptions()),
        offer_of(catalog(2_000, 5), ServeOptions()),
        offer_of(catalog(30, 300, about="日本語のサービス" * 20), ServeOptions()),
    ],
    ids=["none", "two", "500 connecting", "empty", "few", "one of 10,000", "40", "wordy", "2,000", "japanese"],
)
def test_the_four_tools_stay_under_their_budget(offer: Offer) -> None:
    assert [each["name"] for each in offer.tools] == ["search", "describe", "execute", "resume"]
    assert count(offer.tools) < MAX_TOKENS
    as_json = [{key: each[key] for key in ("name", "description", "inputSchema")} for each in offer.tools]
    assert estimate(json.dumps(as_json, separators=(",", ":"), ensure_ascii=False)) < MAX_TOKENS + 50
    assert estimate(INSTRUCTIONS) < 60


def test_equal_catalogues_give_equal_bytes() -> None:
    first, second = (json.dumps(offer_of(catalog(40, 10), ServeOptions(expose=("*",))).tools) for _ in range(2))
    assert first == second


def test_the_names_and_sizes_of_namespaces_are_told() -> None:
    words = str(offer_of(catalog(2, 30), ServeOptions()).tools[0]["description"])
    assert "service_0 (30 tools): A service of ours" in words
    assert "service_1 (30 tools)" in words


async def test_the_example_in_the_description_runs() -> None:
    assert EXAMPLES["typescript"] in tools("")[2]["description"]
    async with runtime() as ours:
        result = await ours.run(EXAMPLES["typescript"])
    assert result.value == 2


def test_few_declarations_are_shown_and_many_are_not() -> None:
    def shown(size: int, types: Any) -> bool:
        return (
            "service_0.method_0(input" in offer_of(catalog(1, size), ServeOptions(types=types)).tools[2]["description"]
        )

    assert [shown(10, types) for types in ("auto", "upfront", "search")] == [True, True, False]
    assert [shown(300, types) for types in ("auto", "upfront", "search")] == [False, True, False]


def test_the_declarations_of_auto_stay_under_1500_tokens() -> None:
    most = 0
    for size in range(1, 120, 3):
        offer = offer_of(catalog(1, size), ServeOptions())
        most = max(most, count(offer.tools) - count(offer_of(catalog(1, size), ServeOptions(types="search")).tools))
    assert 1_200 < most <= 1_530


def exposed(tools: Sequence[Tool], *patterns: str) -> Offer:
    catalog = Catalog.empty()
    for name in {tool.path.namespace for tool in tools}:
        catalog = catalog.replace(name, [tool for tool in tools if tool.path.namespace == name])
    return offer_of(catalog, ServeOptions(expose=patterns))


def test_patterns_choose_what_is_exposed() -> None:
    all_tools = [tool("git", "log"), tool("git", "diff"), tool("crm", "find")]
    assert list(exposed(all_tools, "git.*").exposed) == ["git__diff", "git__log"]
    assert list(exposed(all_tools, "*.find", "git.log").exposed.values()) == ["crm.find", "git.log"]
    assert list(exposed(all_tools, "other.*").exposed) == []


def test_exposed_names_are_accepted_by_model_providers_and_distinct() -> None:
    odd = [
        tool("a", "über"),
        tool("a", "ober"),
        tool("a", "x" * 100),
        tool("a", "x" * 99 + "y"),
        tool("a_", "b"),
        tool("a", "_b"),
    ]
    names = list(exposed(odd, "*").exposed)
    assert len(set(names)) == 6
    assert all(len(name) <= 64 and name.isascii() and name.replace("_", "a").isalnum() for name in names)


@pytest.mark.parametrize("schema", [True, {}, {"type": "string"}, {"anyOf": [{"required": ["a"]}]}])
def test_an_exposed_schema_is_always_one_of_an_object(schema: Any) -> None:
    (*_, direct) = exposed([tool("a", "b", input_schema=schema)], "*").tools
    assert direct["inputSchema"] == IsPartialDict(type="object")


def test_exposed_tools_carry_their_effect() -> None:
    (*_, reads, writes) = exposed([tool("a", "r", effect="read"), tool("a", "w", destructive=True)], "*").tools
    assert reads["annotations"] == IsPartialDict(readOnlyHint=True)
    assert writes["annotations"] == IsPartialDict(readOnlyHint=False, destructiveHint=True)


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert version("toolscript") == VERSION


def test_the_constant_words_are_those_that_were_reviewed() -> None:
    """To accept other words: read the difference, then write `described()` to the file."""
    assert described() == WORDS.read_text()


def described() -> str:
    parts = [f"{each['name']}\n\n{each['description']}\n\n{json.dumps(each['inputSchema'])}\n" for each in tools("")]
    return "\n---\n\n".join([f"{INSTRUCTIONS}\n", *parts])
