"""The checks of a program before it starts: its names and promises, and its types.

A type check is a power of a guest, and says nothing where its checker is not there. What is certain to fail stops the
program (`refuse`), or is told like what is only suspicious (`advise`): beside the failure, if the program fails. A run
waits for it only so long: what is found later is advice, too.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Coroutine, Sequence
from dataclasses import dataclass
from typing import Literal
from weakref import WeakSet

from toolscript.catalog.catalog import Catalog
from toolscript.errors import Failure
from toolscript.ports import Guest, Inspector, TypeChecker
from toolscript.runs.inspected import Inspected
from toolscript.runs.policy import Policy
from toolscript.runs.precheck import Problem, anywhere, failure_of, is_suspect, problems_of
from toolscript.runs.program import syntax_of
from toolscript.tools import Tool

TypeCheck = Literal["off", "advise", "refuse"]

PATIENCE_S = 1.0  # for a check: it takes 30 ms, and 100 on a busy machine; only a text that is made for it takes more
FIRST_PATIENCE_S = 5.0  # for the first one of a guest: its worker starts for it, and the run needs that, too
_answered: WeakSet[TypeChecker] = WeakSet()
"""The guests that have been asked before."""
_word = re.compile(r"[\w$]+")


@dataclass(slots=True)
class Checked:
    """Why a program is not started, None where nothing is certain to be wrong with it; and what is suspicious.

    `late` is a type check that is still under way; `end` is to be called when the run ends.
    """

    failure: Failure | None = None
    advice: tuple[Problem, ...] = ()
    late: asyncio.Task[Sequence[Problem]] | None = None

    def end(self) -> None:
        """Take what was found in the meantime as advice, and wait for no more."""
        late, self.late = self.late, None
        if late is None:
            return
        if late.cancel() or late.cancelled():
            return
        if late.exception() is None:
            self.advice = tuple(late.result())


async def checked(code: str, guest: Guest, catalog: Catalog, policy: Policy, type_check: TypeCheck) -> Checked:
    """Check a program that is about to start."""
    facts = await _facts(code, guest, catalog)
    certain = () if facts is None else problems_of(facts, catalog, policy)
    advice: list[Problem] = []
    late: asyncio.Task[Sequence[Problem]] | None = None
    tools = [] if type_check == "off" else named(code, catalog)
    if tools and isinstance(guest, TypeChecker):
        patience = PATIENCE_S if guest in _answered else FIRST_PATIENCE_S
        found, late = await _within(patience, guest.type_problems(code, tools))
        _answered.add(guest)
        stopping = [each for each in found if each.certain and type_check == "refuse"]
        certain = _together(certain, stopping)
        advice = _besides(certain, [each for each in found if each not in stopping])
    return Checked(failure_of(certain, code) if certain else None, tuple(advice), late)


async def _within(
    seconds: float, work: Coroutine[object, object, Sequence[Problem]]
) -> tuple[Sequence[Problem], asyncio.Task[Sequence[Problem]] | None]:
    """What a check finds in so much time; and the check, if it takes more."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait((task,), timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        raise
    return (await task, None) if task.done() else ((), task)


async def unfit(
    code: str, guest: Guest, catalog: Catalog, policy: Policy, needed: Collection[str] = ()
) -> Failure | None:
    """Why a program is not kept as a snippet: its names and promises, but not those namespaces of another day.

    `needed` are the namespaces that it says it needs.
    """
    facts = await _facts(code, guest, catalog)
    problems = () if facts is None else problems_of(anywhere(facts, needed), catalog, policy)
    return failure_of(problems, code) if problems else None


def named(code: str, catalog: Catalog) -> list[Tool]:
    """The tools that a program may mean: those of which it writes both the namespace and the method."""
    words = frozenset(_word.findall(code))
    return [
        space.methods[method]
        for name in sorted(words & catalog.namespaces.keys())
        if (space := catalog.namespaces[name]).state == "ready"
        for method in sorted(words & space.methods.keys())
    ]


def _together(certain: tuple[Problem, ...], more: Sequence[Problem]) -> tuple[Problem, ...]:
    """All problems in the order of the text; of several of one cause, the first that was told."""
    told = list(certain)
    for each in more:
        if not _follows(each, told):
            told.append(each)
    return tuple(sorted(told, key=lambda each: (each.line, each.column)))


def _besides(certain: Sequence[Problem], advice: Sequence[Problem]) -> list[Problem]:
    """The advice that does not follow from what is told: not in its lines, and no more of missing awaits."""
    unawaited, lines = any(each.used_line for each in certain), {each.line for each in certain}
    heard = [each for each in advice if each.line not in lines and not (each.used_line and unawaited)]
    return [each for each in heard if not _follows(each, certain)]


def _follows(problem: Problem, told: Sequence[Problem]) -> bool:
    """Whether a problem is in the place of another, in a line where that shows, or shows where that is."""
    return any(
        (problem.line, problem.column) == (each.line, each.column)
        or problem.line == each.used_line
        or (problem.used_line and problem.used_line in (each.line, each.used_line))
        for each in told
    )


async def _facts(code: str, guest: Guest, catalog: Catalog) -> Inspected | None:
    suspect = is_suspect(code, catalog, syntax_of(guest.language))
    return await guest.inspect(code) if suspect and isinstance(guest, Inspector) else None
