"""A document, fetched and looked through, without an API being called."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from toolscript.connectors.openapi.client import Http, HttpOptions
from toolscript.connectors.openapi.grouped import Group, grouped
from toolscript.connectors.openapi.guard import is_public_host
from toolscript.connectors.openapi.lint import lint_api
from toolscript.connectors.openapi.operation import Api, Finding
from toolscript.connectors.openapi.origins import origin_of
from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.source import Fetched, Unfetched, fetched, is_address
from toolscript.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in a document: errors first."""

    title: str = ""
    operations: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def groups(self) -> tuple[Group, ...]:
        """The findings for people: equal ones together."""
        return grouped(self.findings)

    @property
    def has_errors(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


async def checked(spec: str) -> Checked:
    """Look a file, or what is at an address, through; one that cannot be had or read is the one error that says why."""
    try:
        # Whoever names a private address means it.
        private = [one for one in ([origin_of(spec)] if is_address(spec) else []) if not is_public_host(one.host)]
    except ValueError as error:
        return _lost(f"the address cannot be used: {error}")
    http = Http(HttpOptions(), frozenset(private))
    try:
        return await asyncio.to_thread(_read, await fetched(spec, http))
    except Unfetched as error:
        return _lost(str(error))
    finally:
        await http.close()


def _read(document: Fetched) -> Checked:
    try:
        api: Api = read_api(document.source, base=document.base, load=document.load)
    except ConfigError as error:
        return _lost(str(error))
    return Checked(title=api.title, operations=len(api.operations), findings=lint_api(api))


def _lost(message: str) -> Checked:
    return Checked(findings=(Finding("error", "", message),))
