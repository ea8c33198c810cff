"""Finds and describes tools, for programs and for people."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from toolscript.catalog.catalog import Catalog
from toolscript.catalog.describe import describe
from toolscript.catalog.questions import Query
from toolscript.catalog.search import Found, Outlook, search
from toolscript.runs.policy import Policy
from toolscript.runs.program import Language, syntax_of
from toolscript.runs.usage import manual
from toolscript.runtime.observed import Observed
from toolscript.runtime.rerank import Rerank
from toolscript.runtime.snippets import Snippets
from toolscript.runtime.upstreams import Upstreams

_PATIENCE_S = 10.0  # most servers connect within three; one that does not must not hold up the search of others


class Finder:
    """Knows what a model is told of: what is offered, without what the policy denies."""

    def __init__(
        self,
        upstreams: Upstreams,
        observed: Observed,
        snippets: Snippets,
        *,
        policy: Policy,
        language: Language,
        rerank: Rerank | None,
        connect_timeout_s: float,
    ) -> None:
        """`language` is that of programs of which no other is said."""
        self._upstreams = upstreams
        self._observed = observed
        self._snippets = snippets
        self._policy = policy
        self._language: Language = language
        self._search = search if rerank is None else rerank.search
        self._connect_timeout_s = connect_timeout_s
        self._started_at = 0.0
        self._allowed: tuple[Catalog, Catalog] = (Catalog.empty(), Catalog.empty())

    def start(self) -> None:
        """From here on, connectors have a while to connect before they are searched without."""
        self._started_at = asyncio.get_running_loop().time()

    @property
    def catalog(self) -> Catalog:
        """The tools that can be called at this moment, without `codemode` itself and without what is denied."""
        offered = self._upstreams.offered
        if self._allowed[0] is not offered:
            self._allowed = (offered, offered.where(lambda tool: self._policy.outlook(tool) != "deny"))
        return self._allowed[1]

    async def offered(self) -> Catalog:
        """What can be found; soon after the start those that still connect are waited for, later no more."""
        patience = self._started_at + _PATIENCE_S - asyncio.get_running_loop().time()
        if patience > 0:
            await self._upstreams.ready(lambda names: names, min(patience, self._connect_timeout_s))
        await self._snippets.load()  # another process may have saved some
        await self._observed.current()
        return self.catalog

    async def search(
        self, query: Query, *, limit: int, offset: int, namespace: str | Sequence[str] | None, language: Language | None
    ) -> Found:
        """As `Runtime.search`."""
        found = self._search(
            await self.offered(),
            query,
            limit=limit,
            offset=offset,
            namespace=namespace,
            outlook=self._outlook(language),
            language=syntax_of(language or self._language),
        )
        return found if isinstance(found, Found) else await found

    async def describe(self, paths: Sequence[str], *, budget_tokens: int, language: Language | None) -> str:
        """As `Runtime.describe`."""
        syntax = syntax_of(language or self._language)
        return describe(
            await self.offered(),
            paths,
            budget_tokens=budget_tokens,
            language=syntax,
            outlook=self._policy.outlook,
            manual=manual(self._upstreams.own_tools, syntax),
        )

    def _outlook(self, language: Language | None) -> Outlook:
        """What the policy says of a tool; a snippet that programs in the language cannot run is denied."""
        known = self._snippets.known if language is not None else ()
        foreign = {one.tool.path for one in known if language is not None and not one.runs_in(language)}
        outlook = self._policy.outlook
        return (lambda tool: "deny" if tool.path in foreign else outlook(tool)) if foreign else outlook
