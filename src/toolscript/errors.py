"""Every error of the package. The first split is whose fault it is.

==================  ==========================================  =======================================
class               whose fault                                 who reads it
==================  ==========================================  =======================================
`ConfigError`       the developer's, at construction            the developer
`GuestError`        the program's: syntax, thrown, limit, ...   the model
`ToolError`         the tool's, or its network's                the program, then the model
`Fault`             ours: the store, the engine                 the operator, never a model
`Conflict`          an operator asked for what cannot be        the operator
==================  ==========================================  =======================================

Inside a run an error is not an exception but a `Failure`, a value: it is recorded, replayed, and handed to the
program like any other answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from toolscript.codec import Encoded

FailureKind = Literal["guest", "tool", "fault"]
FailureCode = Literal[
    "syntax",  # the program cannot be parsed
    "check",  # the program cannot do well: it was not started
    "thrown",  # the program threw, and nothing caught it
    "limit",  # a limit of the run was reached
    "deadlock",  # the program waits for something that can never come
    "unknown_tool",
    "bad_arguments",
    "denied",  # the policy does not allow the call
    "rejected",  # a person looked at the call and said no
    "expired",  # nobody decided in time
    "bad_value",  # a value cannot cross between program and host
    "tool",  # the tool answered with an error
    "timeout",  # the tool did not answer in time
    "unreachable",  # the tool's server is not there
    "too_large",  # the tool's answer is over the limit
    "cancelled",
    "fault",
]


MAX_SOURCE_CHARS = 160  # of the line that a failure shows: a model needs the place, not a minified program


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failure as a value: what the log records, what a program catches and what a model reads.

    `name` is the exception's name as the program sees it (`ToolError`, `TypeError`); `line` and `column` are 1-based
    and count in the author's own text; `source` is that line; `stack` holds the program's own frames only;
    `content` is what the tool said beside its message, if it said more.
    """

    kind: FailureKind
    code: FailureCode
    name: str
    message: str
    line: int | None = None
    column: int | None = None
    source: str | None = None
    stack: tuple[str, ...] = ()
    content: Encoded | None = None

    def __str__(self) -> str:
        """The failure in the words a model reads: what, where, and the line with a caret under it."""
        text = f"{self.name}: {self.message}" if self.message else self.name
        if self.line is not None:
            column = f", column {self.column}" if self.column is not None else ""
            text += f"\n  at line {self.line}{column}"
            if self.source is not None:
                text += "\n" + pointed(self.line, self.source, self.column)
        return text


def pointed(line: int, source: str, column: int | None) -> str:
    """A source line with a caret under the column; of a long line the part around it."""
    shown, at = source, column or 1
    if len(source) > MAX_SOURCE_CHARS:
        start = max(0, min(at - 1 - MAX_SOURCE_CHARS // 2, len(source) - MAX_SOURCE_CHARS))
        end = start + MAX_SOURCE_CHARS
        shown = ("…" if start else "") + source[start:end] + ("…" if end < len(source) else "")
        at -= start - (1 if start else 0)
    text = f"  {line} | {shown}"
    if column is not None:
        indent = "".join("\t" if char == "\t" else " " for char in shown[: at - 1])
        text += f"\n{' ' * (len(str(line)) + 5)}{indent}^"
    return text


class ToolscriptError(Exception):
    """The root of every error that this package raises."""


class ConfigError(ToolscriptError):
    """The developer or the configuration asked for something that cannot be; raised at construction."""


class RunError(ToolscriptError):
    """A run that did not complete; `failure` says why, as a value."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


class GuestError(RunError):
    """The program's fault: a syntax error, a thrown value, a wrong call, a limit."""


class ToolError(RunError):
    """The tool's fault, or its network's.

    Raise it from a tool to choose the words that the program reads; `content` is structured detail beside them.
    """

    def __init__(self, failure: Failure | str, *, content: Encoded | None = None) -> None:
        if isinstance(failure, str):
            failure = Failure(kind="tool", code="tool", name="ToolError", message=failure, content=content)
        super().__init__(failure)


class Fault(ToolscriptError):
    """Our fault: the store or an engine failed. It reaches the operator and never a model."""


class Conflict(ToolscriptError):
    """An operator asked for what cannot be: an unknown run, a decision that was already taken."""


def error_of(failure: Failure) -> RunError | Fault:
    """The exception that stands for a failure."""
    match failure.kind:
        case "guest":
            return GuestError(failure)
        case "tool":
            return ToolError(failure)
        case "fault":
            return Fault(failure.message)
