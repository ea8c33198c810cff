"""The text that crosses between a session and the guest; guest.c describes it at its top."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from toolscript.codec import Encoded
from toolscript.errors import Failure
from toolscript.runs.turn import Called, Raised, Returned, Settled

Ending = Literal["finished", "failed", "too_large", "deadlock"]


@dataclass(slots=True)
class Lines:
    """What the guest wrote in one turn. `text` is the value, or the failure as JSON, that belongs to the ending."""

    calls: list[Called] = field(default_factory=list[Called])
    dropped: list[int] = field(default_factory=list[int])
    printed: list[str] = field(default_factory=list[str])
    warnings: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    ending: Ending | None = None
    text: str = ""


def start_message(namespaces: Mapping[str, Sequence[str]], script: str, value: str) -> bytes:
    """The message of the first turn."""
    names = json.dumps({name: list(methods) for name, methods in namespaces.items()})
    return _record("N", 0, names) + _record("P", 0, script) + _record("I", 0, value)


def load_message(script: str) -> bytes:
    """The message that has a program parsed, and not run."""
    return _record("P", 0, script)


def answers_message(answers: Sequence[Settled]) -> bytes:
    """The message of any later turn."""
    return b"".join([_answer(settled) for settled in answers])


def _answer(settled: Settled) -> bytes:
    match settled.answer:
        case Returned(value):
            return _record("R", settled.seq, value)
        case Raised(failure):
            return _record("X", settled.seq, _failure(failure))


def _failure(failure: Failure) -> str:
    members = {
        "kind": failure.kind,
        "code": failure.code,
        "name": failure.name or "ToolError",
        "message": failure.message,
    }
    text = json.dumps(members)
    return text if failure.content is None else f'{text[:-1]},"content":{failure.content}}}'


def _record(letter: str, number: int, text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    return b"%s%d %d\n%s\0" % (letter.encode(), number, len(content), content)


def parse(content: bytes) -> Lines:
    """The lines that the guest wrote."""
    lines = Lines()
    for line in content.decode().split("\n"):
        match line[:1]:
            case "C":
                _, seq, path, args = line.split("\t", 3)
                lines.calls.append(Called(int(seq), _unquoted(path), Encoded(args)))
            case "L":
                lines.printed.append(_quoted(line[2:]))
            case "U":
                lines.warnings.append((len(lines.printed), _quoted(line[2:])))
                lines.printed.append("")
            case "D":
                lines.dropped.append(int(line[2:]))
            case "F":
                lines.ending, lines.text = "finished", line[2:]
            case "E":
                lines.ending, lines.text = "failed", line[2:]
            case "O":
                lines.ending = "too_large"
            case "W":
                lines.ending = "deadlock"
            case _:
                pass  # the empty rest after the last line
    return lines


def _unquoted(text: str) -> str:
    return _quoted(f'"{text}"') if "\\" in text else text


def _quoted(text: str) -> str:
    """A string of the guest's; lone surrogates, which no store or wire takes, become U+FFFD."""
    if "\\" not in text:
        return text[1:-1]
    value: Any = json.loads(text)
    if "\\u" in text:
        value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value
