"""The JavaScript and TypeScript guest: QuickJS-ng as WebAssembly, in this process, on threads."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from toolscript.guests.javascript.check import inspect
from toolscript.guests.javascript.dissect import dissect
from toolscript.guests.javascript.engine import ENGINE
from toolscript.guests.javascript.live import LiveProgram
from toolscript.guests.javascript.session import JavaScriptSession
from toolscript.guests.javascript.template import Template
from toolscript.guests.javascript.type_check import TypeScriptChecker
from toolscript.guests.remembered import Remembered
from toolscript.runs.inspected import Inspected
from toolscript.runs.precheck import Problem
from toolscript.runs.program import Boot, Language
from toolscript.threads import Threads
from toolscript.tools import Tool

STACK_BYTES = 8 << 20  # the engine may take 2 MiB of it; some platforms give a thread less than that
MOST_THREADS = 64  # programs that loop at the same time; beyond it, turns wait for a thread
SHORT_CHARS = 800  # of a program that is inspected in 0.1 ms, at worst in 7: the way to a thread takes as long


class JavaScriptGuest:
    """Implements `ports.Guest`, `ports.Compiler`, `ports.Inspector` and `ports.TypeChecker`.

    The engine is loaded at the first start; machine code is kept in `cache`.
    """

    def __init__(self, cache: Path | None = None, *, tsc: Path | None = None) -> None:
        """Use this `tsc` to check types; without one it is looked for."""
        self._cache = cache
        self._types = TypeScriptChecker(tsc)
        self._checked = Remembered()
        self._template: Template | None = None
        self._lock = threading.Lock()
        self._threads = Threads(most=MOST_THREADS, stack_bytes=STACK_BYTES)

    @property
    def language(self) -> Language:
        return "typescript"

    @property
    def engine(self) -> str:
        return ENGINE

    async def start(self, boot: Boot) -> JavaScriptSession:
        template = self._template or await self._threads.run(self.load)
        return JavaScriptSession(LiveProgram.start(boot, template), self._threads)

    async def restore(self, boot: Boot, snapshot: bytes) -> JavaScriptSession:
        """The session that a snapshot was taken of; `ValueError` for one that is damaged or of another engine."""
        template = self._template or await self._threads.run(self.load)
        live = await self._threads.run(lambda: LiveProgram.restore(boot, template, snapshot))
        return JavaScriptSession(live, self._threads)

    async def compiled(self, code: str) -> str:
        """Implements `ports.Compiler`: the script that a session evaluates, parsed once by the engine."""
        template = self._template or await self._threads.run(self.load)
        return await self._threads.run(lambda: LiveProgram.compiled(code, template))

    async def inspect(self, code: str) -> Inspected | None:
        """Implements `ports.Inspector`: the syntax tree is kept for the session that starts next."""
        if len(code) <= SHORT_CHARS:
            return inspect(code)
        return await self._threads.run(lambda: inspect(code))

    async def type_problems(self, code: str, tools: Sequence[Tool]) -> Sequence[Problem]:
        """Implements `ports.TypeChecker`."""
        return await self._checked.problems(
            code, tools, lambda: self._threads.run(lambda: self._type_problems(code, tools))
        )

    def _type_problems(self, code: str, tools: Sequence[Tool]) -> Sequence[Problem]:
        program = dissect(code, members=self._types.is_typed())
        return () if program is None else self._types.problems(program, tools)

    async def close(self) -> None:
        self._types.close()
        self._threads.close()

    def load(self) -> Template:
        """The engine, loaded once; blocks for some milliseconds, or a second where no machine code is kept yet."""
        with self._lock:
            if self._template is None:
                self._template = Template(self._cache)
            return self._template
