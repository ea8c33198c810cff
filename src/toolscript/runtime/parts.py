"""What a runtime is made of, and how its parts know each other.

1. A part gets those that it asks; none knows the runtime, and nothing is opened here.
2. `codemode` and `snippets` are connectors that are made of other parts: so the connectors are added last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from toolscript.ports import Clock, Connector, Observer, RunStore
from toolscript.runs.policy import Policy
from toolscript.runs.program import Language
from toolscript.runs.redaction import Redactor
from toolscript.runs.retention import Retention
from toolscript.runtime.builtin import Builtin
from toolscript.runtime.calls import Caller
from toolscript.runtime.checking import TypeCheck
from toolscript.runtime.drives import Drives
from toolscript.runtime.finder import Finder
from toolscript.runtime.guests import Guests
from toolscript.runtime.keeper import Keeper, Role
from toolscript.runtime.launcher import Launcher
from toolscript.runtime.observed import Observed
from toolscript.runtime.operator import Operator
from toolscript.runtime.paging import Paging
from toolscript.runtime.rerank import Rerank
from toolscript.runtime.snippets import Snippets, SnippetShelf
from toolscript.runtime.surroundings import Surroundings
from toolscript.runtime.upstreams import Upstreams


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the parts of a runtime are made from; `Runtime` says what each is."""

    connectors: Sequence[Connector]
    store: RunStore
    guests: Guests
    clock: Clock
    policy: Policy
    scope: str
    role: Role
    languages: Sequence[Language]
    lease_ms: int
    retention: Retention | None
    redactor: Redactor
    rerank: Rerank | None
    snippets_by: Literal["developer", "model"]
    type_check: TypeCheck
    observers: Sequence[Observer]
    entropy: Callable[[int], bytes]
    connect_timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of one runtime that it speaks to itself."""

    observed: Observed
    upstreams: Upstreams
    snippets: Snippets
    finder: Finder
    launcher: Launcher
    drives: Drives
    keeper: Keeper
    operator: Operator


def parts_of(given: Given) -> Parts:
    """Put the parts of a runtime together."""
    observed = Observed(given.store, given.scope)
    upstreams = Upstreams(observed)
    snippets = Snippets(
        store=given.store,
        scope=given.scope,
        guest=given.guests.of,
        catalog=lambda: upstreams.catalog,
        clock=given.clock,
        policy=given.policy,
    )
    finder = Finder(
        upstreams,
        observed,
        snippets,
        policy=given.policy,
        language=given.languages[0],
        rerank=given.rerank,
        connect_timeout_s=given.connect_timeout_s,
    )
    around = _surroundings(given, upstreams, observed)
    launcher = _launcher(given, around, upstreams, finder)
    keeper = _keeper(given, launcher)
    builtin = _builtin(given, upstreams, snippets, finder, launcher.drives)
    upstreams.add(builtin, SnippetShelf(snippets), *given.connectors)
    return Parts(
        observed=observed,
        upstreams=upstreams,
        snippets=snippets,
        finder=finder,
        launcher=launcher,
        drives=launcher.drives,
        keeper=keeper,
        operator=Operator(around, launcher.drives, keeper, launcher.tools_known),
    )


def _surroundings(given: Given, upstreams: Upstreams, observed: Observed) -> Surroundings:
    return Surroundings(
        store=given.store,
        caller=Caller(
            connector=upstreams.connector,
            blobs=given.store,
            clock=given.clock,
            redactor=given.redactor,
            observed=observed,
        ),
        clock=given.clock,
        catalog=lambda: upstreams.catalog,
        policy=given.policy,
        redactor=given.redactor,
        lease_ms=given.lease_ms,
        type_check=given.type_check,
    )


def _launcher(given: Given, around: Surroundings, upstreams: Upstreams, finder: Finder) -> Launcher:
    return Launcher(
        around,
        guests=given.guests,
        upstreams=upstreams,
        scope=given.scope,
        observers=given.observers,
        entropy=given.entropy,
        connect_timeout_s=given.connect_timeout_s,
        catalog=lambda: finder.catalog,
        falls_back="cpython" in given.languages,
    )


def _keeper(given: Given, launcher: Launcher) -> Keeper:
    return Keeper(
        store=given.store,
        clock=given.clock,
        launcher=launcher,
        scope=given.scope,
        role=given.role,
        lease_ms=given.lease_ms,
        retention=given.retention,
    )


def _builtin(given: Given, upstreams: Upstreams, snippets: Snippets, finder: Finder, drives: Drives) -> Builtin:
    return Builtin(
        store=given.store,
        offered=finder.offered,
        search=finder.search,
        describe=finder.describe,
        snippets=snippets,
        scope=given.scope,
        saving=given.snippets_by == "model",
        paging=Paging(lambda: upstreams.catalog, upstreams.connector),
        language=drives.language,
    )
