"""Turn what a model wrote into the text that the engine runs.

The author's lines stay where they are; what the engine needs beside them stands before the first (a prelude) or after
the last. `Prepared.place` leads from the script back to the author's text.
"""

from __future__ import annotations

from dataclasses import dataclass

from toolscript.guests.python import wrap
from toolscript.guests.python.edits import Edit, Edits, origin
from toolscript.guests.python.text import Text, read


@dataclass(frozen=True, slots=True)
class Prepared:
    """A program ready for the engine; `script` is one text to be fed, in one feed."""

    script: str
    _text: Text
    _edits: tuple[Edit, ...] = ()
    _before: int = 0
    """Lines of the script that stand before the author's first."""

    def place(self, line: int, column: int) -> tuple[int, int] | None:
        """A place of the script in the author's text, both 1-based and in characters; None outside of the program."""
        row = line - 1 - self._before
        source = self._text.body.encode()
        lines = source.split(b"\n")
        if not 0 <= row < len(lines):
            return None
        if not self._edits:
            return self._text.place(row + 1, column)
        written = self.script.encode().split(b"\n")[self._before :]
        within = len(written[row].decode()[: max(column - 1, 0)].encode())
        offset = sum(len(text) + 1 for text in written[:row]) + within
        start = sum(len(text) + 1 for text in lines[:row])
        at = min(max(origin(self._edits, offset), start), start + len(lines[row]))
        return self._text.place(row + 1, len(source[start:at].decode("utf-8", "replace")) + 1)


def prepare(code: str) -> Prepared:
    """Make a script of a program. Raises `GuestError` where it surely cannot be one, or has what the engine lacks."""
    text = read(code)
    edits = Edits(text.body.encode())
    wrap.yield_of(text.tree, edits)
    body = edits.text().decode()
    script = "\n".join([body, *edits.tail]) if edits.tail else body
    return Prepared(script, text, tuple(edits.made))
