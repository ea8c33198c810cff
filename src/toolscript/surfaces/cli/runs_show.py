"""`toolscript runs show RUN`: one run, with its program, its calls, and who decided what."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from toolscript.codec import plain
from toolscript.runs.audit import audit
from toolscript.runs.entry import (
    Actor,
    CalledOff,
    Claimed,
    Decided,
    Entry,
    Granted,
    Parked,
    Reverted,
    Reverting,
    RunRecord,
)
from toolscript.runs.program import Instant
from toolscript.runs.result import CallRecord, Result, result_of
from toolscript.runs.rollback import Rollback, rollback_of
from toolscript.runs.turn import Raised
from toolscript.surfaces.cli.driving import tell_value
from toolscript.surfaces.cli.exits import COMPLETED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.kept import kept_config, meant, opened_store
from toolscript.surfaces.cli.moments import lasted, stamp
from toolscript.surfaces.cli.shapes import decision_object, result_object, rollback_object, run_object
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.cli.timeline import timeline
from toolscript.surfaces.cli.waiting import again, args_text, waiting
from toolscript.surfaces.config import Config

_LINKED = 1_000  # newest runs among which corrections of this one are looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A run, and what is worked out of its log; `corrected_by` are the runs that are a retry of it."""

    record: RunRecord
    entries: Sequence[Entry]
    result: Result
    rollback: Rollback | None
    corrected_by: tuple[str, ...]


def command(options: Namespace, terminal: Terminal) -> int:
    """Show it."""
    return until_done(_show(kept_config(options), options, terminal), terminal)


async def _show(config: Config, options: Namespace, terminal: Terminal) -> int:
    async with opened_store(config) as kept:
        record, entries = await kept.read(await meant(kept.recent, options.run, config.scope))
        newest = await kept.recent(limit=_LINKED)
    undone = any(isinstance(entry, Reverted) for entry in entries)
    shown = Shown(
        record=record,
        entries=entries,
        result=result_of(record, entries),
        rollback=rollback_of(record, entries) if undone else None,
        corrected_by=tuple(run.id for run in reversed(newest) if run.retry_of == record.id),
    )
    if terminal.json:
        terminal.value(_object(shown))
    else:
        _tell(shown, config, options, terminal)
    return COMPLETED


def _tell(shown: Shown, config: Config, options: Namespace, terminal: Terminal) -> None:
    record, result = shown.record, shown.result
    terminal.result(f"{record.id}  {result.status}  {stamp(record.created)}  {lasted(result.duration_ms)}")
    for line in _links(shown, config):
        terminal.result(line)
    terminal.result(f"\n{record.program.code.rstrip()}\n\n")
    lines = list(timeline(result.calls, begun=record.created))
    for call, line in zip(result.calls, lines, strict=True):
        terminal.result(line)
        for detail in _details(call, shown.entries):
            terminal.result(f"        {detail}")
    for line in (*_others(shown.entries), *result.printed):
        terminal.result(line)
    terminal.out.write("\n")
    if shown.rollback is not None:
        terminal.result(f"{shown.rollback}\n\n")
    if result.failure is not None:
        terminal.result(str(result.failure))
    elif result.ok:
        tell_value(plain(result.value), terminal)
    elif result.pending:
        terminal.result("\n".join(waiting(result, again(options))))
    elif record.status == "parked":
        left = record.wake_at - time.time() * 1_000
        terminal.result(f"it sleeps until {stamp(record.wake_at)}" if left > 0 else "it is due")
        terminal.result(f"go on with it: toolscript runs resume {record.id}{again(options)}")


def _links(shown: Shown, config: Config) -> Iterator[str]:
    record = shown.record
    if record.scope != config.scope:
        yield f"belongs to {record.scope or 'no scope'}"
    if record.program.language != "typescript":
        yield f"written in Python{', run by CPython' if record.program.language == 'cpython' else ''}"
    if record.key is not None:
        yield f"key {record.key}"
    if record.retry_of is not None:
        yield f"corrects {record.retry_of}"
    for run in shown.corrected_by:
        yield f"corrected by {run}"


def _details(call: CallRecord, entries: Sequence[Entry]) -> Iterator[str]:
    """Below a call: which rule asked, who decided what, and what became of undoing it."""
    if call.verdict == "ask":
        yield f"asked: {call.rule}"
    elif call.verdict in ("refuse", "replay") and call.rule:
        yield f"{'refused' if call.verdict == 'refuse' else 'answered'} {call.rule}"
    by: Actor | None = None
    for entry in entries:
        match entry:
            case Decided(seq=seq) if seq == call.seq:
                yield _decided(entry)
            case Reverting(seq=seq) if seq == call.seq:
                by = entry.by
            case Reverted(seq=seq) if seq == call.seq:
                yield _reverted(entry, by)
            case _:
                pass


def _decided(entry: Decided) -> str:
    words = {
        "approve": "approved",
        "reject": "rejected",
        "end": "rejected, and the run ended,",
        "retry": "made again, as",
        "done": "taken as done, as",
        "fail": "taken as failed, as",
    }
    decided = words[entry.choice]
    text = f"{decided} {_who(entry.by, entry.at, says=decided.endswith('as'))}"
    if entry.grant:
        text += f", by the grant {entry.grant}"
    if entry.args is not None:
        text += f", with {args_text(entry.args)} instead"
    if entry.value is not None:
        text += f", with the value {args_text(entry.value)}"
    return f"{text}: {entry.reason}" if entry.reason else text


def _reverted(entry: Reverted, by: Actor | None) -> str:
    if isinstance(entry.answer, Raised):
        return f"not undone at {stamp(entry.at)}: {entry.answer.failure.message}"
    return f"undone {_who(by or Actor('', 'library'), entry.at)}"


def _who(by: Actor, at: Instant, *, says: bool = False) -> str:
    name = by.name or "somebody"
    return f"{name} says ({by.via}, {stamp(at)})" if says else f"by {name} ({by.via}) at {stamp(at)}"


def _others(entries: Sequence[Entry]) -> Iterator[str]:
    """What happened to the run as a whole."""
    parked: Instant | None = None
    for entry in entries:
        match entry:
            case Granted():
                yield _granted(entry)
            case CalledOff(by, at):
                yield f"cancelled {_who(by, at)}"
            case Parked(at):
                parked = at
            case Claimed(at):
                if parked is None:
                    yield f"taken over at {stamp(at)}: the process that drove it was gone"
                elif at - parked >= 1_000:  # noqa: PLR2004 - what is shorter is no wait that anybody noticed
                    yield f"parked at {stamp(parked)} for {lasted(at - parked)}"
                parked = None
            case _:
                pass


def _granted(entry: Granted) -> str:
    text = f"granted {' '.join(entry.tools)} {_who(entry.by, entry.at)}"
    if entry.when:
        text += f", when {' and '.join(entry.when)}"
    if entry.calls is not None:
        text += f", at most {entry.calls} call{'' if entry.calls == 1 else 's'}"
    if entry.until is not None:
        text += f", until {stamp(entry.until)}"
    return f"{text}  ({entry.id})"


def _object(shown: Shown) -> dict[str, Any]:
    record = shown.record
    decisions: dict[int, list[dict[str, Any]]] = {}
    for entry in shown.entries:
        if isinstance(entry, Decided):
            decisions.setdefault(entry.seq, []).append(decision_object(entry))
    found = result_object(shown.result)
    for call in found["calls"]:
        call["decisions"] = decisions.get(call["seq"], [])
    rest = [line for line in audit(record, shown.entries) if line["kind"] in ("grant", "cancel", "park", "claim")]
    return {
        **run_object(record),
        "code": record.program.code,
        "corrected_by": list(shown.corrected_by),
        "events": rest,
        "rollback": None if shown.rollback is None else rollback_object(shown.rollback),
        **found,
    }
