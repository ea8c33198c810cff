"""The statements over one run: row to record, claim, park, end, forget. Each runs inside a transaction of its caller.

Rules
1. Whoever drives a run has its fence: every write of a driver carries it, and a claim makes it one higher.
2. A run that is `parked` or `running` is due from `due` on (a column that follows from the others); an ended run
   never is.
3. An operation that refuses does so before it writes: others share its transaction.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Any

from toolscript.errors import Conflict
from toolscript.runs.entry import Entry, RunRecord, RunStatus, last_instant
from toolscript.runs.ledger import read_entries, read_run
from toolscript.runs.program import Instant
from toolscript.runs.snippet import Snippet

_COLUMNS = ("id", "key", "scope", "status", "fence", "created", "updated", "lease_until", "wake_at", "decisions")
SELECT_RUN = f"SELECT {', '.join(_COLUMNS)}, program FROM run"  # noqa: S608 - constants
_INSERT_RUN = f"""
    INSERT INTO run ({", ".join(_COLUMNS)}, program, ended) VALUES ({", ".join("?" * len(_COLUMNS))}, ?, ?)
    ON CONFLICT DO NOTHING"""  # noqa: S608 - constants
_INSERT_LOG = "INSERT INTO log (run, entries) VALUES (?, ?)"
_APPEND = "INSERT INTO log (run, entries) SELECT ?, ? WHERE EXISTS (SELECT 1 FROM run WHERE id = ? AND fence = ?)"
_END = """
    UPDATE run SET status = :status, updated = max(updated, :at), ended = coalesce(ended, max(updated, :at)),
      lease_until = 0
    WHERE id = :run"""
_PARK = """
    UPDATE run SET status = 'parked', wake_at = :wake_at, lease_until = 0, updated = max(updated, :at)
    WHERE id = :run AND fence = :fence AND status = 'running' AND decisions = :decisions"""
_SNAPSHOT = "INSERT INTO snapshot VALUES (?, ?) ON CONFLICT (run) DO UPDATE SET content = excluded.content"
_AMEND = """
    UPDATE run SET decisions = decisions + 1, updated = max(updated, :at),
      wake_at = CASE status WHEN 'parked' THEN 0 ELSE wake_at END
    WHERE id = :run AND decisions = :decisions AND status IN ('running', 'parked')"""
LONGEST_DUE = f"{SELECT_RUN} WHERE scope = :scope AND due <= :now ORDER BY due LIMIT 1"
NEXT_DUE = "SELECT due FROM run WHERE scope = ? AND due IS NOT NULL AND status = 'parked' ORDER BY due LIMIT 1"
_IF_NOT_DRIVEN = f"{SELECT_RUN} WHERE id = :run AND scope = :scope AND (status <> 'running' OR lease_until <= :now)"
_FORGET = "DELETE FROM run WHERE status NOT IN ('running', 'parked')"
_PRUNE = f"""{_FORGET} AND id IN (
      SELECT id FROM run WHERE ended IS NOT NULL AND status NOT IN ('running', 'parked') AND ended < :before
      UNION
      SELECT * FROM (
        SELECT id FROM run WHERE ended IS NOT NULL AND status NOT IN ('running', 'parked')
        ORDER BY ended DESC, created DESC LIMIT -1 OFFSET :keep)
      LIMIT :at_most)"""  # noqa: S608 - constants


def record_of(row: tuple[Any, ...]) -> RunRecord:
    """The record of a row that `SELECT_RUN` gave."""
    *columns, program = row
    return read_run(program, **dict(zip(_COLUMNS, columns, strict=True)))


def insert(db: sqlite3.Connection, run: RunRecord, program: str, entries: str) -> RunRecord:
    """Add a run, or give the one that has its key or id."""
    ended = None if run.status in ("running", "parked") else run.updated
    added = db.execute(_INSERT_RUN, (*(getattr(run, name) for name in _COLUMNS), program, ended))
    if added.rowcount:
        db.execute(_INSERT_LOG, (run.id, entries))
        return run
    return record_of(db.execute(f"{SELECT_RUN} WHERE key = ? OR id = ?", (run.key, run.id)).fetchone())


def read(db: sqlite3.Connection, run: str) -> tuple[RunRecord, list[Entry]]:
    """A run with its log."""
    row = db.execute(f"{SELECT_RUN} WHERE id = ?", (run,)).fetchone()
    if row is None:
        raise Conflict(f"there is no run {run}")
    log = db.execute("SELECT entries FROM log WHERE run = ? ORDER BY id", (run,)).fetchall()
    entries = [entry for (text,) in log for entry in read_entries(text)]
    record = record_of(row)
    return replace(record, updated=last_instant(entries, record.updated)), entries


def append(db: sqlite3.Connection, run: str, fence: int, entries: str) -> None:
    """Add entries: one statement, because two of them stand around every write of a program."""
    if not db.execute(_APPEND, (run, entries, run, fence)).rowcount:
        raise taken_over(run)


def end(db: sqlite3.Connection, run: str, status: RunStatus, at: Instant) -> None:
    """Write down the end, which frees what only a run that goes on needs."""
    db.execute(_END, {"run": run, "status": status, "at": at})
    db.execute("DELETE FROM snapshot WHERE run = ?", (run,))


def park(
    db: sqlite3.Connection,
    run: str,
    fence: int,
    entries: str,
    *,
    decisions: int,
    wake_at: Instant,
    at: Instant,
    snapshot: bytes | None,
) -> bool:
    """Park a run unless it has decisions that its driver has not seen."""
    bound = {"run": run, "fence": fence, "decisions": decisions, "wake_at": wake_at, "at": at}
    if not db.execute(_PARK, bound).rowcount:
        held = db.execute("SELECT 1 FROM run WHERE id = ? AND fence = ? AND status = 'running'", (run, fence))
        if held.fetchone() is None:
            raise taken_over(run)
        return False
    db.execute(_INSERT_LOG, (run, entries))
    if snapshot is None:
        db.execute("DELETE FROM snapshot WHERE run = ?", (run,))
    else:
        db.execute(_SNAPSHOT, (run, snapshot))
    return True


def amend(db: sqlite3.Connection, run: str, decisions: int, entries: str, at: Instant) -> bool:
    """Add what a person decided, if nobody decided since that person looked."""
    if not db.execute(_AMEND, {"run": run, "decisions": decisions, "at": at}).rowcount:
        return False
    db.execute(_INSERT_LOG, (run, entries))
    return True


def claimable(db: sqlite3.Connection, *, scope: str, now: Instant, run: str | None) -> RunRecord | None:
    """The run that a claim would take."""
    row = db.execute(
        LONGEST_DUE if run is None else _IF_NOT_DRIVEN, {"scope": scope, "now": now, "run": run}
    ).fetchone()
    return None if row is None else record_of(row)


def claim(
    db: sqlite3.Connection, *, scope: str, now: Instant, until: Instant, run: str | None
) -> tuple[RunRecord, bytes | None] | None:
    """Take a run over; inside a transaction that holds the write lock, so that nobody comes in between."""
    found = claimable(db, scope=scope, now=now, run=run)
    if found is None:
        return None
    taken = replace(found, fence=found.fence + 1, lease_until=until)
    db.execute(
        "UPDATE run SET status = 'running', fence = ?, lease_until = ? WHERE id = ?", (taken.fence, until, found.id)
    )
    snapshot = db.execute("SELECT content FROM snapshot WHERE run = ?", (found.id,)).fetchone()
    return taken, None if snapshot is None else snapshot[0]


def delete(db: sqlite3.Connection, run: str) -> bool:
    """Forget an ended run."""
    return bool(db.execute(f"{_FORGET} AND id = ?", (run,)).rowcount)


def prune(db: sqlite3.Connection, *, keep: int | None, before: Instant | None, at_most: int) -> int:
    """Forget ended runs, some at a time, so that no transaction is long."""
    bound = {"keep": 1 << 62 if keep is None else keep, "before": before, "at_most": at_most}
    return db.execute(_PRUNE, bound).rowcount


def taken_over(run: str) -> Conflict:
    """The refusal of a driver whose run is not its own any more."""
    return Conflict(f"there is no run {run}, or it was taken over by another process")


def snippet_text(snippet: Snippet) -> str:
    """What a row of a snippet keeps beside its name and version."""
    members = {name: getattr(snippet, name) for name in Snippet.__slots__ if name not in ("name", "version")}
    return json.dumps(members, separators=(",", ":"))


def snippet_of(name: str, version: int, text: str) -> Snippet:
    """The snippet of a row."""
    members: dict[str, Any] = json.loads(text)
    members["namespaces"] = tuple(members["namespaces"])
    return Snippet(name=name, version=version, **members)
