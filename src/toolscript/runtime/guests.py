"""The guests of a runtime, each made when its language is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from toolscript.errors import Conflict
from toolscript.ports import Guest
from toolscript.runs.program import Language
from toolscript.runtime.plugs import load

Isolation = Literal["threads", "workers"]

_names: Mapping[tuple[Language, Isolation], str] = {
    ("typescript", "threads"): "toolscript.guests.javascript.guest:JavaScriptGuest",
    ("typescript", "workers"): "toolscript.guests.pool:JavaScriptWorkers",
    # Both have processes of their own for what they run, in either kind of isolation.
    ("python", "threads"): "toolscript.guests.python.guest:PythonGuest",
    ("python", "workers"): "toolscript.guests.python.guest:PythonGuest",
    ("cpython", "threads"): "toolscript.guests.cpython.guest:CPythonGuest",
    ("cpython", "workers"): "toolscript.guests.cpython.guest:CPythonGuest",
}


class Guests:
    """Gives the guest of a language: the one that was handed in, or else the product's own."""

    def __init__(self, given: Mapping[Language, Guest], isolation: Isolation, tsc: Path | None = None) -> None:
        """`tsc` is the checker of TypeScript, where it is not to be looked for."""
        self._guests = dict(given)
        self._tsc = tsc
        self._isolation: Isolation = isolation

    def of(self, language: Language) -> Guest:
        """The guest of a language; `Conflict` if there is none."""
        if language not in self._guests:
            name = _names.get((language, self._isolation))
            if name is None:
                known = sorted({known for known, _ in _names} | set(self._guests))
                raise Conflict(f"there is no guest for {language}; this runtime has {', '.join(known)}")
            self._guests[language] = load(name)(tsc=self._tsc) if language == "typescript" else load(name)()
        return self._guests[language]

    async def close(self) -> None:
        for guest in self._guests.values():
            await guest.close()
