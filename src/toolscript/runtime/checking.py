"""The check of a program before it starts."""

from __future__ import annotations

from toolscript.catalog.catalog import Catalog
from toolscript.errors import Failure
from toolscript.ports import Guest, Inspector
from toolscript.runs.inspected import Inspected
from toolscript.runs.policy import Policy
from toolscript.runs.precheck import anywhere, failure_of, is_suspect, problems_of


async def refused(code: str, guest: Guest, catalog: Catalog, policy: Policy) -> Failure | None:
    """Why a program is not started; None where nothing is certain to be wrong with it."""
    return _failure(await _facts(code, guest, catalog), code, catalog, policy)


async def unfit(code: str, guest: Guest, catalog: Catalog, policy: Policy) -> Failure | None:
    """Why a program is not kept as a snippet: the same, but that its namespaces may be those of another day."""
    facts = await _facts(code, guest, catalog)
    return _failure(None if facts is None else anywhere(facts), code, catalog, policy)


async def _facts(code: str, guest: Guest, catalog: Catalog) -> Inspected | None:
    return await guest.inspect(code) if is_suspect(code, catalog) and isinstance(guest, Inspector) else None


def _failure(facts: Inspected | None, code: str, catalog: Catalog, policy: Policy) -> Failure | None:
    problems = () if facts is None else problems_of(facts, catalog, policy)
    return failure_of(problems, code) if problems else None
