"""The policy: whether a call is allowed, denied, or a person is asked first.

1. The policy function, where there is one, is asked first; None goes on to the rules. If it raises, or answers with
   anything else, the call is denied.
2. The first rule that fits decides. A rule fits if all that it says of tool, effect, annotation, arguments and count
   is so.
3. A condition that cannot be decided counts as fitting for a rule that asks or denies, and as not fitting for one that
   allows: the doubt is never the program's gain.
4. Where no rule fits, reads are allowed, and writes are allowed unless `approve` says that they are asked about.
5. The tools of `codemode` itself are allowed, unless a rule names that namespace. The function is not asked.
6. The outlook on a tool holds whatever the arguments: what is denied in any case is hidden from search. The function
   takes no part, but with one nothing is certain but a denial: it cannot bring back what the rules hide.

The policy sees a tool, arguments and counts. It awaits nothing and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from inspect import iscoroutine, iscoroutinefunction
from typing import Any, Literal, cast, get_args

from toolscript.errors import ConfigError
from toolscript.runs.condition import Condition
from toolscript.tools import Effect, Tool

Verdict = Literal["allow", "ask", "deny"]
Approve = Literal["none", "destructive", "writes"]
Outlook = Literal["allow", "ask", "deny", "depends"]
PolicyFunction = Callable[[Tool, Mapping[str, Any]], Verdict | tuple[Verdict, str] | None]
"""Decides a call, with its reason if it likes; None leaves it to the rules."""

OWN = frozenset({"codemode", "snippets"})
"""The namespaces of the product itself: what snippets do is decided call by call."""
MAX_REASON = 200  # characters of what a function says: a line of a log


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule; what it leaves out, it does not ask for.

    `tools` are globs over `namespace.method` (`crm.delete_*`); `crm` alone is `crm.*`. With `after_calls` it fits from
    the call after so many calls, in this run, of tools that the patterns fit. `because` is told to whoever asks why,
    the program included; `origin` is the place where the rule stands.
    """

    verdict: Verdict
    tools: tuple[str, ...] = ("*",)
    effect: Effect | None = None
    destructive: bool | None = None
    when: tuple[Condition, ...] = ()
    after_calls: int | None = None
    because: str = ""
    origin: str = ""

    def __post_init__(self) -> None:
        if self.verdict not in get_args(Verdict):
            raise ConfigError(f'the verdict of a rule is "allow", "ask" or "deny", not {self.verdict!r}')
        if not _are(self.tools, str) or not self.tools:
            raise ConfigError(f'the tools of a rule are a tuple of patterns, such as ("crm.*",), not {self.tools!r}')
        if not _are(self.when, Condition):
            raise ConfigError(
                f"the conditions of a rule are a tuple of Condition.parse('amount > 100'), not {self.when!r}"
            )
        if self.effect not in (None, *get_args(Effect)) or self.destructive not in (None, True, False):
            raise ConfigError(f"a rule has the effect {self.effect!r}, destructive={self.destructive!r}")
        if self.after_calls is not None and self.after_calls < 0:
            raise ConfigError(f"after_calls of a rule is a number of calls, not {self.after_calls!r}")

    @property
    def text(self) -> str:
        """Where it stands, for which tools, and why."""
        return f"{self.place}: {self.reason}"

    @property
    def place(self) -> str:
        """Where it stands, and for which tools."""
        return " ".join(filter(None, (self.origin, ", ".join(self.tools))))

    @property
    def reason(self) -> str:
        """Why, in its own words or in those of what it asks for."""
        if self.because:
            return self.because
        counted = () if self.after_calls is None else (f"after {self.after_calls:,} calls",)
        asked = " and ".join((*map(str, self.when), *counted))
        return f"{_PASSIVE[self.verdict]}{f' when {asked}' if self.when else f' {asked}' if asked else ''}"

    @property
    def is_conditional(self) -> bool:
        """Whether it looks at more than the tool."""
        return bool(self.when or self.after_calls)

    def unlike(self, tool: Tool) -> str:
        """Why it is not about a tool, whatever the arguments; nothing if it is."""
        if not _fits_any(self.tools, str(tool.path)):
            return f"its tools are {', '.join(self.tools)}"
        if self.effect is not None and tool.effect != self.effect:
            return f"its effect is {self.effect}, and the tool's is {tool.effect}"
        if self.destructive is not None and tool.destructive != self.destructive:
            return f"the tool is {'not ' if self.destructive else ''}destructive"
        return ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and the rule that gave it.

    `rule` is one line for the log: where the rule stands, and why. `reason` is the part of it that a program may read;
    `trouble` is for the operator only: what a policy function raised.
    """

    verdict: Verdict
    rule: str
    reason: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may do what: a function, then rules in order, then the default (`approve`: which writes are asked about)."""

    rules: tuple[Rule, ...] = ()
    approve: Approve = "destructive"
    function: PolicyFunction | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(self.rules))
        if not _are(self.rules, Rule):
            raise ConfigError("the rules of a policy are a sequence of Rule")
        if self.approve not in get_args(Approve):
            raise ConfigError(f'approve is "none", "destructive" or "writes", not {self.approve!r}')
        if self.function is not None and (not callable(self.function) or iscoroutinefunction(self.function)):
            raise ConfigError(
                "a policy function is a plain function of a tool and its arguments, which answers at once "
                '("allow", "ask", "deny" or None); this one is ' + _told(self.function)
            )

    def judge(self, tool: Tool, args: Mapping[str, Any], calls: Mapping[str, int]) -> Judgement:
        """The verdict on a call; `calls` has how often each path was called before in this run."""
        asked = self._asked(tool, args)
        if asked is not None:
            return asked
        for rule in self.rules:
            if _unfit(rule, tool, args, calls) == "":
                return Judgement(rule.verdict, rule.text, rule.reason)
        return self._default(tool)

    @property
    def denies(self) -> bool:
        """Whether it has rules that deny: without one no tool's outlook is bleak."""
        return any(rule.verdict == "deny" for rule in self.rules)

    def outlook(self, tool: Tool) -> Outlook:
        """What becomes of calls of a tool, as far as that can be said without arguments."""
        possible: set[Verdict] = set()
        for rule in self.rules:
            if not rule.unlike(tool):
                possible.add(rule.verdict)
                if not rule.is_conditional:
                    break
        else:
            possible.add(self._default(tool).verdict)
        (only,) = possible if len(possible) == 1 else (None,)
        certain = only == "deny" or self.function is None or _is_builtin(tool)
        return only if only is not None and certain else "depends"

    def explain(self, tool: Tool, args: Mapping[str, Any], calls: Mapping[str, int]) -> tuple[str, ...]:
        """Every rule in order, whether it fits and why not; the verdict last."""
        lines: list[str] = []
        decided = self._asked(tool, args)
        if self.function is not None:
            said = f"is not asked about {tool.path.namespace}" if _is_builtin(tool) else "leaves it to the rules"
            if decided is not None:
                said = f"{decided.verdict}{f' ({decided.trouble})' if decided.trouble else ''}"
            lines.append(f"policy function: {said}")
        for rule in self.rules:
            why = _unfit(rule, tool, args, calls)
            said = f"does not fit: {why}" if why else "fits"
            if not why and decided is not None:
                said = "fits, but comes too late"
            elif not why:
                decided = Judgement(rule.verdict, rule.text, rule.reason)
                doubts = [f"`{one}`" for one in rule.when if one.holds(args) is None]
                said += f", as {' and '.join(doubts)} cannot be decided" if doubts else ""
            lines.append(f"{rule.verdict} {rule.place}: {said}")
        decided = decided or self._default(tool)
        return (*lines, f"{decided.verdict}: {decided.rule}")

    def _asked(self, tool: Tool, args: Mapping[str, Any]) -> Judgement | None:
        if self.function is None or _is_builtin(tool):
            return None
        try:
            return _answered(self.function(tool, deepcopy(dict(args))))  # what it does to them must not reach the tool
        except Exception as error:  # a third place for this: code of the operator's, and a doubt is a denial
            return _failed(f"it raised {type(error).__name__}: {error}")

    def _default(self, tool: Tool) -> Judgement:
        if _is_builtin(tool):
            return _standard("allow", "codemode is allowed")
        if tool.effect == "read":
            return _standard("allow", "reads are allowed")
        if self.approve == "writes":
            return _standard("ask", "writes are asked")
        if self.approve == "destructive" and tool.destructive:
            return _standard("ask", "destructive writes are asked")
        return _standard("allow", "writes are allowed")


_PASSIVE: Mapping[Verdict, str] = {"allow": "allowed", "ask": "asked", "deny": "denied"}


def _standard(verdict: Verdict, words: str) -> Judgement:
    return Judgement(verdict, f"default: {words}", words)


def _answered(answer: object) -> Judgement | None:
    """What a policy function's answer comes to."""
    if answer is None:
        return None
    if iscoroutine(answer):
        answer.close()  # or Python warns that nobody awaited it
    pair = cast("tuple[object, ...]", answer) if isinstance(answer, tuple) else (answer, "")
    match pair:
        case (str(said), str(words)) if said in _PASSIVE:
            verdict = cast("Verdict", said)
            reason = " ".join(words.split())[:MAX_REASON] or _PASSIVE[verdict]
            return Judgement(verdict, f"policy function: {reason}", reason)
        case _:
            return _failed(f"it answered {_told(cast('object', answer))}")


def _failed(trouble: str) -> Judgement:
    words = "the policy function failed"
    return Judgement("deny", words, words, trouble[:MAX_REASON])


def _told(value: object) -> str:
    """A value that should be something else, by its type alone: its own text may raise, or be long."""
    return repr(value)[:MAX_REASON] if isinstance(value, str | int | float) else f"a {type(value).__name__}"


def _are(values: object, kind: type) -> bool:
    return isinstance(values, tuple) and all(isinstance(one, kind) for one in cast("tuple[object, ...]", values))


def _is_builtin(tool: Tool) -> bool:
    return tool.path.namespace in OWN


def _fits_any(patterns: Sequence[str], path: str) -> bool:
    return any(fits(pattern, path) for pattern in patterns)


@lru_cache(maxsize=50_000)
def fits(pattern: str, path: str) -> bool:
    """Whether a pattern of tools fits a path; those of our own namespaces only one that names the namespace."""
    namespace = path.partition(".")[0]
    if namespace in OWN and pattern != namespace and not pattern.startswith(f"{namespace}."):
        return False
    return pattern == namespace or fnmatchcase(path, pattern)


def _unfit(rule: Rule, tool: Tool, args: Mapping[str, Any], calls: Mapping[str, int]) -> str:
    """Why a rule does not fit a call, or nothing."""
    if why := rule.unlike(tool):
        return why
    for condition in rule.when:
        held = condition.holds(args)
        if held is False:
            return f"the condition `{condition}` does not hold"
        if held is None and rule.verdict == "allow":
            return f"the condition `{condition}` cannot be decided"
    if rule.after_calls:
        made = sum(count for path, count in calls.items() if _fits_any(rule.tools, path))
        if made < rule.after_calls:
            return f"{made:,} of {rule.after_calls:,} calls were made before"
    return ""
