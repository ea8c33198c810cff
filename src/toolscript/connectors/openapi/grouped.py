"""Findings for people: equal ones together, each place as method and path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from toolscript.connectors.openapi.operation import Finding, Severity
from toolscript.connectors.openapi.pointers import pointer_parts


@dataclass(frozen=True, slots=True)
class Group:
    """What was found in several places of a document; `places` are written for people."""

    severity: Severity
    message: str
    places: tuple[str, ...]

    def __str__(self) -> str:
        if len(self.places) == 1:
            return f"{self.places[0]}: {self.message}" if self.places[0] else self.message
        return f"{self.message} ({len(self.places):,} times, first at {self.places[0]})"


def grouped(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """The findings by their words: errors first, else in the order of the document."""
    groups: dict[tuple[Severity, str], list[str]] = {}
    for finding in findings:
        groups.setdefault((finding.severity, finding.message), []).append(place(finding.pointer))
    made = (Group(severity, message, tuple(places)) for (severity, message), places in groups.items())
    return tuple(sorted(made, key=lambda group: group.severity))


def place(pointer: str) -> str:
    """Where a pointer leads, such as `GET /users/{id} parameters/0`; nothing for the document as a whole."""
    match pointer_parts(pointer):
        case ["paths", path, "parameters" as inner, *rest]:
            words = [path, "/".join([inner, *rest])]
        case ["paths", path, method, *rest]:
            words = [method.upper(), path, "/".join(rest)]
        case ["paths", path]:
            words = [path]
        case _:
            words = [pointer]
    return " ".join(words).rstrip()
