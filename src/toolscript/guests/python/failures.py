"""Failures of a program in the author's own lines and words."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic_monty import Frame, MontyRuntimeError, MontySyntaxError

from toolscript.codec import CodecError
from toolscript.errors import Failure
from toolscript.guests.python.ending import own_names, value_place
from toolscript.guests.python.raised import TOOL_EXCEPTION
from toolscript.guests.python.strand import Origin
from toolscript.runs.program import Limits

MOST_FRAMES = 8
MOST_CHARS = 20_000  # of a message; the guest for JavaScript keeps as many
_OUT_OF_MEMORY = ("memory limit exceeded", "the worker exceeded its memory limit")
_undefined = re.compile(r"^name '(\w+)' is not defined$")
_IN_PEACE = frozenset(("SystemExit", "SystemExit: 0", "SystemExit: None", "SystemExit: "))
_OWN_NAMES = ("input", "codemode", "print", "asyncio", "json")
_NO_COROUTINE = re.compile(r"'?coroutine'? object (?:is not|has no|can't|does not)|unsupported operand .*coroutine")
_TWO_MOMENTS = re.compile(r"(?:for -:|'[<>]=?' not supported .*) 'datetime\.datetime' and 'datetime\.datetime'$")
_NO_SUSPENSION = "cannot suspend in this synchronous context"
_member_of_dict = re.compile(r"^'dict' object has no attribute '(\w+)'$")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a frame is: in the program, or in a snippet."""

    function: str
    line: int
    column: int
    snippet: str

    def __str__(self) -> str:
        return f"{self.function} ({self.where})"

    @property
    def where(self) -> str:
        if self.snippet:
            return f"line {self.line} of snippet {self.snippet}"
        return f"line {self.line}, column {self.column}"


def limit(what: str, advice: str, most: str) -> Failure:
    """A limit of the run was reached."""
    message = f"{what} (limit: {most}); {advice}"
    return Failure(kind="guest", code="limit", name="LimitError", message=message)


def out_of_time(limits: Limits) -> Failure:
    """The program computed for too long."""
    advice = "look for an endless loop, or do less"
    return limit("the program used up its computing time", advice, f"{limits.cpu_ms:,} ms")


def of_program(
    error: MontyRuntimeError | MontySyntaxError, origin: Origin, told: Mapping[str, Failure], limits: Limits
) -> Failure:
    """What an exception that nothing caught says; `told` are the failures that the program was given, by message."""
    kind, _, _ = error.display("type-msg").partition(":")
    name, message = kind.rpartition(".")[2], error.display("msg")[:MOST_CHARS]
    places = _places(error.traceback(), origin)
    if name == "TimeoutError" and message.startswith("feed time limit exceeded"):
        return _placed(out_of_time(limits), places, origin)
    if name == "MemoryError" and message.startswith(_OUT_OF_MEMORY):
        advice = "handle less at a time, and keep only what is needed"
        failure = limit("the program used up its memory", advice, f"{limits.memory_bytes:,} bytes")
        return _placed(failure, places, origin)
    known = told.get(message)
    if known is not None and name in (known.name, TOOL_EXCEPTION):
        return _placed(known, places or _outer(known, origin), origin)
    code = "syntax" if isinstance(error, MontySyntaxError) else "thrown"
    name = origin.text.exceptions.get(name, name)
    names = (*own_names(origin.code), *origin.names) if name == "NameError" else ()
    failure = Failure(kind="guest", code=code, name=name, message=_sharpened(name, message, names))
    return _placed(failure, places, origin)


def has_left(error: MontyRuntimeError | MontySyntaxError) -> bool:
    """Whether the program ended itself in peace: `raise SystemExit`, also with the status 0."""
    return error.display("type-msg") in _IN_PEACE


def of_value(error: CodecError, origin: Origin) -> Failure:
    """A value that cannot cross, with the place where the program gives it, if there is one."""
    failure = Failure(kind="guest", code="bad_value", name="TypeError", message=str(error))
    place = value_place(origin.code)
    return _placed(failure, [] if place is None else [_Place("main", *place, origin.snippet)], origin)


def _outer(failure: Failure, origin: Origin) -> Sequence[_Place]:
    return () if failure.line is None or origin.snippet else [_Place("main", failure.line, failure.column or 1, "")]


def _placed(failure: Failure, places: Sequence[_Place], origin: Origin) -> Failure:
    """The failure with its place. Of one that came out of a snippet the words say where in there."""
    if not places:
        return failure
    stack = (*failure.stack, *map(str, places))[:MOST_FRAMES]
    if origin.snippet:
        return replace(failure, stack=stack)
    lines = origin.code.splitlines()
    first = places[0]
    source = lines[first.line - 1] if first.line <= len(lines) else None
    return replace(failure, line=first.line, column=first.column, source=source, stack=stack)


def _places(frames: Sequence[Frame], origin: Origin) -> list[_Place]:
    """The author's own places, the innermost first."""
    places: list[_Place] = []
    for frame in reversed(frames):
        place = origin.text.place(frame.line, frame.column) if frame.filename == origin.file else None
        if place is not None:
            name = frame.function_name or "main"
            places.append(_Place("main" if name == "<module>" else name, *place, origin.snippet))
    return places


def in_snippet(failure: Failure, snippet: str) -> Failure:
    """A failure as the program that ran the snippet is told of it, if it does not catch it."""
    if not failure.stack or " of snippet " in failure.message:
        return failure
    where = failure.stack[0].partition("(")[2].rstrip(")")
    return replace(failure, message=f"{failure.message} (at {where})" if where.endswith(snippet) else failure.message)


def _sharpened(name: str, message: str, names: Sequence[str]) -> str:
    """Sharper words for the engine's own errors."""
    if name == "NameError" and (found := _undefined.match(message)):
        known = [each for each in (*names, *_OWN_NAMES) if each != found[1]]
        near = difflib.get_close_matches(found[1], known, n=2)
        return f"{message}; did you mean {' or '.join(near)}?" if near else message
    if name in ("TypeError", "AttributeError") and _NO_COROUTINE.search(message):
        return f"{message}; did you forget await?"
    if name == "TypeError" and _TWO_MOMENTS.search(message):
        return "can't compare or subtract datetimes with and without a time zone; `datetime.now(timezone.utc)` has one"
    if name == "NotImplementedError" and message.endswith(_NO_SUSPENSION):
        return "a tool cannot be called from within `map`, `filter` or a `key=`: write a comprehension instead"
    if name == "AttributeError" and (found := _member_of_dict.match(message)):
        return f'{message}; the items of a dict are read as `["{found[1]}"]`'
    if name == "AttributeError" and message.startswith(f"'{TOOL_EXCEPTION}' object has no attribute"):
        return f"{message}; the exception of a failed call has `code` and `content`"
    return message
