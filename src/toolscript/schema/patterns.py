"""Regular expressions of schemas, as far as they can be trusted.

A pattern comes from an upstream and runs in our process, on a value that a program chose. Python's engine backtracks,
so a pattern is used only where backtracking stays small: no group that repeats around another repeat or an
alternative, at most `MAX_OPEN` repeats without bound, and at most `MAX_CHOICES` ways through the rest of it. Anything
else, and anything that Python cannot parse, is left to the source.
"""

from __future__ import annotations

import re

MAX_PATTERN = 300
MAX_OPEN = 2  # with 256 characters of text: some 65,000 steps from one starting point
MAX_CHOICES = 1_000  # optional parts, counted repeats and alternatives: `a?` twenty times in a row is a million ways
MANY = 64  # a counted repeat beyond this is as good as unbounded

_atom = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_set = re.compile(r"\\.|\[|&&|\|\||~~", re.DOTALL)
_difference = re.compile(r"\[[^\]]*--")
_repeat = re.compile(r"[*+?]|\{(\d*)(,?)(\d*)\}")


def compiled_safely(pattern: str) -> re.Pattern[str] | None:
    """The pattern, or None where it must not or cannot be used."""
    if len(pattern) > MAX_PATTERN or not _is_tame(pattern):
        return None
    if _difference.search(pattern):
        return None
    try:
        return re.compile(_atom.sub(_plain_class, pattern), re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return None


def _plain_class(atom: re.Match[str]) -> str:
    """A class without what Python warns of, because it may mean sets of sets one day."""
    return f"[{_set.sub(_escaped, atom[0][1:])}" if atom[0][0] == "[" else atom[0]


def _escaped(part: re.Match[str]) -> str:
    return part[0] if part[0][0] == "\\" else f"{part[0][:-1]}\\{part[0][-1]}"


def _is_tame(pattern: str) -> bool:
    bare = _atom.sub("x", pattern)
    if re.search(r"\(\?(?!:)|x\(\?", bare) or re.search(r"\\[1-9]", pattern):
        return False  # look-around, flags, back references
    open_repeats, choices = 0, 1
    groups: list[bool] = []  # for each open group, whether it holds a repeat or an alternative
    branches = [1]  # of the whole, and of each open group
    closed = repeated = False  # whether the group that has just ended held one; whether a repeat has just ended
    position = 0
    while position < len(bare):
        char, step = bare[position], 1
        repeat = _repeat.match(bare, position)
        if repeat is not None and not (char == "?" and repeated):  # `*?` is as `*`, but tries less first
            step = repeat.end() - position
            least, most = _bounds(repeat)
            endless = most > MANY
            if closed and (endless or most > 1):
                return False
            open_repeats += endless
            choices *= 1 if endless else most - least + 1
            groups = [held or endless or most > least for held in groups]
        elif char == "(":
            groups.append(False)
            branches.append(1)
            step = 3 if bare.startswith("(?:", position) else 1
        elif char == "|":
            groups = [True for _ in groups]
            branches[-1] += 1
        elif char == ")" and groups:
            choices *= branches.pop()
            closed, repeated = groups.pop(), False
            position += 1
            continue
        closed, repeated = False, repeat is not None
        position += step
    unanchored = not pattern.startswith("^")
    return open_repeats + unanchored <= MAX_OPEN and choices * branches[0] <= MAX_CHOICES


def _bounds(repeat: re.Match[str]) -> tuple[int, int]:
    """How often a part is there at least and at most, where more than `MANY` is without bound."""
    if repeat[0] in "*+":
        return 0, MANY + 1
    if repeat[0] == "?":
        return 0, 1
    least = _count(repeat[1] or "0")
    if not repeat[2]:
        return least, least
    return least, max(least, _count(repeat[3])) if repeat[3] else MANY + 1


def _count(digits: str) -> int:
    return int(digits) if len(digits) < 4 else MANY + 1  # noqa: PLR2004 - digits
