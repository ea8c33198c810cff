"""`toolscript demo`: one program over three made-up services; nothing to install, start or configure."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from toolscript.catalog.search import found_text
from toolscript.codec import decode, encode, plain
from toolscript.runs.program import Language, syntax_of
from toolscript.runs.result import CallRecord, Result
from toolscript.runs.turn import Returned
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.cli.demo_programs import PROGRAMS
from toolscript.surfaces.cli.demo_tools import connectors
from toolscript.surfaces.cli.exits import COMPLETED, FAILED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.languages import add_language
from toolscript.surfaces.cli.progress import ProgressLine
from toolscript.surfaces.cli.shapes import result_object
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.cli.timeline import timeline
from toolscript.surfaces.mcp_server.gaps import gaps_of
from toolscript.surfaces.mcp_server.options import ServeOptions
from toolscript.surfaces.mcp_server.texts import tools as meta_tools
from toolscript.tokens import estimate

_LINES = 14

QUESTION = "Which five customers in Japan, France and the US owe us most, in euros?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a model reads and writes, each text counted once, and how many tools it calls."""

    definitions: int
    calls: int
    results: int
    asked: int

    @property
    def total(self) -> int:
        """All tokens."""
        return self.definitions + self.calls + self.results


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    add_language(parser, "typescript")


def command(options: Namespace, terminal: Terminal) -> int:
    """Run the demonstration."""
    return until_done(_demo(options.language, terminal), terminal)


async def _demo(language: Language, terminal: Terminal) -> int:
    runtime, code = Runtime(connectors(), languages=[language]), PROGRAMS[syntax_of(language)]
    async with runtime, ProgressLine(terminal, runtime) as progress:
        result = await runtime.run(code, observer=progress)
        progress.clear()
        begun = (await runtime.recent(limit=1))[0].created
        ours, direct = await _with_a_program(runtime, result, code), _with_direct_calls(runtime, result.calls)
    if terminal.json:
        costs = {name: _object(cost) for name, cost in (("program", ours), ("direct_calls", direct))}
        terminal.value(
            {"question": QUESTION, "language": language, "code": code, "tokens": costs, **result_object(result)}
        )
    else:
        _show(code, result, begun, terminal)
        if result.ok:
            _compare(ours, direct, terminal)
    return COMPLETED if result.ok else FAILED


async def _with_a_program(runtime: Runtime, result: Result, code: str) -> Cost:
    """Three definitions whatever there is, one search and one look at the types of what was used."""
    answer = json.dumps(plain(result.value)) if result.ok else str(result.failure)
    options = ServeOptions(languages=runtime.languages)
    listed = meta_tools("Namespaces: crm, rates, shop.", syntaxes=options.syntaxes, gaps=gaps_of(options))
    definitions = sum(estimate(json.dumps(one)) for one in listed)
    found = found_text(await runtime.search(QUESTION))
    types = await runtime.describe(sorted({call.path for call in result.calls}))
    looked = estimate(QUESTION) + estimate(found) + estimate(types)
    return Cost(definitions=definitions + looked, calls=estimate(code), results=estimate(answer), asked=3)


def _with_direct_calls(runtime: Runtime, calls: Sequence[CallRecord]) -> Cost:
    """The same steps, one call at a time: every definition up front, and every result through the model."""
    definitions = [
        {"name": tool.raw_name, "description": tool.description, "inputSchema": tool.input_schema}
        for tool in runtime.catalog.tools
    ]
    texts = [json.dumps(plain(decode(call.answer.value))) for call in calls if isinstance(call.answer, Returned)]
    return Cost(
        definitions=sum(estimate(encode(one)) for one in definitions),
        calls=sum(estimate(f"{call.path}({call.args})") for call in calls),
        results=sum(map(estimate, texts)),
        asked=len(calls),
    )


def _heading(text: str, terminal: Terminal) -> None:
    terminal.result("\n")
    terminal.marked(text, "bold")


def _show(code: str, result: Result, begun: int, terminal: Terminal) -> None:
    terminal.marked(QUESTION, "bold")
    _heading("The program", terminal)
    terminal.result(code.rstrip())
    _heading(f"Its {len(result.calls)} calls, in {result.duration_ms} ms", terminal)
    for line in list(timeline(result.calls, begun=begun))[:_LINES]:
        terminal.result(line)
    if len(result.calls) > _LINES:
        terminal.result(f"      … and {len(result.calls) - _LINES} more")
    _heading("The answer", terminal)
    if result.failure is not None:
        terminal.problem(str(result.failure))
        return
    for row in result.value:
        terminal.result(f"  {row['name']:18} {row['country']}  {row['open']:3} open orders  {row['euros']:7,} EUR")


def _compare(ours: Cost, direct: Cost, terminal: Terminal) -> None:
    _heading("What a model reads and writes (tokens, estimated, each text counted once)", terminal)
    terminal.result(f"  {'':22}{'definitions':>12}{'calls':>9}{'results':>9}{'total':>9}{'tool calls':>13}")
    for name, cost in (("one program", ours), ("one call at a time", direct)):
        row = f"{cost.definitions:>12,}{cost.calls:>9,}{cost.results:>9,}{cost.total:>9,}    {cost.asked:>9}"
        terminal.result(f"  {name:22}{row}")
    terminal.result(
        f"\n{direct.total / ours.total:.0f} times fewer tokens. Your own tools: toolscript tools --config mcp.json"
    )


def _object(cost: Cost) -> dict[str, Any]:
    return {
        "definitions": cost.definitions,
        "calls": cost.calls,
        "results": cost.results,
        "total": cost.total,
        "tool_calls": cost.asked,
    }
