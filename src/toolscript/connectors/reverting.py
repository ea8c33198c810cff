"""Functions that undo a call of another one: `def undo(result, name)`.

1. It is called by name: with `result`, what the call gave, and with the call's arguments that it has parameters for.
2. Other parameters need a default; a `CallContext` is filled in. `**rest` takes every argument that it does not name.
3. An argument that the call left out has the default of the revert, or else of the tool.
4. An argument that the log holds only as redacted cannot be handed over, and the call cannot be undone.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from toolscript.connectors.signatures import Signature, read_signature
from toolscript.errors import ConfigError, ToolError
from toolscript.runs.redaction import is_redacted
from toolscript.tools import CallContext

Fn = Callable[..., Any]
Bound = tuple[list[Any], dict[str, Any]]

RESULT = "result"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverting:
    """How a function that undoes calls is called; `defaults` are those that it takes over from the tool."""

    fn: Fn
    is_async: bool
    signature: Signature
    defaults: Mapping[str, Any]

    def bind(self, args: Mapping[str, Any], result: Any, context: CallContext) -> Bound:
        """Positional and keyword arguments; raises `BadArgument`, and `ToolError` for what is redacted."""
        schema = self.signature.input_schema
        takes_all = schema["additionalProperties"] is not False
        known = schema["properties"]
        given = {**self.defaults, **{name: value for name, value in args.items() if takes_all or name in known}}
        if hidden := [name for name, value in given.items() if name in known and is_redacted(value)]:
            raise ToolError(f"The revert needs `{hidden[0]}`, which is a secret that the log does not hold.")
        if takes_all or RESULT in known:
            given[RESULT] = result
        return self.signature.bind(given, context)


def read_reverting(revert: Fn, tool: Fn, name: str, signature: Signature, scope: Mapping[str, Any]) -> Reverting:
    """A function as the revert of a tool with this name and signature; `ConfigError` where it cannot be one."""
    if not callable(revert):
        raise ConfigError(f"{name}: its revert is of type {type(revert).__name__}, not a function")
    own = read_signature(revert, f"{name}: its revert", scope)
    arguments: Mapping[str, Any] = signature.input_schema["properties"]
    takes_any = signature.input_schema["additionalProperties"] is not False
    for key in own.input_schema.get("required", ()):
        if key != RESULT and key not in arguments and not takes_any:
            known = ", ".join(f"`{one}`" for one in (RESULT, *arguments))
            raise ConfigError(
                f"{name}: its revert takes `{key}`, which is no argument of {name}. "
                f"It can take {known}, a CallContext, and what has a default"
            )
    return Reverting(
        fn=revert,
        is_async=is_async(revert),
        signature=own,
        defaults={
            key: default
            for key, default in _defaults(tool, signature).items()
            if key in own.input_schema.get("required", ())
        },
    )


def _defaults(tool: Fn, signature: Signature) -> dict[str, Any]:
    """What a tool's arguments are where a call leaves them out."""
    empty = inspect.Parameter.empty
    said = {key: one.default for key, one in parameters_of(tool).items() if one.default is not empty}
    return {key: value for key, value in {**said, **signature.defaults}.items() if key != signature.context}


def parameters_of(fn: Any) -> Mapping[str, inspect.Parameter]:
    """The parameters of a function; none where Python cannot read them, which `read_signature` says in words."""
    try:
        return inspect.signature(fn).parameters
    except (TypeError, ValueError):
        return {}


def is_async(fn: Any) -> bool:
    """Whether calling it gives something to await or to iterate asynchronously."""
    while isinstance(fn, functools.partial):
        fn = fn.func
    wanted = (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    return any(test(fn) or test(getattr(fn, "__call__", None)) for test in wanted)  # noqa: B004 - the method itself
