"""What judges a CPython program against the types of tools, before it starts.

1. Arguments that the text gives are judged by the rules of a call, as those of every Python program.
2. Where the small engine is installed, its checker judges the rest. It knows the small engine's library and not all of
   Python's, so only what is certain is told: that speaks of the results of tools, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from toolscript.runs.precheck import Problem
from toolscript.tools import Tool

try:
    from toolscript.guests.python.type_check import PythonTypeChecker as Checker
except ImportError:  # `toolscript[python]` is not there
    from toolscript.guests.python.arguments import ArgumentChecker as Checker


class CPythonChecker:
    """Judges programs; all methods block, and any thread may call them."""

    def __init__(self) -> None:
        self._checker = Checker()

    def problems(self, code: str, tools: Sequence[Tool]) -> list[Problem]:
        """What is certain to go wrong, in the order of the text."""
        return [problem for problem in self._checker.problems(code, tools) if problem.certain]

    def close(self) -> None:
        """End what it started; a later check starts it again."""
        self._checker.close()
