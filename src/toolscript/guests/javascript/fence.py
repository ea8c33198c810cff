"""Find the program in a message: in its one fenced block, or the message itself.

1. A fence line inside a template literal or a comment of the program is part of the program.
2. One fenced block, whatever its tag: the block is the program and the text around it is prose.
3. Several: the only one tagged as JavaScript or TypeScript; else the only one without a tag; else an error.
4. A fence that is never closed reaches to the end; a closing fence that was never opened is dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolscript.guests.javascript.scan import Scanner

_LINE = re.compile(r"^\ufeff?[^\S\r\n]*+(?P<fence>`{3,}+|~{3,}+)(?P<tag>[^`\r\n]*+)\r?$", re.MULTILINE)
_TAG = re.compile(r"\s*[{.]*([\w+#-]*)")
_JAVASCRIPT = frozenset(("ts", "typescript", "js", "javascript", "mts", "mjs", "cts", "cjs", "tsx", "jsx", "node"))
_MAX_BLOCKS = 8  # a message of more is not a program with prose around it


@dataclass(frozen=True, slots=True)
class Block:
    """The program's place in the message, in characters; `fence` is where its opening line begins."""

    start: int
    end: int
    fence: int = 0
    tag: str = ""
    after: int = 0


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


def program_in(text: str) -> Block:
    """Where the program lies in the message. Raises `SeveralPrograms`."""
    whole = Block(0, len(text))
    if "```" not in text and "~~~" not in text:
        return whole
    if inline := _inline(text):
        return inline
    lines = [
        _Line(m.start("fence"), m.end(), m["fence"], _TAG.match(m["tag"])[1].lower())  # type: ignore[index]
        for m in _LINE.finditer(text)
    ]
    blocks: list[Block] = []
    at = 0
    while len(blocks) < _MAX_BLOCKS and (number := _opening(text, lines, at)) is not None:
        opening, rest = lines[number], lines[number + 1 :]
        if not blocks and not rest and not opening.tag and text[: opening.start].strip():
            return Block(0, opening.start)
        blocks.append(_block(text, opening, rest))
        at = blocks[-1].after
    return _choose(blocks) if blocks else whole


def _inline(text: str) -> Block | None:
    """A block on a line of its own: three backticks, code, three backticks."""
    line = text.strip()
    if "\n" in line or len(line) < 7 or not (line.startswith("```") and line.endswith("```")):  # noqa: PLR2004 - fences
        return None
    start = text.index("```") + 3
    word = re.compile(r"(\w+)\s").match(text, start)
    if word and word[1].lower() in _JAVASCRIPT:
        start = word.end()
    return Block(start, text.rindex("```"))


def _opening(text: str, lines: list[_Line], at: int) -> int | None:
    """The number of the first line from `at` on that opens a block."""
    scanner = Scanner(text, at)
    return next((n for n, line in enumerate(lines) if line.start >= at and scanner.run_to(line.start)), None)


def _block(text: str, opening: _Line, rest: list[_Line]) -> Block:
    """The block that a line opens: up to the first closing line outside the program's own templates and comments."""
    start = opening.end
    closing = [line for line in rest if line.closes(opening)]
    scanner = Scanner(text, start)
    end = next((line for line in closing if scanner.run_to(line.start)), closing[0] if closing else None)
    if end is not None:
        return Block(start, end.start, opening.start, opening.tag, end.end)
    stop = len(text.rstrip())
    if text[start:stop].endswith(opening.fence):
        stop -= len(opening.fence)
    return Block(start, stop, opening.start, opening.tag, len(text))


def _choose(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    for wanted in ([b for b in blocks if b.tag in _JAVASCRIPT], [b for b in blocks if not b.tag]):
        if len(wanted) == 1:
            return wanted[0]
        if wanted:
            raise SeveralPrograms(wanted[1].fence)
    raise SeveralPrograms(blocks[1].fence)
