"""What the type check said of programs that were checked lately: the same program is often run again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from toolscript.runs.precheck import Problem
from toolscript.tools import Tool

MOST = 128  # programs
_Key = tuple[str, tuple[int, ...]]


class Remembered:
    """Problems by program and tools. Any thread may call it."""

    def __init__(self) -> None:
        self._held: OrderedDict[_Key, tuple[tuple[Tool, ...], Sequence[Problem]]] = OrderedDict()
        self._lock = threading.Lock()

    async def problems(
        self, code: str, tools: Sequence[Tool], check: Callable[[], Awaitable[Sequence[Problem]]]
    ) -> Sequence[Problem]:
        """What was said of this program with these very tools; what `check` says, the first time."""
        key = code, tuple(map(id, tools))
        with self._lock:
            held = self._held.get(key)
        if held is not None:
            return held[1]
        problems = await check()
        with self._lock:
            self._held[key] = (tuple(tools), problems)  # the tools are kept too, so that their ids stay their own
            while len(self._held) > MOST:
                self._held.popitem(last=False)
        return problems
