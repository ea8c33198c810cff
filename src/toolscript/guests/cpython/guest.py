"""The CPython guest: Python with its whole standard library, each program in a locked-down process of its own."""

from __future__ import annotations

import asyncio
import platform
import sys
import threading
from collections.abc import Sequence

from toolscript.errors import ConfigError, Fault, GuestError
from toolscript.guests.cpython.checker import CPythonChecker
from toolscript.guests.cpython.session import CPythonSession
from toolscript.guests.cpython.spawner import ProgramProcess, Spawner, require
from toolscript.guests.lockdown import Step
from toolscript.guests.python.check import inspect_full
from toolscript.guests.remembered import Remembered
from toolscript.runs.inspected import Inspected
from toolscript.runs.precheck import Problem
from toolscript.runs.program import Boot, Language, Program
from toolscript.runs.turn import Crashed
from toolscript.threads import Threads
from toolscript.tools import Tool

SHORT_CHARS = 800  # of a program that is inspected in 0.4 ms: the way to a thread takes a good part of that
MOST_THREADS = 8
_FORMAT = 1  # of what a program can see of its surroundings: a change of it changes what a replay does


class CPythonGuest:
    """Implements `ports.Guest`, `Compiler`, `Inspector`, `TypeChecker` and `Demanding`, on Linux.

    Each program is a fork of a warm interpreter. `libraries` are what programs may import beside the standard library,
    such as `("numpy", "pandas")`: they are loaded before any program runs. Where the machine cannot lock a program
    down, `require` and `start` raise `ConfigError`.
    """

    def __init__(self, libraries: Sequence[str] = ()) -> None:
        if not sys.platform.startswith("linux"):
            raise ConfigError(f"CPython programs need Linux: {sys.platform} has nothing to lock them down with")
        self._libraries = tuple(libraries)
        self._spawners: dict[asyncio.AbstractEventLoop, Spawner] = {}
        self._left: list[Spawner] = []  # let go of, and not seen to have ended
        self._lock = threading.Lock()
        self._threads = Threads(most=MOST_THREADS)
        self._types = CPythonChecker()
        self._checked = Remembered()
        self._closed = False

    @property
    def language(self) -> Language:
        return "cpython"

    @property
    def engine(self) -> str:
        libraries = "".join(f"+{name}" for name in self._libraries)
        return f"cpython-{platform.python_version()}-{_FORMAT}{libraries}"

    async def require(self) -> None:
        """Implements `ports.Demanding`: `ConfigError` where this machine cannot lock a program down."""
        require(await self.walls())

    async def start(self, boot: Boot) -> CPythonSession:
        await self.require()
        return CPythonSession(boot, self._process)

    async def restore(self, boot: Boot, snapshot: bytes) -> CPythonSession:
        """Raises `ValueError`: there are no snapshots of processes, and runs are replayed."""
        raise ValueError("a CPython program has no snapshots")

    async def compiled(self, code: str) -> str:
        """Implements `ports.Compiler`: parsed where programs run, and not here; a session parses it again."""
        session = CPythonSession(Boot(program=Program(code=code, language="cpython")), self._process, "compile")
        turn = await session.advance((), 0)
        if isinstance(turn.outcome, Crashed):
            raise GuestError(turn.outcome.failure)
        return code

    async def inspect(self, code: str) -> Inspected | None:
        """Implements `ports.Inspector`."""
        if len(code) <= SHORT_CHARS:
            return inspect_full(code)
        return await self._threads.run(lambda: inspect_full(code))

    async def type_problems(self, code: str, tools: Sequence[Tool]) -> Sequence[Problem]:
        """Implements `ports.TypeChecker`."""
        return await self._checked.problems(
            code, tools, lambda: self._threads.run(lambda: self._types.problems(code, tools))
        )

    async def walls(self) -> tuple[Step, ...]:
        """What locks a program down on this machine."""
        return await asyncio.shield(self.spawner.walls)

    async def close(self) -> None:
        with self._lock:
            self._closed = True
            spawners, self._spawners = [*self._left, *self._spawners.values()], {}
        here = asyncio.get_running_loop()
        for spawner in spawners:
            if spawner.loop is not here and spawner.loop.is_running():
                spawner.loop.call_soon_threadsafe(spawner.let_go)
            else:
                spawner.let_go()
            await self._threads.run(spawner.wait)
        self._types.close()
        self._threads.close()

    async def _process(self) -> ProgramProcess:
        return await self.spawner.start()

    @property
    def spawner(self) -> Spawner:
        """What starts programs for the running event loop: a new one where there was none, or its zygote died."""
        with self._lock:
            if self._closed:
                raise Fault("the guest is closed")
            for loop in [loop for loop in self._spawners if loop.is_closed()]:
                self._leave(self._spawners.pop(loop))
            here = asyncio.get_running_loop()
            spawner = self._spawners.get(here)
            if spawner is not None and not spawner.is_open:
                self._leave(spawner)
                spawner = None
            if spawner is None:
                spawner = self._spawners[here] = Spawner(here, self._libraries)
            return spawner

    def _leave(self, spawner: Spawner) -> None:
        spawner.let_go()
        self._left = [left for left in (*self._left, spawner) if not left.has_ended()]
