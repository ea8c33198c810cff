"""`toolscript runs [show RUN]`: list earlier runs, or show one."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from toolscript.codec import plain
from toolscript.errors import ConfigError
from toolscript.ports import RunStore
from toolscript.runs.entry import RunRecord
from toolscript.runs.result import Result, result_of
from toolscript.surfaces.assemble import store
from toolscript.surfaces.cli.exits import COMPLETED
from toolscript.surfaces.cli.interrupt import until_done
from toolscript.surfaces.cli.opening import add_store, store_flags
from toolscript.surfaces.cli.run import tell_value
from toolscript.surfaces.cli.shapes import result_object
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.cli.timeline import timeline
from toolscript.surfaces.config import read_config

_WIDTH = 72


def arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("words", metavar="show RUN", nargs="*", help="show this run: its program, calls and value")
    parser.add_argument("--limit", metavar="N", type=int, default=20, help="list so many, newest first (20)")
    add_store(parser)


def command(options: Namespace, terminal: Terminal) -> int:
    """List or show; a run that is not there is an error."""
    match options.words:
        case []:
            run = None
        case ["show", str(named)]:
            run = named
        case words:
            raise ConfigError(f"{' '.join(words)!r} is not understood; write: toolscript runs show RUN")
    kept = read_config(options.config, flags=store_flags(options)).store
    if kept.kind == "memory":
        raise ConfigError(
            "the store is memory, which keeps no runs; set store.kind to sqlite, or name one: --store FILE"
        )
    if not kept.path.exists():
        raise ConfigError(f"there are no runs yet: {kept.path} is not there; toolscript run makes it")
    return until_done(_runs(store(kept), run, max(1, options.limit), terminal), terminal)


async def _runs(kept: RunStore, run: str | None, limit: int, terminal: Terminal) -> int:
    try:
        if run is None:
            _list(await kept.recent(limit=limit), terminal)
        else:
            record, entries = await kept.read(run)
            _show(record, result_of(record, entries), terminal)
    finally:
        await kept.close()
    return COMPLETED


def _list(records: list[RunRecord], terminal: Terminal) -> None:
    if terminal.json:
        terminal.value({"runs": [_object(record) for record in records]})
        return
    for record in records:
        first = next((line.strip() for line in record.program.code.splitlines() if line.strip()), "")
        text = first if len(first) <= _WIDTH else f"{first[: _WIDTH - 1]}…"
        terminal.result(f"{record.id}  {_time(record.created)}  {record.status:9}  {text}")


def _show(record: RunRecord, result: Result, terminal: Terminal) -> None:
    if terminal.json:
        terminal.value({**_object(record), "code": record.program.code, **result_object(result)})
        return
    terminal.result(f"{record.id}  {record.status}  {_time(record.created)}  {result.duration_ms} ms\n")
    terminal.result(f"{record.program.code.rstrip()}\n")
    for line in timeline(result.calls, begun=record.created):
        terminal.result(line)
    for line in result.printed:
        terminal.result(line)
    terminal.out.write("\n")
    if result.failure is not None:
        terminal.result(str(result.failure))
    elif result.ok:
        tell_value(plain(result.value), terminal)


def _object(record: RunRecord) -> dict[str, object]:
    return {
        "run": record.id,
        "status": record.status,
        "language": record.program.language,
        "created": _time(record.created),
        "updated": _time(record.updated),
    }


def _time(instant: int) -> str:
    return datetime.fromtimestamp(instant / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
