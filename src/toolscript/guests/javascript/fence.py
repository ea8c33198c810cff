"""Find the program in a message: in its one fenced block, or the message itself.

1. A fence line inside a template literal or a comment of the program is part of the program.
2. One fenced block, whatever its tag: the block is the program and the text around it is prose.
3. Several: the only one tagged as JavaScript or TypeScript; else the only one without a tag; else an error.
4. A fence that is never closed reaches to the end; a closing fence that was never opened is dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from toolscript.guests.javascript.scan import scan

_LINE = re.compile(r"^[^\S\r\n]*(?P<fence>`{3,}|~{3,})[^\S\r\n]*(?P<tag>[^`\r\n]*)$", re.MULTILINE)
_ONE_LINE = re.compile(r"\s*(?P<fence>`{3,})(?:[A-Za-z]+(?=\s))?(?P<code>[^\n]*?)(?P=fence)\s*")
_JAVASCRIPT = frozenset("ts typescript js javascript mts mjs cts cjs tsx jsx ecmascript es6 node".split())


@dataclass(frozen=True, slots=True)
class Block:
    """The program's place in the message, in characters; `fence` is where its opening line begins."""

    start: int
    end: int
    fence: int = 0
    tag: str = ""


class SeveralPrograms(ValueError):
    """More than one block could be the program; `offset` is where the second begins."""

    def __init__(self, offset: int, count: int) -> None:
        super().__init__(f"the message holds {count} fenced blocks: send one program in one block")
        self.offset = offset


def program_in(text: str) -> Block:
    """Where the program lies in the message. Raises `SeveralPrograms`."""
    whole = Block(0, len(text))
    if "```" not in text and "~~~" not in text:
        return whole
    if one := _ONE_LINE.fullmatch(text):
        return Block(one.start("code"), one.end("code"))
    lines = [(m, m.group("fence"), m.group("tag").strip()) for m in _LINE.finditer(text)]
    blocks: list[Block] = []
    at = 0
    while (opening := _opening(text, lines, at)) is not None:
        match, fence, tag = opening
        if (
            not tag
            and not blocks
            and not any(m.start() > match.start() for m, _, _ in lines)
            and text[: match.start()].strip()
        ):
            return Block(0, match.start())
        block = _block(text, lines, match, fence, tag)
        blocks.append(block)
        at = block.end
        at = next((m.end() for m, _, _ in lines if m.start() >= block.end), len(text))
    return _choose(blocks) if blocks else whole


_Line = tuple[re.Match[str], str, str]


def _opening(text: str, lines: list[_Line], at: int) -> _Line | None:
    """The first line from `at` on that opens a block."""
    rest = [line for line in lines if line[0].start() >= at]
    if not rest:
        return None
    covered = scan(text, at)
    for line in rest:
        start = line[0].start("fence")
        if not any(a < start < b for a, b in covered.spans if a < start and not _is_fence(a, rest)):
            return line
    return None


def _is_fence(offset: int, lines: list[_Line]) -> bool:
    return any(m.start("fence") <= offset < m.end() for m, _, _ in lines)


def _block(text: str, lines: list[_Line], match: re.Match[str], fence: str, tag: str) -> Block:
    """The block that a line opens: up to the first closing line outside the program's own templates and comments."""
    start = min(match.end() + 1, len(text))
    if text[match.end() : match.end() + 2] == "\r\n":
        start += 1
    word = re.match(r"[\w+#-]*", tag.lstrip("{.")).group().lower()  # type: ignore[union-attr]
    closing = [
        m.start()
        for m, mark, rest in lines
        if m.start() >= start and mark[0] == fence[0] and len(mark) >= len(fence) and not rest
    ]
    inner = scan(text, start)
    marks = set(closing)
    for end in closing:
        if not any(a < end < b and a not in marks for a, b in inner.spans):
            return Block(start, end, match.start(), word)
    stripped = text.rstrip()
    if closing:
        return Block(start, closing[0], match.start(), word)
    if stripped.endswith(fence) and len(stripped) - len(fence) >= start:
        return Block(start, len(stripped) - len(fence), match.start(), word)
    return Block(start, len(text), match.start(), word)


def _choose(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    for wanted in ([b for b in blocks if b.tag in _JAVASCRIPT], [b for b in blocks if not b.tag]):
        if len(wanted) == 1:
            return wanted[0]
        if wanted:
            raise SeveralPrograms(wanted[1].fence, len(blocks))
    raise SeveralPrograms(blocks[1].fence, len(blocks))
