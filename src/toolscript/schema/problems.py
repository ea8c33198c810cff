"""What is wrong with a value, where, and the likely cure, in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from toolscript.schema.shapes import (
    Anything,
    Array,
    Boolean,
    Number,
    Object,
    Shape,
)
from toolscript.schema.words import JSON, Words

MAX_PROBLEMS = 8  # more are no help to a reader


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a value does not fit; `path` is like `$.items[2].name`, or `owner` for arguments."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


_numeral = re.compile(r"(?!-0$)-?(?:0|[1-9][0-9]{0,14})(\.[0-9]{0,14}[1-9])?")

Problems = tuple[Problem, ...]
Place = tuple[Any, ...]
"""The place of the whole and the key in it; at the root its text alone."""


def mismatch(
    shape: Shape, value: Any, at: Place, said: Words, follow: Callable[[Shape], Shape] = lambda shape: shape
) -> Problem:
    """A value of another kind than the shape, with the usual cure."""
    words = f"expected {said.expected(shape, follow)}, got {said.given(value)}"
    match follow(shape):
        case Array() if isinstance(value, str):
            words += f"; put it in {'a list' if said.kind('array') == 'list' else 'an array'}"
        case Object() | Array() if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
            words += "; pass the value itself, not its JSON text"
        case Number(integer=integer) if isinstance(value, str) and _is_numeral(value, integer=integer):
            words += f"; pass {value.strip()} without quotes"
        case Boolean() if isinstance(value, str) and value.lower() in {"true", "false"}:
            words += f"; pass {said.flags[value.lower() == 'true']} without quotes"
        case _:
            pass
    return Problem(path_text(at), words)


def _is_numeral(text: str, *, integer: bool) -> bool:
    """Whether a text is a number as every language would write it, and one that fits: `007` is none."""
    found = _numeral.fullmatch(text.strip())
    return found is not None and not (integer and found[1])


def missing_problem(shape: Object, name: str, at: Place, said: Words = JSON) -> Problem:
    """A required property that is not there."""
    of_name = next((prop.shape for prop in shape.properties if prop.name == name), Anything())
    kind = said.expected(of_name)
    words = f"missing required {_noun(at)} {_quoted(name)}"
    return Problem(path_text((at, name)), words + (f" ({kind})" if kind != "any value" else ""))


def unknown_problem(shape: Object, name: str, meant: str | None, at: Place) -> Problem:
    """A property that may not be there, and the one that was probably meant."""
    words = f"unknown {_noun(at)} {_quoted(name)}"
    if meant is not None:
        words += f"; did you mean {_quoted(meant)}?"
    elif shape.properties:
        names = ", ".join(_quoted(prop.name) for prop in shape.properties[:12])
        words += f"; known: {names}{', …' if len(shape.properties) > 12 else ''}"  # noqa: PLR2004 - a line of text
    else:
        words += f"; it takes {'no arguments' if _noun(at) == 'argument' else 'no properties'}"
    return Problem(path_text((at, name)), words)


def meant_name(name: str, missing: list[str], lone: dict[str, str], absent: list[str]) -> str | None:
    """The property that a strange name probably stands for; its own spelling, or a near one that is asked for."""
    same = lone.get(bare_name(name))
    if same is not None:
        return same
    near = (
        get_close_matches(name[:100], absent, n=1, cutoff=0.75)
        or [each for each in missing if _overlap(bare_name(each), bare_name(name))][:1]
    )
    return near[0] if near else None


def _overlap(left: str, right: str) -> bool:
    shorter, longer = sorted((left, right), key=len)
    return longer.startswith(shorter) or longer.endswith(shorter)


def bare_name(name: str) -> str:
    """A name without case and separators."""
    return "".join(char for char in name.lower() if char.isalnum()) or name


def _noun(at: Place) -> str:
    return "argument" if at == ("",) else "property"


def between(least: int, most: int | None, noun: str) -> str:
    """A number of things within bounds, in words."""
    if most is None:
        return f"at least {least} {noun}{'' if least == 1 else 's'}"
    if least == most:
        return f"exactly {most} {noun}{'' if most == 1 else 's'}"
    lower = f"{least} to " if least else "at most "
    return f"{lower}{most} {noun}{'' if most == 1 else 's'}"


def is_deep(at: Place) -> bool:
    """Whether a place lies deeper than is followed."""
    depth = 0
    while len(at) > 1:
        at = at[0]
        depth += 1
    return depth > 60  # noqa: PLR2004 - nested closures stay far below CPython's recursion limit


def path_text(at: Place) -> str:
    """A place as text, such as `$.items[2].name`."""
    keys: list[str] = []
    while len(at) > 1:
        at, key = at
        if isinstance(key, int):
            keys.append(f"[{key}]")
        else:
            keys.append(
                f".{cut_text(key)}" if key.isidentifier() else f"[{json.dumps(cut_text(key), ensure_ascii=False)}]"
            )
    root: str = "".join(at)
    text = root + "".join(reversed(keys))
    return text.removeprefix(".") or "arguments"


def _quoted(name: str) -> str:
    return f"'{cut_text(name)}'" if name.isprintable() else json.dumps(cut_text(name))


def cut_text(text: str) -> str:
    """A text as far as a path or a message repeats it."""
    return text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004 - a path is read, not parsed
