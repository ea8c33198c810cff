"""Programs made by a seeded grammar: valid, and always ending. Laws are tested over thousands of them.

They call the tools of `corpus_connector` in a row and in parallel, in loops, races and generators, catch what fails or
do not, set and clear timers, leave calls un-awaited, and look at the clock, at random and at what they have captured.
The same seed gives the same program, so the seed of one that breaks a law is all that there is to keep; each language
prints it as far as it has the words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from toolscript.runs.program import Language, syntax_of
from toolscript.testing.corpus import Example
from toolscript.testing.grammar import (
    Awaited,
    Call,
    Caught,
    Closure,
    Guarded,
    Helped,
    Helper,
    If,
    Interval,
    Loop,
    Many,
    Nested,
    Pages,
    Plain,
    Pool,
    Print,
    Promise,
    Push,
    Statement,
    Then,
    Timer,
    Tree,
    Unawaited,
    Value,
)
from toolscript.testing.in_python import in_python
from toolscript.testing.in_typescript import in_typescript

MAX_CALLS = 30  # that one program makes, loops counted out: enough to park a dozen times, and some milliseconds long
MAX_DEPTH = 4
_SLEEPS_S = (0.5, 2, 4, 8, 60, 3_600)  # below and above what a run waits for without being parked
_TIMERS_MS = (0, 10, 3_000, 9_000, 120_000)
_PLAIN: Sequence[Plain] = ("now", "random", "count", "length", "copied", "iso")


def generated(seed: int, language: Language = "typescript") -> Example:
    """The program of a seed."""
    tree = _Grower(seed).tree()
    code = in_typescript(tree) if syntax_of(language) == "typescript" else in_python(tree)
    return Example(f"generated_{seed}", code, language)


class _Grower:
    """Grows one program; `times` is how often the place where it grows is reached."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - programs, no secrets
        self._left = self._random.randint(6, MAX_CALLS)
        self._names = 0
        self._helpers: list[str] = []

    def tree(self) -> Tree:
        helpers = tuple(self._helper() for _ in range(self._random.randint(0, 2)))
        return Tree(helpers, self._block(self._random.randint(4, 9), 0, 1))

    def _helper(self) -> Helper:
        name = self._name("helper")
        helper = Helper(name, self._block(2, 2, 2), self._value(3, 2))
        self._helpers.append(name)
        return helper

    def _block(self, length: int, depth: int, times: int) -> tuple[Statement, ...]:
        return tuple(self._statement(depth, times) for _ in range(length))

    def _statement(self, depth: int, times: int) -> Statement:
        simple: Sequence[Callable[[int, int], Statement]] = (
            self._push,
            self._push,
            self._awaited,
            self._unawaited,
            self._print,
            self._closure,
            self._timer,
        )
        nested = (self._loop, self._caught, self._caught, self._if, self._pages, self._pool, self._interval)
        return self._random.choice(simple if depth >= MAX_DEPTH else (*simple, *nested))(depth, times)

    def _push(self, depth: int, times: int) -> Push:
        return Push(self._value(depth, times))

    def _awaited(self, depth: int, times: int) -> Awaited:
        return Awaited(self._promise(depth, times))

    def _guarded(self, depth: int, times: int) -> Guarded:
        return Guarded(self._promise(depth, times))

    def _unawaited(self, depth: int, times: int) -> Unawaited:
        return Unawaited(self._promise(depth, times), self._one_of("", "caught", "noted"))

    def _print(self, depth: int, times: int) -> Print:
        return Print(self._one_of("log", "warn", "error"), self._plain())

    def _closure(self, depth: int, times: int) -> Closure:
        return Closure(self._name("bump"), self._random.randint(0, 9))

    def _timer(self, depth: int, times: int) -> Timer:
        name, ms = self._name("timer"), self._one_of(*_TIMERS_MS)
        work = self._call(times) if self._one_in(3) else self._one_of("count", self._plain())
        match self._random.randint(0, 3):
            case 0:
                return Timer(name, ms, work, "at once")
            case 1:
                return Timer(name, ms, work, self._call(times))
            case _:
                return Timer(name, ms, work, "")

    def _interval(self, depth: int, times: int) -> Interval:
        rounds = self._random.randint(1, 3)
        return Interval(self._name("interval"), rounds, self._one_of(*_TIMERS_MS[1:]), self._call(times * rounds))

    def _loop(self, depth: int, times: int) -> Loop:
        name, rounds = self._name("i"), self._random.randint(1, 3)
        body = self._block(self._random.randint(1, 2), depth + 1, times * rounds)
        return Loop(name, rounds, self._one_of("", "continue", "break"), body)

    def _caught(self, depth: int, times: int) -> Caught:
        body = self._block(self._random.randint(1, 2), depth + 1, times)
        throws = self._awaited(depth + 1, times) if self._one_in(3) else None
        handled = self._push(depth + 1, times) if self._one_in(3) else self._one_of("noted", "counted")
        return Caught(body, throws, handled, self._guarded(depth + 1, times) if self._one_in(3) else None)

    def _if(self, depth: int, times: int) -> If:
        one, other = (self._block(1, depth + 1, times) for _ in range(2))
        return If(self._one_of("random", "count", "length", "now"), one, other)

    def _pages(self, depth: int, times: int) -> Pages:
        name, rounds = self._name("pages"), self._random.randint(1, 3)
        value = self._value(depth + 1, times * rounds)
        return Pages(name, rounds, value, self._guarded(depth + 1, times), self._one_in(2))

    def _pool(self, depth: int, times: int) -> Pool:
        size = self._random.randint(2, 5)
        return Pool(self._name("pool"), size, self._call(times * size))

    def _value(self, depth: int, times: int) -> Value:
        return self._plain() if self._one_in(7) else self._promise(depth, times)

    def _plain(self) -> Plain:
        return self._random.choice(_PLAIN)

    def _promise(self, depth: int, times: int) -> Promise:
        if depth >= MAX_DEPTH or self._one_in(2):
            return self._call(times)
        match self._random.randint(0, 7):
            case 0 | 1:
                return Many("all", self._promises(depth, times))
            case 2:
                return Many("race", self._promises(depth, times))
            case 3:
                return Many("any", self._promises(depth, times))
            case 4:
                return Many("settled", self._promises(depth, times))
            case 5:
                return Nested(self._name("nested"), self._block(1, depth + 1, times))
            case 6:
                return Then(self._call(times))
            case _:
                helper = self._random.choice(self._helpers) if self._helpers else ""
                if not helper or times > 1 or self._left <= 0:
                    return self._call(times)
                self._helpers.remove(helper)  # at one place only, or its calls would multiply
                return Helped(helper, self._plain())

    def _promises(self, depth: int, times: int) -> tuple[Promise, ...]:
        return tuple(self._promise(depth + 1, times) for _ in range(self._random.randint(1, 4)))

    def _call(self, times: int) -> Call:
        self._left -= times
        n = self._random.randint(0, 9)
        if self._left < 0:
            return Call("none", n, self._plain())
        tools = ("get",) * 4 + ("put",) * 4 + ("fail", "sleep", "state", "step")
        return Call(self._one_of(*tools), n, self._plain(), self._random.choice(_SLEEPS_S))

    def _one_of(self, *choices: Any) -> Any:
        return self._random.choice(choices)

    def _one_in(self, n: int) -> bool:
        return self._random.randrange(n) == 0

    def _name(self, stem: str) -> str:
        self._names += 1
        return f"{stem}{self._names}"
