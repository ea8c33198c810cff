"""What the host and a program's process say to each other. Every byte of the latter is hostile.

Each turn has one frame each way: a length of four bytes (little-endian), then JSON. The first frame to the process is
the boot, the others answers. What comes back holds calls, dropped calls, printed lines, and perhaps an end; it is
checked here, piece by piece, and its values are decoded and encoded again, so that what is recorded is of our making.
Of a failed call the process names the number only: what failed is taken from the host's own record.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from toolscript.codec import CodecError, Encoded, TooLarge, decode, encode
from toolscript.errors import Failure, FailureCode
from toolscript.guests.cpython.inside.turns import CALLS_MARGIN
from toolscript.guests.python.complaint import lines_of
from toolscript.runs.ledger import read_failure, write_failure
from toolscript.runs.program import Boot, Instant
from toolscript.runs.turn import Called, Crashed, Finished, Outcome, Raised, Returned, Settled

Task = Literal["run", "compile"]
"""What a process is for: to run a program, or only to find out whether it can be parsed."""

HEADER = struct.Struct("<I")
_ENDINGS: frozenset[FailureCode] = frozenset({"thrown", "syntax", "bad_value", "limit", "deadlock"})
"""What a process may say of its own end."""
_WHERE = re.compile(r" \(at line \d{1,9} of snippet \w{1,200}\)")
_MAX_NAME, _MAX_MESSAGE, _MAX_PATH, _MAX_FRAMES = 200, 40_000, 300, 8
_MARGIN = 1 << 20  # around values and lines, for the JSON that holds them


class Broken(Exception):
    """The process said what no process of ours says."""


@dataclass(slots=True)
class Said:
    """One turn of a process, checked."""

    calls: tuple[Called, ...]
    dropped: tuple[int, ...]
    printed: tuple[str, ...]
    outcome: Outcome | None


def boot_frame(boot: Boot, now: Instant, *, task: Task = "run") -> bytes:
    """The first frame of a program."""
    limits = boot.limits
    names = ("calls", "cpu_ms", "memory_bytes", "answer_bytes", "output_bytes", "printed_bytes")
    return _frame(
        {
            "task": task,
            "now": now,
            "code": boot.program.code,
            "input": boot.program.input,
            "namespaces": {name: list(methods) for name, methods in boot.namespaces.items()},
            "seed": boot.seed,
            "limits": {name: getattr(limits, name) for name in names},
        }
    )


def answers_frame(answers: Sequence[Settled], now: Instant) -> bytes:
    """The frame of any later turn."""
    return _frame({"now": now, "answers": [_answer(settled) for settled in answers]})


def most_bytes(boot: Boot) -> int:
    """How long a frame of this program's process can be, at most."""
    limits = boot.limits
    return 2 * (limits.output_bytes + limits.printed_bytes) + limits.calls * 4 * _MAX_PATH + _MARGIN


class Listener:
    """Checks what one process says."""

    def __init__(self, boot: Boot) -> None:
        self._boot = boot
        self._seq = 0
        self._open: set[int] = set()
        self._failures: dict[int, Failure] = {}
        self._printed = 0

    def answered(self, answers: Sequence[Settled]) -> None:
        """Take note of answers that the process is given."""
        for settled in answers:
            self._open.discard(settled.seq)
            if isinstance(settled.answer, Raised):
                self._failures[settled.seq] = settled.answer.failure

    def heard(self, frame: bytes) -> Said:
        """What a frame says; raises `Broken`."""
        try:
            return self._said(_object(json.loads(frame)))
        except (ValueError, TypeError, KeyError, RecursionError, CodecError) as error:
            raise Broken("a frame that cannot be read") from error

    def _said(self, message: Mapping[str, Any]) -> Said:
        calls = tuple(self._called(*call) for call in map(_list, _list(message["calls"])))
        if self._seq > self._boot.limits.calls + CALLS_MARGIN:
            raise Broken("too many calls")
        dropped = tuple(_list(message["dropped"]))
        for seq in dropped:
            if type(seq) is not int or seq not in self._open:
                raise Broken("a dropped call that is not open")
            self._open.discard(seq)
        printed = tuple(self._line(line) for line in _list(message["printed"]))
        outcome: Outcome | None = None
        if "value" in message:
            outcome = self._finished(_text(message["value"]))
        elif "failure" in message:
            outcome = Crashed(self._failure(_object(message["failure"])))
        elif not self._open:
            raise Broken("a turn without a call and without an end")
        return Said(calls, dropped, printed, outcome)

    def _called(self, seq: Any, path: Any, args: Any) -> Called:
        self._seq += 1
        if type(seq) is not int or seq != self._seq:
            raise Broken("calls out of order")
        path = _text(path)
        if len(path) > _MAX_PATH or not path.isprintable() or "." not in path:
            raise Broken("a call of what is no path")
        value = decode(Encoded(_text(args)))
        if not isinstance(value, dict):
            raise Broken("arguments that are no object")
        self._open.add(seq)
        return Called(seq, path, encode(value, max_bytes=self._boot.limits.answer_bytes))

    def _line(self, line: Any) -> str:
        text = _readable(_text(line))
        self._printed += len(text.encode())
        if self._printed > 2 * self._boot.limits.printed_bytes + _MARGIN:
            raise Broken("more lines than may be printed")
        return text

    def _finished(self, text: str) -> Outcome:
        try:
            return Finished(encode(decode(Encoded(text)), max_bytes=self._boot.limits.output_bytes))
        except TooLarge as error:
            raise Broken("a value over its limit") from error

    def _failure(self, told: Mapping[str, Any]) -> Failure:
        if "whole" in told:  # of a text that could not be parsed
            whole = read_failure(dict(_object(told["whole"])))
            told = {"name": whole.name, "message": whole.message, "code": whole.code,
                    "frames": [] if whole.line is None else [["main", whole.line, whole.column or 1, ""]]}  # fmt: skip
        known = self._failures.get(told["of"]) if type(told.get("of")) is int else None
        if known is not None:
            where = _text(told.get("where", ""))
            failure = replace(known, message=known.message + where) if _WHERE.fullmatch(where) else known
        else:
            code = told["code"] if told["code"] in _ENDINGS else "thrown"
            failure = Failure(
                kind="guest",
                code=code,
                name=_readable(_text(told["name"]))[:_MAX_NAME] or "Error",
                message=_readable(_text(told["message"]))[:_MAX_MESSAGE],
            )
        return self._placed(failure, _list(told.get("frames", [])))

    def _placed(self, failure: Failure, frames: Sequence[Any]) -> Failure:
        """The failure with the places that the process names; the text of the line is the host's own."""
        stack: list[str] = []
        lines = lines_of(self._boot.program.code)
        first: tuple[int, int] | None = None
        for function, line, column, snippet in map(_list, frames[: _MAX_FRAMES + 1]):
            if type(line) is not int or type(column) is not int or line < 1 or column < 1:
                raise Broken("a place that is none")
            name, of = _readable(_text(function))[:_MAX_NAME], _readable(_text(snippet))[:_MAX_NAME]
            stack.append(f"{name} (line {line} of snippet {of})" if of else f"{name} (line {line}, column {column})")
            if first is None and not of and line <= len(lines):
                first = (line, min(column, len(lines[line - 1]) + 1))
        if first is None:
            return replace(failure, stack=tuple(stack[:_MAX_FRAMES]))
        source = _readable(lines[first[0] - 1])
        return replace(failure, line=first[0], column=first[1], source=source, stack=tuple(stack[:_MAX_FRAMES]))


def _answer(settled: Settled) -> list[Any]:
    match settled.answer:
        case Returned(value):
            return [settled.seq, value]
        case Raised(failure):
            return [settled.seq, None, write_failure(failure)]


def _frame(message: Mapping[str, Any]) -> bytes:
    body = json.dumps(message, separators=(",", ":")).encode()
    return HEADER.pack(len(body)) + body


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Broken("what should be an object is not")
    return cast("dict[str, Any]", value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Broken("what should be a list is not")
    return cast("list[Any]", value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Broken("what should be text is not")
    return value


def _readable(text: str) -> str:
    """Without lone surrogates, which no store or wire takes."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
