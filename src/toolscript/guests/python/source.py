"""Turn what a model wrote into the text that the engine runs.

The author's lines stay in their order; what the engine lacks is made up for by edits inside of them, and by a prelude
before the first. `Prepared.place` leads from the script back to the author's text. What nothing makes up for is told,
all of it at once, before anything runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from toolscript.errors import GuestError
from toolscript.guests.ahead import Ahead
from toolscript.guests.edits import Edit, origin
from toolscript.guests.python import (
    caught,
    classes,
    flow,
    gaps,
    generators,
    modules,
    paged,
    prelude,
    tasks,
    values,
    wrap,
)
from toolscript.guests.python.complaint import complaint
from toolscript.guests.python.edits import Edits
from toolscript.guests.python.names import Names, TooDeep
from toolscript.guests.python.names import read as walk
from toolscript.guests.python.text import Text
from toolscript.guests.python.text import read as parse
from toolscript.guests.python.work import Work
from toolscript.runs.inspected import Problem
from toolscript.runs.precheck import failure_of


@dataclass(frozen=True, slots=True)
class Prepared:
    """A program ready for the engine; `script` is one text to be fed, in one feed.

    `exceptions` are those of the program's own, by the name of the built-in exception that stands for each.
    """

    script: str
    exceptions: Mapping[str, str] = field(default_factory=dict[str, str])
    _text: Text | None = None
    _edits: tuple[Edit, ...] = ()
    _before: int = 0
    """Lines of the script that stand before the author's first."""

    def place(self, line: int, column: int) -> tuple[int, int] | None:
        """A place of the script in the author's text, both 1-based and in characters; None outside of the program."""
        if self._text is None:
            return line, column
        written = self.script.encode().split(b"\n")
        if not self._before < line <= len(written):
            return None
        within = len(written[line - 1].decode()[: max(column - 1, 0)].encode())
        offset = sum(len(text) + 1 for text in written[self._before : line - 1]) + within
        source = self._text.body.encode()
        at = origin(self._edits, offset)
        if at > len(source):
            return None
        start = source.rfind(b"\n", 0, at) + 1
        return self._text.place(source.count(b"\n", 0, at) + 1, len(source[start:at].decode("utf-8", "replace")) + 1)


@dataclass(frozen=True, slots=True)
class Read:
    """A program that was parsed and walked over."""

    text: Text
    names: Names


def read(code: str) -> Read:
    """The program in a message. Raises `GuestError` (code `syntax`) where there is none."""
    text = parse(code)
    try:
        return Read(text, walk(text.tree))
    except TooDeep:
        raise complaint(code, 1, None, "nested too deeply: split it into several statements") from None


def read_ahead(code: str) -> Read:
    """The same for a program that is about to start: `prepare` will not parse it again."""
    return _ahead.keep(code, read(code))


_ahead = Ahead[Read]()


def prepare(code: str) -> Prepared:
    """Make a script of a program. Raises `GuestError` where it surely cannot be one, or has what the engine lacks."""
    program = _ahead.take(code) or read(code)
    work = _worked(program)
    if work.lacks:
        raise GuestError(failure_of(_placed(program.text, work.lacks), code))
    wrap.yield_of(work)
    body = work.edits.text().decode()
    script = "\n".join([body, *work.edits.tail]) if work.edits.tail else body
    before = prelude.text_of(frozenset(work.needs)) if work.needs else ""
    return Prepared(before + script, work.exceptions, program.text, tuple(work.edits.made), before.count("\n"))


def lacks_of(program: Read) -> tuple[Problem, ...]:
    """What a program has that the engine lacks, in the order of its text."""
    return _placed(program.text, _worked(program).lacks)


def _worked(program: Read) -> Work:
    work = Work(program.names, Edits(program.text.body.encode()))
    for step in (classes, flow, generators, modules, tasks, caught, paged, values):
        step.close(work)
    gaps.find(work)
    return work


def _placed(text: Text, lacks: Sequence[Problem]) -> tuple[Problem, ...]:
    """What is lacking, in the author's own lines and columns, each thing of a line once."""
    lines = text.body.split("\n")
    found: dict[tuple[int, str], Problem] = {}
    for lack in sorted(lacks, key=lambda lack: (lack.line, lack.column)):
        column = len(lines[lack.line - 1].encode()[: lack.column].decode("utf-8", "replace")) + 1
        line, column = text.place(lack.line, column)
        found.setdefault((line, lack.message), replace(lack, line=line, column=column))
    return tuple(found.values())
