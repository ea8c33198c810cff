"""The connectors of a runtime, and the catalogue that they fill."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from functools import partial

from toolscript.catalog.catalog import Catalog
from toolscript.errors import ConfigError
from toolscript.ports import Connector
from toolscript.runs.snippet import SNIPPETS
from toolscript.runs.usage import BUILTIN
from toolscript.runtime.observed import Observed
from toolscript.tools import Tool


class Upstreams:
    """Keeps one catalogue current while connectors connect, change and break."""

    def __init__(self, observed: Observed) -> None:
        self._connectors: dict[str, Connector] = {}
        self._opened: list[Connector] = []
        self._observed = observed
        observed.follow(self._learned)
        self._change = asyncio.Event()
        self.catalog = Catalog.empty()
        """Every tool that a program can call."""
        self.offered = Catalog.empty()
        """The same without `codemode` itself: what search and overview speak of."""

    def add(self, *connectors: Connector) -> None:
        """Take connectors in, before they are opened."""
        for connector in connectors:
            if connector.namespace in self._connectors:
                raise ConfigError(f"two connectors are called {connector.namespace!r}; rename one of them")
            self._connectors[connector.namespace] = connector

    async def open(self) -> None:
        """Start all connectors; those that must connect do so in their own time."""
        for connector in self._connectors.values():
            self._opened.append(connector)
            await connector.open(partial(self._changed, connector))
            self._changed(connector)

    async def close(self) -> None:
        opened, self._opened = self._opened, []
        results = await asyncio.gather(*(connector.close() for connector in opened), return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        if failures:
            raise failures[0]

    def connector(self, namespace: str) -> Connector | None:
        return self._connectors.get(namespace)

    @property
    def own_tools(self) -> Sequence[Tool]:
        """Those of `codemode`."""
        return self._connectors[BUILTIN].listing().tools

    @property
    def connectors(self) -> Sequence[Connector]:
        """All but our own."""
        return [connector for name, connector in self._connectors.items() if name not in (BUILTIN, SNIPPETS)]

    async def ready(self, names: Callable[[frozenset[str]], frozenset[str]], timeout_s: float) -> None:
        """Wait until none of the chosen namespaces is connecting any more; gives up after `timeout_s`."""
        if not self._connecting(names):
            return
        try:
            async with asyncio.timeout(timeout_s):
                while self._connecting(names):
                    self._change.clear()
                    await self._change.wait()
        except TimeoutError:
            return

    async def changed(self, since: Catalog) -> Catalog:
        """What is offered, once it is another catalogue than `since`."""
        while self.offered is since:
            self._change.clear()
            await self._change.wait()
        return self.offered

    def _connecting(self, names: Callable[[frozenset[str]], frozenset[str]]) -> frozenset[str]:
        connecting = frozenset(
            name for name, namespace in self.catalog.namespaces.items() if namespace.state == "connecting"
        )
        return names(connecting) if connecting else connecting

    def _changed(self, connector: Connector) -> None:
        listing = connector.listing()
        fill = partial(
            Catalog.replace,
            namespace=connector.namespace,
            tools=self._observed.shown(listing.tools),
            about=listing.about,
            state=listing.state,
            problems=listing.problems,
        )
        self.catalog = fill(self.catalog)
        if connector.namespace == SNIPPETS and not listing.tools:
            self.offered = self.offered.without(SNIPPETS)  # nothing was saved, so there is nothing to speak of
        elif connector.namespace != BUILTIN:
            self.offered = fill(self.offered)
        self._change.set()

    def _learned(self, namespace: str, methods: Collection[str]) -> None:
        """Show methods with what was learned of them; nobody is woken, because clients have read the types before."""
        held = self.catalog.namespaces.get(namespace)
        if held is not None:
            known = [held.methods[method] for method in methods if method in held.methods]
            tools = self._observed.shown(known)
            self.catalog = self.catalog.typed(namespace, tools)
            self.offered = self.offered.typed(namespace, tools)
