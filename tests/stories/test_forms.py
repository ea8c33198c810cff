"""A program that took a result for something else is told what form it has, and no value of it."""

from typing import Any

import pytest
from programs import Program, Speakers, Speaking, program

from toolscript.connectors.functions import functions, tool
from toolscript.runs.program import Language

HEAD = "What the calls gave:"


class Hub:
    @tool(effect="read")
    async def issues(self, page: int = 1) -> Any:
        """One page of issues."""
        item = {"id": 1, "title": "secret words", "closed": None}
        return {"items": [item] if page == 1 else [], "next": 2 if page == 1 else None}

    @tool(effect="read")
    async def people(self) -> Any:
        """Nobody."""
        return []

    @tool(effect="read")
    async def text(self) -> Any:
        """A text that is JSON."""
        return '{"rows": [{"n": 1}]}'

    async def touch(self, n: int = 0) -> None:
        """Write something."""


def runtime(speaking: Speakers) -> Speaking:
    hub = Hub()
    return speaking([functions("hub", hub.issues, hub.people, hub.text, hub.touch)], type_check="off")


async def hinted(ours: Speaking, code: Program) -> list[str]:
    result = await ours.run(code)
    assert not result.ok
    return result.hint.splitlines()


@pytest.mark.parametrize(
    "code",
    [
        program(
            "const found = await hub.issues({}); await hub.touch({});\nreturn found.map((one) => one.title)",
            "found = await hub.issues()\nawait hub.touch()\nreturn [one['title'] for one in found]",
        ),
        program(
            "const { entries } = await hub.issues({}); await hub.touch({});\nreturn entries.length",
            "found = await hub.issues()\nawait hub.touch()\nreturn found['entries']",
        ),
        program(
            "const found = await hub.issues({}); await hub.touch({});\nfor (const one of found) {}",
            "found = await hub.issues()\nawait hub.touch()\nreturn found[0]",
        ),
    ],
    ids=["an object taken for an array", "a member that is not there", "the first of an object"],
)
async def test_what_the_calls_gave_is_told(speaking: Speakers, language: Language, code: Program):
    form = {
        "typescript": "{ items: { closed: null, id: number, title: string }[], next: number }",
        "python": '{"items": list[{"closed": None, "id": int, "title": str}], "next": int}',
    }["typescript" if language == "typescript" else "python"]
    async with runtime(speaking) as ours:
        nothing = "null" if language == "typescript" else "None"
        assert await hinted(ours, code) == [HEAD, f"  hub.issues: {form}", f"  hub.touch: {nothing}"]


async def test_the_calls_of_a_tool_are_told_as_one_form(speaking: Speakers):
    code = program(
        "const all = await Promise.all([1, 2].map((page) => hub.issues({ page })));\nreturn all[0].nope.length",
        "import asyncio\nall = await asyncio.gather(*[hub.issues(page=n) for n in (1, 2)])\nreturn all[0]['nope']",
    )
    async with runtime(speaking) as ours:
        head, line = await hinted(ours, code)
        assert head == HEAD
        assert line.endswith((", next: number | null }", ', "next": int | None}'))


async def test_an_empty_answer_and_a_text_of_json_are_told_as_such(speaking: Speakers, language: Language):
    code = program(
        "const rows = await hub.text({}); const people = await hub.people({});\nreturn people[0].name",
        "rows = await hub.text()\npeople = await hub.people()\nreturn people[0]['name']",
    )
    said = {
        "typescript": [
            "  hub.people: [], an empty array",
            "  hub.text: string, which JSON.parse reads as { rows: { n: number }[] }",
        ],
        "python": [
            "  hub.people: [], an empty list",
            '  hub.text: str, which json.loads reads as {"rows": list[{"n": int}]}',
        ],
    }["typescript" if language == "typescript" else "python"]
    async with runtime(speaking) as ours:
        assert await hinted(ours, code) == [HEAD, *said]


@pytest.mark.parametrize(
    "code",
    [
        program("throw new Error('mine')", "raise ValueError('mine')"),
        program("await hub.issues({}); throw new Error('mine')", "await hub.issues()\nraise ValueError('mine')"),
        program("const n = 1; return n.x.y", "n = {}\nreturn n['x']"),
        program("await codemode.state.set('k', 1); return null.x", "await codemode.state.set('k', 1)\nreturn {}['x']"),
    ],
    ids=["no call", "an error of its own", "nothing was called", "only our own"],
)
async def test_nothing_is_told_where_no_result_can_be_meant(speaking: Speakers, code: Program):
    async with runtime(speaking) as ours:
        assert HEAD not in await hinted(ours, code)


async def test_the_form_of_a_search_is_told(speaking: Speakers):
    code = program(
        "return (await codemode.search('issues')).map((hit) => hit.path)",
        "return [hit['path'] for hit in await codemode.search('issues')]",
    )
    async with runtime(speaking) as ours:
        head, line = await hinted(ours, code)
        assert head == HEAD
        assert line.startswith("  codemode.search: {")
        assert "hits" in line
        assert "total" in line
