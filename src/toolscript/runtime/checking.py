"""The check of a program before it starts."""

from __future__ import annotations

from toolscript.catalog.catalog import Catalog
from toolscript.errors import Failure
from toolscript.ports import Guest, Inspector
from toolscript.runs.policy import Policy
from toolscript.runs.precheck import failure_of, is_suspect, problems_of


async def refused(code: str, guest: Guest, catalog: Catalog, policy: Policy) -> Failure | None:
    """Why a program is not started; None where nothing is certain to be wrong with it."""
    if not isinstance(guest, Inspector) or not is_suspect(code, catalog):
        return None
    facts = await guest.inspect(code)
    problems = () if facts is None else problems_of(facts, catalog, policy)
    return failure_of(problems, code) if problems else None
