"""Which names are like a name that is not there.

Order: the same name in another spelling (`listIssues`, `list-issues`), the same method in another namespace, then names
that have most of their letters in the same order. Of all tools only those are compared that share pieces of letters
with the name (`toolscript.catalog.letters`): first the namespace's own, and others where those are not like it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import SequenceMatcher, get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from toolscript.catalog.letters import Letters, bare
from toolscript.tools import Tool

if TYPE_CHECKING:
    from toolscript.catalog.catalog import Namespace

LIKE = 0.6  # of `difflib`'s ratio: below it names have no more in common than chance gives them
AT_HOME = 0.15  # that a tool of the named namespace is nearer
COMPARED = 32  # tools that share the most pieces, whose letters in the same order are counted
REVIEWED = 4  # of them, whose ratio is worked out: 30 microseconds each
BEHIND = 0.25  # a name that is so much less like it than the best is not meant
FEW = 40  # namespaces, all of which are compared

Namespaces = Mapping[str, "Namespace"]


class _Wanted:
    """A path that is not there, and what was found to be like it."""

    def __init__(self, path: str, n: int, like: float) -> None:
        head, dot, tail = path.partition(".")
        self.space, method = (head, tail) if dot else ("", head)
        self.method, self.bare, self._bare_space = method, bare(method), bare(self.space)
        self._like, self._n = like, n
        self._matcher = SequenceMatcher(None, "", self.bare)
        self._places: dict[str, int] = {}  # of each letter, as bits
        for place, letter in enumerate(self.bare):
            self._places[letter] = self._places.get(letter, 0) | 1 << place
        self.scored: dict[str, tuple[float, str, Tool]] = {}

    @property
    def best(self) -> list[tuple[float, str, Tool]]:
        best = sorted(self.scored.values(), key=lambda each: (-each[0], each[1]))[: self._n]
        return [each for each in best if each[0] >= best[0][0] - BEHIND or not self._like]

    def review(self, tools: Iterable[Tool | None]) -> None:
        """Keep those of the tools that are like the name: the ones with the highest bounds are compared."""
        new = {text: tool for tool in tools if tool is not None and (text := str(tool.path)) not in self.scored}
        bounds = [(-self._score(tool, self._common), text, tool) for text, tool in new.items()]
        bounds.sort(key=lambda each: each[:2])
        for bound, text, tool in bounds[:REVIEWED]:
            best = self.best
            if best and -bound < self._floor(best):
                return
            score, home = self._score(tool, self._matching), self._at_home(tool)
            if score >= (self._like - 0.1 + AT_HOME if home else self._like):
                self.scored[text] = (score, text, tool)

    def _floor(self, best: list[tuple[float, str, Tool]]) -> float:
        """A score below which a tool is of no interest."""
        behind = best[0][0] - BEHIND if self._like else 0.0
        return max(behind, best[-1][0]) if len(best) == self._n else behind

    def _at_home(self, tool: Tool) -> bool:
        return self.space != "" and tool.path.namespace == self.space

    def _score(self, tool: Tool, common: Callable[[str], int]) -> float:
        """How like the name a tool's names are, by a way of counting letters; one of them may be the whole path."""
        name, size, home = bare(tool.path.method), len(self.bare), self._at_home(tool)
        begun = len(self._bare_space) if home else 0  # in the same namespace the paths begin alike
        best = 2 * (begun + common(name)) / (2 * begun + size + len(name) or 1)
        for other in self._others(tool, name):
            best = max(best, 2 * common(other) / (size + len(other) or 1))
        return best + AT_HOME if home else best

    def _others(self, tool: Tool, name: str) -> Iterator[str]:
        """Other names of a tool: its source's own, and the whole path where the program left out the dot."""
        if tool.raw_name != tool.path.method and (raw := bare(tool.raw_name)) != name:
            yield raw
        if self.bare.startswith(space := bare(tool.path.namespace)):
            yield space + name

    def _common(self, name: str) -> int:
        """How many letters two names have in the same order (the bit-parallel method of Hyyrö, 2004)."""
        row = full = (1 << len(self.bare)) - 1
        places = self._places
        for letter in name:
            match = row & places.get(letter, 0)
            row = (row + match) | (row - match)
        return len(self.bare) - (row & full).bit_count()

    def _matching(self, name: str) -> int:
        """How many of them `difflib` matches, which never are more: it looks for what stands together."""
        self._matcher.set_seq1(name)
        return sum(block.size for block in self._matcher.get_matching_blocks())


def nearest(
    path: str, namespaces: Namespaces, letters: Letters, n: int, *, among: bool = False, like: float = LIKE
) -> tuple[Tool, ...]:
    """At most `n` tools whose names are like the path, best first; with `like` 0 as many as there are.

    `among`: the namespaces are not all of those that the letters are of.
    """
    wanted = _Wanted(path[:200], n, like)
    home = namespaces.get(wanted.space)
    if home is not None:
        alike = letters.alike(wanted.bare, (wanted.space,), COMPARED)
        wanted.review(home.methods.get(each.method) for each in alike)
    same = (each.namespace for each in letters.named(wanted.bare) if each.method == wanted.method)
    spaces = islice((namespaces[name] for name in same if name in namespaces), REVIEWED)
    wanted.review(each.methods.get(wanted.method) for each in spaces)
    if not any(score >= 1 for score, _, _ in wanted.scored.values()):
        alike = letters.alike(wanted.bare, namespaces if among else None, COMPARED)
        found = ((each, namespaces.get(each.namespace)) for each in alike)
        wanted.review(space.methods.get(each.method) for each, space in found if space is not None)
    if like == 0 and len(wanted.scored) < n:
        wanted.review(islice((tool for each in namespaces.values() for tool in each.methods.values()), n))
    return tuple(tool for _, _, tool in wanted.best)


def nearest_spaces(name: str, namespaces: Namespaces, letters: Letters, n: int, like: float) -> list[str]:
    """At most `n` namespaces whose names are like this one, best first."""
    likely = namespaces if len(namespaces) <= FEW else letters.spaces(bare(name[:200]), FEW)
    names = {bare(each): each for each in likely if each in namespaces}
    return [names[each] for each in get_close_matches(bare(name[:200]), names, n, like)]
