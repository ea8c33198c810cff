"""What tools without an output schema were seen to return: learned from their answers, and kept in the store.

1. A call pays for a count and, if its answer is looked at, for putting it aside: the first `FIRST` answers of a tool
   in this process, and then those whose number is a power of two. All else is done afterwards. Of the first answers
   those that come after `SAME` others which said nothing new are let go.
2. What is looked at is the answer as the program gets it, without secrets, and it is forgotten as soon as its form is
   known.
3. What was learned is added to what the store has, so processes learn from each other. It holds for one description and
   input schema; a tool that changed is learned anew.
4. A tool's own output schema is never replaced, and connectors are called with tools as they listed them.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from toolscript.codec import TAGGED_JSON, Encoded, digest
from toolscript.codec import decode as decoded
from toolscript.errors import Fault
from toolscript.ports import Cells
from toolscript.runs.snippet import SNIPPETS
from toolscript.runs.turn import Answer, Returned
from toolscript.runs.usage import BUILTIN
from toolscript.schema.observed import merge, observe
from toolscript.tools import Schema, Tool, ToolPath

log = logging.getLogger("toolscript.observed")

FIRST = 20
SAME = 4
MAX_BYTES = 256 << 10  # of an answer that is looked at: 10 ms
MAX_ASIDE_BYTES = 1 << 20  # of answers that are put aside at a time
MAX_MET = 10_000  # tools that are held, so that a call finds them at once
PAUSE_S = 1.0  # between two writes to the store

Followed = Callable[[str, Collection[str]], None]


@dataclass(frozen=True, slots=True)
class _Learned:
    """The schema of what a tool returned, and the digest of the tool."""

    tool: str
    schema: Schema


@dataclass(slots=True)
class _Tally:
    """How many answers a tool gave in this process, and how many in a row said nothing new."""

    count: int = 0
    same: int = 0


@dataclass(frozen=True, slots=True)
class _Met:
    """A tool that was called, the same as its connector listed it, and its tally, if its answers are looked at."""

    tool: Tool
    own: Tool
    tally: _Tally | None


class Observed:
    """Learns, shows tools with what it learned, and tells who follows it of which methods it knows more."""

    def __init__(self, cells: Cells, scope: str) -> None:
        self._cells = cells
        self._scope = scope
        self._followers: list[Followed] = []
        self._tallies: dict[ToolPath, _Tally] = {}
        self._met: dict[
            int, _Met
        ] = {}  # by the id of a tool, which it holds: to hash a path takes longer than all else
        self._aside: deque[tuple[Tool, Encoded, int]] = deque()
        self._aside_bytes = 0
        self._learned: dict[str, dict[str, _Learned]] = {}
        self._digests: dict[ToolPath, tuple[str, Schema, str]] = {}
        self._known: set[str] = set()  # the namespaces that were read from the store, or are to be
        self._to_read: list[str] = []
        self._to_save: set[ToolPath] = set()
        self._reading = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def follow(self, learned: Followed) -> None:
        """`learned` is called whenever more is known of tools."""
        self._followers.append(learned)

    def start(self) -> None:
        """Begin to read from the store and to write to it."""
        self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Write what is not written yet."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            await self._save()

    def note(self, tool: Tool, answer: Answer) -> None:
        """A tool gave this answer."""
        tally = (self._met.get(id(tool)) or self._meet(tool)).tally
        if tally is None:
            return
        tally.count = count = tally.count + 1
        if count > FIRST and count & (count - 1):
            return
        if not isinstance(answer, Returned) or len(answer.value) > MAX_BYTES or TAGGED_JSON in answer.value:
            return
        if self._aside_bytes + len(answer.value) <= MAX_ASIDE_BYTES:
            self._aside_bytes += len(answer.value)
            self._aside.append((tool, answer.value, count))
            self._wanted.set()

    def shown(self, tools: Sequence[Tool]) -> Sequence[Tool]:
        """The tools of a namespace, with observed output schemas where they are known."""
        if not tools or tools[0].path.namespace in (BUILTIN, SNIPPETS):
            return tools
        if not any(map(_is_silent, tools)):
            return tools
        namespace = tools[0].path.namespace
        if namespace not in self._known:
            self._known.add(namespace)
            self._to_read.append(namespace)
            self._wanted.set()
        learned = self._learned.get(namespace)
        return [self._shown(tool, learned) for tool in tools] if learned else tools

    def own(self, tool: Tool) -> Tool:
        """The tool as its connector listed it."""
        return (self._met.get(id(tool)) or self._meet(tool)).own

    async def learn(self) -> None:
        """Look at what was put aside."""
        changed: set[ToolPath] = set()
        while self._aside:
            tool, answer, count = self._aside.popleft()
            self._aside_bytes -= len(answer)
            known = self._of(tool)
            tally = self._tallies[tool.path]
            if tally.same >= SAME and count <= FIRST:
                continue
            schema = observe(known, decoded(answer))
            tally.same = tally.same + 1 if schema == known else 0
            if schema != known:
                self._learned.setdefault(tool.path.namespace, {})[tool.path.method] = _Learned(
                    self._digest(tool), schema
                )
                changed.add(tool.path)
            await asyncio.sleep(0)  # others may go on meanwhile
        if changed:
            self._to_save |= changed
            self._wanted.set()
            self._tell(changed)

    async def current(self) -> None:
        """Know all that can be known by now: what is kept of the namespaces that are there, and what was put aside."""
        async with self._reading:
            with _forgiven():
                while self._to_read:
                    await self._read(self._to_read.pop())
        await self.learn()

    async def _read(self, namespace: str) -> None:
        found: set[ToolPath] = set()
        for method in await self._cells.cells(self._cell_scope(namespace)):
            path = ToolPath(namespace, method)
            kept = await self._kept(path)
            known = self._learned.setdefault(namespace, {})
            if kept is not None and method not in known:
                known[method] = kept
                found.add(path)
        self._tell(found)

    async def _work(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self.current()
            if self._to_save:
                await asyncio.sleep(PAUSE_S)
                await self._save()

    async def _save(self) -> None:
        await self.learn()
        changed: set[ToolPath] = set()
        with _forgiven():
            while self._to_save:
                path = self._to_save.pop()
                if await self._saved(path):
                    changed.add(path)
        self._tell(changed)

    async def _saved(self, path: ToolPath) -> bool:
        """Add what was learned to what is kept, and this to what was learned; whether that is more now."""
        learned = self._learned[path.namespace][path.method]
        kept = await self._kept(path)
        both = learned
        if kept is not None and kept.tool == learned.tool:
            both = replace(learned, schema=merge(kept.schema, learned.schema))
        if both != kept:
            text = json.dumps([both.tool, both.schema], separators=(",", ":"))
            await self._cells.set_cell(self._cell_scope(path.namespace), path.method, Encoded(text))
        if both == learned or self._learned[path.namespace][path.method] is not learned:
            return False
        self._learned[path.namespace][path.method] = both
        return True

    async def _kept(self, path: ToolPath) -> _Learned | None:
        text = await self._cells.get_cell(self._cell_scope(path.namespace), path.method)
        return None if text is None else _Learned(*json.loads(text))

    def _tell(self, changed: Iterable[ToolPath]) -> None:
        by_namespace: dict[str, set[str]] = {}
        for path in changed:
            by_namespace.setdefault(path.namespace, set()).add(path.method)
        for namespace, methods in by_namespace.items():
            for learned in self._followers:
                learned(namespace, methods)

    def _meet(self, tool: Tool) -> _Met:
        if len(self._met) >= MAX_MET:
            self._met.clear()
        tally = None
        if _is_silent(tool) and tool.path.namespace not in (BUILTIN, SNIPPETS):
            tally = self._tallies.setdefault(tool.path, _Tally())
        met = self._met[id(tool)] = _Met(tool, _as_listed(tool), tally)
        return met

    def _shown(self, tool: Tool, learned: dict[str, _Learned]) -> Tool:
        if tool.path.method not in learned or not _is_silent(tool):
            return tool
        schema = self._of(tool)
        return _as_listed(tool) if schema is None else replace(tool, output_schema=schema, observed=True)

    def _of(self, tool: Tool) -> Schema | None:
        learned = self._learned.get(tool.path.namespace, {}).get(tool.path.method)
        return learned.schema if learned is not None and learned.tool == self._digest(tool) else None

    def _digest(self, tool: Tool) -> str:
        """Of what a tool is for: its description and input schema."""
        known = self._digests.get(tool.path)
        if known is None or known[0] != tool.description or known[1] is not tool.input_schema:
            said: Any = [tool.description, tool.input_schema]
            text = digest(json.dumps(said, sort_keys=True, default=repr))
            known = self._digests[tool.path] = (tool.description, tool.input_schema, text)
        return known[2]

    def _cell_scope(self, namespace: str) -> str:
        return f"observed:{namespace}" + (f"@{self._scope}" if self._scope else "")


def _is_silent(tool: Tool) -> bool:
    """Whether a tool does not say itself what it returns."""
    return tool.output_schema is None or tool.observed


def _as_listed(tool: Tool) -> Tool:
    """The tool as its connector listed it."""
    return replace(tool, output_schema=None, observed=False) if tool.observed else tool


@contextmanager
def _forgiven() -> Generator[None]:
    """A store that fails costs no more than what would have been learned."""
    try:
        yield
    except Fault as fault:
        log.warning("what tools return was not read from the store, or not kept there: %s", fault)
