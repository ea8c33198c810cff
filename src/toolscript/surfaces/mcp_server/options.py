"""What a server offers: `ServeOptions`. Imported before anything heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TypesMode = Literal["auto", "upfront", "search"]

DEFAULT_BUDGET_TOKENS = 6_000  # of one result: what most clients show a model whole, and a tenth of what some refuse
DEFAULT_PATIENCE_S = 45.0  # many clients give up after 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How the tools are offered to clients.

    `expose` are patterns over paths (`git.*`, `crm.find`): these tools are offered directly beside the four.
    `types` says whether all declarations stand in the description of `execute` (`upfront`), none (`search`), or all
    when they are few (`auto`). `budget_tokens` bounds one result's text. `patience_s` is how long a client that shows
    no progress token waits for an answer: after it, a run that goes on is handed back by its id.
    """

    expose: tuple[str, ...] = ()
    types: TypesMode = "auto"
    budget_tokens: int = DEFAULT_BUDGET_TOKENS
    patience_s: float = DEFAULT_PATIENCE_S
    name: str = "toolscript"

    @property
    def needs_tools(self) -> bool:
        """Whether the list of tools is wrong until the upstreams are known."""
        return bool(self.expose) or self.types == "upfront"
