"""Find the program in a message: in its one fenced block, or the message itself.

1. What only looks like a fence, in a string or a comment of the program, is part of the program: the language tells.
2. One fenced block, whatever its tag: the block is the program and the text around it is prose.
3. Several: the only one tagged as the language; else the only one without a tag; else an error.
4. A fence that is never closed reaches to the end; a closing fence that was never opened is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_LINE = re.compile(r"^\ufeff?[^\S\r\n]*+(?P<fence>`{3,}+|~{3,}+)(?P<tag>[^`\r\n]*+)\r?$", re.MULTILINE)
_TAG = re.compile(r"\s*[{.]*([\w+#-]*)")
_WORD = re.compile(r"(\w+)\s")
_MOST_BLOCKS = 8  # a message of more is not a program with prose around it


class SeveralPrograms(ValueError):
    """More than one block could be the program; `offset` is where the second begins."""

    def __init__(self, offset: int) -> None:
        super().__init__(
            "the message holds several fenced blocks, and any of them may be the program: send one program"
        )
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Line:
    """A line that looks like a fence, from `start` to `end`; `at` is where its marks begin, in characters."""

    start: int
    at: int
    end: int
    fence: str
    tag: str

    def closes(self, opening: Line) -> bool:
        return self.fence[0] == opening.fence[0] and len(self.fence) >= len(opening.fence) and not self.tag


Choice = Callable[[str, int, Sequence[Line]], Line | None]
"""Which of the lines, all of them behind a place of the text, is the first that truly is a fence."""


@dataclass(frozen=True, slots=True)
class _Block:
    opening: Line
    start: int
    end: int
    after: int


@dataclass(frozen=True, slots=True)
class Fences:
    """How the fences of a language are told: its tags, which line opens a block, and which one closes it.

    Where `closes` finds none, the first does that could.
    """

    tags: frozenset[str]
    opens: Choice
    closes: Choice

    def program_in(self, text: str) -> tuple[int, int]:
        """Where the program lies in the message, in characters. Raises `SeveralPrograms`."""
        whole = 0, len(text)
        if "```" not in text and "~~~" not in text:
            return whole
        if inline := self._inline(text):
            return inline
        left = [
            Line(found.start(), found.start("fence"), found.end(), found["fence"], _tag(found["tag"]))
            for found in _LINE.finditer(text)
        ]
        blocks: list[_Block] = []
        at = 0
        while len(blocks) < _MOST_BLOCKS and (opening := self.opens(text, at, left)) is not None:
            left = [line for line in left if line.start > opening.start]
            if not blocks and not left and not opening.tag and text[: opening.start].strip():
                return 0, opening.start
            blocks.append(self._block(text, opening, left))
            at = blocks[-1].after
            left = [line for line in left if line.start >= at]
        chosen = self._chosen(blocks)
        return whole if chosen is None else (chosen.start, chosen.end)

    def _inline(self, text: str) -> tuple[int, int] | None:
        """A block on a line of its own: three backticks, code, three backticks."""
        line = text.strip()
        if "\n" in line or len(line) < 7 or not (line.startswith("```") and line.endswith("```")):  # noqa: PLR2004 - fences
            return None
        start = text.index("```") + 3
        word = _WORD.match(text, start)
        return word.end() if word and word[1].lower() in self.tags else start, text.rindex("```")

    def _block(self, text: str, opening: Line, rest: Sequence[Line]) -> _Block:
        start = min(opening.end + 1, len(text))
        closings = [line for line in rest if line.closes(opening)]
        if closings:
            closing = self.closes(text, start, closings) or closings[0]
            return _Block(opening, start, closing.start, closing.end)
        end = max(start, len(text.rstrip()))
        if text[start:end].endswith(opening.fence):
            end -= len(opening.fence)
        return _Block(opening, start, end, len(text))

    def _chosen(self, blocks: Sequence[_Block]) -> _Block | None:
        if len(blocks) < 2:  # noqa: PLR2004 - there is no choice
            return blocks[0] if blocks else None
        tagged = [block for block in blocks if block.opening.tag in self.tags]
        candidates = tagged or [block for block in blocks if not block.opening.tag] or blocks
        if len(candidates) > 1:
            raise SeveralPrograms(candidates[1].opening.at)
        return candidates[0]


def _tag(behind: str) -> str:
    found = _TAG.match(behind)
    return found[1].lower() if found else ""
