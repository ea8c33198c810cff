"""What a server offers: `ServeOptions`. Imported before anything heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from toolscript.runs.program import Language
    from toolscript.schema.syntax import Syntax

TypesMode = Literal["auto", "upfront", "search"]

DEFAULT_BUDGET_TOKENS = 6_000  # of one result: what most clients show a model whole, and a tenth of what some refuse
DEFAULT_PATIENCE_S = 45.0  # many clients give up after 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How the tools are offered to clients.

    `expose` are patterns over paths (`git.*`, `crm.find`): these tools are offered directly beside the four.
    `types` says whether all declarations stand in the description of `execute` (`upfront`), none (`search`), or all
    when they are few (`auto`). `budget_tokens` bounds one result's text. `patience_s` is how long a client that shows
    no progress token waits for an answer: after it, a run that goes on is handed back by its id. `languages` are those
    of the runtime that is served.
    """

    expose: tuple[str, ...] = ()
    types: TypesMode = "auto"
    budget_tokens: int = DEFAULT_BUDGET_TOKENS
    patience_s: float = DEFAULT_PATIENCE_S
    name: str = "toolscript"
    languages: tuple[Language, ...] = ("typescript",)

    @property
    def syntaxes(self) -> tuple[Syntax, ...]:
        """What models choose from: Python is one, whichever engine runs it."""
        return tuple(dict.fromkeys("typescript" if one == "typescript" else "python" for one in self.languages))

    def language(self, asked: str | None) -> Language:
        """The language that is meant: Python by its own name is for the small engine, where that is offered."""
        if asked is None:
            return self.languages[0]
        for name in (asked, "cpython" if asked == "python" else asked):
            for one in self.languages:
                if one == name:
                    return one
        raise ValueError(f"language is one of {', '.join(self.syntaxes)}, not {asked[:40]!r}")

    @property
    def needs_tools(self) -> bool:
        """Whether the list of tools is wrong until the upstreams are known."""
        return bool(self.expose) or self.types == "upfront"
