"""`toolscript policy`: the rules in force; `toolscript policy explain TOOL [ARGS]`: which of them decides, and why."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, cast

from toolscript.catalog.catalog import Catalog
from toolscript.errors import ConfigError
from toolscript.ports import Connector
from toolscript.runs.policy import Policy, Rule, fits
from toolscript.runs.program import syntax_of
from toolscript.runs.usage import BUILTIN
from toolscript.runtime.builtin import TOOLS
from toolscript.schema.syntax import signature
from toolscript.surfaces.assemble import assemble, policy
from toolscript.surfaces.cli.describe import check_path
from toolscript.surfaces.cli.exits import COMPLETED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.opening import Opened, add_approve, approve_flags, opened, with_tools
from toolscript.surfaces.cli.progress import ProgressLine
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.config import Config
from toolscript.tools import Tool

_USAGE = "toolscript policy explain TOOL '{\"amount\": 100}'"


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "words", metavar="explain TOOL [ARGS]", nargs="*", help="what becomes of a call; ARGS is a JSON object"
    )
    parser.add_argument(
        "--calls", metavar="N", type=int, default=0, help="as if the run had called the tool so often before"
    )
    add_approve(parser)


def command(options: Namespace, terminal: Terminal) -> int:
    """List or explain; a tool that is not there is an error."""
    flags = approve_flags(options)
    match options.words:
        case []:
            return _list(opened(options, terminal, flags).config, terminal)
        case ["explain", str(path)]:
            args = None
        case ["explain", str(path), str(text)]:
            args = _arguments(text)
        case words:
            raise ConfigError(f"{' '.join(words)!r} is not understood; write: {_USAGE}")
    opening = with_tools(options, terminal, flags)
    return until_done(_explain(opening, path, args, max(0, options.calls), terminal), terminal)


def _arguments(text: str) -> dict[str, Any]:
    try:
        args = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the arguments {text[:80]!r} are not JSON: {error}; write: {_USAGE}") from error
    if not isinstance(args, dict):
        raise ConfigError(f"the arguments {text[:80]!r} are not an object of arguments by name; write: {_USAGE}")
    return cast("dict[str, Any]", args)


async def _explain(opening: Opened, path: str, args: dict[str, Any] | None, calls: int, terminal: Terminal) -> int:
    decides = policy(opening.config.policy, opening.config.origins["policy.function"])
    runtime = assemble(opening.config, opening.specs)
    async with runtime, ProgressLine(terminal, runtime) as progress:
        await runtime.ready()
        progress.clear()
        catalog = _everything(runtime.connectors)
    tool = _tool(catalog, path)
    for note in _idle(decides.rules, catalog):
        terminal.note(note)
    # Without arguments nothing is checked: the question is then about the tool.
    read, unfit = catalog.fitted(tool, args or {})
    problems = [] if args is None else [str(problem) for problem in unfit]
    made = {str(tool.path): calls}
    if terminal.json:
        terminal.value(_explanation(decides, tool, read, made, problems))
        return COMPLETED
    for problem in problems:
        terminal.result(f"the call would be refused before any rule: {problem}")
    if problems:
        terminal.result(f"expected: {signature(tool, syntax_of(opening.config.languages[0]))}")
    if read != (args or {}):
        terminal.result(f"the arguments are read as {json.dumps(read, ensure_ascii=False)}")
    for line in decides.explain(tool, read, made):
        terminal.result(line)
    return COMPLETED


def _everything(connectors: Iterable[Connector]) -> Catalog:
    """All tools, those that the policy hides too."""
    catalog = Catalog.empty().replace(BUILTIN, TOOLS)
    for connector in connectors:
        listing = connector.listing()
        catalog = catalog.replace(connector.namespace, listing.tools, state=listing.state, problems=listing.problems)
    return catalog


def _idle(rules: Iterable[Rule], catalog: Catalog) -> Iterator[str]:
    """A note on each pattern that fits no tool: most likely it is misspelt, and protects nothing."""
    if any(namespace.state != "ready" for namespace in catalog.namespaces.values()):
        return
    paths = [str(tool.path) for tool in catalog.tools]
    for rule in rules:
        for pattern in rule.tools:
            if not any(fits(pattern, path) for path in paths):
                near = get_close_matches(pattern, [*paths, *(f"{name}.*" for name in catalog.namespaces)], 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                yield f"{rule.origin}: {pattern} fits no tool that is there{hint}"


def _tool(catalog: Catalog, path: str) -> Tool:
    tool = catalog.meant(path)
    if tool is None:
        check_path(catalog, path)
        raise ConfigError(f"{path} is a namespace; name one tool, such as {_first(catalog, path)}")
    return tool


def _first(catalog: Catalog, namespace: str) -> str:
    held = catalog.namespaces.get(namespace)
    return next((str(tool.path) for tool in held.methods.values()), "git.log") if held else "git.log"


def _explanation(
    decides: Policy, tool: Tool, args: Mapping[str, Any], calls: Mapping[str, int], problems: list[str]
) -> dict[str, Any]:
    judged = decides.judge(tool, args, calls)
    return {
        "tool": str(tool.path),
        "args": args,
        "verdict": judged.verdict,
        "rule": judged.rule,
        "outlook": decides.outlook(tool),
        "problems": problems,
        "lines": decides.explain(tool, args, calls),
    }


def _list(config: Config, terminal: Terminal) -> int:
    own, origins = config.policy, config.origins
    if terminal.json:
        terminal.value(
            {
                "approve": own.approve,
                "function": own.function.name if own.function else None,
                "rules": [_object(rule) for rule in own.rules],
            }
        )
        return COMPLETED
    if own.function is not None:
        terminal.result(f"function {own.function.name}: is asked first  ({origins['policy.function']})")
    for rule in own.rules:
        terminal.result(f"{rule.verdict:5}  {', '.join(_asked(rule))}{_because(rule)}  ({rule.origin})")
    words = {"none": "writes are allowed", "destructive": "destructive writes are asked, other writes are allowed"}
    default = words.get(own.approve, "writes are asked")
    terminal.result(f"default: reads are allowed, {default}  (approve {own.approve}, {origins['policy.approve']})")
    return COMPLETED


def _asked(rule: Rule) -> Iterator[str]:
    yield " ".join(rule.tools)
    if rule.effect is not None:
        yield f"effect {rule.effect}"
    if rule.destructive is not None:
        yield "destructive" if rule.destructive else "not destructive"
    for condition in rule.when:
        yield f"when {condition}"
    if rule.after_calls is not None:
        yield f"after {rule.after_calls:,} calls"


def _because(rule: Rule) -> str:
    return f": {rule.because}" if rule.because else ""


def _object(rule: Rule) -> dict[str, Any]:
    return {
        "verdict": rule.verdict,
        "tools": rule.tools,
        "effect": rule.effect,
        "destructive": rule.destructive,
        "when": [str(condition) for condition in rule.when],
        "after_calls": rule.after_calls,
        "because": rule.because,
        "origin": rule.origin,
    }
