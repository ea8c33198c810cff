"""A log, pushed through a session: the same program, the same answers in the same order, and nothing acts."""

from __future__ import annotations

from toolscript.codec import Encoded
from toolscript.errors import Fault
from toolscript.ports import Session
from toolscript.runs.entry import digest_of
from toolscript.runs.history import History
from toolscript.runs.redaction import REDACTED
from toolscript.runs.turn import Called, Crashed, Outcome, Settled, Turn


async def replay(log: History, session: Session) -> Outcome | None:
    """Push a fresh session over a log; gives the outcome, or None if the log ends before the program does.

    A program that was refused before it started did nothing that could be done again: its outcome is what the log says.
    Raises `Fault` where the program does anything that the log does not say: a call more, fewer or other.
    """
    match log.ended.outcome if log.ended is not None and not log.calls else None:
        case Crashed(failure) as refused if failure.code == "check":
            return refused
        case _:
            pass
    turn, made = await push(log, session)
    if turn is None or turn.outcome is None:
        return None
    if log.calls.keys() - made.keys():
        raise Fault(f"replay diverged: the program ended at turn {len(log.turns)}, but its log goes on")
    return turn.outcome


async def push(log: History, session: Session, *, skip: int = 0) -> tuple[Turn | None, dict[int, Called]]:
    """Push a session that has seen the first `skip` turns over the others.

    Gives the last turn's output (None if there was no turn left) and every call that was made on the way.
    """
    made: dict[int, Called] = {}
    turn: Turn | None = None
    for number, turned in enumerate(log.turns[skip:], skip + 1):
        if turn is not None and turn.outcome is not None:
            raise Fault(f"replay diverged: the program ended at turn {number - 1}, but its log goes on")
        turn = await session.advance([_settled(log, seq) for seq in turned.delivered], turned.now)
        for call in turn.calls:
            _same(call, log, number)
            made[call.seq] = call
    return turn, made


def _settled(log: History, seq: int) -> Settled:
    call = log.calls.get(seq)
    if call is None or call.answered is None:
        raise Fault(f"the log hands over the answer of call {seq}, which it does not have")
    return Settled(seq, call.answered.answer)


def _same(call: Called, log: History, number: int) -> None:
    known = log.calls.get(call.seq)
    if known is None:
        if log.ended is not None or number < len(log.turns):
            raise Fault(f"replay diverged: call {call.seq} ({call.path}) of turn {number} is not in the log")
        return
    recorded = known.intended
    if recorded.path != call.path or not _agree(recorded.args, call.args):
        raise Fault(
            f"replay diverged at turn {number}: call {call.seq} is {call.path}({call.args}), "
            f"the log has {recorded.path}({recorded.args})"
        )


def _agree(recorded: Encoded, made: Encoded) -> bool:
    """Whether arguments are those of the log, as far as it has them."""
    return recorded == made or REDACTED in recorded or recorded == digest_of(made)
