"""How tools are shown to whoever writes programs in one of the two syntaxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from toolscript.schema import python, typescript
from toolscript.tools import Schema, Tool

Syntax = Literal["typescript", "python"]
"""How signatures, types and examples are written."""


def signature(tool: Tool, syntax: Syntax, *, max_chars: int = typescript.SIGNATURE_CHARS) -> str:
    """The call in one line, with the types of its arguments and of its result."""
    return (python if syntax == "python" else typescript).signature(tool, max_chars=max_chars)


def outline(tool: Tool, syntax: Syntax, *, max_chars: int = 110) -> str:
    """The call with the names of its arguments alone."""
    return (python if syntax == "python" else typescript).outline(tool, max_chars=max_chars)


def declarations(tool: Tool, syntax: Syntax) -> str:
    """The call with its full types, comments, and the named types that they use."""
    return (python if syntax == "python" else typescript).declarations(tool)


def call_text(tool: Tool, args: Mapping[str, object], syntax: Syntax) -> str:
    """A call with these arguments as a program writes it."""
    return (python if syntax == "python" else typescript).call_text(tool, args)


def type_text(schema: Schema, syntax: Syntax, *, max_chars: int = typescript.SIGNATURE_CHARS) -> str:
    """The type of a schema in one line."""
    return (python if syntax == "python" else typescript).type_text(schema, max_chars=max_chars)
