"""Regular expressions of schemas, as far as they can be trusted.

A pattern comes from an upstream and runs in our process, on a value that a program chose. Python's engine backtracks,
so a pattern is used only where backtracking stays small: no group that repeats around another open repeat or an
alternative, and at most `MAX_OPEN` repeats without bound. Anything else, and anything that Python cannot parse, is
left to the source.
"""

from __future__ import annotations

import re

MAX_PATTERN = 300
MAX_OPEN = 2  # with 256 characters of text: some 65,000 steps from one starting point
MANY = 64  # a counted repeat beyond this is as good as unbounded

_atom = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_repeat = re.compile(r"[*+]|\{(\d*)(,?)(\d*)\}")


def compiled_safely(pattern: str) -> re.Pattern[str] | None:
    """The pattern, or None where it must not or cannot be used."""
    if len(pattern) > MAX_PATTERN or not _is_tame(pattern):
        return None
    try:
        return re.compile(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return None


def _is_tame(pattern: str) -> bool:
    bare = _atom.sub("x", pattern)
    if re.search(r"\(\?(?!:)|x\(\?", bare) or re.search(r"\\[1-9]", pattern):
        return False  # look-around, flags, back references
    open_repeats = 0
    groups: list[bool] = []  # for each open group, whether it holds a repeat or an alternative
    closed = False  # whether the group that has just ended held one
    position = 0
    while position < len(bare):
        char, step = bare[position], 1
        repeat = _repeat.match(bare, position)
        if repeat is not None:
            step = repeat.end() - position
            most = repeat[3] or ("" if repeat[2] else repeat[1])
            endless = char in "*+" or not most or len(most) > 3 or int(most) > MANY  # noqa: PLR2004 - digits
            if closed and (endless or int(most) > 1):
                return False
            open_repeats += endless
            groups = [held or endless or repeat[2] == "," for held in groups]
        elif char == "(":
            groups.append(False)
        elif char == "|":
            groups = [True for _ in groups]
        elif char == ")":
            closed = groups.pop() if groups else False
            position += 1
            continue
        closed = False
        position += step
    unanchored = not pattern.startswith("^")
    return open_repeats + unanchored <= MAX_OPEN
