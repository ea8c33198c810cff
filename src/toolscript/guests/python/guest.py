"""The Python guest: Monty, a Python of its own without anything to escape to, in worker processes."""

from __future__ import annotations

from collections.abc import Sequence

from toolscript.guests.python.check import inspect
from toolscript.guests.python.live import LiveProgram, engine
from toolscript.guests.python.session import PythonSession
from toolscript.guests.python.source import prepare
from toolscript.guests.python.type_check import PythonTypeChecker
from toolscript.guests.python.workers import MOST_WORKERS, Workers
from toolscript.guests.remembered import Remembered
from toolscript.runs.inspected import Inspected
from toolscript.runs.precheck import Problem
from toolscript.runs.program import Boot, Language
from toolscript.threads import Threads
from toolscript.tools import Tool

SHORT_CHARS = 800  # of a program that is inspected in 0.4 ms: the way to a thread takes a good part of that
MOST_THREADS = MOST_WORKERS + 32  # turns under way, those included that wait for a worker


class PythonGuest:
    """Implements `ports.Guest`, `ports.Compiler`, `ports.Inspector` and `ports.TypeChecker`.

    The first worker is started with the first program.
    """

    def __init__(self, *, most_workers: int = MOST_WORKERS) -> None:
        """`most_workers` is how many programs compute at the same time; what comes on top waits for its turn."""
        self.workers = Workers(most=most_workers)
        self._types = PythonTypeChecker()
        self._checked = Remembered()
        self._threads = Threads(most=MOST_THREADS)

    @property
    def language(self) -> Language:
        return "python"

    @property
    def engine(self) -> str:
        return engine()

    async def start(self, boot: Boot) -> PythonSession:
        return PythonSession(LiveProgram(boot, self.workers), self._threads)

    async def restore(self, boot: Boot, snapshot: bytes) -> PythonSession:
        """The session that a snapshot was taken of; `ValueError` for one that is damaged or of another engine."""
        live = await self._threads.run_short(lambda: LiveProgram.restore(boot, self.workers, snapshot))
        return PythonSession(live, self._threads)

    async def compiled(self, code: str) -> str:
        """Implements `ports.Compiler`: a snippet stays as its author wrote it, once it is known to be one."""
        await self._threads.run_short(lambda: prepare(code))
        return code

    async def inspect(self, code: str) -> Inspected | None:
        """Implements `ports.Inspector`: the syntax tree is kept for the session that starts next."""
        if len(code) <= SHORT_CHARS:
            return inspect(code)
        return await self._threads.run(lambda: inspect(code))

    async def type_problems(self, code: str, tools: Sequence[Tool]) -> Sequence[Problem]:
        """Implements `ports.TypeChecker`."""
        return await self._checked.problems(
            code, tools, lambda: self._threads.run(lambda: self._types.problems(code, tools))
        )

    async def close(self) -> None:
        self._types.close()
        self._threads.close()
        self.workers.close()
