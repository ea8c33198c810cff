"""A log, replayed: the same program, the same answers in the same order, and nothing acts."""

from __future__ import annotations

from toolscript.errors import Fault
from toolscript.ports import Session
from toolscript.runs.history import History
from toolscript.runs.turn import Called, Outcome, Settled


async def replay(log: History, session: Session) -> Outcome | None:
    """Push a fresh session over a log; gives the outcome, or None if the log ends before the program does.

    Raises `Fault` where the program does anything that the log does not say: a call more, fewer or other.
    """
    unseen = set(log.calls)
    for number, turned in enumerate(log.turns, 1):
        settled = [Settled(seq, log.answers[seq].answer) for seq in turned.delivered]
        turn = await session.advance(settled, turned.now)
        for call in turn.calls:
            _same(call, log, number)
            unseen.discard(call.seq)
        if turn.outcome is not None:
            if number < len(log.turns) or unseen:
                raise Fault(f"replay diverged: the program ended at turn {number}, but its log goes on")
            return turn.outcome
    return None


def _same(call: Called, log: History, number: int) -> None:
    recorded = log.calls.get(call.seq)
    if recorded is None:
        if log.ended is not None:
            raise Fault(f"replay diverged: call {call.seq} ({call.path}) of turn {number} is not in the log")
        return
    if (recorded.path, recorded.args) != (call.path, call.args):
        raise Fault(
            f"replay diverged at turn {number}: call {call.seq} is {call.path}({call.args}), "
            f"the log has {recorded.path}({recorded.args})"
        )
