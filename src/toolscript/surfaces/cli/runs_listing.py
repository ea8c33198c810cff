"""`toolscript runs`: the newest runs, and what those that are parked wait for."""

from __future__ import annotations

import time
from argparse import Namespace
from typing import Any

from toolscript.ports import RunStore
from toolscript.runs.entry import RunRecord
from toolscript.runs.result import Result, result_of
from toolscript.surfaces.cli.exits import COMPLETED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.kept import kept_config, opened_store
from toolscript.surfaces.cli.moments import lasted, stamp
from toolscript.surfaces.cli.shapes import pending_object, run_object
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.cli.waiting import call_text
from toolscript.surfaces.config import Config

_WIDTH = 72


def command(options: Namespace, terminal: Terminal) -> int:
    """List them."""
    return until_done(_listed(kept_config(options), options, terminal), terminal)


async def _listed(config: Config, options: Namespace, terminal: Terminal) -> int:
    async with opened_store(config) as kept:
        records = await kept.recent(limit=max(1, options.limit), status=options.status)
        found = [(record, await _parked(kept, record)) for record in records]
    if terminal.json:
        terminal.value({"runs": [_object(record, parked) for record, parked in found]})
        return COMPLETED
    now = time.time() * 1_000
    for record, parked in found:
        ms = now - record.created
        age = f"{lasted(ms)} ago" if ms >= 1_000 else "now"  # noqa: PLR2004 - milliseconds
        text = _first_line(record) if parked is None else _waits(record, parked, now)
        elsewhere = "" if record.scope == config.scope else f"  (of {record.scope or 'no scope'})"
        terminal.result(f"{record.id}  {age:>10}  {record.status:11}  {_short(text)}{elsewhere}")
    if not found:
        which = f"no run is {options.status}" if options.status else "no run is kept"
        terminal.note(which)
    return COMPLETED


async def _parked(kept: RunStore, record: RunRecord) -> Result | None:
    """What a parked run came to so far; None for one that is not parked."""
    return result_of(*await kept.read(record.id)) if record.status == "parked" else None


def _first_line(record: RunRecord) -> str:
    return next((line.strip() for line in record.program.code.splitlines() if line.strip()), "")


def _waits(record: RunRecord, parked: Result, now: float) -> str:
    if not parked.pending:
        left = record.wake_at - now
        return f"sleeps for {lasted(left)}" if left > 0 else "is due: toolscript runs resume, or a server, goes on"
    first, *others = parked.pending
    more = f" and {len(others)} more" if others else ""
    word = "asks" if first.status == "pending" else "in doubt"
    return f"{word}: {call_text(first)}{more}"


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _object(record: RunRecord, parked: Result | None) -> dict[str, Any]:
    return {
        **run_object(record),
        "wake_at": stamp(record.wake_at) if parked is not None else None,
        "pending": [pending_object(call) for call in parked.pending] if parked else [],
    }
