"""A saved program, which other programs run by name."""

from __future__ import annotations

from dataclasses import dataclass, field

from toolscript.runs.program import Instant, Language
from toolscript.tools import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A program under a name; `version` counts from 1 and is given by the store.

    `input_schema` describes what it reads as `input`; `namespaces` are those that it calls: without them it does not
    start.
    """

    name: str
    code: str
    description: str
    language: Language = "typescript"
    input_schema: Schema = field(default_factory=lambda: {"type": "object"})
    namespaces: tuple[str, ...] = ()
    created: Instant = 0
    version: int = 0
    saved_by: str = ""
    from_run: str | None = None
