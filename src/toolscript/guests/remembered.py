"""What the type check said of programs that were checked lately: the same program is often run again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from toolscript.runs.precheck import Problem
from toolscript.tools import Tool

MOST = 128  # programs
_Key = tuple[str, tuple[int, ...]]


class Remembered:
    """Problems by program and tools. Any thread may call it."""

    def __init__(self) -> None:
        self._held: OrderedDict[_Key, tuple[tuple[Tool, ...], Sequence[Problem]]] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, code: str, tools: Sequence[Tool]) -> Sequence[Problem] | None:
        """What was said of this program with these very tools."""
        with self._lock:
            held = self._held.get(_key(code, tools))
        return None if held is None else held[1]

    def keep(self, code: str, tools: Sequence[Tool], problems: Sequence[Problem]) -> Sequence[Problem]:
        """Keep what was said, and give it; the tools are kept too, so that their ids stay their own."""
        with self._lock:
            self._held[_key(code, tools)] = (tuple(tools), problems)
            while len(self._held) > MOST:
                self._held.popitem(last=False)
        return problems


def _key(code: str, tools: Sequence[Tool]) -> _Key:
    return code, tuple(map(id, tools))
