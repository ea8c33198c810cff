"""The `codemode` namespace and the shelf of snippets, over a store and a guest, without a runtime."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import describe
from toolscript.catalog.search import Found, search
from toolscript.codec import Blob, Encoded, encode
from toolscript.errors import Conflict, GuestError, ToolError
from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.ports import Guest
from toolscript.runs.entry import Ended, RunRecord
from toolscript.runs.program import Language, Limits, Program
from toolscript.runs.turn import Finished
from toolscript.runtime.builtin import MAX_PIECE_BYTES, Builtin
from toolscript.runtime.snippets import MAX_CODE_BYTES, Snippets, SnippetShelf
from toolscript.runtime.state import MAX_KEYS, MAX_VALUE_BYTES
from toolscript.stores.memory import MemoryStore
from toolscript.testing.clock import FakeClock
from toolscript.tools import CallContext, Tool, ToolPath

CODE = "const found: string[] = await crm.find({ since: input.since })\nreturn found.length"
SCHEMA = {"type": "object", "properties": {"since": {"type": "string"}}, "required": ["since"]}
ABOUT = "Count what was found since a day."
CRM = [
    Tool(path=ToolPath("crm", name), raw_name=name, description="", input_schema={"type": "object"})
    for name in ("find", "add")
]
RUN = RunRecord(
    id="run_1",
    program=Program(code=CODE),
    engine="e",
    namespaces={"crm": ("find",)},
    limits=Limits(),
    created=1,
    updated=1,
)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def guest() -> AsyncIterator[JavaScriptGuest]:
    guest = JavaScriptGuest()
    yield guest
    await guest.close()


class House:
    """The parts as a runtime puts them together."""

    def __init__(self, guest: Guest, store: MemoryStore, *, scope: str = "", saving: bool = False) -> None:
        self.catalog = Catalog.empty().replace("crm", CRM)
        self.language: Language = "typescript"
        self.snippets = Snippets(
            store=store, scope=scope, guest=lambda language: guest, catalog=lambda: self.catalog, clock=FakeClock()
        )
        self.shelf = SnippetShelf(self.snippets)
        self.builtin = Builtin(
            store=store,
            offered=self.offered,
            search=self.search,
            describe=self.describe,
            snippets=self.snippets,
            scope=scope,
            saving=saving,
            language=lambda run: self.language,
        )
        self.catalog = self.catalog.replace("codemode", self.builtin.listing().tools)
        self.changes = 0

    async def offered(self) -> Catalog:
        return self.catalog.without("codemode")

    async def search(self, query: Any, **options: Any) -> Found:
        return search(await self.offered(), query, **options)

    async def describe(self, paths: Sequence[str], **options: Any) -> str:
        return describe(await self.offered(), paths, **options)

    async def open(self) -> House:
        await self.shelf.open(self.changed)
        self.changed()
        return self

    def changed(self) -> None:
        self.changes += 1
        self.catalog = self.catalog.replace("snippets", self.shelf.listing().tools)

    async def call(self, method: str, **args: Any) -> Any:
        tool = self.catalog.find(f"codemode.{method}")
        assert tool is not None
        problems = self.catalog.check(tool, args)
        assert not problems, problems
        return await self.builtin.call(tool, args, CallContext(run="run_9", seq=1))


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def house(guest: JavaScriptGuest, store: MemoryStore) -> House:
    return await House(guest, store, saving=True).open()


async def save(house: House, **more: Any) -> Any:
    options: dict[str, Any] = {"code": CODE, "description": ABOUT, "input_schema": SCHEMA, **more}
    return await house.snippets.save(options.pop("name", "count"), **options)


async def test_a_saved_snippet_is_opened_with_its_script_and_what_it_sees(house: House):
    saved = await save(house)
    assert (saved.version, saved.namespaces, saved.created) == (1, ("crm",), FakeClock().now())
    opened = await house.call("run", name="count", input={"since": "today"})
    assert (opened["name"], opened["version"], opened["input"]) == ("count", 1, {"since": "today"})
    assert opened["namespaces"] == {"crm": ["find"]}
    assert opened["script"].startswith("(async (input) => {")
    assert "string[]" not in opened["script"]


async def test_versions_count_up_and_an_old_one_can_be_run(house: House):
    await save(house)
    assert (await save(house, code="return 2", input_schema=None)).version == 2
    assert "return 2" in (await house.call("run", name="count"))["script"]
    assert "crm.find" in (await house.call("run", name="count", version=1, input={"since": "x"}))["script"]
    with pytest.raises(ToolError, match="the snippet count has no version 9; its newest is 2"):
        await house.call("run", name="count", version=9)


async def test_the_program_of_a_completed_run_becomes_a_snippet(house: House, store: MemoryStore):
    await store.create(RUN, [Ended(status="completed", outcome=Finished(Encoded("1")), at=2)])
    saved = await save(house, code=None, run="run_1", by="cli")
    assert (saved.code, saved.from_run, saved.saved_by, saved.namespaces) == (CODE, "run_1", "cli", ("crm",))


async def test_only_a_completed_run_becomes_a_snippet(house: House, store: MemoryStore):
    await store.create(replace(RUN, id="run_2"), [])
    with pytest.raises(Conflict, match="the run run_2 is running: only a program that completed"):
        await save(house, code=None, run="run_2")
    with pytest.raises(Conflict, match="no run nope"):
        await save(house, code=None, run="nope")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": "weekly-report"}, "'weekly_report' would do"),
        ({"name": "__proto__"}, "'proto' would do"),
        ({"name": "constructor"}, "'constructor_' would do"),
        ({"description": " "}, "needs a description"),
        ({"description": "x" * 3_000}, "3,000 characters"),
        ({"input_schema": {"type": "string"}}, "the input of a snippet is an object"),
        ({"namespaces": ["a b"]}, "'a b' is not the name of a namespace"),
        ({"code": "1" * (MAX_CODE_BYTES + 1)}, "at most 262,144"),
        ({"run": "run_1"}, "give one of the two"),
        ({"code": None}, "give one of the two"),
    ],
)
async def test_what_cannot_be_saved_is_a_conflict_that_says_why(house: House, more: dict[str, Any], words: str):
    with pytest.raises(Conflict, match=words):
        await save(house, **more)
    assert await house.snippets.list() == ()


@pytest.mark.parametrize("code", ["const a = ;", "let a = 1; let a = 2", "const f = () => { await 1 }"])
async def test_code_that_the_engine_cannot_parse_is_not_saved(house: House, code: str):
    with pytest.raises(GuestError) as raised:
        await save(house, code=code)
    assert raised.value.failure.code == "syntax"
    assert await house.snippets.list() == ()


async def test_an_unknown_snippet_is_answered_with_near_names(house: House):
    await save(house)
    with pytest.raises(ToolError, match=r"Did you mean snippets\.count\(\{ since: string \}\)"):
        await house.call("run", name="cuont")
    for name in ("__proto__", "constructor", "", "x" * 10_000):
        with pytest.raises(ToolError, match="there is no snippet"):
            await house.call("run", name=name)


async def test_a_snippet_whose_namespace_is_gone_does_not_start(house: House):
    await save(house)
    house.catalog = house.catalog.without("crm")
    with pytest.raises(ToolError, match="needs the namespace crm, which is not connected"):
        await house.call("run", name="count", input={"since": "x"})


async def test_input_that_does_not_fit_does_not_start(house: House):
    await save(house)
    with pytest.raises(ToolError, match=r"since: .*Expected: snippets\.count"):
        await house.call("run", name="count")


async def test_a_program_of_another_language_cannot_run_it(house: House):
    await save(house)
    house.language = "python"
    with pytest.raises(ToolError, match="a python program cannot run it"):
        await house.call("run", name="count", input={"since": "x"})


async def test_input_that_is_too_large_to_cross_is_refused(house: House):
    await save(house)
    with pytest.raises(ToolError, match="Pass less"):
        await house.call("run", name="count", input={"since": "x" * (1 << 20)})


async def test_what_another_process_saved_is_seen_after_a_load(
    guest: JavaScriptGuest, house: House, store: MemoryStore
):
    other = await House(guest, store).open()
    await save(other)
    assert house.catalog.find("snippets.count") is None
    assert (await house.call("run", name="count", input={"since": "x"}))["version"] == 1
    await house.snippets.load()
    assert house.catalog.find("snippets.count") is not None
    before = house.changes
    await house.snippets.load()
    assert house.changes == before


async def test_scopes_see_their_own_snippets_only(guest: JavaScriptGuest, house: House, store: MemoryStore):
    await save(house)
    other = await House(guest, store, scope="other").open()
    assert await other.snippets.list() == ()
    with pytest.raises(ToolError, match="None was saved yet"):
        await other.call("run", name="count")


async def test_a_deleted_snippet_is_gone_from_the_shelf(house: House):
    await save(house)
    assert house.catalog.find("snippets.count") is not None
    await house.snippets.delete("count")
    assert house.catalog.find("snippets.count") is None
    with pytest.raises(Conflict, match="there is no snippet count"):
        await house.snippets.delete("count")
    with pytest.raises(Conflict, match="there is no snippet count"):
        await house.snippets.get("count")


async def test_a_call_of_the_shelf_itself_says_how_it_is_done(house: House):
    await save(house)
    tool = house.shelf.listing().tools[0]
    with pytest.raises(ToolError, match=r'await codemode\.run\("count", input\)'):
        await house.shelf.call(tool, {}, CallContext(run="r", seq=1))


async def test_search_finds_snippets(house: House):
    await save(house)
    found = await house.call("search", query="count what was found")
    assert found["hits"][0]["path"] == "snippets.count"


async def test_a_program_may_save_where_it_is_allowed(house: House):
    saved = await house.call("save_snippet", name="sum", description="Add.", code="return input.a + input.b")
    signature = "snippets.sum(Record<string, unknown>): Promise<unknown>"
    assert saved == {"path": "snippets.sum", "signature": signature, "version": 1}
    assert (await house.snippets.get("sum")).saved_by == "a program (run_9)"
    with pytest.raises(ToolError, match="SyntaxError"):
        await house.call("save_snippet", name="sum", description="x", code="const a = ;")
    with pytest.raises(ToolError, match="would do"):
        await house.call("save_snippet", name="a b", description="x", code="return 1")


def test_saving_is_a_write_and_is_listed_only_where_it_is_allowed(guest: JavaScriptGuest, store: MemoryStore):
    listed = {tool.path.method: tool for tool in House(guest, store, saving=True).builtin.listing().tools}
    assert listed["save_snippet"].effect == "write"
    assert "save_snippet" not in {tool.path.method for tool in House(guest, store).builtin.listing().tools}
    assert {name for name, tool in listed.items() if tool.keyed} == {"state_set", "state_delete"}


VALUES = [
    None,
    True,
    2**70,
    float("inf"),
    "ä",
    b"\x00",
    datetime(2026, 1, 1, tzinfo=UTC),
    {"$date": "mine"},
    Blob("a", "b", 1),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_state_keeps_values_with_their_type(house: House, value: Any):
    await house.call("state_set", key="k", value=value)
    assert encode(await house.call("state_get", key="k")) == encode(value)


async def test_state_is_of_its_scope(guest: JavaScriptGuest, house: House, store: MemoryStore):
    await house.call("state_set", key="k", value=1)
    assert await (await House(guest, store, scope="other").open()).call("state_get", key="k") is None
    assert await (await House(guest, store).open()).call("state_keys") == ["k"]


async def test_state_that_is_deleted_is_gone(house: House):
    await house.call("state_set", key="k", value=None)
    assert await house.call("state_keys") == ["k"]
    assert await house.call("state_delete", key="k") is True
    assert await house.call("state_delete", key="k") is False
    assert await house.call("state_keys") == []


async def test_state_has_room_for_so_much(house: House):
    await house.call("state_set", key="k", value="x" * (MAX_VALUE_BYTES - 2))
    with pytest.raises(ToolError, match="the value of 'k' has 65,537 bytes, over the limit of 65,536"):
        await house.call("state_set", key="k", value="x" * (MAX_VALUE_BYTES - 1))
    for number in range(MAX_KEYS - 1):
        await house.call("state_set", key=f"k{number}", value=number)
    await house.call("state_set", key="k", value="there is room for what is there")
    with pytest.raises(ToolError, match="delete some first"):
        await house.call("state_set", key="one more", value=1)


async def test_a_blob_is_read_in_pieces_only(house: House, store: MemoryStore):
    name = await store.put_blob(bytes(MAX_PIECE_BYTES + 1), "x/y", run="run_1")
    with pytest.raises(ToolError, match="at most 524,288 bytes at a time, and 524,289 are asked for"):
        await house.call("read_blob", id=name)
    assert len(await house.call("read_blob", id=name, start=1)) == MAX_PIECE_BYTES
    assert await house.call("read_blob", id=name, start=MAX_PIECE_BYTES, end=9_999_999) == b"\0"
    with pytest.raises(ToolError, match="no blob"):
        await house.call("read_blob", id="nope")
