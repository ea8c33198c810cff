"""What a model reads when its program fails: the words, and what they cost."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from house import rule
from programs import Program, Speakers, Speaking, program
from pydantic import Field

from toolscript.connectors.functions import functions, tool
from toolscript.errors import ToolError
from toolscript.runs.policy import Policy
from toolscript.runs.program import Language
from toolscript.surfaces.mcp_server.answers import answer_of
from toolscript.testing.clock import FakeClock
from toolscript.tokens import estimate

WORDS = Path(__file__).with_name("error_words.txt")
Secret = Annotated[str, Field(json_schema_extra={"writeOnly": True})]

PROGRAMS = {
    "the tool's own words, and the arguments that the line does not show": program(
        """
const people = await crm.find({ name: "Ada" });
await crm.create({ name: "Bob", tags: [] });
for (const person of people) {
  await crm.refund({ id: person.id, why: person.note });
}""",
        """
people = await crm.find(name="Ada")
await crm.create(name="Bob", tags=[])
for person in people:
    await crm.refund(id=person["id"], why=person["note"])""",
    ),
    "a line that shows all": program(
        "await crm.refund({ id: 7, why: 'broken' });", "await crm.refund(id=7, why='broken')"
    ),
    "arguments that do not fit": program(
        """
const wanted = { nam: "Ada", limit: "many", state: "opne" };
return await crm.search(wanted);""",
        """
wanted = {"nam": "Ada", "limit": "many", "state": "opne"}
return await crm.search(**wanted)""",
    ),
    "arguments that the tool itself refuses": program(
        "const id = 7 * 6; return await crm.picky({ id });", "id = 7 * 6\nreturn await crm.picky(id=id)"
    ),
    "a secret in the arguments": program(
        "return await crm.login({ user: 'ada', password: input.key });",
        "return await crm.login(user='ada', password=input['key'])",
    ),
    "a long argument": program(
        "return await crm.refund({ id: 9, why: 'x'.repeat(5000) });", "return await crm.refund(id=9, why='x' * 5000)"
    ),
    "a caught failure that is thrown anew": program(
        """
try { await crm.refund({ id: 1, why: '' }) }
catch (error) { throw new Error(`could not: ${error.message}`) }""",
        """
try:
    await crm.refund(id=1, why='')
except Exception as error:
    raise ValueError(f"could not: {error}")""",
    ),
    "a result taken for something else": program(
        'const people = await crm.find({ name: "Ada" });\nreturn people.items.length;',
        'people = await crm.find(name="Ada")\nreturn len(people["items"])',
    ),
    "what the policy denies": program("await crm.drop({ name: 'all' })", "await crm.drop(name='all')"),
}
CREATE = program("await crm.create({ name: 'a', tags: [] })", "await crm.create(name='a', tags=[])")


class Crm:
    def __init__(self) -> None:
        self.got: list[Any] = []

    @tool(effect="read")
    async def find(self, name: str) -> list[dict[str, Any]]:
        """Find people."""
        return [{"id": 7, "note": "broken on arrival"}]

    @tool(effect="read")
    async def search(self, name: str, limit: int = 3, state: Literal["open", "closed"] = "open") -> int:
        """Search."""
        self.got.append((name, limit))
        return 0

    async def create(self, name: str, tags: list[str], amount: int = 0) -> int:
        """Create somebody."""
        self.got.append((name, tags, amount))
        return 1

    async def refund(self, id: int, why: str) -> None:
        """Refund an order."""
        raise ToolError(f"order {id} was refunded before")

    @tool(effect="read")
    async def picky(self, id: Any) -> None:
        """Take some ids."""
        raise ToolError("validation error: the argument id is no UUID")

    async def login(self, user: str, password: Secret) -> None:
        """Sign in."""
        raise ToolError(f"wrong password {password}")

    async def rotate(self, keys: list[Secret]) -> int:
        """Exchange keys."""
        return len(keys)

    @tool(destructive=True)
    async def drop(self, name: str) -> None:
        """Drop it."""


def runtime(speaking: Speakers, crm: Crm, **options: Any) -> Speaking:
    connector = functions(
        "crm", crm.find, crm.search, crm.create, crm.refund, crm.picky, crm.login, crm.rotate, crm.drop
    )
    return speaking([connector], clock=FakeClock(), type_check="off", **options)


async def words(ours: Speaking, code: Program) -> str:
    result = await ours.run(code, input={"key": "hunter2!"})
    answer = await answer_of(result, budget_tokens=2_000, read_blob=ours.blob, now=0)
    return "\n".join(getattr(block, "text", "") for block in answer.content).replace(result.run, "run_1")


async def described(speaking: Speakers) -> str:
    parts: list[str] = []
    async with runtime(speaking, Crm(), policy=Policy((rule("deny", "crm.drop"),))) as ours:
        for name, code in PROGRAMS.items():
            said = await words(ours, code)
            parts.append(f"## {name} ({estimate(said)} tokens)\n\n{said}\n")
    return "\n".join(parts)


def reviewed(language: Language) -> str:
    """The part of the file that is about one language."""
    _, _, said = WORDS.read_text(encoding="utf-8").partition(f"# {language}\n\n")
    return said.partition("\n# ")[0]


async def test_the_words_of_failures_are_those_that_were_reviewed(speaking: Speakers, language: Language):
    """To accept other words: read the difference, then write what `described` gives to the file."""
    said = await described(speaking)
    assert "hunter2" not in said
    assert said == reviewed(language)


async def test_no_failure_costs_more_than_220_tokens(speaking: Speakers):
    async with runtime(speaking, Crm()) as ours:
        for code in PROGRAMS.values():
            assert estimate(await words(ours, code)) < 220


async def test_a_tool_gets_arguments_in_the_reading_that_its_schema_takes(speaking: Speakers):
    crm = Crm()
    async with runtime(speaking, crm) as ours:
        code = program(
            "await crm.create({ name: 5, tags: 'new', amount: '7' })",
            "await crm.create(name=5, tags='new', amount='7')",
        )
        result = await ours.run(code)
        assert result.ok
        assert crm.got == [("5", ["new"], 7)]
        (call,) = result.calls
        assert json.loads(call.args) == {"name": 5, "tags": "new", "amount": "7"}
        assert json.loads(call.made_with) == {"name": "5", "tags": ["new"], "amount": 7}
        assert await ours.replay(result.run) == result.outcome
        line = next(line for line in await ours.audit(result.run) if line["kind"] == "call")
        assert (line["arguments"]["amount"], line["read"]["amount"]) == ("7", 7)
        plain = await ours.run(CREATE)
        assert "read" not in next(line for line in await ours.audit(plain.run) if line["kind"] == "call")


async def test_the_policy_and_people_see_what_the_tool_would_get(speaking: Speakers):
    crm = Crm()
    policy = Policy((rule("ask", "crm.create", when="amount > 100"),))
    async with runtime(speaking, crm, policy=policy) as ours:
        code = program(
            "await crm.create({ name: 'a', tags: 'b', amount: '700' })",
            "await crm.create(name='a', tags='b', amount='700')",
        )
        result = await ours.run(code)
        (call,) = result.pending
        assert json.loads(call.made_with) == {"name": "a", "tags": ["b"], "amount": 700}
        answer = await answer_of(result, budget_tokens=2_000, read_blob=ours.blob, now=0)
        assert '"amount": 700' in getattr(answer.content[0], "text", "")
        await ours.grant(result.run, ["crm.create"], when=["amount < 1000"])
        assert (await ours.wait(result.run)).ok
        assert crm.got == [("a", ["b"], 700)]


async def test_an_edit_is_read_like_the_programs_own_arguments(speaking: Speakers):
    crm = Crm()
    async with runtime(speaking, crm, policy=Policy((rule("ask", "crm.create"),))) as ours:
        result = await ours.run(CREATE)
        await ours.approve(result.run, 1, args={"name": "a", "tags": "b", "amount": "3"})
        assert (await ours.wait(result.run)).ok
        assert crm.got == [("a", ["b"], 3)]
        (call,) = (await ours.result(result.run)).calls
        assert json.loads(call.made_with) == {"name": "a", "tags": ["b"], "amount": 3}


@pytest.mark.parametrize(
    "call",
    [
        program("await crm.login({ user: 'ada', password: 7777777 })", "await crm.login(user='ada', password=7777777)"),
        program("await crm.rotate({ keys: '7777777' })", "await crm.rotate(keys='7777777')"),
    ],
    ids=str,
)
async def test_a_secret_in_another_reading_is_not_in_the_log(speaking: Speakers, call: Program):
    async with runtime(speaking, Crm()) as ours:
        result = await ours.run(call)
        made = result.calls[0]
        assert made.args != made.made_with or "[redacted]" in made.args
        assert "7777777" not in made.args + made.made_with
        assert "7777777" not in json.dumps([line for line in await ours.audit(result.run) if line["kind"] != "run"])
        assert result.failure is None or "7777777" not in result.failure.message
