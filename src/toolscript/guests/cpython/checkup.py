"""Whether this machine can lock a CPython program down."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from toolscript.errors import ConfigError, Fault
from toolscript.guests.cpython.guest import CPythonGuest
from toolscript.guests.cpython.spawner import require
from toolscript.guests.lockdown import Step, landlock_version
from toolscript.runs.program import Boot, Program

_TIMEOUT_S = 30.0  # loading large libraries takes a second or two


@dataclass(frozen=True, slots=True, kw_only=True)
class CPythonCheck:
    """`walls` are those around a program's process; `problem` says why programs cannot run here, if they cannot.

    `landlock` is the version of the kernel's interface: from 4 on it denies TCP too, from 6 on signals.
    """

    walls: tuple[Step, ...] = ()
    landlock: int = 0
    problem: str | None = None


async def checkup(libraries: Sequence[str] = ()) -> CPythonCheck:
    """Start a zygote and run a program in it."""
    if not sys.platform.startswith("linux"):
        return CPythonCheck(problem=f"CPython programs need Linux: {sys.platform} has nothing to lock them down with")
    guest, walls, problem = CPythonGuest(libraries), (), None
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            walls = await guest.walls()
            require(walls)
            session = await guest.start(Boot(program=Program(code="return 1 + 1", language="cpython")))
            await session.advance((), 0)
            await session.close()
    except (ConfigError, Fault) as error:
        problem = str(error)
    except TimeoutError:
        problem = f"no program could be started within {_TIMEOUT_S:.0f} s"
    finally:
        await guest.close()
    return CPythonCheck(walls=walls, landlock=landlock_version(), problem=problem)
