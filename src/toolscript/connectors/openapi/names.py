"""The names of operations.

1. The document's own `operationId` is the id, and its name is that as an identifier (`toolscript.schema.names`).
2. Without one the id is method and path, `GET /users/{id}/posts`, and its name `get_users_by_id_posts`.
3. Of several operations with one `operationId` the first by path and method keeps it; the id of another one is
   completed by its method and path: `find GET /users`, named `find_get_users`.

So an id and a name depend on no order, and adding an operation changes them only for those that clash with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from toolscript.schema.names import method_names

_variable = re.compile(r"[{}]")


@dataclass(frozen=True, slots=True)
class Naming:
    """What an operation is named by; `said` is its `operationId`, empty where it has none."""

    said: str
    method: str
    path: str

    @property
    def route(self) -> str:
        """Method and path, which no other operation of a document has."""
        return f"{self.method} {self.path}"


def named(operations: Sequence[Naming]) -> list[tuple[str, str]]:
    """The id and the name of each operation."""
    ids: dict[str, str] = {}
    in_order = sorted(operations, key=lambda each: (each.said, each.path, each.method))
    for said, group in groupby(in_order, key=lambda each: each.said):
        for number, each in enumerate(group):
            ids[each.route] = (f"{said} {each.route}" if number else said) if said else each.route
    told = {each.route: _told(each, ids[each.route]) for each in operations}
    doubled = _doubled(list(told.values()))
    told = {route: f"{name} {route}" if name in doubled else name for route, name in told.items()}
    names = method_names(told.values())
    return [(ids[each.route], names[told[each.route]]) for each in operations]


def _told(each: Naming, own: str) -> str:
    """The text that the name is made of."""
    if own == each.said:
        return own
    path = _worded(each.path)
    return f"{each.said} {each.method.lower()} {path}" if each.said else f"{each.method.lower()} {path}"


def _worded(path: str) -> str:
    """A path in words, such as `users by id posts`."""
    return " ".join(_variable.sub(" ", part.replace("{", " by ")) for part in path.split("/") if part) or "root"


def _doubled(names: list[str]) -> set[str]:
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}
