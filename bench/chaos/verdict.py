"""What came of a round: every log read, replayed, and held against the upstream's own account."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.havoc import Havoc
from bench.chaos.plan import WHAT, Plan
from bench.chaos.worker import connector
from toolscript.codec import decode
from toolscript.errors import Conflict, Fault
from toolscript.runs.entry import Answered, Claimed, Decided, Doubted, Entry, RunRecord
from toolscript.runs.history import History, history
from toolscript.runs.turn import Finished
from toolscript.runtime.runtime import Runtime
from toolscript.stores.sqlite import SQLiteStore

MAX_PROBLEMS = 20  # said aloud; all are counted


@dataclass(slots=True)
class Verdict:
    """Counts, and every breach of a promise in words."""

    plan: Plan
    havoc: Havoc
    counts: Counter[str] = field(default_factory=Counter[str])
    problems: list[str] = field(default_factory=list[str])
    retried: Counter[str] = field(default_factory=Counter[str])
    """How often a person decided that a call be made again."""
    wanted: set[str] = field(default_factory=set[str])
    """The keys of the effects that the runs are to have."""

    async def reach(self) -> dict[str, Any]:
        """Read everything, and sum it up."""
        store = SQLiteStore(self.plan.file)
        async with Runtime([connector(self.plan)], store=store, role="client") as runtime:
            records = await runtime.recent(limit=10 * self.plan.runs)
            for record in records:
                _, entries = await store.read(record.id)
                await self._read(runtime, record, entries)
        self._hold_against_the_upstream()
        self._file()
        self._keys(records)
        if self.havoc.graceless:
            self.problems.append(f"{self.havoc.graceless} processes did not end well when they were told to")
        return self._summary()

    async def _read(self, runtime: Runtime, record: RunRecord, entries: list[Entry]) -> None:
        run, log = record.id, history(entries)
        self.counts["calls"] += len(log.calls)
        self.counts["takeovers"] += sum(isinstance(entry, Claimed) for entry in entries)
        self.counts["uncertain"] += sum(isinstance(entry, Doubted) for entry in entries)
        for entry in entries:
            if isinstance(entry, Decided):
                self.counts["decided"] += 1
                self.retried[f"{run}:{entry.seq}"] += entry.choice == "retry"
        if log.ended is None or not isinstance(log.ended.outcome, Finished):
            self.problems.append(f"{run} is {record.status}: {log.ended and log.ended.outcome}")
            return
        self.counts["completed"] += 1
        self._orderly(run, log, entries)
        value: dict[str, Any] = decode(log.ended.outcome.value)
        self._came_to(run, decode(record.program.input)["item"], value)
        try:
            if await runtime.replay(run) != log.ended.outcome:
                self.problems.append(f"{run} replays to something else")
            self.counts["replayed"] += 1
        except (Fault, Conflict) as error:
            self.problems.append(f"{run} cannot be replayed: {error}")

    def _orderly(self, run: str, log: History, entries: list[Entry]) -> None:
        """Every call is answered once, and handed over once."""
        answered = Counter(entry.seq for entry in entries if isinstance(entry, Answered))
        delivered = Counter(seq for turned in log.turns for seq in turned.delivered)
        once = dict.fromkeys(log.calls, 1)
        if answered != once or delivered != once:
            self.problems.append(f"{run}: calls {list(once)}, answered {answered}, handed over {delivered}")

    def _came_to(self, run: str, item: int, value: dict[str, Any]) -> None:
        """The program saw what the upstream did."""
        effects = self._effects()
        self.wanted.update(added["key"] for added in value["added"])
        for added, what in zip(value["added"], WHAT, strict=True):
            if added not in effects.get(added["key"], []) or not added["key"].startswith(f"{run}:"):
                self.problems.append(f"{run} saw {added}, which the upstream did not do for it")
            elif added["what"] != self.plan.what(what, item):
                self.problems.append(f"{run} added {added['what']}, not {self.plan.what(what, item)}")
        if (value["seen"], value["beside"], value["caught"]) != ({"item": item}, {"item": item + 1}, True):
            self.problems.append(f"{run} came to {value}")

    def _hold_against_the_upstream(self) -> None:
        for key, done in self._effects().items():
            again = len(done) - 1
            if key not in self.wanted:
                self.problems.append(f"{key} took effect, and no run has it")
            if again > self.retried[key]:
                self.counts["duplicates"] += again - self.retried[key]
                self.problems.append(f"{key} took effect {len(done)} times, and {self.retried[key]} retries were asked")
        self.counts["lost"] = self.plan.runs - self.counts["completed"]
        self.counts["lost"] += len(self.wanted - self._effects().keys())

    def _file(self) -> None:
        """Nothing is held, and the file is sound."""
        with closing(sqlite3.connect(self.plan.file)) as db:
            (held,) = db.execute("SELECT count(*) FROM run WHERE lease_until > 0 OR status = 'running'").fetchone()
            (kept,) = db.execute("SELECT count(*) FROM snapshot").fetchone()
            (sound,) = db.execute("PRAGMA integrity_check").fetchone()
        if held or kept or sound != "ok":
            self.problems.append(f"leases held: {held}, snapshots of ended runs: {kept}, the file is {sound}")

    def _keys(self, records: list[RunRecord]) -> None:
        keys = Counter(record.key for record in records)
        if keys != {self.plan.key(item): 1 for item in range(self.plan.runs)}:
            self.problems.append(f"{self.plan.runs} runs were asked for, and there are {len(records)}")

    def _effects(self) -> dict[str, list[dict[str, Any]]]:
        effects: Any = self.havoc.ledger["effects"]
        return effects

    def _summary(self) -> dict[str, Any]:
        attempts: Any = self.havoc.ledger["attempts"]
        seconds = self.havoc.seconds
        return {
            "runs": self.plan.runs,
            "completed": self.counts["completed"],
            "kills": self.havoc.kills,
            "pauses": self.havoc.pauses,
            "takeovers": self.counts["takeovers"],
            "calls": self.counts["calls"],
            "attempts": sum(attempts.values()),
            "effects": sum(len(done) for done in self._effects().values()),
            "duplicates": self.counts["duplicates"],
            "lost": self.counts["lost"],
            "uncertain": self.counts["uncertain"],
            "decided": self.counts["decided"],
            "retried": self.retried.total(),
            "replayed": self.counts["replayed"],
            "seconds": round(seconds, 1),
            "calls_per_s": round(self.counts["calls"] / seconds, 1),
            "problems": len(self.problems),
            "ok": not self.problems and self.havoc.kills >= self.plan.kills,
        }


def verdict(plan: Plan, havoc: Havoc) -> tuple[dict[str, Any], list[str]]:
    """The summary of a round, and the first of its problems."""
    reached = Verdict(plan, havoc)
    summary = asyncio.run(reached.reach())
    return summary, reached.problems[:MAX_PROBLEMS]
