"""The words for a run that has not ended: what it waits for, who can do something about it, and how to ask after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolscript.codec import decode
from toolscript.runs.machine import TIMER
from toolscript.runs.program import Instant
from toolscript.runs.result import CallRecord, Result
from toolscript.surfaces.mcp_server.asking import because, shown
from toolscript.surfaces.mcp_server.sofar import so_far

MAX_LISTED = 10
_FRAME_TOKENS = 250  # of the words around the calls
_CALL_TOKENS = 40  # of the words around the arguments of one
_ARGUMENTS_TOKENS = 300  # of one call, at most: the model has written them


def waiting(result: Result, *, now: Instant, budget_tokens: int) -> str:
    """The answer for a run without an outcome, within a budget of tokens."""
    if result.pending and result.status == "parked":
        return _for_a_person(result, budget_tokens)
    return " ".join(
        filter(
            None,
            (
                f"The run {result.run} has not ended: {_under_way(result, now)}",
                so_far(result.calls),
                f"{_later(result.run)}",
            ),
        )
    )


def _for_a_person(result: Result, budget_tokens: int) -> str:
    pending = result.pending
    listed = pending[:MAX_LISTED]
    share = min(_ARGUMENTS_TOKENS, max(8, (budget_tokens - _FRAME_TOKENS) // len(listed) - _CALL_TOKENS))
    lines = [f"The run {result.run} is parked: a person has to decide on {_calls(len(pending))}."]
    lines += [f"- call {call.seq}: {call.path}({shown(call, share)}){_why(call)}" for call in listed]
    if len(pending) > len(listed):
        lines.append(f"- and {len(pending) - len(listed)} more")
    done = so_far([call for call in result.calls if not call.waits])
    if done:
        lines.append(f"Before that: {done}")
    lines.append(f"Deciding is not yours. {_commands(result.run, pending)} Tell the user. {_later(result.run)}")
    return "\n".join(lines)


def _commands(run: str, pending: Sequence[CallRecord]) -> str:
    seqs = [str(call.seq) for call in pending if call.status == "pending"]
    if not seqs:
        return f"A person does, who finds what to do with: toolscript runs show {run}."
    named = "" if len(seqs) > MAX_LISTED else f" {' '.join(seqs)}"
    return f"A person does, with: toolscript runs approve {run}{named} (or reject)."


def _why(call: CallRecord) -> str:
    if call.status == "uncertain":
        return " was cut off; whether it took effect is not known"
    why = because(call)
    return f" ({why})" if why else ""


def _under_way(result: Result, now: Instant) -> str:
    under_way = [call for call in result.calls if call.answer is None and call.status == "executing"]
    timers = [_left(call, now) for call in under_way if call.path == TIMER]
    if result.status == "parked":
        return f"it sleeps for another {max(0, min(timers, default=0)):,} s." if timers else "it is about to go on."
    paths = list(dict.fromkeys(call.path for call in under_way if call.path != TIMER))[:3]
    return f"it is calling {', '.join(paths)}." if paths else "it is running."


def _left(call: CallRecord, now: Instant) -> int:
    args: Any = decode(call.args)
    return round(float(args["seconds"]) - (now - call.at) / 1_000)


def _later(run: str) -> str:
    return (
        f'Ask after it with resume({{ "run": "{run}" }}); do not execute the program again, '
        "which would do what it did twice."
    )


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"
