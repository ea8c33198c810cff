"""How tools are shown to whoever writes programs in one of the two syntaxes.

A schema that is nested beyond what this process can follow costs its own types, and never an answer about other tools.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeVar

from toolscript.schema import python, typescript
from toolscript.schema.one_line import SIGNATURE_CHARS
from toolscript.tools import Schema, Tool

Syntax = Literal["typescript", "python"]
"""How signatures, types and examples are written."""

_Written = TypeVar("_Written")
_UNTYPED: Mapping[Syntax, str] = {
    "typescript": "({ /* … */ }): Promise<unknown /* … */>",
    "python": "(**arguments: Any) -> Any",
}


def signature(tool: Tool, syntax: Syntax, *, max_chars: int = SIGNATURE_CHARS) -> str:
    """The call in one line, with the types of its arguments and of its result."""
    written = python if syntax == "python" else typescript
    return within_reach(lambda: written.signature(tool, max_chars=max_chars), untyped(tool, syntax))


def outline(tool: Tool, syntax: Syntax, *, max_chars: int = 110) -> str:
    """The call with the names of its arguments alone."""
    written = python if syntax == "python" else typescript
    return within_reach(lambda: written.outline(tool, max_chars=max_chars), f"{tool.path}(…)")


def declarations(tool: Tool, syntax: Syntax) -> str:
    """The call with its full types, comments, and the named types that they use."""
    return (python if syntax == "python" else typescript).declarations(tool)


def call_text(tool: Tool, args: Mapping[str, object], syntax: Syntax) -> str:
    """A call with these arguments as a program writes it."""
    return (python if syntax == "python" else typescript).call_text(tool, args)


def type_text(schema: Schema, syntax: Syntax, *, max_chars: int = SIGNATURE_CHARS) -> str:
    """The type of a schema in one line."""
    return (python if syntax == "python" else typescript).type_text(schema, max_chars=max_chars)


def untyped(tool: Tool, syntax: Syntax) -> str:
    """The call without its types."""
    return f"{tool.path}{_UNTYPED[syntax]}"


def within_reach(write: Callable[[], _Written], otherwise: _Written) -> _Written:
    """What is written of one tool, or something else where its schema is nested too deeply for this process."""
    try:
        return write()
    except RecursionError:
        return otherwise
