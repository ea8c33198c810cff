"""Close gaps in asyncio: tasks, and what waits for them.

1. What runs in parallel by itself needs nothing: calls of tools, and `asyncio.gather` of coroutines.
2. A program that names more of asyncio gets all of it from the prelude, and every `await` of it goes by way of the
   prelude, which begins new tasks, and waits for tasks as well as for coroutines.
3. A task that waits for another is parked: it awaits a future that the engine's host gives (`_ts_park`), and ends when
   the program itself says so (`_ts_wake`).
"""

from __future__ import annotations

import ast

from toolscript.guests.python import native
from toolscript.guests.python.work import Work

PARK = "_ts_park"
WAKE = "_ts_wake"
MODULE = "asyncio_tasks"


def close(work: Work) -> None:
    """Make the edits."""
    if not uses_tasks(work):
        return
    work.needs.add(f"{MODULE}:_ts_await")
    for node in work.names.of(ast.Await):
        work.wrapped(node.value, f"_ts_{MODULE}._ts_await")


def uses_tasks(work: Work) -> bool:
    """Whether the program names what the engine's asyncio has not."""
    if work.uses_tasks is None:
        work.uses_tasks = _uses_tasks(work)
    return work.uses_tasks


def _uses_tasks(work: Work) -> bool:
    if work.names.of(ast.AsyncFor) or any(each.is_async for each in work.names.of(ast.comprehension)):
        return True
    has = native.MODULES["asyncio"] | {"TimeoutError"}
    named = [work.names.origin(node) for node in work.names.of(ast.Attribute)]
    imported = [(each.module, each.name) for each in work.names.imported.values()]
    return any(module == "asyncio" and name and name not in has for module, name in (*named, *imported))
