"""`lint`: all that is odd about a document, as the reader sees it and as callers will feel it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from toolscript.connectors.openapi.operation import Api, Finding
from toolscript.connectors.openapi.reader import read_api
from toolscript.connectors.openapi.references import Load
from toolscript.errors import ConfigError


def lint(
    source: Mapping[str, Any] | str | bytes,
    *,
    base: str = "",
    load: Load | None = None,
    is_allowed: Callable[[str], bool] = lambda place: False,
) -> tuple[Finding, ...]:
    """What is wrong with a document: errors first, each with the place and what was assumed.

    A document that cannot be read at all gives the one error that says why.
    """
    try:
        api = read_api(source, base=base, load=load, is_allowed=is_allowed)
    except ConfigError as error:
        return (Finding("error", "", str(error)),)
    return lint_api(api)


def lint_api(api: Api) -> tuple[Finding, ...]:
    """The same of a document that was read."""
    findings = dict.fromkeys((*api.findings, *_felt(api)))
    return tuple(sorted(findings, key=lambda each: each.severity))


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
