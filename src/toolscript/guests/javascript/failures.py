"""Failures of a program in the author's own lines and words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

from toolscript.codec import Encoded, decode, encode
from toolscript.errors import Failure, FailureCode, FailureKind
from toolscript.guests.javascript.sharpen import sharpened
from toolscript.guests.javascript.source import HEAD_LINES, Prepared
from toolscript.runs.program import Boot

_frame = re.compile(
    r"^ +at (?:(?P<name>.*?) \()?<(?:program|snippet \d+ (?P<snippet>[^>\n]+))>:(?P<line>\d+):(?P<column>\d+)\)?$",
    re.MULTILINE,
)
_codes = frozenset(get_args(FailureCode))
_kinds = frozenset(get_args(FailureKind))
MOST_FRAMES = 8
_MADE_SOMEWHERE = 2  # frames of an error that has a constructor of its own
_NATIVE = frozenset(("TypeError", "ReferenceError", "RangeError", "SyntaxError", "InternalError", "URIError"))
_class = re.compile(r"(?:([\w$]+)\s*=\s*)?\bclass(?:\s+(?!extends\b)([\w$]+))?\s+extends\s+([\w$]+)")
_OUT_OF_MEMORY = ("out of memory", "string too long")  # the words of quickjs.c


@dataclass(frozen=True, slots=True)
class _Frame:
    """A place in the program's text, or in that of a snippet: of that we know the lines, but not the types cut out."""

    name: str
    line: int
    column: int
    snippet: str | None

    def __str__(self) -> str:
        return f"{self.name} ({self.place})"

    @property
    def place(self) -> str:
        if self.snippet is not None:
            return f"line {self.line} of snippet {self.snippet}"
        return f"line {self.line}, column {self.column}"


class Words:
    """Makes failures of one program."""

    def __init__(self, boot: Boot, prepared: Prepared) -> None:
        self._boot = boot
        self._prepared = prepared
        self._lines = boot.program.code.splitlines()

    def of_program(self, text: str) -> Failure:
        """The failure that the guest described, as codec text."""
        record = decode(Encoded(text))
        members: Mapping[str, Any] = cast("dict[str, Any]", record) if isinstance(record, dict) else {}
        name, message = _text(members, "name") or "Error", _text(members, "message")
        stack = _text(members, "stack")
        if name == "InternalError" and message in _OUT_OF_MEMORY:
            return self.out_of_memory(stack)
        code, kind = _text(members, "code"), _text(members, "kind")
        if name == "SyntaxError" and self._at_top(stack):
            code = "syntax"
        return self._placed(
            Failure(
                kind=cast("FailureKind", kind) if kind in _kinds else "guest",
                code=cast("FailureCode", code) if code in _codes else "thrown",
                name=name,
                message=message,
                content=encode(members["content"]) if "content" in members else None,
            ),
            stack,
        )

    def out_of_memory(self, stack: str = "") -> Failure:
        """The program wanted more memory than it may have."""
        advice = "handle less at a time, and keep only what is needed"
        return self.limit("the program used up its memory", advice, f"{self._boot.limits.memory_bytes:,} bytes", stack)

    def limit(self, what: str, advice: str, limit: str, stack: str = "") -> Failure:
        """A limit of the run was reached."""
        message = f"{what} (limit: {limit}); {advice}"
        return self._placed(Failure(kind="guest", code="limit", name="LimitError", message=message), stack)

    def warning(self, text: str) -> str:
        """A printed warning with the place that its stack names."""
        words, _, stack = text.partition("\0")
        frames = self._frames(stack)
        return f"{words} ({frames[0].place})" if frames else words

    def _placed(self, failure: Failure, stack: str) -> Failure:
        frames = self._thrown_at(self._frames(stack), failure.name)
        if not frames:
            return failure
        message, main = failure.message, next((frame for frame in frames if frame.snippet is None), None)
        source = self._lines[main.line - 1] if main is not None and main.line <= len(self._lines) else None
        if frames[0].snippet is not None:
            message = f"{message} (at {frames[0].place})"
        elif main is not None:
            message = sharpened(failure, source or "", main.column, self._boot.namespaces, self._prepared.declared)
        return replace(
            failure,
            message=message,
            line=main.line if main is not None else None,
            column=main.column if main is not None else None,
            source=source,
            stack=tuple(map(str, frames[:MOST_FRAMES])),
        )

    def _thrown_at(self, frames: list[_Frame], name: str) -> list[_Frame]:
        """Without the constructors of the program's own errors, which are made elsewhere than they are written."""
        if len(frames) < _MADE_SOMEWHERE or not (errors := _error_classes(self._boot.program.code)):
            return frames
        while len(frames) > 1 and frames[0].snippet is None and frames[0].name in errors:
            line = self._lines[frames[0].line - 1] if frames[0].line <= len(self._lines) else ""
            if name in _NATIVE and not line.startswith("class", frames[0].column - 1):
                break  # it may be the constructor that fails
            frames = frames[1:]
        return frames

    def _frames(self, stack: str) -> list[_Frame]:
        frames: list[_Frame] = []
        for found in _frame.finditer(stack):
            line, column, snippet = int(found["line"]), int(found["column"]), found["snippet"]
            place = self._prepared.locate(line, column) if snippet is None else (line - HEAD_LINES, column)
            if place is not None and place[0] > 0:
                name = (found["name"] or "main").replace("<anonymous>", "anonymous")
                frames.append(_Frame(name, *place, snippet))
        return frames

    def _at_top(self, stack: str) -> bool:
        """Whether the engine's parser refused the program itself: a stack with one nameless frame."""
        found = list(_frame.finditer(stack))
        return len(found) == 1 and found[0]["name"] is None and found[0]["snippet"] is None


def _error_classes(code: str) -> frozenset[str]:
    """The classes of a program that extend `Error`, or each other up to it."""
    errors: set[str] = set()
    for variable, name, base in _class.findall(code) if "extends" in code else ():
        if base in errors or base in _NATIVE or base in ("Error", "AggregateError", "ToolError", "GuestError"):
            errors.add(name or variable)
    return frozenset(errors)


def _text(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""
