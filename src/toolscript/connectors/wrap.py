"""A connector seen through a filter: fewer tools, other names, other effects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from toolscript.errors import ConfigError, ToolError
from toolscript.ports import Connector, Listing
from toolscript.schema.names import method_names, namespace_names
from toolscript.tools import CallContext, Effect, Tool, ToolPath


def wrap(
    connector: Connector,
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    rename: Mapping[str, str] | None = None,
    effects: Mapping[str, Effect] | None = None,
    namespace: str | None = None,
) -> Connector:
    """Show another face of a connector.

    Patterns are globs (`get_*`) over method names or the source's own names, upper and lower case distinct. Without
    `include` all tools stay; `exclude` wins over it. `rename` gives a tool another method name; `effects` says what
    a tool does where its source does not, and the first pattern that fits decides. A pattern that fits no tool is
    one of the listing's problems. Raises `ConfigError` for a name that programs cannot use.
    """
    rename, effects = rename or {}, effects or {}
    for new in rename.values():
        if method_names([new])[new] != new:
            raise ConfigError(
                f"rename to {new!r}: programs cannot use this name; {method_names([new])[new]!r} would do"
            )
    for pattern, effect in effects.items():
        if effect not in ("read", "write"):
            raise ConfigError(f'effects: {pattern!r} is {effect!r}; an effect is "read" or "write"')
    if namespace is not None and namespace_names([namespace])[namespace] != namespace:
        would_do = namespace_names([namespace])[namespace]
        raise ConfigError(f"namespace {namespace!r}: programs cannot use this name; {would_do!r} would do")
    if isinstance(include, str) or isinstance(exclude, str):
        raise ConfigError("include and exclude are lists of patterns, not one text")
    return Wrapped(
        connector,
        include=tuple(include),
        exclude=tuple(exclude),
        rename=dict(rename),
        effects=dict(effects),
        namespace=namespace,
    )


class Wrapped:
    """What `wrap` gives; `inner` is the connector behind it."""

    def __init__(
        self,
        inner: Connector,
        *,
        include: tuple[str, ...],
        exclude: tuple[str, ...],
        rename: dict[str, str],
        effects: dict[str, Effect],
        namespace: str | None,
    ) -> None:
        self.inner = inner
        self._include = include
        self._exclude = exclude
        self._rename = rename
        self._effects = effects
        self._namespace = namespace or inner.namespace
        self._seen: Listing | None = None
        self._shown = Listing(state="connecting")
        self._behind: dict[str, Tool] = {}

    @property
    def namespace(self) -> str:
        return self._namespace

    async def open(self, changed: Callable[[], None]) -> None:
        await self.inner.open(changed)

    def listing(self) -> Listing:
        seen = self.inner.listing()
        if seen != self._seen:
            self._seen, self._shown = seen, self._faced(seen)
        return self._shown

    async def call(self, tool: Tool, args: Mapping[str, Any], context: CallContext) -> Any:
        self.listing()
        behind = self._behind.get(tool.raw_name)
        if behind is None:
            raise ToolError(f"{tool.path} is not here any more.")
        return await self.inner.call(behind, args, context)

    async def close(self) -> None:
        await self.inner.close()

    def _faced(self, seen: Listing) -> Listing:
        kept = [tool for tool in seen.tools if self._is_kept(tool)]
        self._behind = {tool.raw_name: tool for tool in kept}
        names = {tool.path.method: tool.path.method for tool in kept}
        problems: list[str] = []
        for old, new in self._rename.items():
            found = next((tool.path.method for tool in kept if old in _names(tool)), None)
            if found is None:
                continue
            if new in names.values() and names[found] != new:
                problems.append(f"rename: {found} cannot be called {new}, because another tool is.")
                continue
            names[found] = new
        tools = tuple(self._shown_as(tool, names[tool.path.method]) for tool in kept)
        if seen.state == "ready":
            problems += self._idle(seen.tools)
        return replace(seen, tools=tools, problems=(*seen.problems, *problems))

    def _is_kept(self, tool: Tool) -> bool:
        names = _names(tool)
        return (not self._include or _fits(self._include, names)) and not _fits(self._exclude, names)

    def _shown_as(self, tool: Tool, method: str) -> Tool:
        effect = next(
            (effect for pattern, effect in self._effects.items() if _fits((pattern,), _names(tool))), tool.effect
        )
        return replace(
            tool,
            path=ToolPath(self._namespace, method),
            effect=effect,
            destructive=tool.destructive and effect == "write",
        )

    def _idle(self, tools: tuple[Tool, ...]) -> Iterator[str]:
        """Patterns that fit no tool: most likely they are misspelt."""
        known = [name for tool in tools for name in _names(tool)]
        asked = {"include": self._include, "exclude": self._exclude, "rename": self._rename, "effects": self._effects}
        for word, patterns in asked.items():
            for pattern in patterns:
                if not _fits((pattern,), known):
                    near = get_close_matches(pattern, known, 1, 0.6)
                    hint = f"; did you mean {near[0]}?" if near else ""
                    yield f"{word}: {pattern} fits no tool of {self._namespace}{hint}"


def _names(tool: Tool) -> tuple[str, str]:
    return tool.path.method, tool.raw_name


def _fits(patterns: Iterable[str], names: Iterable[str]) -> bool:
    names = tuple(names)
    return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)
