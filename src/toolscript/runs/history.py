"""A run's log, read: what a replay needs and what a timeline shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from toolscript.runs.entry import Answered, Ended, Entry, Intended, Printed, Turned


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The entries of one run by kind: turns in order, calls and answers by number."""

    turns: tuple[Turned, ...]
    calls: Mapping[int, Intended]
    answers: Mapping[int, Answered]
    printed: tuple[str, ...]
    ended: Ended | None


def history(entries: Iterable[Entry]) -> History:
    """Sort a log's entries by kind."""
    turns: list[Turned] = []
    calls: dict[int, Intended] = {}
    answers: dict[int, Answered] = {}
    printed: list[str] = []
    ended: Ended | None = None
    for entry in entries:
        match entry:
            case Turned():
                turns.append(entry)
            case Intended():
                calls[entry.seq] = entry
            case Answered():
                answers[entry.seq] = entry
            case Printed():
                printed.extend(entry.lines)
            case Ended():
                ended = entry
            case _:
                assert_never(entry)
    return History(turns=tuple(turns), calls=calls, answers=answers, printed=tuple(printed), ended=ended)
