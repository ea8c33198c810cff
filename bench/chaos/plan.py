"""What one round of chaos is to be, handed to every process that takes part in it."""

from __future__ import annotations

import json
import random
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

PROGRAM = """
const item = input.item;
const seen = await up.look({ item });
const first = await up.add({ item, what: "first" });
const [left, right, beside] = await Promise.all([
  up.add({ item, what: "left" }), up.add({ item, what: "right" }), up.look({ item: item + 1 }),
]);
let caught = false;
try { await up.refuse({ item }) } catch (error) { caught = error instanceof ToolError }
await codemode.sleep({ seconds: 0.05 });
const transferred = await up.transfer({ item, what: "transfer" });
await codemode.sleep({ seconds: 5.1 });
const last = await up.add({ item, what: "last" });
return { seen, beside, caught, added: [first, left, right, transferred, last] };
"""
"""Reads, sequential and parallel writes, a caught failure, a short sleep, a write that a person must approve, and a
sleep that is long enough (5 s) for the run to be parked."""

WHAT = ("first", "left", "right", "transfer", "last")
"""What each run adds, in the order of its result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`pauses` are workers stopped past their lease and continued; `skew_ms` is by how much their clocks may differ."""

    folder: str
    runs: int
    kills: int
    pauses: int
    workers: int
    keyed: bool
    skew_ms: int
    seed: int
    lease_ms: int = 1_500
    kill_every_s: float = 0.6

    @property
    def file(self) -> Path:
        return Path(self.folder) / "runs.db"

    @property
    def socket(self) -> str:
        return str(Path(self.folder) / "upstream")

    @property
    def havoc_s(self) -> float:
        """For how long workers are killed; runs are started all the while."""
        return (self.kills + self.pauses) * self.kill_every_s

    def key(self, item: int) -> str:
        return f"chaos-{self.seed}-{item}"

    def what(self, what: str, item: int) -> str:
        """What a run adds in the end: every other transfer is edited by whoever approves it."""
        return "edited" if what == "transfer" and item % 2 else what

    def random(self, name: str) -> random.Random:
        """Randomness of one process's own."""
        return random.Random(f"{self.seed} {name}")

    def command(self, module: str, *args: str) -> list[str]:
        """How a process of this plan is started."""
        return [sys.executable, "-m", f"bench.chaos.{module}", json.dumps(asdict(self)), *args]

    @classmethod
    def handed(cls) -> Plan:
        """The plan that this process was started with."""
        return cls(**json.loads(sys.argv[1]))
