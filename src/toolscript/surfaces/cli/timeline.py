"""A run's calls as lines: what, when, for how long, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from toolscript.runs.result import CallRecord
from toolscript.runs.turn import Raised

BAR = 24
_ARGS = 48


def timeline(calls: Sequence[CallRecord], *, begun: int) -> Iterator[str]:
    """One line a call; the bar shows when it ran, from the first call to the last answer."""
    if not calls:
        return
    first = min(call.at for call in calls)
    last = max(call.at + (call.duration_us or 0) / 1_000 for call in calls)
    span = max(last - first, 1.0)
    names = [f"{call.path}({_short(call.args)})" for call in calls]
    width = min(max(len(name) for name in names), _ARGS + 24)
    for call, name in zip(calls, names, strict=True):
        took = "" if call.duration_us is None else f"{call.duration_us / 1_000:8.1f} ms"
        start = round((call.at - first) / span * BAR)
        length = max(1, round((call.duration_us or 0) / 1_000 / span * BAR))
        bar = (" " * min(start, BAR - 1) + "█" * length)[:BAR]
        yield f"{call.seq:4}  {name:{width}}  +{call.at - begun:5} ms  {bar:{BAR}}  {took:>11}{_end(call)}"


def _short(args: str) -> str:
    text = args if args != "{}" else ""
    return text if len(text) <= _ARGS else f"{text[: _ARGS - 1]}…"


def _end(call: CallRecord) -> str:
    match call.answer:
        case Raised(failure):
            return f"  {call.status}: {failure.name}: {failure.message.splitlines()[0] if failure.message else ''}"
        case _:
            return "" if call.status == "returned" else f"  {call.status}"
