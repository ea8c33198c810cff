"""What is found out on the way through a document, and where."""

from __future__ import annotations

from dataclasses import dataclass, field

from toolscript.connectors.openapi.operation import Finding
from toolscript.connectors.openapi.pointers import pointer_text


@dataclass(slots=True)
class Notes:
    """The findings of one reading."""

    findings: list[Finding] = field(default_factory=list[Finding])

    def warn(self, at: tuple[str, ...], message: str) -> None:
        """Something was wrong here, and something was assumed."""
        self.findings.append(Finding("warning", pointer_text(at), message))

    def skip(self, at: tuple[str, ...], message: str) -> None:
        """An operation was left out."""
        self.findings.append(Finding("error", pointer_text(at), message))
