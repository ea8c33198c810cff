"""`toolscript runs approve`, `reject`, `settle`, `grant` and `resume`: decide, and go on with the run."""

from __future__ import annotations

import asyncio
import shlex
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from toolscript.errors import ConfigError, Conflict
from toolscript.runs.entry import Actor, RunRecord
from toolscript.runs.result import Result
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.cli.driving import actor, exit_code, needed, runtime_for, tell, to_rest
from toolscript.surfaces.cli.exits import COMPLETED, PARKED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.kept import kept_config, meant, opened_store
from toolscript.surfaces.cli.moments import span_ms
from toolscript.surfaces.cli.opening import Opened, approve_flags, bare, opened, store_flags
from toolscript.surfaces.cli.progress import ProgressLine
from toolscript.surfaces.cli.run import read_input
from toolscript.surfaces.cli.shapes import result_object
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.cli.waiting import again, call_text

_PAST = {"approve": "approved", "reject": "rejected", "end": "rejected", "retry": "to be made again"}


def command(options: Namespace, terminal: Terminal) -> int:
    """Record the decision, then drive the run here if nobody else does; the exit code says what it came to."""
    kept_config(options)
    wish = _wish(options)
    opening = opened(options, terminal, {**approve_flags(options), **store_flags(options)})
    return until_done(_decide(opening, wish, options, terminal), terminal)


def _wish(options: Namespace) -> Mapping[str, Any]:
    """What the options say, checked as far as it can be before anything is opened."""
    match options.action:
        case "approve":
            args = read_input(options.args, "--args")
            if options.args is not None and not isinstance(args, dict):
                raise ConfigError("--args is not an object of arguments by name, such as '{\"amount\": 100}'")
            return {"args": args}
        case "reject":
            return {"reason": options.reason, "end": options.end}
        case "settle":
            if options.value is not None and options.choice != "done":
                raise ConfigError(f"--value is what a call gave that is done; it means nothing with {options.choice}")
            return {"value": read_input(options.value, "--value"), "reason": options.reason}
        case "grant":
            for_s = None if options.for_ is None else span_ms(options.for_, "--for") / 1_000
            return {"when": options.when, "calls": options.calls, "for_s": for_s}
        case _:
            return {}


async def _decide(opening: Opened, wish: Mapping[str, Any], options: Namespace, terminal: Terminal) -> int:
    config = opening.config
    async with opened_store(config) as kept:
        record, _ = await kept.read(await meant(kept.recent, options.run, config.scope))
    is_ours = record.scope == config.scope
    if not is_ours and (options.action == "resume" or wish.get("args") is not None):
        what = "it cannot be gone on with here" if options.action == "resume" else "arguments are checked there"
        raise Conflict(f"{_elsewhere(record)}; {what}:\n  {_there(record, options)}")
    goes_on = is_ours and not getattr(options, "no_wait", False)
    progress = ProgressLine(terminal)
    if goes_on or wish.get("args") is not None:
        runtime = runtime_for(needed(opening, record.program.code), progress)
    else:
        runtime = runtime_for(bare(opening), progress)
    async with runtime:
        recorded = await _recorded(runtime, record, wish, options, terminal)
        if recorded is not None and not (goes_on and _wakes(recorded, record, options)):
            return _left(recorded, record, is_ours, options, terminal)
        return await _gone_on(runtime, record.id, progress, options, terminal)


async def _recorded(
    runtime: Runtime, record: RunRecord, wish: Mapping[str, Any], options: Namespace, terminal: Terminal
) -> Result | None:
    """What the run came to once the decision is in its log; None where there is nothing to decide."""
    by, run = actor(options), record.id
    before = await runtime.result(run)
    match options.action:
        case "approve":
            after = await runtime.approve(run, *options.seqs, by=by, **wish)
        case "reject":
            after = await runtime.reject(run, *options.seqs, by=by, **wish)
        case "settle":
            after = await runtime.settle(run, options.seq, options.choice, by=by, **wish)
        case "grant":
            after = await runtime.grant(run, options.tools, by=by, **wish)
        case _:
            return None
    _say(before, after, by, options, terminal)
    return after


def _say(before: Result, after: Result, by: Actor, options: Namespace, terminal: Terminal) -> None:
    waited = {call.seq for call in before.pending}
    decided = [call for call in after.calls if call.seq in waited and not call.waits and call.decided is not None]
    if options.action == "grant":
        terminal.note(f"granted {' '.join(options.tools)} in the run {after.run}")
    for call in decided:
        assert call.decided is not None
        choice = _PAST.get(call.decided.choice, f"taken as {cast('str', options.__dict__.get('choice', 'decided'))}")
        terminal.note(f"{choice}: call {call.seq} of {after.run}, {call_text(call)}")


def _wakes(recorded: Result, record: RunRecord, options: Namespace) -> bool:
    """Whether to go on with the run here. A grant alone does not wait for a run that others drive."""
    return options.action != "grant" or record.status == "parked"


def _left(recorded: Result, record: RunRecord, is_ours: bool, options: Namespace, terminal: Terminal) -> int:
    """Say who goes on with a run that is not gone on with here."""
    if terminal.json:
        terminal.value(result_object(recorded))
    if recorded.outcome is not None or (is_ours and not options.no_wait):
        return COMPLETED
    if is_ours:
        terminal.note(f"a toolscript serve on this store goes on with it, or: {_there(record, options)}")
        return COMPLETED
    terminal.problem(
        f"{_elsewhere(record)}; a toolscript serve there goes on with it, or:\n  {_there(record, options)}"
    )
    return COMPLETED if options.no_wait else PARKED


def _elsewhere(record: RunRecord) -> str:
    return f"the run {record.id} belongs to {record.scope or 'no scope'}"


def _there(record: RunRecord, options: Namespace) -> str:
    """The command that goes on with a run where it belongs."""
    args: str | None = getattr(options, "args", None)
    if args is None or options.no_wait:
        command = f"toolscript runs resume {record.id}"
    else:
        seqs = "".join(f" {seq}" for seq in options.seqs)
        command = f"toolscript runs approve {record.id}{seqs} --args {shlex.quote(args)}"
    command += again(options)
    is_folder = Path(record.scope).is_absolute() and record.scope != str(Path.cwd())
    return f"cd {shlex.quote(record.scope)} && {command}" if is_folder else command


async def _gone_on(runtime: Runtime, run: str, progress: ProgressLine, options: Namespace, terminal: Terminal) -> int:
    try:
        result = await to_rest(runtime, run, progress, terminal, actor(options))
    except asyncio.CancelledError:
        terminal.problem(
            f"the run {run} is let be; it goes on with: toolscript runs resume {run}{again(options)}\n"
            f"or ends with: toolscript runs cancel {run}{again(options)}"
        )
        raise
    tell(result, runtime, terminal, options)
    return exit_code(result)
