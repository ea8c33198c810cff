"""What a program asks of its host while it runs: calls, names, the time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from pydantic_monty import ExternalSettledResult, FunctionSnapshot, NameLookupSnapshot, SyncSnapshot

from toolscript.codec import NULL, Blob, CodecError, TooLarge, decode, encode
from toolscript.errors import Failure
from toolscript.guests.python import caught, host, wire
from toolscript.guests.python.calls import FAILURE, READ_BLOB, RUN, SLEEP, STATE, call_of
from toolscript.guests.python.opened import Form, Open, Reading
from toolscript.guests.python.raised import TOOL_EXCEPTION
from toolscript.guests.python.strand import Strand
from toolscript.guests.python.tasks import PARK, WAKE
from toolscript.runs.program import Boot, Instant
from toolscript.runs.turn import Answer, Called, Raised, Returned

MAX_DEPTH = 8  # of snippets: deeper than people nest; one that runs itself is told so before it costs much
_INNER = frozenset((PARK, WAKE, caught.ASKED))
"""What is called by what programs are given with them, and never becomes a call."""
_FUTURE: host.Reply = {"future": ...}
_READS: Mapping[str, Form] = {"bytes": "bytes", "text": "text", "json": "json", "slice": "bytes"}


class Asked:
    """Answers what can be answered at once, and keeps the rest as calls of this turn."""

    def __init__(self, boot: Boot, open_calls: dict[int, Open], told: dict[str, Failure]) -> None:
        self._boot = boot
        self._open = open_calls
        self._told = told
        self._calls: list[Called] = []
        self.count = 0
        """How many calls were made; the number of the latest."""
        self.now: Instant = 0
        self.woken_tasks: dict[int, list[int]] = {}
        """By strand, what its tasks await that are to go on next."""

    def taken(self) -> tuple[Called, ...]:
        """The calls since the last time."""
        calls, self._calls = self._calls, []
        return tuple(calls)

    def woken(self, strand: Strand, pending: Sequence[int]) -> dict[int, ExternalSettledResult]:
        """The tasks that a strand woke, by what each of them awaits; they go on before anything from outside."""
        ids = self.woken_tasks.pop(strand.number, ())
        return {call_id: {"return_value": None} for call_id in ids if call_id in pending}

    def called(self, strand: Strand, at: FunctionSnapshot) -> SyncSnapshot | None:
        """Take a call, and let the strand go on; None where it waits for it within a statement."""
        if at.is_os_function:
            return self._os_call(strand, at)
        name: str = at.function_name
        object_id = at.object_id
        if object_id is None and name in _INNER:
            return self._member(strand, at) if name == caught.ASKED else self._task_call(strand, at)
        path, blob = self._callee(strand, name, object_id)
        if path == FAILURE:
            return at.resume({"return_value": self._failure(strand, at.args)})
        try:
            if blob is not None:
                return self._read(strand, at, blob)
            if not path:
                return at.resume({"exc_type": "NameError", "message": f"name '{name}' is not defined"})
            if name.startswith("__"):
                raise TypeError(f"{path.rpartition('.')[0]} is a namespace: call one of its methods")
            path, args = call_of(path, at.args, at.kwargs)
            depth = strand.origin.depth + 1 if path == RUN else 0
            if depth > MAX_DEPTH:
                message = f"snippets can run each other {MAX_DEPTH} deep: does this one run itself?"
                return at.resume({"exc_type": "RecursionError", "message": message})
            self._make(strand, at.call_id, path, args, depth=depth)
        except TypeError as error:
            return at.resume({"exc_type": "TypeError", "message": str(error)})
        except CodecError as error:
            return at.resume(self._bad_value(error))
        return at.resume(_FUTURE)  # type: ignore[arg-type]

    def named(self, at: NameLookupSnapshot) -> SyncSnapshot:
        """Look up a name, or a member of a namespace: a tool is a value, too."""
        name = at.variable_name
        if at.object_id is None or name.startswith("__"):
            return at.resume()
        path = wire.path_of(at.object_id)
        if path is None:
            return at.resume()
        if f"{path}.{name}" == STATE:
            return at.resume(value=wire.namespace(STATE))
        return at.resume(value=wire.method(f"{path}.{name}"))

    def read_on(self, call: Open, answer: Returned) -> Answer | None:
        """Ask for the next piece of a blob; else what the program gets."""
        assert call.reading is not None
        piece = cast("bytes", decode(answer.value))
        more = call.reading.with_piece(piece)
        if more is not None:
            self._add(replace(call, reading=more), READ_BLOB, more.arguments)
            return None
        try:
            return Returned(encode(call.reading.value(piece)))
        except ValueError as error:
            return Raised(Failure(kind="guest", code="thrown", name="ValueError", message=str(error)))

    def _callee(self, strand: Strand, name: str, object_id: uuid.UUID | None) -> tuple[str, Blob | None]:
        """What is called: a path, empty for a name that nobody defined; or a method of a blob."""
        if object_id is None:
            return (name if "." in name else ""), None
        path = wire.path_of(object_id)
        if path is not None:
            return f"{path}.{name}", None
        return "", strand.blobs.get(object_id)

    def _make(self, strand: Strand, call_id: int, path: str, args: Mapping[str, Any], *, depth: int = 0) -> None:
        call = Open(strand=strand.number, call_id=call_id, is_timer=path == SLEEP, depth=depth)
        self._add(call, path, args)

    def _add(self, call: Open, path: str, args: Mapping[str, Any]) -> None:
        most = self._boot.limits.answer_bytes
        try:
            text = wire.outward(args, max_bytes=most)
        except TooLarge:
            raise CodecError("$", f"the arguments are over the limit of {most} bytes") from None
        self.count += 1
        self._open[self.count] = call
        self._calls.append(Called(self.count, path, text))

    def _bad_value(self, error: CodecError) -> Any:
        failure = Failure(kind="guest", code="bad_value", name="TypeError", message=str(error))
        self._told[failure.message] = failure
        return {"exc_type": "TypeError", "message": failure.message}

    def _task_call(self, strand: Strand, at: FunctionSnapshot) -> SyncSnapshot:
        """A task waits for others, or one of those says that it may go on: nobody outside hears of it."""
        if at.function_name == PARK:
            return at.resume(_FUTURE)  # type: ignore[arg-type]
        if at.args and isinstance(at.args[0], int):
            self.woken_tasks.setdefault(strand.number, []).append(at.args[0])
        return at.resume({"return_value": None})

    def _os_call(self, strand: Strand, at: FunctionSnapshot) -> SyncSnapshot | None:
        name: str = at.function_name
        match name:
            case "asyncio.sleep" | "time.sleep":
                seconds = max(float(at.args[0]), 0.0)
                whole = int(seconds) if seconds.is_integer() else seconds
                self._make(strand, at.call_id, SLEEP, {"seconds": whole})
                if name == "asyncio.sleep":
                    return at.resume(_FUTURE)  # type: ignore[arg-type]
                strand.held = at.call_id
                return None
            case "os.urandom":
                count = max(0, min(int(at.args[0]), host.MOST_RANDOM_BYTES))
                strand.draws += 1
                drawn = host.randomness(self._boot.seed, strand.number, strand.draws, count)
                return at.resume({"return_value": drawn})
            case _:
                reply = host.reply_to(at, self.now)
                return at.resume_not_handled() if reply is None else at.resume(reply)  # type: ignore[arg-type]

    def _read(self, strand: Strand, at: FunctionSnapshot, blob: Blob) -> SyncSnapshot:
        name: str = at.function_name
        if name not in _READS:
            message = f"'Blob' object has no attribute '{name}'"
            return at.resume({"exc_type": "AttributeError", "message": message})
        start, end = _span(blob.size, at.args, at.kwargs) if name == "slice" else (0, blob.size)
        reading = Reading(blob=blob, form=_READS[name], start=start, end=end)
        self._add(Open(strand=strand.number, call_id=at.call_id, reading=reading), READ_BLOB, reading.arguments)
        return at.resume(_FUTURE)  # type: ignore[arg-type]

    def _failure(self, strand: Strand, args: tuple[Any, ...]) -> Any:
        """What there is to know of an exception beside its words."""
        error = args[0] if len(args) == 1 else None
        if not isinstance(error, BaseException):
            return None
        known = self._known(error)
        if known is None:
            return {"name": type(error).__name__, "message": str(error), "code": "thrown", "content": None}
        content = strand.taken(known.content or NULL)
        return {"name": known.name, "message": known.message, "code": known.code, "content": content}

    def _member(self, strand: Strand, at: FunctionSnapshot) -> SyncSnapshot:
        """`code` or `content` of an exception, which only that of a failed call has."""
        error, name = at.args if len(at.args) == 2 else (None, "code")  # noqa: PLR2004 - as `caught` calls it
        known = self._known(error) if isinstance(error, BaseException) else None
        if known is None:
            message = f"'{type(error).__name__}' object has no attribute '{name}'"
            return at.resume({"exc_type": "AttributeError", "message": message})
        return at.resume({"return_value": known.code if name == "code" else strand.taken(known.content or NULL)})

    def _known(self, error: BaseException) -> Failure | None:
        """The failure that an exception stands for: its words tell it, because nothing else crosses."""
        known = self._told.get(str(error))
        return known if known is not None and type(error).__name__ in (known.name, TOOL_EXCEPTION) else None


def _span(size: int, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[int, int]:
    """As of a Python slice."""
    given = {**dict(zip(("start", "end"), args, strict=False)), **kwargs}
    if len(args) > 2 or given.keys() - {"start", "end"}:  # noqa: PLR2004 - these two
        raise TypeError("the slice of a blob takes start and end")
    first, last, _ = slice(given.get("start"), given.get("end")).indices(size)
    return first, max(first, last)
