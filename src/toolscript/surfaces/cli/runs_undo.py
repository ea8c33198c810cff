"""`toolscript runs cancel` and `toolscript runs rollback`: end a run, undo what it did."""

from __future__ import annotations

from argparse import Namespace

from toolscript.errors import Conflict
from toolscript.runs.history import history
from toolscript.surfaces.cli.driving import actor, needed, runtime_for
from toolscript.surfaces.cli.exits import COMPLETED, FAILED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.kept import kept_config, meant, opened_store
from toolscript.surfaces.cli.opening import Opened, bare, opened, store_flags
from toolscript.surfaces.cli.progress import ProgressLine
from toolscript.surfaces.cli.shapes import rollback_object
from toolscript.surfaces.cli.terminal import Terminal


def command(options: Namespace, terminal: Terminal) -> int:
    """Do it, and say what came of it."""
    kept_config(options)
    opening = opened(options, terminal, store_flags(options))
    work = _cancel if options.action == "cancel" else _roll_back
    return until_done(work(opening, options, terminal), terminal)


async def _cancel(opening: Opened, options: Namespace, terminal: Terminal) -> int:
    opening = bare(opening)
    async with opened_store(opening.config) as kept:
        record, entries = await kept.read(await meant(kept.recent, options.run, opening.config.scope))
    if (ended := history(entries).ended) is not None:
        raise Conflict(f"the run {record.id} has ended ({ended.status}): there is nothing to cancel")
    progress = ProgressLine(terminal)
    async with runtime_for(opening, progress) as runtime, progress:
        result = await runtime.cancel(record.id, by=actor(options))
        progress.clear()
    if terminal.json:
        terminal.value({"run": result.run, "status": result.status})
    if result.status != "cancelled":  # its end was faster
        terminal.problem(f"the run {result.run} has ended ({result.status})")
        return FAILED
    terminal.note(f"cancelled the run {result.run}; toolscript runs show {result.run} tells how far it came")
    return COMPLETED


async def _roll_back(opening: Opened, options: Namespace, terminal: Terminal) -> int:
    """1 if anything is left standing."""
    config = opening.config
    async with opened_store(config) as kept:
        record, _ = await kept.read(await meant(kept.recent, options.run, config.scope))
    if record.scope != config.scope:
        raise Conflict(
            f"the run {record.id} belongs to {record.scope or 'no scope'}, where the tools are that undo it: "
            "roll it back there"
        )
    progress = ProgressLine(terminal)
    runtime = runtime_for(needed(opening, record.program.code), progress)
    async with runtime, progress:
        rollback = await runtime.rollback(record.id, by=actor(options))
        progress.clear()
        result = await runtime.result(record.id)
    if terminal.json:
        terminal.value({"run": record.id, "status": result.status, **rollback_object(rollback)})
    else:
        terminal.result(str(rollback))
    return FAILED if rollback.standing else COMPLETED
