"""What a run did up to a point, in one line."""

from __future__ import annotations

from collections.abc import Sequence

from toolscript.runs.complaint import acted
from toolscript.runs.result import CallRecord

_PATHS = 5  # named in one line


def so_far(calls: Sequence[CallRecord]) -> str:
    """How many calls reached a tool, and which of them were writes; nothing if there were none."""
    made = [call for call in calls if acted(call)]
    if not made:
        return ""
    text = f"{len(made)} call{'' if len(made) == 1 else 's'} made"
    writes = wrote(made)
    if writes:
        kind = "a write" if len(writes) == 1 else "writes"
        text += f", {len(writes)} of them {kind} ({paths(writes)})"
        uncertain = sum(call.status == "uncertain" for call in writes)
        if uncertain:
            text += f"; whether {uncertain} took effect is not known"
    return text + "."


def reused(calls: Sequence[CallRecord]) -> str:
    """Which calls got the answers of an earlier run; nothing if none did."""
    taken = [call for call in calls if call.verdict == "replay"]
    if not taken:
        return ""
    was = "call was" if len(taken) == 1 else "calls were"
    return f"{len(taken)} {was} answered from the corrected run and not made again ({paths(taken)})."


def wrote(calls: Sequence[CallRecord]) -> list[CallRecord]:
    """The calls that changed something outside, or may have."""
    return [call for call in calls if call.effect == "write" and call.status in ("returned", "uncertain")]


def paths(calls: Sequence[CallRecord]) -> str:
    """The tools of some calls, each named once."""
    named = list(dict.fromkeys(call.path for call in calls))
    more = f" and {len(named) - _PATHS} more" if len(named) > _PATHS else ""
    return f"{', '.join(named[:_PATHS])}{more}"
