"""Tools that do not say what they return, and what is learned of them."""

from dataclasses import replace
from typing import Any

from house import rule, until
from programs import Lent, Program, Speakers, Speaking, program, tried

from toolscript.codec import encode
from toolscript.connectors.functions import functions, tool
from toolscript.errors import Fault, ToolError
from toolscript.runs.policy import Policy
from toolscript.runs.turn import Returned
from toolscript.runtime.observed import FIRST, Observed
from toolscript.stores.memory import MemoryStore
from toolscript.tools import Tool, ToolPath

FIND = program("return await crm.find({})", "return await crm.find()")


def found(name: str) -> Program:
    return program(f"return await crm.find({{ name: '{name}' }})", f"return await crm.find(name='{name}')")


class Crm:
    """Its answers are what a test puts there."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}

    @tool(effect="read")
    async def find(self, name: str = "") -> Any:
        """Find somebody."""
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @tool(effect="read")
    async def count(self) -> int:
        """How many there are."""
        return 3

    @tool(effect="read")
    async def look(self, name: str) -> Any:
        """Find somebody."""
        return self.answers[name]


def runtime(speaking: Speakers, crm: Crm, store: Any = None, **options: Any) -> Speaking:
    connector = options.pop("connector", None) or functions("crm", crm.find, crm.count, crm.look)
    lent = {} if store is None else {"store": Lent(store)}
    return speaking([connector], **lent, **options)


def output(ours: Speaking, path: str = "crm.find") -> Any:
    known = ours.catalog.find(path)
    assert known is not None
    assert known.observed is (known.output_schema is not None and path != "crm.count")
    return known.output_schema


async def test_a_model_reads_a_type_that_was_seen(speaking: Speakers):
    crm = Crm()
    crm.answers["Ada"] = {"id": 7, "mail": "ada@example.com"}
    crm.answers["Bob"] = {"id": 8, "mail": None, "born": 1815}
    async with runtime(speaking, crm) as ours:
        assert "observed" not in await ours.describe(["crm.find"])
        assert output(ours) is None
        await ours.run(found("Ada"))
        await ours.run(found("Bob"))
        said = await ours.describe(["crm.find"])
        assert "observed" in said
        assert "ada@example.com" not in said
        seen = {"typescript": ("id: number", "born?: number", "mail: string | null")}
        assert all(
            name in said for name in seen.get(ours.language, ("id: int", "born: NotRequired[int]", "mail: str | None"))
        )
        hit = (await ours.search("find somebody")).hits[0]
        assert "born" in hit.signature
        inside = await ours.run("return await codemode.describe(['crm.find'])")
        assert "born" in inside.value


async def test_what_was_learned_is_there_for_the_next_process(speaking: Speakers):
    store, crm = MemoryStore(), Crm()
    crm.answers[""] = [{"id": 7}]
    async with runtime(speaking, crm, store) as ours:
        await ours.run(FIND)
    assert await store.cells("observed:crm") == ["find"]
    async with runtime(speaking, crm, store) as ours:
        await ours.ready()
        assert output(ours)["items"]["required"] == ["id"]
    async with runtime(speaking, crm, store, scope="other") as ours:
        await ours.ready()
        assert output(ours) is None


async def test_processes_add_to_what_others_learned(speaking: Speakers):
    store, crm = MemoryStore(), Crm()
    crm.answers |= {"a": {"id": 1, "a": 1}, "b": {"id": 2, "b": 1}}
    async with runtime(speaking, crm, store) as one, runtime(speaking, crm, store) as two:
        await one.ready()
        await two.ready()
        await one.run(found("a"))
        await two.run(found("b"))
    async with runtime(speaking, crm, store) as three:
        await three.ready()
        assert sorted(output(three)["properties"]) == ["a", "b", "id"]
        assert output(three)["required"] == ["id"]


async def test_it_is_written_while_the_runtime_lives(speaking: Speakers):
    store, crm = MemoryStore(), Crm()
    crm.answers[""] = 1
    async with runtime(speaking, crm, store) as ours:
        await ours.run(FIND)
        await until(lambda: store._cells.get("observed:crm"))  # pyright: ignore[reportPrivateUsage]


async def test_a_tool_that_changed_is_learned_anew(speaking: Speakers):
    store, crm = MemoryStore(), Crm()
    crm.answers["x"] = {"old": 1}
    async with runtime(speaking, crm, store) as ours:
        await ours.run(found("x"))
    changed = functions("crm", tool(name="find", effect="read")(crm.look), crm.count)
    crm.answers["x"] = {"new": 1}
    async with runtime(speaking, crm, store, connector=changed) as ours:
        await ours.ready()
        assert output(ours) is None
        await ours.run(found("x"))
        await ours.describe(["crm"])
        assert list(output(ours)["properties"]) == ["new"]


async def test_a_schema_of_its_own_is_never_replaced(speaking: Speakers):
    store, crm = MemoryStore(), Crm()
    async with runtime(speaking, crm, store) as ours:
        await ours.run(program("return await crm.count({})", "return await crm.count()"))
        await ours.run(program("return await codemode.search({ query: 'x' })", "return await codemode.search('x')"))
        await ours.describe(["crm"])
        found = ours.catalog.find("crm.count")
        assert found is not None
        assert (found.output_schema, found.observed) == ({"type": "integer"}, False)
    assert await store.cells("observed:crm") == await store.cells("observed:codemode") == []


async def test_failures_and_secrets_are_not_learned(speaking: Speakers):
    store, crm = MemoryStore(), Crm()
    crm.answers |= {"a": ToolError("no"), "b": {"hunter2-is-secret": "hunter2-is-secret", "ok": True}}
    async with runtime(speaking, crm, store, secrets=["hunter2-is-secret"]) as ours:
        await ours.run(tried("crm.find({ name: 'a' })", "crm.find(name='a')"))
        await ours.describe(["crm"])
        assert output(ours) is None
        await ours.run(found("b"))
        assert "hunter2" not in await ours.describe(["crm.find"])
        assert output(ours)["additionalProperties"] == {"type": "string"}
    assert "hunter2" not in (await store.get_cell("observed:crm", "find") or "hunter2")


async def test_connectors_are_called_with_their_own_tools(speaking: Speakers):
    crm = Crm()
    given: list[Tool] = []
    crm.answers[""] = {"id": 7}
    inner = functions("crm", crm.find)

    class Listening(Lent):
        async def call(self, tool: Tool, args: Any, context: Any) -> Any:
            given.append(tool)
            return await inner.call(tool, args, context)

    async with runtime(speaking, crm, connector=Listening(inner)) as ours:
        for _ in range(2):
            await ours.run(FIND)
            await ours.describe(["crm"])
        assert output(ours) is not None
    assert given == [inner.listing().tools[0]] * 2


async def test_a_catalogue_that_learned_has_the_same_index(speaking: Speakers):
    crm = Crm()
    crm.answers[""] = {"id": 7}
    async with runtime(speaking, crm) as ours:
        before = ours.catalog
        ranking = before.ranking
        await ours.run(FIND)
        await ours.describe(["crm"])
        assert ours.catalog is not before
        assert ours.catalog.ranking is ranking
        assert ours.catalog.digest != before.digest


async def test_what_the_policy_leaves_of_a_namespace_keeps_its_index_too(speaking: Speakers):
    crm = Crm()
    crm.answers[""] = {"id": 7}
    async with runtime(speaking, crm, policy=Policy((rule("deny", "crm.look"),))) as ours:
        before = ours.catalog.namespaces["crm"]
        await ours.run(FIND)
        await ours.describe(["crm"])
        assert ours.catalog.namespaces["crm"] is not before
        assert ours.catalog.namespaces["crm"].index is before.index


async def test_a_store_that_fails_costs_nothing_but_the_types(speaking: Speakers):
    class Broken(Lent):
        async def cells(self, scope: str) -> list[str]:
            raise Fault("the disk is gone")

        async def get_cell(self, scope: str, name: str) -> None:
            raise Fault("the disk is gone")

    crm = Crm()
    crm.answers[""] = 1
    async with runtime(speaking, crm, Broken(MemoryStore())) as ours:
        await ours.ready()
        assert (await ours.run(FIND)).value == 1
        assert "observed" in await ours.describe(["crm.find"])


async def test_few_of_many_answers_are_looked_at():
    observed = Observed(MemoryStore(), "")
    find = Tool(path=ToolPath("crm", "find"), raw_name="find", description="", input_schema=True)
    looked = [number for number in range(1, 1_001) if _is_put_aside(observed, find, number)]
    assert looked == [*range(1, FIRST + 1), 32, 64, 128, 256, 512]
    assert not _is_put_aside(observed, replace(find, path=ToolPath("crm", "large")), "x" * 300_000)
    assert not _is_put_aside(observed, replace(find, path=ToolPath("codemode", "run")), 1)


def _is_put_aside(observed: Observed, of: Tool, value: Any) -> bool:
    before = len(observed._aside)  # pyright: ignore[reportPrivateUsage]
    observed.note(of, Returned(encode(value)))
    return len(observed._aside) > before  # pyright: ignore[reportPrivateUsage]
