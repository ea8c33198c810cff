"""A run, gone on with until nothing more comes of it; on a terminal a person is asked on the way."""

from __future__ import annotations

import getpass
import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from toolscript.codec import plain
from toolscript.runs.complaint import complaint, made
from toolscript.runs.entry import Actor
from toolscript.runs.result import CallRecord, Result
from toolscript.runs.visible import mentioned
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.assemble import assemble, configured
from toolscript.surfaces.cli.exits import COMPLETED, FAILED, PARKED
from toolscript.surfaces.cli.opening import Opened
from toolscript.surfaces.cli.progress import ProgressLine
from toolscript.surfaces.cli.questions import Questions
from toolscript.surfaces.cli.shapes import result_object, shown_values
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.cli.waiting import again, waiting

VIA = "cli"
_SEARCHING = frozenset(
    {"codemode", "snippets", "globalThis", "eval", "Function", "globals", "locals", "vars", "getattr"}
)
"""Words of a program that may come upon any namespace, beside those that it names."""


def actor(options: Namespace) -> Actor:
    """Who decides: `--by`, or the user of this login."""
    try:
        return Actor(getattr(options, "by", None) or getpass.getuser(), VIA)
    except (KeyError, OSError, ImportError):  # a user without a name
        return Actor("", VIA)


def needed(opening: Opened, code: str) -> Opened:
    """What a program can reach: the servers and APIs that it names, or all where it may look for tools itself.

    Where it names nothing that is known it may misspell a name, and so may the settings: all are there to be suggested.
    What undoes the tools of a namespace that it names is there as well.
    """
    config, specs = opening.config, opening.specs
    known = frozenset(configured(config, specs))
    named = mentioned(code, known | _SEARCHING)
    if not named or named & _SEARCHING or not known.issuperset(config.namespaces):
        return opening
    undoing = (text for name, own in config.namespaces.items() if name in named for text in own.reverts.values())
    named |= mentioned("\n".join(undoing), known)
    left_out = {one.namespace for one in (*specs, *config.apis)} - named
    kept = replace(
        config,
        apis=tuple(api for api in config.apis if api.namespace in named),
        namespaces={name: own for name, own in config.namespaces.items() if name not in left_out},
    )
    return Opened(kept, tuple(spec for spec in specs if spec.namespace in named))


def runtime_for(opening: Opened, progress: ProgressLine) -> Runtime:
    """A runtime that goes on only with what it is asked for, and shows it."""
    runtime = progress.runtime = assemble(opening.config, opening.specs, observers=[progress])
    return runtime


async def to_rest(runtime: Runtime, run: str, progress: ProgressLine, terminal: Terminal, by: Actor) -> Result:
    """Go on with a run until it has ended, or waits for a person who is not here."""
    while True:
        async with progress:
            result = await runtime.resume(run)
        if not result.pending or not terminal.can_ask:
            return result
        if not await Questions(runtime, terminal, by).asked(result):
            return await runtime.result(run)


def exit_code(result: Result) -> int:
    """0 for a run that completed, 3 for one that waits, else 1."""
    match result.status:
        case "completed":
            return COMPLETED
        case "running" | "parked":
            return PARKED
        case "failed" | "rejected" | "cancelled" | "expired" | "rolled_back":
            return FAILED
        case _:
            assert_never(result.status)


def tell(result: Result, runtime: Runtime, terminal: Terminal, options: Namespace) -> None:
    """The value to stdout; to stderr what the program printed, and why there is no value."""
    for line in result.printed:
        terminal.note(line)
    for value in shown_values(result):
        terminal.note(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    reused = [call for call in result.calls if call.verdict == "replay"]
    if reused:
        terminal.note(_reused(reused))
    if terminal.json:
        terminal.value(result_object(result))
    elif result.ok:
        tell_value(plain(result.value), terminal)
    if result.failure is not None:
        _tell_failure(result, runtime, terminal, options)
    elif result.pending:
        for line in waiting(result, again(options)):
            terminal.problem(line)
    elif not result.ok:
        terminal.problem(f"the run {result.run} is {result.status}; toolscript runs show {result.run} tells more")


def _reused(calls: Sequence[CallRecord]) -> str:
    source = calls[0].rule.rpartition(" ")[2]  # `as call 3 of run_...`
    answers = "1 call got the answer that it had" if len(calls) == 1 else f"{len(calls)} calls got the answers they had"
    return f"{answers} in {source}; the rest was made"


def _tell_failure(result: Result, runtime: Runtime, terminal: Terminal, options: Namespace) -> None:
    if result.failure is not None:
        terminal.problem(complaint(result.failure, result.calls) + (f"\n{result.hint}" if result.hint else ""))
    if done := made(result.calls):
        terminal.note(f"calls made before: {done}")
    for connector in runtime.connectors:
        listing = connector.listing()
        if listing.state == "unreachable":
            why = f": {listing.problems[0]}" if listing.problems else ""
            terminal.note(f"{connector.namespace} is unreachable{why} (toolscript doctor says more)")
    written = [call for call in result.calls if call.effect == "write" and call.status in ("returned", "uncertain")]
    if written and result.status == "failed":
        what = "call that changed" if len(written) == 1 else "calls that changed"
        terminal.note(
            f"it made {len(written)} {what} something. Do not start it afresh: correct the program, then\n"
            f"  toolscript run FILE --retry-of {result.run}{again(options)}\n"
            "gives calls that are the same the answers that they had. Or undo what it did:\n"
            f"  toolscript runs rollback {result.run}{again(options)}"
        )


def tell_value(value: object, terminal: Terminal) -> None:
    """A text as it is, anything else as JSON."""
    if isinstance(value, str):
        terminal.result(value)
    else:
        terminal.value(value)
