"""Which names are like a name that is not there.

Order: the same name in another spelling (`listIssues`, `list-issues`), the same method in another namespace, then names
that share most of their character pairs. It runs when a call has failed, so it looks at every tool and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from heapq import nlargest
from typing import TYPE_CHECKING

from toolscript.tools import Tool

if TYPE_CHECKING:
    from toolscript.catalog.catalog import Namespace

LIKE = 0.6  # of `difflib`'s ratio: below it names have no more in common than chance gives them
REVIEWED = 40  # candidates by shared pairs that are compared letter by letter


def bare(name: str) -> str:
    """A name without case and separators; a name of nothing else is itself."""
    return "".join(char for char in name.casefold() if char.isalnum()) or name


def nearest(path: str, namespaces: Mapping[str, Namespace], n: int, *, like: float = LIKE) -> tuple[Tool, ...]:
    """At most `n` tools whose names are like the path, best first; with `like` 0 as many as there are."""
    head, dot, tail = path[:200].partition(".")
    space, method = (head, tail) if dot else ("", head)
    wanted, wanted_space, pairs = bare(method), bare(space), _pairs(bare(method))
    rough: list[tuple[float, str, Tool]] = []
    for name, namespace in namespaces.items():
        home = 0.15 * SequenceMatcher(None, wanted_space, bare(name)).ratio() if space else 0.0
        for tool in namespace.methods.values():
            other = _pairs(_bare_method(tool.path.method))
            shared = len(pairs & other) * 2 / (len(pairs) + len(other) or 1)
            rough.append((shared + home, str(tool.path), tool))
    scored: list[tuple[float, str, Tool]] = []
    for _, text, tool in nlargest(REVIEWED, rough, key=lambda each: (each[0], each[2].path.method == method)):
        names = {bare(tool.path.method), bare(tool.raw_name), bare(text)}
        alike = max(SequenceMatcher(None, wanted, name).ratio() for name in names)
        alike = max(alike, SequenceMatcher(None, bare(path), bare(text)).ratio())
        at_home = space != "" and tool.path.namespace == space
        if alike >= (like - 0.1 if at_home else like):
            scored.append((alike + 0.15 * at_home, text, tool))
    scored.sort(key=lambda each: (-each[0], each[1]))
    return tuple(tool for _, _, tool in scored[:n])


@lru_cache(maxsize=50_000)
def _bare_method(method: str) -> str:
    return bare(method)


@lru_cache(maxsize=50_000)
def _pairs(name: str) -> frozenset[str]:
    framed = f" {name} "
    return frozenset(framed[index : index + 2] for index in range(len(framed) - 1))
