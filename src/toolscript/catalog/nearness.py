"""Which names are like a name that is not there.

Order: the same name in another spelling (`listIssues`, `list-issues`), the same method in another namespace, then names
that share most of their character pairs. It runs when a call or a search has failed, so it keeps nothing; of many tools
only those are compared that lie in the same namespace or begin with the same letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from heapq import nlargest
from itertools import islice
from typing import TYPE_CHECKING

from toolscript.tools import Tool

if TYPE_CHECKING:
    from toolscript.catalog.catalog import Namespace

LIKE = 0.6  # of `difflib`'s ratio: below it names have no more in common than chance gives them
MANY = 5_000  # tools that are compared, at 3 microseconds each
REVIEWED = 40  # candidates by shared pairs that are compared letter by letter

_separators = re.compile(r"[\W_]+")


def bare(name: str) -> str:
    """A name without case and separators; a name of nothing else is itself."""
    return _separators.sub("", name.casefold()) or name


def nearest(path: str, namespaces: Mapping[str, Namespace], n: int, *, like: float = LIKE) -> tuple[Tool, ...]:
    """At most `n` tools whose names are like the path, best first; with `like` 0 as many as there are."""
    head, dot, tail = path[:200].partition(".")
    space, method = (head, tail) if dot else ("", head)
    wanted, wanted_space, pairs = bare(method), bare(space), _pairs(bare(method))
    rough: list[tuple[float, str, Tool]] = []
    homes: dict[str, float] = {}
    for tool in islice(_comparable(wanted, space, namespaces), MANY):
        name = tool.path.namespace
        if space and name not in homes:
            homes[name] = 0.15 * SequenceMatcher(None, wanted_space, bare(name)).ratio()
        other = _pairs(_bare_method(tool.path.method))
        shared = len(pairs & other) * 2 / (len(pairs) + len(other) or 1)
        rough.append((shared + homes.get(name, 0.0), str(tool.path), tool))
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


def _comparable(wanted: str, space: str, namespaces: Mapping[str, Namespace]) -> Iterator[Tool]:
    """All tools, or where there are many those that may well be meant, and then some others if there are none."""
    if sum(len(namespace.methods) for namespace in namespaces.values()) <= MANY:
        for namespace in namespaces.values():
            yield from namespace.methods.values()
        return
    home = namespaces.get(space)
    if home is not None:
        yield from home.methods.values()
    first, room = wanted[:1], 2 + len(wanted) // 2
    likely = 0
    for namespace in namespaces.values():
        for method, tool in namespace.methods.items():
            if method[:1].casefold() == first and abs(len(method) - len(wanted)) <= room and namespace is not home:
                likely += 1
                yield tool
    if not likely and home is None:
        for namespace in namespaces.values():
            yield from namespace.methods.values()


@lru_cache(maxsize=50_000)
def _bare_method(method: str) -> str:
    return bare(method)


@lru_cache(maxsize=50_000)
def _pairs(name: str) -> frozenset[str]:
    framed = f" {name} "
    return frozenset(framed[index : index + 2] for index in range(len(framed) - 1))
