"""A saved program, which other programs run by name, and the rules of running one.

1. A snippet is a tool of the namespace `snippets`: it is found, described and called as `snippets.NAME({ ... })`. What
   it does is decided call by call, so running it is decided by nobody.
2. It starts only where all the namespaces that it needs can be called, with an input that fits its schema.
3. It runs in the session of the program that calls it, and so in that program's language; CPython runs all Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from toolscript.catalog.catalog import Catalog
from toolscript.errors import Failure, FailureCode
from toolscript.runs.program import Instant, Language, syntax_of
from toolscript.runs.visible import visible
from toolscript.schema.check import Checker
from toolscript.schema.names import method_names
from toolscript.schema.shape import Shaped
from toolscript.schema.shapes import Anything, Intersection, Object, Union, Unknown
from toolscript.schema.syntax import signature
from toolscript.tools import Schema, Tool, ToolPath

SNIPPETS = "snippets"
"""The namespace that snippets are the methods of."""

_MOST_NAMES = 5  # of snippets that a message lists


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

    @property
    def tool(self) -> Tool:
        """What search, describe and signatures show of it."""
        return Tool(
            path=ToolPath(SNIPPETS, self.name),
            raw_name=self.name,
            description=self.description,
            input_schema=self.input_schema,
            effect="write",
        )

    @property
    def signature(self) -> str:
        """How programs in its language call it."""
        return signature(self.tool, syntax_of(self.language))

    def runs_in(self, language: Language) -> bool:
        """Whether a program in this language can run it."""
        return self.language == language or (self.language, language) == ("python", "cpython")

    def seen(self, catalog: Catalog) -> Mapping[str, Sequence[str]]:
        """The namespaces, with their methods, that it is started with."""
        needed = {name: tuple(catalog.namespaces[name].methods) for name in self.namespaces}
        return {**needed, **visible(self.code, catalog)}


def allowed_name(name: str) -> str:
    """The name itself if it can be a method in every language, else one like it that can."""
    made = method_names([name])[name]
    if made == name:
        return name
    core = made.strip("_") or SNIPPETS
    return method_names([core])[core]


def takes_an_object(schema: Schema) -> bool:
    """Whether the schema may describe an object, as a snippet's input has to be."""
    shaped = Shaped(schema)
    return isinstance(shaped.follow(shaped.root), Object | Anything | Unknown | Union | Intersection)


def refusal(snippet: Snippet, value: Any, *, language: Language, catalog: Catalog) -> Failure | None:
    """Why a snippet cannot be started with this input, by a program in this language; None where it can."""
    path = snippet.tool.path
    if not snippet.runs_in(language):
        message = f"{path} is written in {snippet.language}: a {language} program cannot run it"
        return _failure("tool", message)
    for name in snippet.namespaces:
        namespace = catalog.namespaces.get(name)
        if namespace is None or namespace.state != "ready":
            state = "not connected" if namespace is None else namespace.state
            message = f"{path} needs the namespace {name}, which is {state}. Nothing was started."
            return _failure("unreachable", message)
    problems = Checker(snippet.input_schema).arguments(value)
    if problems:
        said = "; ".join(f"{p.path}: {p.message}" if p.path else p.message for p in problems)
        return _failure("bad_arguments", f"{path}: {said}. Expected: {snippet.signature}")
    return None


def unknown(name: str, known: Iterable[Snippet]) -> Failure:
    """There is no snippet of this name; near ones are shown, or else some."""
    by_name = {snippet.name: snippet for snippet in known}
    near = get_close_matches(name[:200], by_name, n=3, cutoff=0.6)
    message = f"there is no snippet {name[:200]}."
    if near:
        message += " Did you mean " + ", or ".join(by_name[one].signature for one in near) + "?"
    elif by_name:
        listed = ", ".join(sorted(by_name)[:_MOST_NAMES])
        more = "" if len(by_name) <= _MOST_NAMES else f", and {len(by_name) - _MOST_NAMES} more"
        message += f" There are: {listed}{more}."
    else:
        message += " None was saved yet."
    return _failure("unknown_tool", message)


def _failure(code: FailureCode, message: str) -> Failure:
    return Failure(kind="tool", code=code, name="ToolError", message=message)
