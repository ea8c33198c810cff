"""What a pool and its workers say to each other: frames of JSON, a length of four bytes (little-endian) before each.

A request is `{"id", "op", "session", ...}`; the answer carries its `id`. Values travel in the codec's text form.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict
from typing import Any, cast

from toolscript.codec import Encoded
from toolscript.guests.javascript.dissect import Dissected
from toolscript.guests.javascript.reads import Read
from toolscript.guests.javascript.written import Written
from toolscript.runs.inspected import Inspected, Mention, Problem, Unawaited
from toolscript.runs.ledger import read_failure, write_failure
from toolscript.runs.program import Boot, Limits, Program
from toolscript.runs.turn import Called, Crashed, Finished, Outcome, Raised, Returned, Settled, Turn, Usage
from toolscript.schema.partial import UNKNOWN

HEADER = struct.Struct("<I")
MAX_FRAME = 256 << 20  # far over what any limit lets through; a larger length means that the stream is broken

Message = dict[str, Any]


def pack(message: Message) -> bytes:
    """A message as a frame."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return HEADER.pack(len(body)) + body


class Frames:
    """Cuts a byte stream into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, received: bytes) -> list[Message]:
        """The messages that are complete now; `ValueError` if the stream is broken."""
        self._buffer += received
        messages: list[Message] = []
        start = 0
        while len(self._buffer) - start >= HEADER.size:
            (length,) = HEADER.unpack_from(self._buffer, start)
            if length > MAX_FRAME:
                raise ValueError(f"a frame of {length:,} bytes")
            end = start + HEADER.size + length
            if len(self._buffer) < end:
                break
            messages.append(json.loads(self._buffer[start + HEADER.size : end]))
            start = end
        del self._buffer[:start]
        return messages


def write_boot(boot: Boot) -> Message:
    """What a session starts from, as plain members."""
    program = boot.program
    return {
        "code": program.code,
        "language": program.language,
        "input": program.input,
        "namespaces": {name: list(methods) for name, methods in boot.namespaces.items()},
        "seed": boot.seed,
        "limits": [getattr(boot.limits, name) for name in Limits.__slots__],
    }


def read_boot(message: Message) -> Boot:
    """What `write_boot` wrote."""
    return Boot(
        program=Program(code=message["code"], language=message["language"], input=message["input"]),
        namespaces={name: tuple(methods) for name, methods in message["namespaces"].items()},
        seed=message["seed"],
        limits=Limits(**dict(zip(Limits.__slots__, message["limits"], strict=True))),
    )


def write_settled(settled: Settled) -> list[Any]:
    """An answer as a short list."""
    match settled.answer:
        case Returned(value):
            return [settled.seq, value]
        case Raised(failure):
            return [settled.seq, None, write_failure(failure)]


def read_settled(message: list[Any]) -> Settled:
    """What `write_settled` wrote."""
    match message:
        case [seq, value]:
            return Settled(seq, Returned(value))
        case [seq, _, failure]:
            return Settled(seq, Raised(read_failure(failure)))
        case _:
            raise ValueError("a broken answer")


def write_turn(turn: Turn) -> Message:
    """A turn as plain members, without those that say nothing."""
    message: Message = {"usage": [turn.usage.instructions, turn.usage.cpu_us, turn.usage.memory_bytes]}
    if turn.calls:
        message["calls"] = [[call.seq, call.path, call.args] for call in turn.calls]
    if turn.dropped:
        message["dropped"] = turn.dropped
    if turn.printed:
        message["printed"] = turn.printed
    match turn.outcome:
        case Finished(value):
            message["value"] = value
        case Crashed(failure):
            message["failure"] = write_failure(failure)
        case None:
            pass
    return message


def read_turn(message: Message) -> Turn:
    """What `write_turn` wrote."""
    instructions, cpu_us, memory_bytes = message["usage"]
    outcome: Outcome | None = None
    if "value" in message:
        outcome = Finished(Encoded(message["value"]))
    elif "failure" in message:
        outcome = Crashed(read_failure(message["failure"]))
    return Turn(
        calls=tuple(Called(*call) for call in message.get("calls", ())),
        dropped=tuple(message.get("dropped", ())),
        printed=tuple(message.get("printed", ())),
        outcome=outcome,
        usage=Usage(instructions=instructions, cpu_us=cpu_us, memory_bytes=memory_bytes),
    )


def write_facts(facts: Inspected | None) -> Message | None:
    """What is certain about a program, as plain members."""
    return None if facts is None else asdict(facts)


def read_facts(message: Message | None) -> Inspected | None:
    """What `write_facts` wrote."""
    if message is None:
        return None
    return Inspected(
        calls=tuple(_mention(each) for each in message["calls"]),
        free=tuple(_mention(each) for each in message["free"]),
        unawaited=tuple(_forgotten(each) for each in message["unawaited"]),
        problems=tuple(Problem(**each) for each in message["problems"]),
    )


def _mention(message: Message) -> Mention:
    members: Message = {**message, "near": tuple(message["near"])}
    return Mention(**members)


def _forgotten(message: Message) -> Unawaited:
    members: Message = {**message, "needs": tuple(message["needs"])}
    return Unawaited(**members)


def write_dissected(program: Dissected | None) -> Message | None:
    """The parts of a program, as plain members; what is unknown of the arguments of its calls has a form of its own."""
    if program is None:
        return None
    members = asdict(program)
    for call in members["calls"]:
        call["args"] = _without_unknown(call["args"])
    return members


def read_dissected(message: Message | None) -> Dissected | None:
    """What `write_dissected` wrote."""
    if message is None:
        return None
    calls = [
        Written(
            path=str(call["path"]),
            args=_with_unknown(call["args"]),
            count=int(call["count"]),
            line=int(call["line"]),
            column=int(call["column"]),
            places={str(path): (int(line), int(column)) for path, (line, column) in call["places"].items()},
            scalars=tuple((int(line), int(column)) for line, column in call["scalars"]),
        )
        for call in message["calls"]
    ]
    spans = tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in message["spans"])
    reads = tuple(
        Read(int(line), int(column), bool(plain), int(at), bool(once))
        for line, column, plain, at, once in message["reads"]
    )
    conditional = tuple(int(number) for number in message["conditional"])
    return Dissected(text=str(message["text"]), calls=tuple(calls), spans=spans, reads=reads, conditional=conditional)


def _without_unknown(value: Any) -> Any:
    """Objects and arrays say what they are, so that no text of a program is taken for what is unknown."""
    match value:
        case dict():
            return ["object", {name: _without_unknown(held) for name, held in cast("dict[str, Any]", value).items()}]
        case list():
            return ["array", [_without_unknown(held) for held in cast("list[Any]", value)]]
        case _:
            return ["unknown"] if value is UNKNOWN else value


def _with_unknown(value: Any) -> Any:
    match value:
        case ["object", members]:
            return {str(name): _with_unknown(held) for name, held in members.items()}
        case ["array", items]:
            return [_with_unknown(held) for held in items]
        case ["unknown"]:
            return UNKNOWN
        case _:
            return value
