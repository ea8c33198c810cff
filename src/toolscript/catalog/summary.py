"""What a tool does, in one line."""

from __future__ import annotations

import re

from toolscript.schema.quoting import comment
from toolscript.tools import Tool

SUMMARY_CHARS = 110
WRAPPED = 60  # characters of a line that its author may have wrapped

_sentence_end = re.compile(r"(?<=[\w)`'\"][\w)`'\"])[.!?。] ")  # no end: `e.g. `


def summary_of(tool: Tool, max_chars: int = SUMMARY_CHARS) -> str:
    """The first sentence of a description."""
    lines = [line.strip() for line in tool.description.strip().splitlines()]
    telling = [place for place, line in enumerate(lines) if any(char.isalnum() for char in line)]
    first = telling[0] if telling else 0
    words = lines[first : first + 1]
    # A long line without an end goes on in the next one: authors wrap their texts.
    for line in lines[first + 1 : first + 6]:
        if len(words[-1]) < WRAPPED or words[-1].endswith((".", ":", "!", "?")) or not line:
            break
        words.append(line)
    text = comment(" ".join(words).lstrip("#*-> "), 400)
    end = _sentence_end.search(text, 8)
    return comment(text[: end.start()] if end else text, max_chars).rstrip(".")
