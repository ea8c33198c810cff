"""Find the program in a message: in its one fenced block, or the message itself.

1. A text that is Python as it stands is the program: a fence in it is part of a string or a comment.
2. One fenced block, whatever its tag: the block is the program and the text around it is prose.
3. Several: the only one tagged as Python; else the only one without a tag; else an error.
4. A fence that is never closed reaches to the end; a closing fence that was never opened is dropped.
5. Of several lines that could close a block, the first does that leaves Python behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_LINE = re.compile(r"^[^\S\n]*+(?P<fence>`{3,}+|~{3,}+)(?P<tag>[^`\n]*+)$", re.MULTILINE)
_TAG = re.compile(r"\s*[{.]*([\w+#-]*)")
_INLINE = re.compile(r"\s*```(?:(?:python3?|py)\s)?(?P<code>[^\n]+?)```\s*", re.IGNORECASE)
_PYTHON = frozenset(("python", "py", "python3", "py3", "python-repl", "ipython"))
_MOST_BLOCKS = 8  # a message of more is not a program with prose around it
_MOST_CLOSINGS = 4  # lines that are tried as a block's end

IsProgram = Callable[[str], bool]


class SeveralPrograms(ValueError):
    """More than one block could be the program; `offset` is where the second begins."""

    def __init__(self, offset: int) -> None:
        super().__init__(
            "the message holds several fenced blocks, and any of them may be the program: send one program"
        )
        self.offset = offset


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    fence: str
    tag: str

    def closes(self, opening: _Line) -> bool:
        return self.fence[0] == opening.fence[0] and len(self.fence) >= len(opening.fence) and not self.tag


@dataclass(frozen=True, slots=True)
class _Block:
    start: int
    end: int
    opening: _Line
    after: int


def program_in(text: str, is_program: IsProgram) -> tuple[int, int]:
    """Where the program lies in the message, in characters. Raises `SeveralPrograms`."""
    if ("```" not in text and "~~~" not in text) or is_program(text):
        return 0, len(text)
    if inline := _INLINE.fullmatch(text):
        return inline.span("code")
    lines = [
        _Line(found.start(), found.end(), found["fence"], _TAG.match(found["tag"])[1].lower())  # type: ignore[index]
        for found in _LINE.finditer(text)
    ]
    blocks: list[_Block] = []
    while lines and len(blocks) < _MOST_BLOCKS:
        opening, *lines = lines
        if not blocks and not lines and not opening.tag and text[: opening.start].strip():
            return 0, opening.start
        blocks.append(_block(text, opening, lines, is_program))
        lines = [line for line in lines if line.start >= blocks[-1].after]
    chosen = _choose(blocks)
    return (0, len(text)) if chosen is None else (chosen.start, chosen.end)


def _block(text: str, opening: _Line, rest: Sequence[_Line], is_program: IsProgram) -> _Block:
    start = min(opening.end + 1, len(text))
    closings = [line for line in rest if line.closes(opening)][:_MOST_CLOSINGS]
    for line in closings if len(closings) > 1 else ():
        if is_program(text[start : line.start]):
            return _Block(start, line.start, opening, line.end)
    if closings:
        return _Block(start, closings[0].start, opening, closings[0].end)
    stop = len(text.rstrip())
    if text[start:stop].endswith(opening.fence):
        stop -= len(opening.fence)
    return _Block(start, stop, opening, len(text))


def _choose(blocks: Sequence[_Block]) -> _Block | None:
    if len(blocks) < 2:  # noqa: PLR2004 - there is no choice
        return blocks[0] if blocks else None
    for wanted in ([b for b in blocks if b.opening.tag in _PYTHON], [b for b in blocks if not b.opening.tag]):
        if len(wanted) == 1:
            return wanted[0]
        if wanted:
            raise SeveralPrograms(wanted[1].opening.start)
    raise SeveralPrograms(blocks[1].opening.start)
