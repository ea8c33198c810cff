"""A connector seen through a filter: fewer tools, other names, other effects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, cast

from toolscript.errors import ConfigError, ToolError
from toolscript.ports import Connector, Listing, Pager, Reverter
from toolscript.runs.revert import read_revert
from toolscript.schema.names import method_names, namespace_names
from toolscript.schema.shape import parameters
from toolscript.tools import CallContext, Effect, Page, Revert, Tool, ToolPath


def wrap(
    connector: Connector,
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    rename: Mapping[str, str] | None = None,
    effects: Mapping[str, Effect] | None = None,
    reverts: Mapping[str, str] | None = None,
    keyed: Iterable[str] = (),
    namespace: str | None = None,
) -> Connector:
    """Show another face of a connector.

    Patterns are globs (`get_*`) over method names or the source's own names, upper and lower case distinct. Without
    `include` all tools stay; `exclude` wins over it. `rename` gives a tool another method name; `effects` says what
    a tool does where its source does not, and the first pattern that fits decides. A pattern that fits no tool is
    one of the listing's problems.

    `reverts` says how calls of a tool are undone: `{"create_contact": "delete_contact(id=result.id)"}`. The tool that
    undoes goes by the name that is shown or by the source's own, with its namespace where that is another. `keyed` are
    the tools that act once for one idempotency key, however often they are called with it; an MCP server finds the key
    in the call's `_meta`, as `toolscript/idempotency-key`.

    Raises `ConfigError` for a name that programs cannot use, and for a revert that cannot be read.
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
    if isinstance(include, str) or isinstance(exclude, str) or isinstance(keyed, str):
        raise ConfigError("include, exclude and keyed are lists of patterns, not one text")
    return Wrapped(
        connector,
        include=tuple(include),
        exclude=tuple(exclude),
        rename=dict(rename),
        effects=dict(effects),
        reverts=_read_reverts(reverts or {}, namespace or connector.namespace),
        keyed=tuple(keyed),
        namespace=namespace,
    )


def _read_reverts(reverts: Mapping[str, str], namespace: str) -> dict[str, Revert]:
    read: dict[str, Revert] = {}
    for pattern, text in reverts.items():
        try:
            read[pattern] = read_revert(text, namespace=namespace)
        except ConfigError as error:
            raise ConfigError(f"reverts: {pattern}: {error}") from error
    return read


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
        reverts: dict[str, Revert],
        keyed: tuple[str, ...],
        namespace: str | None,
    ) -> None:
        self.inner = inner
        self._include = include
        self._exclude = exclude
        self._rename = rename
        self._effects = effects
        self._reverts = reverts
        self._keyed = keyed
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
        return await self.inner.call(self._tool_behind(tool), args, context)

    async def revert(self, tool: Tool, args: Mapping[str, Any], result: Any, context: CallContext) -> Any:
        behind = self._tool_behind(tool)
        if not hasattr(self.inner, "revert"):
            raise ToolError(f"{tool.path} cannot be undone: its source knows no way.")
        return await cast("Reverter", self.inner).revert(behind, args, result, context)

    def page(self, tool: Tool, args: Mapping[str, Any], run: str) -> Page | None:
        """What the connector behind knows of a page; raises `ToolError` where it knows of none at all."""
        if not isinstance(self.inner, Pager):
            raise ToolError(
                f"{tool.path} comes without pages that are known: call it with the arguments for each page."
            )
        return self.inner.page(self._tool_behind(tool), args, run)

    def _tool_behind(self, tool: Tool) -> Tool:
        self.listing()
        behind = self._behind.get(tool.raw_name)
        if behind is None:
            raise ToolError(f"{tool.path} is not here any more.")
        return behind

    async def close(self) -> None:
        await self.inner.close()

    def _faced(self, seen: Listing) -> Listing:
        kept = [tool for tool in seen.tools if self._is_kept(tool)]
        self._behind = {tool.raw_name: replace(tool, keyed=self._is_keyed(tool)) for tool in kept}
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
        tools = tuple(self._shown_as(tool, names) for tool in kept)
        if seen.state == "ready":
            problems += self._idle(seen.tools)
            problems += self._astray(tools, names)
        return replace(seen, tools=tools, problems=(*seen.problems, *problems))

    def _is_kept(self, tool: Tool) -> bool:
        names = _names(tool)
        return (not self._include or _fits(self._include, names)) and not _fits(self._exclude, names)

    def _is_keyed(self, tool: Tool) -> bool:
        return tool.keyed or _fits(self._keyed, _names(tool))

    def _shown_as(self, tool: Tool, names: Mapping[str, str]) -> Tool:
        effect = next(
            (effect for pattern, effect in self._effects.items() if _fits((pattern,), _names(tool))), tool.effect
        )
        return replace(
            tool,
            path=ToolPath(self._namespace, names[tool.path.method]),
            effect=effect,
            destructive=tool.destructive and effect == "write",
            keyed=self._is_keyed(tool),
            revert=self._revert_of(tool, names),
        )

    def _revert_of(self, tool: Tool, names: Mapping[str, str]) -> Revert | None:
        for pattern, revert in self._reverts.items():
            if _fits((pattern,), _names(tool)):
                return self._aimed(revert, names)
        own = tool.revert
        if own is None or own.path is None:
            return own
        namespace, _, method = own.path.partition(".")
        if namespace != self.inner.namespace:
            return own
        return replace(own, path=f"{self._namespace}.{names.get(method, method)}")

    def _aimed(self, revert: Revert, names: Mapping[str, str]) -> Revert:
        """A revert by a tool of ours that is called by the source's own name, with the name that is shown."""
        namespace, _, method = (revert.path or "").partition(".")
        if namespace != self._namespace or method in names.values():
            return revert
        behind = self._behind.get(method)
        shown = names.get(method if behind is None else behind.path.method, method)
        return replace(revert, path=f"{namespace}.{shown}")

    def _astray(self, tools: tuple[Tool, ...], names: Mapping[str, str]) -> Iterator[str]:
        """Reverts by tools that this namespace does not show, or with arguments that those do not have."""
        shown = {str(tool.path): tool for tool in tools}
        for pattern, written in self._reverts.items():
            revert = self._aimed(written, names)
            path = revert.path or ""
            if path.partition(".")[0] != self._namespace:
                continue
            if path not in shown:
                near = get_close_matches(path, shown, 1, 0.6)
                hint = f"; did you mean {near[0]}?" if near else ""
                yield f"reverts: {pattern} is undone by {path}, which is not there{hint}"
                continue
            known = [name for name, _, _ in parameters(shown[path].input_schema)]
            if unknown := [name for name in revert.args if known and name not in known]:
                yield f"reverts: {path} has no argument {', '.join(unknown)}; it takes {', '.join(known)}"

    def _idle(self, tools: tuple[Tool, ...]) -> Iterator[str]:
        """Patterns that fit no tool: most likely they are misspelt."""
        known = [name for tool in tools for name in _names(tool)]
        asked: Mapping[str, Iterable[str]] = {
            "include": self._include,
            "exclude": self._exclude,
            "rename": self._rename,
            "effects": self._effects,
            "reverts": self._reverts,
            "keyed": self._keyed,
        }
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
