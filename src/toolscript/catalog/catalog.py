"""Every tool that can be called, as one immutable value.

A change gives a new catalogue that shares all namespaces but one with the old, together with what was worked out for
them (search index, compiled checks, lines of search answers): that is derived from the tools alone, and takes no part
in equality.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from toolscript.catalog.index import Document, Index
from toolscript.catalog.letters import Letters, bare
from toolscript.catalog.nearness import LIKE, nearest, nearest_spaces
from toolscript.catalog.ranking import Ranking
from toolscript.codec import digest
from toolscript.errors import ConfigError
from toolscript.schema.check import Checker, Problems
from toolscript.schema.python import wire_names
from toolscript.schema.shape import parameters
from toolscript.schema.syntax import Syntax
from toolscript.schema.words import PYTHON
from toolscript.tools import Tool

_FORGOTTEN = 1_000  # names of tools that are gone and may be kept

NamespaceState = Literal["connecting", "ready", "unreachable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """The tools of one source. `about` is its own description of itself, `problems` are sentences for people."""

    name: str
    about: str = ""
    state: NamespaceState = "ready"
    problems: tuple[str, ...] = ()
    methods: Mapping[str, Tool] = field(default_factory=dict[str, Tool])
    index: Index = field(default_factory=lambda: Index(()), compare=False, repr=False)
    checkers: dict[str, Checker] = field(default_factory=dict[str, Checker], compare=False, repr=False)
    lines: dict[tuple[str, Syntax], tuple[str, str, str]] = field(
        default_factory=dict[tuple[str, Syntax], tuple[str, str, str]], compare=False, repr=False
    )
    respelt: dict[str, Mapping[str, str]] = field(
        default_factory=dict[str, Mapping[str, str]], compare=False, repr=False
    )
    digests: list[str] = field(default_factory=list[str], compare=False, repr=False)
    narrowed: dict[frozenset[str], Index] = field(
        default_factory=dict[frozenset[str], Index], compare=False, repr=False
    )

    @property
    def digest(self) -> str:
        """Of all that a program or a model can tell apart."""
        if not self.digests:
            lines = [_line(tool) for _, tool in sorted(self.methods.items())]
            self.digests.append(digest("\n".join([self.name, self.about, *lines])))
        return self.digests[0]


@dataclass(frozen=True, slots=True)
class Catalog:
    """An immutable snapshot of every tool that can be called."""

    namespaces: Mapping[str, Namespace] = field(default_factory=lambda: MappingProxyType[str, Namespace]({}))
    _rankings: list[Ranking] = field(default_factory=list[Ranking], init=False, compare=False, repr=False)
    _letters: list[Letters] = field(default_factory=list[Letters], init=False, compare=False, repr=False)

    @staticmethod
    def empty() -> Catalog:
        return Catalog()

    def replace(
        self,
        namespace: str,
        tools: Sequence[Tool],
        *,
        about: str = "",
        state: NamespaceState = "ready",
        problems: tuple[str, ...] = (),
    ) -> Catalog:
        """This catalogue with one namespace put in or exchanged.

        Raises `ConfigError` for a tool of another namespace. Of two tools with one path the first is kept, and the
        other becomes a problem of the namespace.
        """
        methods: dict[str, Tool] = {}
        for tool in tools:
            if tool.path.namespace != namespace:
                raise ConfigError(f"{tool.path} cannot be part of the namespace {namespace}")
            if tool.path.method in methods:
                problems += (f"{tool.path} is there twice; the second ({tool.raw_name}) was left out",)
            else:
                methods[tool.path.method] = tool
        known = self.namespaces.get(namespace)
        if known is not None and list(known.methods.values()) == list(methods.values()) and known.about == about:
            entry = replace(known, state=state, problems=problems)
        else:
            entry = Namespace(
                name=namespace,
                about=about,
                state=state,
                problems=problems,
                methods=MappingProxyType(methods),
                index=_index(methods),
            )
        changed = Catalog(MappingProxyType({**self.namespaces, namespace: entry}))
        letters = self.letters
        letters.add(namespace, entry.methods)
        if len(letters) <= 2 * len(changed) + _FORGOTTEN:
            changed._letters.append(letters)
        return changed

    def typed(self, namespace: str, tools: Iterable[Tool]) -> Catalog:
        """This catalogue with other output types of some tools, and all else as it is: nothing is indexed anew."""
        held = self.namespaces[namespace]
        changed = {tool.path.method: tool for tool in tools if held.methods[tool.path.method] != tool}
        if not changed:
            return self
        lines = {key: line for key, line in held.lines.items() if key[0] not in changed}
        entry = replace(held, methods=MappingProxyType({**held.methods, **changed}), lines=lines, digests=[])
        catalog = Catalog(MappingProxyType({**self.namespaces, namespace: entry}))
        object.__setattr__(catalog, "_rankings", self._rankings)  # which are over the same indexes
        object.__setattr__(catalog, "_letters", self._letters)
        return catalog

    def without(self, namespace: str) -> Catalog:
        """This catalogue with one namespace left out."""
        kept = {name: held for name, held in self.namespaces.items() if name != namespace}
        return self._sharing(kept)

    def where(self, keep: Callable[[Tool], bool]) -> Catalog:
        """This catalogue without the tools that are not to be kept; it shares every namespace that loses none.

        A namespace of which nothing is left goes too, unless it is not ready: that it exists says nothing of its tools.
        """
        kept: dict[str, Namespace] = {}
        for name, held in self.namespaces.items():
            methods = {method: tool for method, tool in held.methods.items() if keep(tool)}
            if len(methods) == len(held.methods):
                kept[name] = held
            elif methods or held.state != "ready":
                index = held.narrowed.setdefault(frozenset(methods), _index(methods))
                kept[name] = replace(held, methods=MappingProxyType(methods), index=index, digests=[])
        same = len(kept) == len(self.namespaces) and all(kept[name] is held for name, held in self.namespaces.items())
        return self if same else self._sharing(kept)

    def _sharing(self, kept: Mapping[str, Namespace]) -> Catalog:
        """A catalogue of fewer tools, with the letters of this one unless most of them would be of no use."""
        catalog = Catalog(MappingProxyType(kept))
        if len(self.letters) <= 2 * len(catalog) + _FORGOTTEN:
            catalog._letters.append(self.letters)
        return catalog

    def find(self, path: str) -> Tool | None:
        """The tool with exactly this path."""
        namespace, _, method = path.partition(".")
        held = self.namespaces.get(namespace)
        return None if held is None else held.methods.get(method)

    def meant(self, path: str) -> Tool | None:
        """The tool with this path, or the only one with this raw name or this spelling of its name."""
        found = self.find(path)
        if found is not None:
            return found
        wanted = bare(path)
        likely = dict.fromkeys(self.letters.named(wanted))
        for name in self.namespaces:
            prefix = bare(name)
            if wanted.startswith(prefix) and wanted != prefix:
                likely |= dict.fromkeys(self.letters.named(wanted[len(prefix) :], (name,)))
        tools = [tool for each in likely if (tool := self.find(str(each))) is not None]
        same = [tool for tool in tools if path in (tool.raw_name, f"{tool.path.namespace}.{tool.raw_name}")]
        same = same or [tool for tool in tools if bare(str(tool.path)) == wanted]
        return same[0] if len(same) == 1 else None

    def near(self, path: str, n: int = 3) -> tuple[Tool, ...]:
        """The tools whose names are most like a path that is not there, best first."""
        return nearest(path, self.namespaces, self.letters, n)

    def near_spaces(self, name: str, n: int = 5, *, like: float = LIKE) -> list[str]:
        """The namespaces whose names are most like one that is not there, best first."""
        return nearest_spaces(name, self.namespaces, self.letters, n, like)

    def called(self, name: str) -> list[Tool]:
        """The tools of any namespace with exactly this name, or this raw name."""
        likely = dict.fromkeys(self.letters.named(bare(name)))
        tools = (self.find(str(path)) for path in likely)
        return [tool for tool in tools if tool is not None and name in (tool.path.method, tool.raw_name)]

    @property
    def tools(self) -> Iterator[Tool]:
        for namespace in self.namespaces.values():
            yield from namespace.methods.values()

    def __len__(self) -> int:
        return sum(len(namespace.methods) for namespace in self.namespaces.values())

    def __bool__(self) -> bool:
        return True

    @property
    def digest(self) -> str:
        """Equal for catalogues with equal tools; worked out when first asked for."""
        return digest("\n".join(namespace.digest for _, namespace in sorted(self.namespaces.items())))

    @property
    def ranking(self) -> Ranking:
        """The ranking over all namespaces, built when first asked for."""
        if not self._rankings:
            self._rankings.append(Ranking([held.index for _, held in sorted(self.namespaces.items())]))
        return self._rankings[0]

    @property
    def letters(self) -> Letters:
        """The letters of all names, and of some that an earlier catalogue had."""
        if not self._letters:
            letters = Letters()
            for name, held in self.namespaces.items():
                letters.add(name, held.methods)
            self._letters.append(letters)
        return self._letters[0]

    def check(self, tool: Tool, args: Mapping[str, Any]) -> Problems:
        """The problems of a call's arguments, `()` where they fit."""
        return self._checker(tool).arguments(args)

    def fitted(
        self, tool: Tool, args: dict[str, Any], syntax: Syntax = "typescript"
    ) -> tuple[dict[str, Any], Problems]:
        """A call's arguments as the tool takes them (`toolscript.schema.coerce`), and the problems that are left.

        `syntax` is that of the program: names that Python cannot write have others there (`from_`), and problems are
        told in its words.
        """
        if syntax == "python" and (respelt := self._respelt(tool)) and not respelt.keys().isdisjoint(args):
            args = {respelt.get(name, name): value for name, value in args.items()}
        read, problems = self._checker(tool).fitted(args)
        if problems and syntax == "python":
            problems = Checker(tool.input_schema, PYTHON).fitted(args)[1]
        return read, problems

    def _respelt(self, tool: Tool) -> Mapping[str, str]:
        """From the names of arguments in Python to those on the wire, where they differ."""
        held = self.namespaces.get(tool.path.namespace)
        kept = held.respelt if held is not None and held.methods.get(tool.path.method) is tool else {}
        if tool.path.method not in kept:
            pairs = wire_names(tool.input_schema).items()
            kept[tool.path.method] = {python: raw for python, raw in pairs if python != raw}
        return kept[tool.path.method]

    def _checker(self, tool: Tool) -> Checker:
        held = self.namespaces.get(tool.path.namespace)
        if held is None or held.methods.get(tool.path.method) is not tool:
            return Checker(tool.input_schema)
        checker = held.checkers.get(tool.path.method)
        if checker is None:
            checker = held.checkers[tool.path.method] = Checker(tool.input_schema)
        return checker


def _index(methods: Mapping[str, Tool]) -> Index:
    """The index of a namespace's tools, which are read when it is first searched."""
    return Index(_document(methods[method]) for method in sorted(methods))


def _document(tool: Tool) -> Document:
    method, raw = tool.path.method, tool.raw_name
    return Document(
        path=tool.path,
        name=method if raw == method or bare(raw) == bare(method) else raw,
        description=tool.description,
        parameters=tuple(
            (name, f"{about} {' '.join(values)}" if values else about)
            for name, about, values in parameters(tool.input_schema)
        ),
        aliases=(raw,) if raw != method else (),
    )


def _line(tool: Tool) -> str:
    said = (
        str(tool.path),
        tool.raw_name,
        tool.description,
        tool.input_schema,
        tool.output_schema,
        tool.effect,
        tool.destructive,
        tool.idempotent,
    )
    return json.dumps(said, sort_keys=True, default=repr)
