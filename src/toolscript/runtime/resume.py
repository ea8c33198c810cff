"""The session of a run that was parked, or whose process is gone.

A snapshot is only a short cut: one that is missing, damaged, of another engine or not sealed by this store is passed
over, and the program is replayed from its log. Both roads lead to the same session.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from toolscript.errors import Fault
from toolscript.ports import Guest, Session
from toolscript.runs.entry import RunRecord
from toolscript.runs.history import History
from toolscript.runs.redaction import REDACTED
from toolscript.runs.turn import Called, Turn
from toolscript.runtime.replay import push
from toolscript.runtime.seal import unseal

log = logging.getLogger("toolscript.resume")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """A session where its log ends; `turn` is what its last turn gave out, if that had to be run again.

    `made` are the calls as the program made them, as far as they were seen on the way.
    """

    session: Session
    turn: Turn | None
    made: Mapping[int, Called]


async def reopen(run: RunRecord, history: History, guest: Guest, sealed: bytes | None, secret: bytes) -> Reopened:
    """The session of a run, from its snapshot or by replay; `Fault` if the program does not follow its log."""
    if sealed is not None and not any(REDACTED in call.intended.args for call in history.outstanding):
        try:
            turns, snapshot = unseal(secret, run.id, sealed)
            if turns > len(history.turns):
                raise ValueError("the snapshot is ahead of the log")
            session = await guest.restore(run.boot, snapshot)
        except (ValueError, Fault) as error:
            log.warning("the run %s is replayed: %s", run.id, error)
        else:
            return await _pushed(history, session, turns)
    return await _pushed(history, await guest.start(run.boot), 0)


async def _pushed(history: History, session: Session, skip: int) -> Reopened:
    try:
        turn, made = await push(history, session, skip=skip)
    except BaseException:
        await session.close()
        raise
    return Reopened(session=session, turn=turn, made=made)
