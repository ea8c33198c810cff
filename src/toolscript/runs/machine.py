"""The machine: what is to be done with a call that a program made.

1. A call to a name that no tool has, or with arguments that do not fit, is refused before anything happens. The
   refusal is an answer like any other: recorded, and catchable by the program.
2. More calls than the run may make end the run.
3. A timer is no tool: the run waits, and nothing acts.
4. Everything else is executed.

The machine sees a call, the catalogue and what the run used so far. It awaits nothing and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolscript.catalog.catalog import Catalog
from toolscript.codec import CodecError, decode
from toolscript.errors import Failure
from toolscript.runs.program import Limits
from toolscript.runs.turn import Called
from toolscript.schema.typescript import signature
from toolscript.tools import Effect, Tool

TIMER = "codemode.sleep"


@dataclass(frozen=True, slots=True)
class Execute:
    """Ask the tool to act."""

    tool: Tool
    args: dict[str, Any]

    @property
    def effect(self) -> Effect:
        return self.tool.effect


@dataclass(frozen=True, slots=True)
class Sleep:
    """Answer after this many seconds."""

    seconds: float
    effect: Effect = "read"


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with this failure; nothing acts."""

    failure: Failure
    effect: Effect = "read"


@dataclass(frozen=True, slots=True)
class End:
    """The run is over, with this failure."""

    failure: Failure


Decision = Execute | Sleep | Refuse | End


def decide(call: Called, catalog: Catalog, limits: Limits) -> Decision:
    """The decision on one call; the module's text states the rules."""
    if call.seq > limits.calls:
        return End(_too_many_calls(limits))
    tool = catalog.find(call.path)
    if tool is None:
        return Refuse(_unknown_tool(call.path, catalog))
    try:
        args: dict[str, Any] = decode(call.args) or {}
    except CodecError as error:
        return Refuse(_guest_failure("bad_value", f"{call.path}: {error}"))
    problems = catalog.check(tool, args)
    if problems:
        said = "; ".join(f"{p.path}: {p.message}" if p.path else p.message for p in problems[:5])
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""  # noqa: PLR2004 - as many as are shown
        return Refuse(_guest_failure("bad_arguments", f"{call.path}: {said}{more}. Expected: {signature(tool)}"))
    if call.path == TIMER:
        return Sleep(max(0.0, float(args["seconds"])))
    return Execute(tool, args)


def _guest_failure(code: Any, message: str) -> Failure:
    return Failure(kind="guest", code=code, name="GuestError", message=message)


def _too_many_calls(limits: Limits) -> Failure:
    message = (
        f"the program made more than {limits.calls:,} calls, which is this run's limit (calls). "
        "Ask a tool for more at a time, or split the work over several programs."
    )
    return Failure(kind="guest", code="limit", name="LimitError", message=message)


def _unknown_tool(path: str, catalog: Catalog) -> Failure:
    near = catalog.near(path)
    namespace = catalog.namespaces.get(path.partition(".")[0])
    if namespace is not None and namespace.state != "ready":
        # Why it is so is for people: it may name files and commands of this machine.
        message = f"{namespace.name} is {namespace.state}, so {path} cannot be called. Go on without it, or try later."
        near = [tool for tool in near if tool.path.namespace == namespace.name]
    else:
        message = f"there is no tool {path}."
        message += "" if near else " codemode.search({ query }) finds tools."
    if near:
        message += " Did you mean " + ", or ".join(signature(tool) for tool in near) + "?"
    return _guest_failure("unknown_tool", message)
