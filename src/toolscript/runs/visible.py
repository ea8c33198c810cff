"""Which names a program sees.

A guest dispatches what it is told of, and refuses nothing by itself: a call to any other name reaches the host, which
answers with near names. So a program needs to be told only of the names that occur in its own text, and a start costs
the same with ten tools and with ten thousand. A program that could list or compute names is told of all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from toolscript.catalog.catalog import Catalog

_word = re.compile(r"[\w$]+")
_reflection = frozenset({"globalThis", "eval", "Function", "globals", "locals", "vars", "getattr"})


def visible(code: str, catalog: Catalog) -> Mapping[str, tuple[str, ...]]:
    """The namespaces, with their methods, that this program is started with."""
    words = frozenset(_word.findall(code))
    if words & _reflection:
        return {name: tuple(namespace.methods) for name, namespace in catalog.namespaces.items()}
    seen: dict[str, tuple[str, ...]] = {}
    for name in sorted(words & catalog.namespaces.keys()):
        methods = catalog.namespaces[name].methods
        if _only_members(name, code):
            seen[name] = tuple(sorted(word for word in words if word in methods))
        else:
            seen[name] = tuple(methods)
    return seen


def mentioned(code: str, names: frozenset[str]) -> frozenset[str]:
    """Those of the names that occur in the program as words of their own."""
    return names & frozenset(_word.findall(code))


def _only_members(name: str, code: str) -> bool:
    """Whether every use of a namespace is `name.method`, so that nothing can list or compute its methods."""
    other_use = rf"(?<![\w$.]){re.escape(name)}(?![\w$])(?!\s*\??\.\s*[^\W\d])"
    return re.search(other_use, code) is None
