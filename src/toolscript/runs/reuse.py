"""What a corrected program takes over from the failed run that it corrects.

1. Calls are compared in order, by number, path and arguments. As long as they are the same, a call gets the recorded
   answer and nothing acts. The first that differs is made, and so is everything after it.
2. A failure that the failed program never got past is no answer to keep: the call is made again. It does not count
   as a difference, so calls beside it are not made twice.
3. A write of which is not known whether it took effect is put to a person.
4. Until the first difference the turns are those of the failed run: the same clock, the same order of answers. With
   the same seed, the program does what it did before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from toolscript.runs.entry import Answered, Intended, Turned
from toolscript.runs.history import CallState, History
from toolscript.runs.machine import TIMER, Ask, Replay
from toolscript.runs.turn import Called, Raised, Returned


class Reuse:
    """The log of a failed run, followed until the new one leaves it."""

    def __init__(self, run: str, log: History) -> None:
        self._run = run
        self._log = log
        self._parted = False
        last = log.turns[-1].delivered if log.turns else ()
        self._got_past = log.delivered - set(last)

    def follow(self, made: Iterable[Intended]) -> None:
        """Take into account what the new run has done already, after it was taken over."""
        for call in made:
            self._same(Called(call.seq, call.path, call.args))

    def decide(self, call: Called) -> Replay | Ask | None:
        """What the failed run says of a call; None if it is to be decided like any other."""
        known = self._same(call)
        if known is None:
            return None
        where = f"as call {call.seq} of {self._run}"
        match self._worth(known):
            case "keep":
                assert known.answered is not None
                return Replay(known.answered.answer, where, known.intended.effect)
            case "doubt":
                return Ask(f"{where}, of which is not known whether it took effect", known.intended.effect)
            case "make":
                return None

    def turn(self, number: int) -> Turned | None:
        """The failed run's turn of this number, counted from 0, if the new run is still on its track."""
        return self._log.turns[number] if not self._parted and number < len(self._log.turns) else None

    def ordered(self, number: int, arrived: Sequence[Answered]) -> tuple[list[Answered], list[Answered]]:
        """Which of the answers that arrived turn `number` is handed, in their order, and which come later."""
        followed = self.turn(number)
        by_seq = {entry.seq: entry for entry in arrived}
        if followed is None or not by_seq.keys() >= set(followed.delivered) or not followed.delivered:
            return list(arrived), []
        first = [by_seq.pop(seq) for seq in followed.delivered]
        return first, list(by_seq.values())

    def _same(self, call: Called) -> CallState | None:
        known = self._log.calls.get(call.seq)
        if known is None or (known.intended.path, known.intended.args) != (call.path, call.args):
            self._parted = True
        return None if self._parted else known

    def _worth(self, call: CallState) -> Literal["keep", "doubt", "make"]:
        if call.status == "uncertain" or (call.status == "executing" and call.intended.effect == "write"):
            return "doubt"
        match call.answered.answer if call.answered else None:
            case Returned():
                return "keep"
            case Raised() if call.intended.seq in self._got_past and call.intended.path != TIMER:
                return "keep"
            case _:
                return "make"
