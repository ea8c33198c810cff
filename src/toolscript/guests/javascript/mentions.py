"""Where a program mentions names: the records of what `names.read` finds."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from tree_sitter import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What surrounds a place; `depth` counts functions.

    `owner` is the outermost of them: its name, `""` for one that is called where it stands, `"?"` for one that others
    call.
    """

    guarded: bool = False
    depth: int = 0
    owner: str | None = None
    is_sync: bool = False


class Use(NamedTuple):
    """A name that is read. `parent` is what it is part of, brackets and casts left out, and `role` its part in it."""

    name: str
    node: Node
    parent: Node
    role: Node
    scope: Scope


class Call(NamedTuple):
    """A call `name.method(...)`, or `name(...)` without a method; `parent` and `role` as of a `Use`, for the call."""

    name: str
    method: str
    node: Node
    parent: Node
    role: Node
    scope: Scope


class Chain(NamedTuple):
    """A call `name.member.member(...)`, of two members or more; nothing in it is optional."""

    name: str
    members: tuple[str, ...]
    node: Node
    scope: Scope


class Function(NamedTuple):
    """A function, and what it is part of: a declaration, a variable, arguments."""

    node: Node
    parent: Node
    scope: Scope


@dataclass(slots=True, kw_only=True)
class Names:
    """What is found. `members` are pairs `name.member` that are mentioned and not called.

    `bound` and `written` are the places (bytes) where a name is declared and where it is assigned, `variables` the
    declarators of single names, `keys` the properties that the program gives what may be a function. `plain` are the
    calls of bare names, `returns` where a `return` begins and ends. `handles` says whether any failure is handled
    anywhere in the program, `reflects` whether it may make names out of thin air; `entered` are the functions that are
    called at its top level.
    """

    source: bytes
    declared: Counter[str] = field(default_factory=Counter[str])
    bound: dict[str, list[int]] = field(default_factory=lambda: defaultdict[str, list[int]](list))
    written: dict[str, list[int]] = field(default_factory=lambda: defaultdict[str, list[int]](list))
    variables: dict[str, Node] = field(default_factory=dict[str, Node])
    keys: set[str] = field(default_factory=set[str])
    asked: set[str] = field(default_factory=set[str])
    members: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    uses: list[Use] = field(default_factory=list[Use])
    calls: list[Call] = field(default_factory=list[Call])
    plain: list[Call] = field(default_factory=list[Call])
    chains: list[Chain] = field(default_factory=list[Chain])
    returns: list[tuple[int, int, Scope]] = field(default_factory=list[tuple[int, int, Scope]])
    functions: list[Function] = field(default_factory=list[Function])
    entered: set[str] = field(default_factory=lambda: {""})
    handles: bool = False
    reflects: bool = False

    def text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def is_reached(self, scope: Scope, *, handed_on: bool) -> bool:
        """Whether a failure here ends the run; `handed_on` says that it fails a promise that others may await."""
        if scope.guarded:
            return False
        if not self.handles:
            return True
        return not handed_on and (scope.depth == 0 or (scope.depth == 1 and scope.owner in self.entered))
