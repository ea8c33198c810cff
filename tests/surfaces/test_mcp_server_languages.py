"""What a client meets where programs are written in Python, or in either language."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client
from mcp_parts import connected, over_http, runtime, words

from toolscript.runs.program import Language
from toolscript.surfaces.mcp_server.gaps import gaps_of
from toolscript.surfaces.mcp_server.offer import count, offer_of
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.surfaces.mcp_server.texts import EXAMPLES, tools

BOTH: tuple[Language, ...] = ("typescript", "python")
WORDS = Path(__file__).parent


@asynccontextmanager
async def client_of(*languages: Language) -> AsyncGenerator[Client]:
    async with over_http(runtime(languages)) as url, Client(url, mode="auto", read_timeout_seconds=20) as client:
        yield client


@pytest.fixture
async def python() -> AsyncGenerator[Client]:
    async with client_of("python") as client:
        yield client


@pytest.fixture
async def both() -> AsyncGenerator[Client]:
    async with client_of(*BOTH) as client:
        yield client


async def read(client: Client, name: str, **given: Any) -> str:
    return words(await client.call_tool(name, given))


async def test_with_python_alone_all_that_is_read_is_python(python: Client) -> None:
    for tool in (await python.list_tools()).tools:
        said = f"{tool.description} {json.dumps(tool.input_schema)}"
        assert [word for word in ("TypeScript", "const ", "Promise", "console.log", '"language"') if word in said] == []
    assert "crm.find(*, name: str) -> list[" in await read(python, "search", query="find a customer")
    described = await read(python, "describe", paths=["crm.find"])
    assert "```py\ncrm.find(*, name: str)" in described
    assert 'Example: await crm.find(name="' in described
    assert await read(python, "execute", code=EXAMPLES["python"]) == "2"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_on_stdio_the_first_list_is_in_the_configured_languages(mode: Any) -> None:
    async with connected("stdio", mode, '{"languages": ["python", "typescript"]}') as client:
        (search, _, execute, _) = (await client.list_tools()).tools
        assert "Namespaces: crm, shop." in str(search.description) or "crm (" in str(search.description)
        assert execute.input_schema["properties"]["language"] == {"enum": ["python", "typescript"]}
        assert str(execute.description).index("```py") < str(execute.description).index("```ts")
        assert await read(client, "execute", code=EXAMPLES["python"]) == "2"


async def test_inside_a_python_program_search_and_describe_are_in_python(python: Client) -> None:
    code = (
        "found = await codemode.search('find a customer', limit=1)\nreturn [found, await codemode.describe('crm.find')]"
    )
    said = await read(python, "execute", code=code)
    assert "crm.find(*, name: str) -> list[" in said
    assert "```py" in said


async def test_with_both_the_language_says_how_everything_is_read(both: Client) -> None:
    schemas = {tool.name: tool.input_schema for tool in (await both.list_tools()).tools}
    enum = {"enum": ["typescript", "python"]}
    assert [schemas[name]["properties"].get("language") for name in schemas] == [enum, enum, enum, None]
    assert schemas["execute"]["required"] == ["code", "language"]
    for syntax, signature in (("typescript", "crm.find({ name: string })"), ("python", "crm.find(*, name: str)")):
        assert signature in await read(both, "search", query="find a customer", language=syntax)
        assert f"```{'ts' if syntax == 'typescript' else 'py'}\n" in await read(
            both, "describe", paths=["crm.find"], language=syntax
        )
        assert await read(both, "execute", code=EXAMPLES[syntax], language=syntax) == "2"
    assert await read(both, "execute", code="return [1, 2].map((n) => n * 2)") == "[2,4]"  # the first of the two


@pytest.mark.parametrize("name", ["py", "Python", "python3"])
async def test_other_names_of_a_language_are_understood(both: Client, name: str) -> None:
    assert await read(both, "execute", code="sum([1, 2])", language=name) == "3"


async def test_a_language_that_is_not_offered_is_refused_with_the_right_call(both: Client) -> None:
    refused = await both.call_tool("execute", {"code": "1", "language": "ruby"})
    assert refused.is_error
    assert words(refused) == (
        "execute: language is one of typescript, python, not 'ruby'. Call it like this: "
        """execute({"code": "return await crm.find({ name: 'Ada' });", "language": "typescript"})"""
    )
    async with client_of("python") as client:
        refused = await client.call_tool("execute", {"code": "1", "language": "typescript"})
    assert "language is one of python, not 'typescript'" in words(refused)
    assert """execute({"code": "return await crm.find(name='Ada')"})""" in words(refused)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("await crm.fnd(name='Ada')", "Did you mean crm.find(*, name: str) -> list["),
        ("await crm.find(nam='Ada')", "Expected: crm.find(*, name: str) -> list["),
        ("pass", "null (the program returned nothing, or None: end it with `return` and the answer)"),
        (
            "await crm.listing(rows=3000)",
            '[Cut. The whole value is kept; read on in a program: r = await codemode.result("',
        ),
    ],
)
async def test_what_python_authors_are_told_is_in_python(python: Client, code: str, said: str) -> None:
    told = await read(python, "execute", code=code)
    assert said in told
    assert [word for word in ("Promise", "const ", "undefined", "JavaScript", ".slice(") if word in told] == []


async def test_the_way_to_read_on_in_python_leads_there(python: Client) -> None:
    cut = await read(python, "execute", code="return {'rows': await crm.listing(rows=3000), 'a b': 'x' * 9}")
    way = cut.rpartition("read on in a program: ")[2].removesuffix("]").replace("; ", "\n")
    assert way.startswith("r = await codemode.result(")
    assert 'return r["rows"][' in way
    assert "Customer " in await read(python, "execute", code=way)


async def test_an_exposed_tool_is_called_where_programs_are_in_python() -> None:
    options = ServeOptions(expose=("crm.find",))
    async with over_http(runtime(("python",)), options) as url, Client(url, mode="auto") as client:
        assert '"id":1' in words(await client.call_tool("crm__find", {"name": "Ada"}))


@pytest.mark.parametrize("languages", [("python",), BOTH, ("python", "typescript"), ("python", "cpython")])
def test_the_four_tools_stay_under_800_tokens(languages: tuple[Language, ...]) -> None:
    from test_mcp_server_words import catalog

    options = ServeOptions(languages=languages)
    for spaces, each in ((0, 0), (1, 10_000), (40, 250), (2_000, 5)):
        listed = offer_of(catalog(spaces, each), options).tools
        assert count(listed) < 800
        if spaces == 40:
            assert "service_0 (250 tools)" in str(listed[0]["description"])


def test_python_alone_needs_no_more_words_than_typescript_but_for_its_gaps() -> None:
    assert count(tools("", syntaxes=("python",))) <= count(tools("", syntaxes=("typescript",)))


def test_with_cpython_beside_it_nothing_is_said_of_gaps() -> None:
    assert gaps_of(ServeOptions(languages=("python",)))
    assert gaps_of(ServeOptions(languages=("python", "cpython"))) == ""
    assert gaps_of(ServeOptions(languages=("typescript",))) == ""
    assert ServeOptions(languages=("typescript", "cpython")).syntaxes == BOTH
    assert ServeOptions(languages=("typescript", "cpython")).language("python") == "cpython"
    assert ServeOptions(languages=("python", "cpython")).language("cpython") == "cpython"


@pytest.mark.parametrize(("file", "syntaxes"), [("mcp_words_python.txt", ("python",)), ("mcp_words_both.txt", BOTH)])
def test_the_constant_words_are_those_that_were_reviewed(file: str, syntaxes: Sequence[str]) -> None:
    """To accept other words: read the difference, then write `described(...)` to the file."""
    assert described(syntaxes) == (WORDS / file).read_text()


def described(syntaxes: Sequence[str]) -> str:
    listed = tools("", syntaxes=syntaxes)
    return "\n---\n\n".join(
        f"{one['name']}\n\n{one['description']}\n\n{json.dumps(one['inputSchema'])}\n" for one in listed
    )
