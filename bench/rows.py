"""One measured row, and how rows are printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Row:
    """A metric with its bar, if it has one; `at_most` says in which direction the bar lies."""

    metric: str
    value: float
    unit: str
    bar: float | None = None
    at_most: bool = True

    @property
    def holds(self) -> bool | None:
        if self.bar is None:
            return None
        return self.value <= self.bar if self.at_most else self.value >= self.bar

    def as_json(self) -> str:
        members = {**asdict(self), "value": round(self.value, 4), "holds": self.holds}
        del members["at_most"]
        return json.dumps(members)

    def as_text(self) -> str:
        bar = "" if self.bar is None else f"{'≤' if self.at_most else '≥'} {self.bar:g}"
        verdict = {True: "holds", False: "DOES NOT HOLD", None: ""}[self.holds]
        return f"{self.metric:58} {self.value:12,.3f} {self.unit:14} {bar:10} {verdict}"


def middle(samples: Sequence[float]) -> float:
    """The median of the quietest fifth: neighbours on a shared machine slow whole stretches of a run down."""
    size = max(1, len(samples) // 5)
    batches = [samples[at : at + size] for at in range(0, len(samples) - size + 1, size)]
    return min(median(batch) for batch in batches)


def p99(samples: Sequence[float]) -> float:
    return sorted(samples)[min(len(samples) - 1, int(len(samples) * 0.99))]


def timed(action: Callable[[], object], times: int) -> list[float]:
    """Milliseconds of each of so many calls."""
    samples: list[float] = []
    for _ in range(times):
        began = perf_counter()
        action()
        samples.append((perf_counter() - began) * 1e3)
    return samples
