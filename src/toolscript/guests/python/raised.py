"""How a program is given a failed call: its exceptions have a type of Python's own, and carry nothing but words."""

from __future__ import annotations

from typing import cast, get_args

from pydantic_monty import ExcType, ExternalSettledResult

from toolscript.errors import Failure

TOOL_EXCEPTION: ExcType = "RuntimeError"
"""What `ToolError` and `GuestError` are in here."""

_known = frozenset[str](get_args(ExcType))


def raised(failure: Failure) -> ExternalSettledResult:
    """The exception that stands for a failure."""
    kind = cast("ExcType", failure.name) if failure.name in _known else TOOL_EXCEPTION
    return {"exc_type": kind, "message": failure.message}
