"""Failed calls as exceptions, and exceptions as what the host is told of them.

Of a failed call the host is told the number, and takes the failure from its own record: a program cannot make one up.
"""

from __future__ import annotations

import builtins
import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, TracebackType
from typing import Any

from toolscript.guests.cpython.inside.channel import Message

MOST_FRAMES = 8
MOST_CHARS = 20_000  # of a message
PROGRAM = "<program>"
WRAPPER = "__program__"
"""The function that a program's text becomes."""
_SNIPPET = re.compile(r"<snippet (.+)>")
_undefined = re.compile(r"^name '(\w+)' is not defined")
_no_module = re.compile(r"^No module named '([\w.]+)'")
_OWN_NAMES = ("input", "codemode", "print", "asyncio", "json")
_NO_COROUTINE = re.compile(r"'?coroutine'? object (?:is not|has no|can't|does not)|unsupported operand .*coroutine")
_NO_FILES = "a program has no files, no network and no processes: call a tool, or keep values with codemode.state"
Frame = tuple[str, int, int, str]
Place = Callable[[int, int], tuple[int, int] | None]


@dataclass(frozen=True, slots=True)
class Refused:
    """A failed call, as the host told of it."""

    seq: int
    kind: str
    code: str
    name: str
    message: str
    content: Any


class ToolError(RuntimeError):
    """A tool failed: `code`, and `content` for what it said beside its words."""

    code = "tool"
    content: Any = None


class GuestError(RuntimeError):
    """The program asked for what cannot be: `code` says what."""

    code = "thrown"
    content: Any = None


for _class in (ToolError, GuestError):
    _class.__module__ = "builtins"

_UNFIT = frozenset(
    ("StopIteration", "StopAsyncIteration", "ExceptionGroup", "UnicodeDecodeError", "UnicodeEncodeError",
     "UnicodeTranslateError")
)  # fmt: skip
"""Of Python's exceptions those that mean something to `await`, or that take more than words."""

_refused: dict[int, tuple[BaseException, Refused]] = {}  # by the identity of the exception, which is kept alive here


def exception_of(refused: Refused) -> Exception:
    """What the program can catch."""
    builtin = vars(builtins).get(refused.name) if refused.name not in _UNFIT else None
    if not (isinstance(builtin, type) and issubclass(builtin, Exception)):
        builtin = GuestError if refused.kind == "guest" else ToolError
    error: Any = builtin(refused.message)
    error.code, error.content = refused.code, refused.content
    _refused[id(error)] = (error, refused)
    return error


def failure_known(error: object) -> Mapping[str, Any] | None:
    """What there is to know of an exception beside its words: `codemode.failure(error)`."""
    if not isinstance(error, BaseException):
        return None
    known = _refused.get(id(error))
    if known is None:
        return {"name": type(error).__name__, "message": str(error), "code": "thrown", "content": None}
    return {name: getattr(known[1], name) for name in ("name", "message", "code", "content")}


def told(error: BaseException, places: Mapping[str, Place], names: Iterable[str]) -> Message:
    """What the host is told of an exception that nothing caught; `places` lead from each text to its author's own."""
    frames = _frames(error.__traceback__, places)
    if isinstance(error, SyntaxError) and error.filename == PROGRAM and not frames:
        return _syntax(error, places[PROGRAM])
    known = _refused.get(id(error))
    name, message = type(error).__name__, _text(error)
    if frames and frames[0][3]:
        where = f" (at line {frames[0][1]} of snippet {frames[0][3]})"
    else:
        where = ""
        message = _sharpened(error, message, names)
    failure: Message = {"name": name, "message": message + where, "frames": _shown(frames)}
    failure["code"] = "bad_value" if getattr(error, "code", None) == "bad_value" else "thrown"
    if known is not None:
        failure.update({"of": known[1].seq, "where": where})
    return failure


def _text(error: BaseException) -> str:
    try:
        return str(error)[:MOST_CHARS]
    except Exception:  # the program's own `__str__`
        return "(an exception whose text cannot be read)"


def _frames(trace: TracebackType | None, places: Mapping[str, Place]) -> list[Frame]:
    """The author's own places, the innermost first: function, line, column, snippet."""
    frames: list[Frame] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        place = places.get(code.co_filename)
        at = place(*_position(code, trace)) if place is not None else None
        if at is not None:
            snippet = _SNIPPET.fullmatch(code.co_filename)
            name = "main" if code.co_name == WRAPPER else code.co_name
            frames.append((name, *at, snippet[1] if snippet else ""))
        trace = trace.tb_next
    return frames[::-1]


def _shown(frames: Sequence[Frame]) -> Sequence[Frame]:
    """The innermost ones, and in any case one of the program itself, if there is one."""
    own = [frame for frame in frames[MOST_FRAMES:] if not frame[3]]
    return [*frames[:MOST_FRAMES], *own[:1]]


def _position(code: CodeType, trace: TracebackType) -> tuple[int, int]:
    """The line, 1-based, and the UTF-8 column, 0-based, of what a frame was doing."""
    positions: Sequence[tuple[int | None, ...]] = list(code.co_positions())
    line, _, column, _ = positions[trace.tb_lasti // 2] if trace.tb_lasti >= 0 else (None,) * 4
    return (line or trace.tb_lineno, column or 0)


def _syntax(error: SyntaxError, place: Place) -> Message:
    at = place(error.lineno or 1, max((error.offset or 1) - 1, 0)) or (1, 1)
    return {"name": "SyntaxError", "message": error.msg, "code": "syntax", "frames": [("main", *at, "")]}


def _sharpened(error: BaseException, message: str, names: Iterable[str]) -> str:
    """Sharper words for the interpreter's own errors."""
    match error:
        case NameError() if found := _undefined.match(message):
            known = [each for each in (*names, *_OWN_NAMES) if each != found[1]]
            near = difflib.get_close_matches(found[1], known, n=2)
            return f"{found[0]}; did you mean {' or '.join(near)}?" if near else message
        case ModuleNotFoundError() if found := _no_module.match(message):
            return f"{message}: the standard library is here; tools are in scope as namespaces, without an import"
        case PermissionError() if error.errno == 1:
            return f"{message} ({_NO_FILES})"
        case TypeError() | AttributeError() if _NO_COROUTINE.search(message):
            return f"{message}; did you forget await?"
        case _:
            return message
