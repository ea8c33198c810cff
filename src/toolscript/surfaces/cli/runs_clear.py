"""`toolscript runs export`, `delete` and `prune`: take a run's audit trail out, and clear away what is over."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable

from toolscript.errors import ConfigError, Conflict
from toolscript.ports import RunStore
from toolscript.runs.audit import audit
from toolscript.surfaces.cli.exits import COMPLETED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.kept import kept_config, meant, opened_store
from toolscript.surfaces.cli.moments import span_ms
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.config import Config

Work = Callable[[RunStore, Config, Namespace, Terminal], Awaitable[None]]


def command(options: Namespace, terminal: Terminal) -> int:
    """Do what the action says."""
    if options.action == "prune":
        if options.keep is None and options.older is None:
            raise ConfigError("say which runs to forget: --keep 1000 (all but so many), --older 30d, or both")
        if options.keep is not None and options.keep < 0:
            raise ConfigError(f"--keep is {options.keep}; it must be 0 or more")
    work = {"export": _export, "delete": _delete, "prune": _prune}[options.action]
    return until_done(_with_store(kept_config(options), work, options, terminal), terminal)


async def _with_store(config: Config, work: Work, options: Namespace, terminal: Terminal) -> int:
    async with opened_store(config) as kept:
        await work(kept, config, options, terminal)
    return COMPLETED


async def _export(kept: RunStore, config: Config, options: Namespace, terminal: Terminal) -> None:
    record, entries = await kept.read(await meant(kept.recent, options.run, config.scope))
    lines = audit(record, entries)
    if terminal.json:
        terminal.value({"run": record.id, "lines": lines})
        return
    for line in lines:
        terminal.out.write(f"{json.dumps(line, ensure_ascii=False)}\n")


async def _delete(kept: RunStore, config: Config, options: Namespace, terminal: Terminal) -> None:
    runs = dict.fromkeys([await meant(kept.recent, text, config.scope) for text in options.run])
    records = [(await kept.read(run))[0] for run in runs]
    for record in records:
        if record.status in ("running", "parked"):
            raise Conflict(_alive(record.id, record.status))
    for record in records:
        if not await kept.delete(record.id):
            raise Conflict(_alive(record.id, "gone on with"))
        terminal.note(f"deleted {record.id}")
    if terminal.json:
        terminal.value({"deleted": [record.id for record in records]})


def _alive(run: str, status: str) -> str:
    return f"the run {run} is {status}: cancel it first, then it can be deleted"


async def _prune(kept: RunStore, config: Config, options: Namespace, terminal: Terminal) -> None:
    before = None if options.older is None else round(time.time() * 1_000) - span_ms(options.older, "--older")
    count = await kept.prune(keep=options.keep, before=before)
    terminal.note(f"deleted {count} run{'' if count == 1 else 's'}")
    if terminal.json:
        terminal.value({"deleted": count})
