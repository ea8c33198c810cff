"""A program is checked before it starts: what is certain to be wrong with it, and nothing else."""

from __future__ import annotations

import json
import statistics
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from toolscript import Policy, Runtime, functions
from toolscript.catalog.catalog import Catalog
from toolscript.errors import GuestError
from toolscript.guests.javascript.check import inspect
from toolscript.guests.javascript.globals import GLOBALS
from toolscript.guests.javascript.guest import JavaScriptGuest
from toolscript.guests.pool import JavaScriptWorkers
from toolscript.runs.policy import Rule
from toolscript.runs.precheck import Problem, is_suspect, problems_of
from toolscript.runtime.builtin import TOOLS
from toolscript.testing import corpus, generated, guest_programs, guest_suite
from toolscript.tools import Tool, ToolPath

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "cases" / "program_check.json").read_text(encoding="utf-8")
)["cases"]
SOURCES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent / "cases" / "source.json").read_text(encoding="utf-8")
)["cases"]
EXAMPLES = Path(__file__).parent.parent.parent / "examples"
POLICY = Policy((Rule(verdict="deny", tools=("crm.purge",)),))


def a_tool(path: str) -> Tool:
    namespace, _, method = path.partition(".")
    schema = {"type": "object", "properties": {"id": {"type": "integer"}}}
    return Tool(path=ToolPath(namespace, method), raw_name=method, description="", input_schema=schema)


def catalog_of(*paths: str) -> Catalog:
    """A catalogue of ready namespaces, with the product's own."""
    catalog = Catalog.empty().replace("codemode", TOOLS).replace("snippets", ())
    for namespace in sorted({path.partition(".")[0] for path in paths} - {"codemode"}):
        catalog = catalog.replace(namespace, [a_tool(path) for path in paths if path.startswith(f"{namespace}.")])
    return catalog


CATALOG = (
    catalog_of(
        *(f"crm.{method}" for method in ("find", "list", "count", "create", "delete_contact", "purge")),
        "billing.charge",
        "billing.refund",
    )
    .replace("github", (), state="connecting")
    .replace("wiki", (), state="unreachable")
)


def problems_in(code: str, catalog: Catalog = CATALOG) -> tuple[Problem, ...]:
    """What the check says of a program, by the same way as the runtime asks."""
    if not is_suspect(code, catalog):
        return ()
    facts = inspect(code)
    return () if facts is None else problems_of(facts, catalog, POLICY)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_what_is_wrong_is_told_and_nothing_else(case: dict[str, Any]) -> None:
    problems = problems_in(case["code"])
    assert [problem.line for problem in problems] == [line for line, _ in case["problems"]], problems
    for problem, (_, words) in zip(problems, case["problems"], strict=True):
        assert words in problem.message
        line = case["code"].replace("\r\n", "\n").split("\n")[problem.line - 1]
        assert 1 <= problem.column <= len(line)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_text_that_is_passed_over_has_no_problem(case: dict[str, Any]) -> None:
    facts = inspect(case["code"])
    found = () if facts is None else problems_of(facts, CATALOG, POLICY)
    assert found == problems_in(case["code"])


def test_near_names_keep_quiet_about_what_is_denied() -> None:
    (problem,) = problems_in("return await crm.purg({})")
    assert "purge" not in problem.message


@pytest.mark.parametrize("name", sorted(GLOBALS))
def test_no_global_of_the_engine_is_called_absent(name: str) -> None:
    facts = inspect(f"return [{name}, () => {name}.x(), () => {name}()]")
    assert facts is not None
    assert facts.free == ()


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def test_the_globals_are_those_of_the_engine() -> None:
    async with Runtime([]) as runtime:
        result = await runtime.run("return Object.getOwnPropertyNames(globalThis)")
    assert set(result.value) - {"codemode", "snippets"} == GLOBALS


class Ran:
    """A tool that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    async def find(self, id: int = 0) -> dict[str, Any]:
        """Find a contact."""
        self.calls += 1
        return {"id": id, "name": f"n{id}"}


@pytest.fixture
def ran() -> Ran:
    return Ran()


@pytest.fixture(params=["threads", "workers"])
async def runtime(request: pytest.FixtureRequest, ran: Ran) -> AsyncIterator[Runtime]:
    async with Runtime([functions("crm", ran.find)], isolation=request.param) as runtime:
        yield runtime


async def test_a_refused_program_calls_nothing_and_says_so(runtime: Runtime, ran: Ran) -> None:
    result = await runtime.run("await crm.find({ id: 1 });\nreturn await crm.fnd({ id: 2 })")
    assert (result.status, ran.calls, result.calls) == ("failed", 0, ())
    assert str(result.failure) == (
        "CheckError: there is no tool crm.fnd. "
        "Did you mean crm.find({ id?: number }): Promise<Record<string, unknown>>? "
        "The program was not started, and nothing was called.\n"
        "  at line 2, column 18\n"
        "  2 | return await crm.fnd({ id: 2 })\n"
        "                       ^"
    )


async def test_all_problems_are_told_together_each_with_its_place(runtime: Runtime) -> None:
    result = await runtime.run("const c = crm.find({ id: 1 });\nconsole.log(c.name);\nreturn await fetch('x')")
    assert str(result.failure) == (
        "CheckError: 2 problems. The program was not started, and nothing was called.\n"
        "1. line 1, column 11: crm.find gives a promise, and `.name` is read from it in line 2 without `await`: "
        "write `const c = await crm.find({ id: 1 })`.\n"
        "  1 | const c = crm.find({ id: 1 });\n"
        "                ^\n"
        "2. line 3, column 14: there is no `fetch` in here: a program cannot reach the network: call a tool "
        '(`await codemode.search("…")` finds tools that do it).\n'
        "  3 | return await fetch('x')\n"
        "                   ^"
    )


async def test_of_many_problems_five_are_told(runtime: Runtime) -> None:
    result = await runtime.run("\n".join(f"await crm.nope{number}();" for number in range(9)))
    assert result.failure is not None
    assert "5. line 5" in result.failure.message
    assert "6. line" not in result.failure.message


async def test_the_outcome_of_a_refused_program_replays(runtime: Runtime) -> None:
    result = await runtime.run("return await crm.fnd({ id: 2 })")
    assert await runtime.replay(result.run) == result.outcome


async def test_a_program_refused_by_a_key_stays_refused(runtime: Runtime) -> None:
    first = await runtime.run("return await crm.fnd({})", key="k")
    assert await runtime.run("return 1", key="k") == first


async def test_a_correction_of_a_refused_correction_repeats_no_call(runtime: Runtime, ran: Ran) -> None:
    first = await runtime.run("const c = await crm.find({ id: 1 });\nthrow new Error(c.name)")
    second = await runtime.run("const c = await crm.find({ id: 1 });\nreturn crm.fnd({})", retry_of=first.run)
    assert second.failure is not None
    assert second.failure.code == "check"
    third = await runtime.run("const c = await crm.find({ id: 1 });\nreturn c.name", retry_of=second.run)
    assert (third.value, ran.calls) == ("n1", 1)


async def test_a_program_that_cannot_be_parsed_is_a_syntax_error_as_before(runtime: Runtime) -> None:
    result = await runtime.run("return await crn.find({ id: 1 }")
    assert result.failure is not None
    assert result.failure.code == "syntax"


async def test_a_snippet_may_need_a_namespace_that_is_called_like_something_absent(runtime: Runtime) -> None:
    with pytest.raises(GuestError, match="there is no `fetch`"):
        await runtime.snippets.save("load", code="return await fetch.get({})", description="d")
    saved = await runtime.snippets.save(
        "load", code="return await fetch.get({})", description="d", namespaces=["fetch"]
    )
    assert saved.namespaces == ("fetch",)


async def test_a_snippet_is_checked_when_it_is_saved(runtime: Runtime) -> None:
    with pytest.raises(GuestError, match=r"crm\.find gives a promise"):
        await runtime.snippets.save("a", code="return crm.find({ id: 1 }).name", description="A.")
    with pytest.raises(GuestError, match=r"there is no tool crm\.fnd"):
        await runtime.snippets.save("a", code="return await crm.fnd({ id: 1 })", description="A.")
    await runtime.snippets.save("a", code="return await elsewhere.find({ id: 1 })", description="Of another machine.")


def test_no_program_of_the_corpus_is_refused() -> None:
    catalog = catalog_of("t.get", "t.put", "t.fail")
    refused = {one.name: problems_in(one.code, catalog) for one in corpus.CORPUS}
    assert {name: found for name, found in refused.items() if found} == {}


def test_no_generated_program_is_refused() -> None:
    catalog = catalog_of("t.get", "t.put", "t.fail")
    for seed in range(600):
        code = generated.generated(seed).code
        facts = inspect(code)
        assert facts is not None
        assert problems_of(facts, catalog, POLICY) == (), code


def test_no_program_of_the_guest_suite_that_runs_well_is_refused() -> None:
    catalog = catalog_of(*guest_suite.TOOLS)
    for case in guest_programs.CASES:
        code = case.programs.get("typescript")
        if code is not None and case.fails is None:
            assert problems_in(code, catalog) == (), case.name


@pytest.mark.parametrize("case", [case for case in SOURCES if "error" not in case], ids=lambda case: case["name"])
def test_no_program_as_models_write_it_is_refused(case: dict[str, Any]) -> None:
    facts = inspect(case["code"])
    assert facts is None or problems_of(facts, CATALOG, POLICY) == ()


def test_the_examples_have_no_problem() -> None:
    code = (EXAMPLES / "demo" / "program.ts").read_text(encoding="utf-8")
    facts = inspect(code)
    assert facts is not None
    assert {name.name for name in facts.free} == {"git", "sqlite", "time"}
    catalog = catalog_of(*(f"{call.name}.{call.method}" for call in facts.calls))
    assert problems_of(facts, catalog, POLICY) == ()


def lines(count: int) -> str:
    """A program of so many lines that has everything in it but a problem."""
    block = (
        "const found{n} = await crm.find({{ id: {n} }});\n"
        "const [a{n}, b{n}] = await Promise.all([crm.list({{ id: {n} }}), billing.charge({{ id: found{n}.id }})]);\n"
        "for (const row of a{n}.items.filter((each) => each.open)) total += row.amount ?? 0;\n"
        "if (b{n}.ok) console.log(`charged ${{b{n}.amount}} for ${{found{n}.name}}`);\n"
        "else log.push({{ id: {n}, why: b{n}.reason, at: new Date().toISOString() }});\n"
    )
    return (
        "let total = 0;\nconst log = [];\n"
        + "".join(block.format(n=n) for n in range((count - 3) // 5))
        + "return total"
    )


HOSTILE = {
    "pushes": "const out = [];" + "out.push(crm.find());" * 4_000 + "out[0].name",
    "uses of a list": "const cs = [1].map((x) => crm.find());" + "cs.map((c) => c.then());" * 3_500,
    "defaults": "const x = crm.find()" + " ?? 1" * 12_000,
    "callbacks": "xs.filter(async (x) => x);" * 3_500,
    "arrows": "x => " * 2_000 + "crm.find()",
    "functions": "const a0 = () => crm.find();" + "".join(f"const a{n} = () => a{n - 1}();" for n in range(1, 2_500)),
    "names": "".join(f"u{n};" for n in range(9_000)),
    "brackets": "const x = " + "[" * 1_500 + "crm.find()" + "]" * 1_500,
}


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE)
def test_a_program_that_is_made_to_take_long_does_not(code: str) -> None:
    began = perf_counter()
    problems_in(code)
    assert perf_counter() - began < 3  # 0.5 s on a slow machine; without a bound up to 10


@pytest.mark.parametrize("tools", [10, 100_000])
def test_fifty_lines_take_less_than_five_milliseconds_however_many_tools_there_are(tools: int) -> None:
    spare = [a_tool(f"spare.method_{number}") for number in range(tools)]
    catalog, code = CATALOG.replace("spare", spare), lines(50)
    assert problems_in(code, catalog) == ()
    samples: list[float] = []
    for _ in range(15):
        began = perf_counter()
        problems_in(code, catalog)
        samples.append((perf_counter() - began) * 1e3)
    assert min(samples) < 5, statistics.median(samples)


async def test_a_worker_process_tells_the_same_facts() -> None:
    workers, here = JavaScriptWorkers(processes=1), JavaScriptGuest()
    try:
        for case in CASES:
            assert await workers.inspect(case["code"]) == await here.inspect(case["code"])
    finally:
        await workers.close()
        await here.close()


async def test_a_correction_that_cannot_be_parsed_hands_on_what_it_corrects(runtime: Runtime, ran: Ran) -> None:
    first = await runtime.run("const c = await crm.find({ id: 1 });\nthrow new Error(c.name)")
    second = await runtime.run("const c = await crm.find({ id: 1 };", retry_of=first.run)
    assert (second.status, second.retry_of) == ("failed", first.run)
    third = await runtime.run("const c = await crm.find({ id: 1 });\nreturn c.name", retry_of=second.run)
    assert (third.value, ran.calls) == ("n1", 1)
