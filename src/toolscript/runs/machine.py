"""The machine: what is to be done with a call that a program made.

1. More calls than the run may make end the run.
2. A run that corrects another gets the other's answers, for as long as its calls are the same.
3. A call to a name that no tool has, with arguments that do not fit or that are too large, is refused before anything
   happens and before anybody is asked. The refusal is an answer like any other: recorded, and catchable by the program.
   Arguments that fit in one other reading (`"5"` for 5) are read so, for the policy, for people and for the tool.
4. A timer is no tool: the run waits, and nothing acts.
5. The policy says of every other call whether it is denied, which is a refusal; put to a person, which leaves it
   without an answer until somebody decides; or executed. A grant of the run answers for a person.
6. What a person approved is checked once more when it acts, because tools change while a run is parked.

The machine sees a call, the catalogue, the policy and what the run did so far. It awaits nothing and changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from toolscript.catalog.catalog import Catalog
from toolscript.codec import CodecError, Encoded, decode
from toolscript.errors import Failure, FailureCode
from toolscript.runs.entry import Granted, Intended
from toolscript.runs.grants import grant_of
from toolscript.runs.history import History
from toolscript.runs.policy import Judgement, Policy
from toolscript.runs.program import Instant, Limits
from toolscript.runs.turn import Answer, Called
from toolscript.runs.usage import expected_call, usage
from toolscript.schema.problems import Problems
from toolscript.schema.syntax import Syntax
from toolscript.tools import Effect, Tool

TIMER = "codemode.sleep"
SNIPPET = "codemode.run"
MAX_PROBLEMS = 5  # of one call that are told; who repairs these sees the rest


@dataclass(frozen=True, slots=True)
class Execute:
    """Ask the tool to act; `read`: the arguments are not those that the program gave, but as the schema takes them."""

    tool: Tool
    args: dict[str, Any]
    rule: str = ""
    grant: str = ""
    read: bool = False

    @property
    def effect(self) -> Effect:
        return self.tool.effect


@dataclass(frozen=True, slots=True)
class Sleep:
    """Answer after this many seconds; once it is under way, `until` says when that is."""

    seconds: float
    until: Instant = 0
    effect: Effect = "read"


@dataclass(frozen=True, slots=True)
class Ask:
    """Leave the call without an answer until a person decides; `read` are arguments that were read otherwise."""

    rule: str
    effect: Effect
    read: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with this failure; nothing acts."""

    failure: Failure
    rule: str = ""
    effect: Effect = "read"


@dataclass(frozen=True, slots=True)
class Replay:
    """Answer as an earlier run was answered; nothing acts."""

    answer: Answer
    rule: str
    effect: Effect


Decision = Execute | Sleep | Ask | Refuse | Replay


@dataclass(slots=True)
class Tally:
    """What a run did so far, as far as rules count it: calls by path, grants and how often each was used."""

    calls: Counter[str] = field(default_factory=Counter[str])
    grants: tuple[Granted, ...] = ()
    used: Counter[str] = field(default_factory=Counter[str])

    @classmethod
    def of(cls, log: History) -> Tally:
        """What a log says."""
        tally = cls(grants=log.grants)
        for call in log.calls.values():
            tally.note(call.intended)
            if call.decided is not None and call.decided.grant:
                tally.used[call.decided.grant] += 1
        return tally

    def note(self, call: Intended) -> None:
        """Count one more call."""
        self.calls[call.path] += 1
        if call.grant:
            self.used[call.grant] += 1


def too_many(calls: Sequence[Called], limits: Limits) -> Failure | None:
    """Why a turn's calls end the run, if they do."""
    if not calls or calls[-1].seq <= limits.calls:
        return None
    message = (
        f"the program made more than {limits.calls:,} calls, which is this run's limit (calls). "
        "Ask a tool for more at a time, or split the work over several programs."
    )
    return Failure(kind="guest", code="limit", name="LimitError", message=message)


def decide(
    call: Called,
    catalog: Catalog,
    policy: Policy,
    *,
    limits: Limits,
    tally: Tally,
    now: Instant,
    syntax: Syntax = "typescript",
) -> Decision:
    """The decision on one new call; the module's text states the rules."""
    checked = check(call.path, call.args, catalog, limits, policy, syntax=syntax)
    if not isinstance(checked, Execute):
        return checked
    tool, args = checked.tool, checked.args
    judgement = _judged(tool, args, catalog, policy, tally)
    rule = f"{judgement.rule} ({judgement.trouble})" if judgement.trouble else judgement.rule
    match judgement.verdict:
        case "allow":
            return Execute(tool, args, rule, read=checked.read)
        case "deny":
            return Refuse(_denied(call.path, judgement.reason), rule, tool.effect)
        case "ask":
            grant = grant_of(tally.grants, call.path, args, tally.used, now)
            if grant is not None:
                return replace(checked, rule=f"grant {grant.id} by {grant.by.name}", grant=grant.id)
            return Ask(rule, tool.effect, args if checked.read else None)


def _judged(tool: Tool, args: dict[str, Any], catalog: Catalog, policy: Policy, tally: Tally) -> Judgement:
    """What the policy says; of a call that runs a snippet, what it says of the snippet."""
    snippet = catalog.find(f"snippets.{args['name']}") if str(tool.path) == SNIPPET else None
    if snippet is None:
        return policy.judge(tool, args, tally.calls)
    return policy.judge(snippet, args.get("input") or {}, tally.calls)


def check(
    path: str, encoded: Encoded, catalog: Catalog, limits: Limits, policy: Policy, *, syntax: Syntax = "typescript"
) -> Execute | Sleep | Refuse:
    """What a call comes to if nobody objects: rules 3 and 4. The policy only keeps quiet about what it denies."""
    tool = catalog.find(path)
    if tool is None:
        return Refuse(unknown_tool(path, catalog, policy, syntax))
    if len(encoded) > limits.value_bytes:
        return Refuse(_too_large(path, len(encoded), limits))
    try:
        given: dict[str, Any] = decode(encoded) or {}
    except CodecError as error:
        return Refuse(_guest_failure("bad_value", f"{path}: {error}"))
    args, problems = catalog.fitted(tool, given, syntax)
    if problems:
        return Refuse(_guest_failure("bad_arguments", f"{path}: {listed(problems)} {expected_call(tool, syntax)}"))
    if path == TIMER:
        return Sleep(max(0.0, float(args["seconds"])))
    return Execute(tool, args, read=args is not given)


def listed(problems: Problems) -> str:
    """What is wrong with the arguments of a call, in one sentence."""
    said = "; ".join(str(problem) for problem in problems[:MAX_PROBLEMS])
    said += "; and more" if len(problems) > MAX_PROBLEMS else ""
    return said if said.endswith("?") else f"{said}."


def rejected(path: str, reason: str) -> Failure:
    """The failure that stands for a person's no."""
    message = f"{path} was rejected by a person" + (f": {reason}" if reason else "")
    return Failure(kind="guest", code="rejected", name="RejectedError", message=message)


def expired(paths: Sequence[str], limits: Limits) -> Failure:
    """The failure of a run that nobody decided on."""
    days = limits.parked_ms / 86_400_000
    message = f"nobody decided on {', '.join(paths)} within {days:g} days (parked_ms)"
    return Failure(kind="guest", code="expired", name="ExpiredError", message=message)


def _guest_failure(code: FailureCode, message: str) -> Failure:
    return Failure(kind="guest", code=code, name="GuestError", message=message)


def _denied(path: str, reason: str) -> Failure:
    why = f": {reason}" if reason else ""
    return _guest_failure("denied", f"{path} is not allowed here{why}. Go on without it, and say so in the answer.")


def _too_large(path: str, size: int, limits: Limits) -> Failure:
    message = (
        f"{path} was called with arguments of {size:,} bytes; the limit is {limits.value_bytes:,} (value_bytes). "
        "Send less at a time, or hand over a blob."
    )
    return _guest_failure("too_large", message)


def unknown_tool(path: str, catalog: Catalog, policy: Policy, syntax: Syntax = "typescript") -> Failure:
    """There is no such tool, or its source is not there; with near names that the policy does not deny."""
    near = [tool for tool in catalog.near(path) if policy.outlook(tool) != "deny"]
    namespace = catalog.namespaces.get(path.partition(".")[0])
    if namespace is not None and namespace.state != "ready":
        # Why it is so is for people: it may name files and commands of this machine.
        message = f"{namespace.name} is {namespace.state}, so {path} cannot be called. Go on without it, or try later."
        near = [tool for tool in near if tool.path.namespace == namespace.name]
    else:
        message = f"there is no tool {path}."
        how = "codemode.search(query)" if syntax == "python" else "codemode.search({ query })"
        message += "" if near else f" {how} finds tools."
    if near:
        message += " Did you mean " + ", or ".join(usage(tool, syntax) for tool in near) + "?"
    return _guest_failure("unknown_tool", message)
