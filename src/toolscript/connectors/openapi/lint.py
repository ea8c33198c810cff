"""`lint`: all that is odd about a document, as the reader sees it and as callers will feel it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from toolscript.connectors.openapi.grouped import Group, grouped
from toolscript.connectors.openapi.operation import Api, Finding
from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.references import Load
from toolscript.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
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


def lint(source: Mapping[str, Any] | str | bytes, *, base: str = "", load: Load | None = None) -> Linted:
    """What is wrong with a document: errors first, each with the place and what was assumed.

    A document that cannot be read at all gives the one error that says why.
    """
    try:
        api = read_api(source, base=base, load=load)
    except ConfigError as error:
        return unreadable(str(error))
    findings = dict.fromkeys((*api.findings, *_felt(api)))
    return Linted(
        title=api.title,
        operations=len(api.operations),
        findings=tuple(sorted(findings, key=lambda each: each.severity)),
    )


def unreadable(message: str) -> Linted:
    """Of a document that cannot be had or read: the one error that says why."""
    return Linted(findings=(Finding("error", "", message),))


def _felt(api: Api) -> Iterator[Finding]:
    """What breaks no rule, but leaves a caller in the dark."""
    for operation in api.operations:
        if not operation.summary and not operation.description:
            yield Finding("warning", operation.pointer, "it has no words; method and path stand in for them")
        if operation.output_schema is None:
            yield Finding("warning", operation.pointer, "it does not say what it gives; its type will be observed")
    if any("{" in server.url() for server in api.servers):
        said = "a variable of the server has no default; give its value, or a base address"
        yield Finding("warning", "/servers", said)
    elif not any("://" in server.url() for server in api.servers):
        yield Finding("warning", "/servers", "it does not say where the API is; give a base address")
