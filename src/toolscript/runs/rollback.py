"""What a rollback does: which calls are undone, in which order, and what is left standing.

1. Only writes that took effect are undone: those that returned. A read changed nothing; a call that was refused,
   rejected, or that its tool answered with an error did nothing.
2. Newest first, by the order in which the program was handed the answers; what it was never handed is newest. So
   nothing is undone before what was built on it, whatever the clock said.
3. A revert is a call of another tool, whose arguments must fit, or is left to the connector of the first one.
4. Left standing is what has no revert, what lacks what its revert needs, what another run did, and every write of
   which is not known whether it took effect.
5. All are attempted; one that fails does not stop the rest. A further rollback tries again what failed, and leaves
   alone what was undone. A revert that was cut off is not repeated, unless its tool is keyed.
6. Every step leaves a `Reverted` in the log, also one that nothing could be done about: its failure says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from toolscript.catalog.catalog import Catalog
from toolscript.codec import CodecError, decode
from toolscript.errors import Failure, FailureCode
from toolscript.runs.entry import Entry, RunRecord
from toolscript.runs.history import CallState, History, history
from toolscript.runs.redaction import is_redacted
from toolscript.runs.result import CallRecord, result_of
from toolscript.runs.revert import revert_args
from toolscript.runs.turn import Raised, Returned
from toolscript.tools import CallContext, Revert, Tool

MAX_ARGS_CHARS = 80  # of a call's arguments in a report
MAX_PROBLEMS = 3

_UNKNOWN: Mapping[FailureCode, str] = {
    "cancelled": "it was cut off",
    "timeout": "it did not answer in time",
    "unreachable": "its connection broke",
}
"""Failures of a write that leave open whether it took effect."""
_UNTOLD: frozenset[FailureCode] = frozenset({"too_large", "bad_value"})
"""Failures of an answer: the write took effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A call that can be undone: by a call of `revert` with `revert_args`, or else by its own connector (a `Reverter`).

    `tool`, `args` and `result` are those of the call that is undone.
    """

    seq: int
    path: str
    tool: Tool
    args: dict[str, Any]
    result: Any
    revert: Tool | None
    revert_args: dict[str, Any]

    def context(self, run: str) -> CallContext:
        """What the revert travels with: on every try the same key, which is not that of the call that it undoes."""
        return CallContext(run=f"{run}:revert", seq=self.seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A call whose effect stays, and why. `unknown`: whether it, or its revert, took effect is not known."""

    seq: int
    path: str
    why: str
    unknown: bool = False

    @property
    def answer(self) -> Raised:
        """What the log records of it (`Reverted.answer`)."""
        code: FailureCode = "cancelled" if self.unknown else "tool"
        return Raised(Failure(kind="tool", code=code, name="RevertError", message=self.why))


Step = Undo | Standing


def plan(log: History, catalog: Catalog) -> tuple[Step, ...]:
    """The steps that undo a run, in their order; the module's text states the rules."""
    return tuple(
        _step(call, catalog) for call in _newest_first(log) if _took_effect(call) and call.status != "reverted"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """What came of rolling a run back."""

    run: str
    reverted: tuple[CallRecord, ...]
    standing: tuple[Standing, ...]

    def __str__(self) -> str:
        """For people: one line a call, newest first."""
        if not self.reverted and not self.standing:
            return f"{self.run}: there was nothing to undo"
        left = f", {_calls(len(self.standing))} left standing" if self.standing else ""
        lines = [f"{self.run}: {_calls(len(self.reverted))} undone{left}"]
        lines += [f"  undone    {call.seq:4}  {call.path}({_short(call.made_with)})" for call in self.reverted]
        lines += [f"  standing  {step.seq:4}  {step.path}: {step.why}" for step in self.standing]
        return "\n".join(lines)


def rollback_of(record: RunRecord, entries: Sequence[Entry]) -> Rollback:
    """What a run's log says was undone, and what was not."""
    log = history(entries)
    records = {call.seq: call for call in result_of(record, list(entries)).calls}
    calls = [call for call in _newest_first(log) if _took_effect(call)]
    return Rollback(
        run=record.id,
        reverted=tuple(records[call.intended.seq] for call in calls if call.status == "reverted"),
        standing=tuple(_left(call) for call in calls if call.status != "reverted"),
    )


def _calls(count: int) -> str:
    return f"{count} call" if count == 1 else f"{count} calls"


def _short(args: str) -> str:
    text = "" if args == "{}" else args
    return text if len(text) <= MAX_ARGS_CHARS else f"{text[: MAX_ARGS_CHARS - 1]}…"


def _newest_first(log: History) -> list[CallState]:
    handed_over = {seq: place for place, seq in enumerate(seq for turned in log.turns for seq in turned.delivered)}
    never = len(handed_over)
    return sorted(
        log.calls.values(),
        key=lambda call: (handed_over.get(call.intended.seq, never), call.intended.seq),
        reverse=True,
    )


def _took_effect(call: CallState) -> bool:
    """Whether a call changed something outside, or may have."""
    intended = call.intended
    if intended.effect != "write" or intended.verdict == "refuse":
        return False
    if intended.path.startswith("codemode.") and not intended.path.startswith("codemode.state"):
        return False
    if call.status in ("returned", "reverted"):
        return True
    return intended.verdict != "replay" and _doubt(call) != ""


def _doubt(call: CallState) -> str:
    """Why it is not known whether a call that did not return took effect, or what else is known of it; or nothing."""
    answer = call.answered.answer if call.answered else None
    match answer:
        case Raised(failure) if not call.made:
            return ""
        case Raised(failure) if call.decided is not None and call.decided.choice == "fail":
            return ""
        case Raised(failure) if failure.kind == "tool" and failure.code in _UNTOLD:
            return f"it took effect, but its result is not known: {failure.message}"
        case Raised(failure) if failure.code in _UNKNOWN:
            return f"whether it took effect is not known: {_UNKNOWN[failure.code]}"
        case Raised() if call.decided is not None and call.decided.choice == "retry":
            return "its first try was cut off, and whether that took effect is not known"
        case None if call.status not in ("pending", "rejected", "raised") and _may_have_acted(call):
            return "whether it took effect is not known: it was cut off"
        case _:
            return ""


def _is_unknown(call: CallState) -> bool:
    """Whether it is not known whether a call took effect."""
    answer = call.answered.answer if call.answered else None
    return call.status != "returned" and not (isinstance(answer, Raised) and answer.failure.code in _UNTOLD)


def _may_have_acted(call: CallState) -> bool:
    retried = call.decided is not None and call.decided.choice == "retry"
    return call.status == "uncertain" or call.made or retried


def _step(call: CallState, catalog: Catalog) -> Step:
    """The step for one call that took effect and is not undone."""
    seq, path = call.intended.seq, call.intended.path
    why = _standing_anyway(call)
    if why:
        return Standing(seq=seq, path=path, why=why, unknown=_is_unknown(call))
    tool = catalog.find(path)
    if tool is None:
        return Standing(seq=seq, path=path, why=_missing(path, catalog))
    if tool.revert is None:
        return Standing(seq=seq, path=path, why="it has no revert")
    found = _undo(call, tool, tool.revert, catalog)
    if isinstance(found, str):
        return Standing(seq=seq, path=path, why=found)
    if _was_cut_off(call) and not (found.revert or tool).keyed:
        return Standing(seq=seq, path=path, why=_CUT_OFF, unknown=True)
    return found


_CUT_OFF = "its revert was cut off: whether it is undone is not known, and it is not repeated blindly"


def _was_cut_off(call: CallState) -> bool:
    """Whether a revert began, and what came of it is not known."""
    if call.reverting is not None:
        return True
    answer = call.reverted.answer if call.reverted else None
    return isinstance(answer, Raised) and answer.failure.code == "cancelled" and call.status == "returned"


def _standing_anyway(call: CallState) -> str:
    """Why a call cannot be undone whatever its tool is; or nothing."""
    if call.intended.verdict == "replay":
        return f"it was not made by this run, which took over its answer: {call.intended.rule or 'from an earlier run'}"
    if call.intended.path.startswith("codemode."):
        return "it changed the state, which keeps no earlier values"
    return "" if call.status == "returned" else _doubt(call)


def _undo(call: CallState, tool: Tool, revert: Revert, catalog: Catalog) -> Undo | str:
    """How a call is undone, or why it cannot be."""
    try:
        args = cast("dict[str, Any]", decode(call.args) or {})
        result = decode(_value(call))
    except CodecError as error:
        return f"its log cannot be read: {error}"
    seq, path = call.intended.seq, call.intended.path
    if revert.path is None:
        return Undo(seq=seq, path=path, tool=tool, args=args, result=result, revert=None, revert_args={})
    other = catalog.find(revert.path)
    if other is None:
        return f"{_missing(revert.path, catalog)}, and it undoes this call"
    try:
        given = revert_args(revert, args, result)
    except ValueError as error:
        return f"{other.path} undoes it, but {error}"
    for name, value in given.items():
        if is_redacted(value):
            return f"{other.path} undoes it, but the log holds no secrets, and {revert.args[name]} has one"
    problems = catalog.check(other, given)
    if problems:
        said = "; ".join(f"{p.path}: {p.message}" if p.path else p.message for p in problems[:MAX_PROBLEMS])
        return f"{other.path} undoes it, but does not take these arguments: {said}"
    return Undo(seq=seq, path=path, tool=tool, args=args, result=result, revert=other, revert_args=given)


def _value(call: CallState) -> Any:
    """What a call that returned gave, or what a person said that it gave."""
    answer = call.answered.answer if call.answered else None
    if isinstance(answer, Returned):
        return answer.value
    return (call.decided.value if call.decided else None) or "null"


def _missing(path: str, catalog: Catalog) -> str:
    namespace = catalog.namespaces.get(path.partition(".")[0])
    if namespace is not None and namespace.state != "ready":
        return f"{namespace.name} is {namespace.state}, so {path} cannot be called now"
    return f"there is no tool {path} now"


def _left(call: CallState) -> Standing:
    """A call that a log leaves standing, as it says why."""
    seq, path = call.intended.seq, call.intended.path
    if call.reverting is not None:
        return Standing(seq=seq, path=path, why=_CUT_OFF, unknown=True)
    answer = call.reverted.answer if call.reverted else None
    if isinstance(answer, Raised):
        unknown = answer.failure.code == "cancelled"
        name = "" if answer.failure.name == "RevertError" else "its revert failed: "
        return Standing(seq=seq, path=path, why=f"{name}{answer.failure.message}", unknown=unknown)
    why = _standing_anyway(call)
    return Standing(seq=seq, path=path, why=why or "nobody tried to undo it", unknown=_is_unknown(call))
