"""`toolscript snippets`: saved programs, which other programs run by name."""

from __future__ import annotations

import json
from argparse import SUPPRESS, Namespace
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from toolscript.codec import encode
from toolscript.errors import ConfigError
from toolscript.runs.program import Program
from toolscript.runs.snippet import Snippet
from toolscript.runs.visible import mentioned
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.cli.arguments import Parser
from toolscript.surfaces.cli.driving import actor, runtime_for
from toolscript.surfaces.cli.exits import COMPLETED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.kept import meant
from toolscript.surfaces.cli.languages import add_language, language_of
from toolscript.surfaces.cli.moments import stamp
from toolscript.surfaces.cli.opening import Opened, add_approve, add_store, approve_flags, bare, opened, store_flags
from toolscript.surfaces.cli.progress import ProgressLine
from toolscript.surfaces.cli.run import add_starting, read_input, read_program, run_program
from toolscript.surfaces.cli.terminal import Terminal

ACTIONS = {
    "show": "show a snippet's program, description and input",
    "save": "save a program, or that of a run that completed, under a name",
    "run": "run a snippet and print its value",
    "delete": "forget all versions of a snippet",
}
_ABOUT = 60


def arguments(parser: Parser) -> None:
    """Declare what the command and its actions take."""
    add_store(parser)
    parser.actions(ACTIONS, _fill)


def _fill(action: str, parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="the snippet's name")
    match action:
        case "show":
            parser.add_argument("--version", metavar="N", type=int, dest="number", help="this version, not the newest")
        case "save":
            parser.add_argument("--file", metavar="FILE", help="the program; - reads it from stdin")
            add_language(parser)
            parser.add_argument("--run", metavar="RUN", help="the program of this run, which completed")
            parser.add_argument("--description", metavar="TEXT", help="what it does, by which search finds it")
            parser.add_argument("--input-schema", metavar="JSON", help="the JSON Schema of its input; @FILE reads it")
            parser.add_argument("--by", metavar="NAME", help="who saves it (the name of your login)")
        case "run":
            parser.add_argument("--input", metavar="JSON", help="its input, an object; @FILE reads it from a file")
            add_starting(parser)
            add_approve(parser)
        case _:
            pass
    add_store(parser, SUPPRESS)


def command(options: Namespace, terminal: Terminal) -> int:
    """Do what is asked for; without an action, list."""
    flags = store_flags(options) if options.action != "run" else {**approve_flags(options), **store_flags(options)}
    opening = opened(options, terminal, flags)
    if opening.config.store.kind == "memory":
        raise ConfigError("the store is memory, which keeps no snippets; set store.kind to sqlite, or: --store FILE")
    acts: dict[str | None, Callable[..., Any]] = {
        None: _list,
        "show": _show,
        "save": _save,
        "run": _run,
        "delete": _delete,
    }
    return until_done(acts[options.action](opening, options, terminal), terminal)


def _without_tools(opening: Opened) -> Runtime:
    return runtime_for(bare(opening), ProgressLine(Terminal(quiet=True)))


async def _list(opening: Opened, options: Namespace, terminal: Terminal) -> int:
    async with _without_tools(opening) as runtime:
        found = await runtime.snippets.list()
    if terminal.json:
        terminal.value({"snippets": [_object(one) for one in found]})
        return COMPLETED
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        first = one.description.splitlines()[0]
        about = first if len(first) <= _ABOUT else f"{first[: _ABOUT - 1]}…"
        needs = f"  (needs {', '.join(one.namespaces)})" if one.namespaces else ""
        terminal.result(f"{one.name:{width}}  version {one.version}  {about}{needs}")
    if not found:
        terminal.note("no snippet is saved yet: toolscript snippets save NAME --run last --description 'what it does'")
    return COMPLETED


async def _show(opening: Opened, options: Namespace, terminal: Terminal) -> int:
    async with _without_tools(opening) as runtime:
        one = await runtime.snippets.get(options.name, options.number)
    if terminal.json:
        terminal.value({**_object(one), "code": one.code})
        return COMPLETED
    by = f" by {one.saved_by}" if one.saved_by else ""
    source = f", from the run {one.from_run}" if one.from_run else ""
    terminal.result(f"{one.name}  version {one.version}, {one.language}, saved{by} at {stamp(one.created)}{source}")
    if one.namespaces:
        terminal.result(f"needs {', '.join(one.namespaces)}")
    terminal.result(f"{one.signature}\n\n{one.description}\n\n{one.code.rstrip()}")
    return COMPLETED


async def _save(opening: Opened, options: Namespace, terminal: Terminal) -> int:
    if (options.file is None) == (options.run is None):
        raise ConfigError("say what to save, one of the two: --file FILE, or --run RUN")
    if options.run is not None and options.language is not None:
        raise ConfigError("--language is for a --file: the program of a run is in the language that it ran in")
    if options.description is None:
        raise ConfigError("say what it does: --description 'one line, by which search finds it'")
    schema = read_input(options.input_schema, "--input-schema")
    if options.input_schema is not None and not isinstance(schema, dict):
        raise ConfigError('--input-schema is not a JSON Schema of an object: {"type": "object", "properties": {...}}')
    given: dict[str, Any] = {"description": options.description, "input_schema": schema, "by": actor(options).name}
    if options.file is not None:
        given["code"] = code = read_program(options.file, terminal)
        given["language"] = language_of(options.file, options.language, opening.config.languages)
        given["namespaces"] = sorted(mentioned(code, _namespaces(opening)))
    async with _without_tools(opening) as runtime:
        if options.run is not None:
            given["run"] = await meant(runtime.recent, options.run, opening.config.scope)
        saved = await runtime.snippets.save(options.name, **given)
    if terminal.json:
        terminal.value(_object(saved))
    terminal.note(f"saved {saved.name}, version {saved.version}; try it: toolscript snippets run {saved.name}")
    return COMPLETED


def _namespaces(opening: Opened) -> frozenset[str]:
    """The namespaces that are configured; Python modules are imported for that, servers need not be started."""
    config = replace(opening.config, namespaces={})
    runtime = runtime_for(Opened(config, ()), ProgressLine(Terminal(quiet=True)))
    own = (connector.namespace for connector in runtime.connectors)
    return frozenset((*own, *(spec.namespace for spec in opening.specs)))


async def _run(opening: Opened, options: Namespace, terminal: Terminal) -> int:
    value = read_input(options.input)
    async with _without_tools(opening) as runtime:
        one = await runtime.snippets.get(options.name)
    call = f"codemode.run({json.dumps(one.name)}, input)"
    # A program in either syntax.
    program = Program(code=f"return await {call}", language=one.language, input=encode(value))
    return await run_program(opening, program, options, terminal, text=_all_text(one))


def _all_text(one: Snippet) -> str:
    """What says which servers it can reach: those it needs, and those that its text names."""
    return "\n".join((*one.namespaces, one.code))


async def _delete(opening: Opened, options: Namespace, terminal: Terminal) -> int:
    async with _without_tools(opening) as runtime:
        await runtime.snippets.delete(options.name)
    if terminal.json:
        terminal.value({"deleted": options.name})
    terminal.note(f"deleted {options.name}, all versions")
    return COMPLETED


def _object(one: Snippet) -> dict[str, Any]:
    return {
        "name": one.name,
        "version": one.version,
        "description": one.description,
        "language": one.language,
        "namespaces": list(one.namespaces),
        "input_schema": one.input_schema,
        "signature": one.signature,
        "created": stamp(one.created),
        "saved_by": one.saved_by,
        "from_run": one.from_run,
    }
