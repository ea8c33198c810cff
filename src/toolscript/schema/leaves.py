"""Checks of values that have no parts: null, booleans, numbers, text and constants."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from toolscript.codec import Blob
from toolscript.schema.patterns import compiled_safely
from toolscript.schema.problems import Place, Problem, Problems, between, cut_text, mismatch, path_text
from toolscript.schema.shapes import Boolean, Constant, Null, Number, Shape, String
from toolscript.schema.words import Words

MAX_MATCHED = 256  # characters that a pattern is tried on: bounds what a quadratic pattern can cost

Leaf = Callable[[Any, Place, object], Problems]
"""Takes a value and its place; what a check has looked at so far is nothing to it."""


def kind_check(shape: Null | Boolean, said: Words) -> Leaf:
    """Null and booleans."""

    def run(value: Any, at: Place, walk: object) -> Problems:
        fits = value is None if isinstance(shape, Null) else isinstance(value, bool)
        return () if fits else (mismatch(shape, value, at, said),)

    return run


def number_check(shape: Number, said: Words) -> Leaf:
    """Numbers within their limits."""
    limits = _limits(shape)

    def run(value: Any, at: Place, walk: object) -> Problems:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return (mismatch(shape, value, at, said),)
        if shape.integer and isinstance(value, float) and not value.is_integer():
            return (mismatch(shape, value, at, said),)
        for holds, words in limits:
            if not holds(value):
                return (Problem(path_text(at), f"expected {words}, got {said.given(value)}"),)
        return ()

    return run


def _limits(shape: Number) -> list[tuple[Callable[[float], bool], str]]:
    limits: list[tuple[Callable[[float], bool], str]] = []
    if (minimum := shape.minimum) is not None:
        limits.append((lambda value: value >= minimum, f"at least {minimum}"))
    if (maximum := shape.maximum) is not None:
        limits.append((lambda value: value <= maximum, f"at most {maximum}"))
    if (above := shape.above) is not None:
        limits.append((lambda value: value > above, f"more than {above}"))
    if (below := shape.below) is not None:
        limits.append((lambda value: value < below, f"less than {below}"))
    if (step := shape.multiple_of) is not None:
        limits.append((lambda value: _is_multiple(value, step), f"a multiple of {step}"))
    return limits


def _is_multiple(value: float, step: float) -> bool:
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    if not math.isfinite(value):
        return True
    ratio = value / step
    return not math.isfinite(ratio) or abs(ratio - round(ratio)) < 1e-6  # noqa: PLR2004 - room for binary fractions


def string_check(shape: String, said: Words) -> Leaf:
    """Text of a length, that matches a pattern."""
    least, most = shape.min_length, shape.max_length
    pattern = compiled_safely(shape.pattern) if shape.pattern else None

    def run(value: Any, at: Place, walk: object) -> Problems:
        if not isinstance(value, str):
            # Bytes, dates and blobs become text on the wire.
            return () if isinstance(value, bytes | datetime | Blob) else (mismatch(shape, value, at, said),)
        if len(value) < least or (most is not None and len(value) > most):
            # Astral characters count twice in some validators; we count code points, as JSON Schema does.
            return (Problem(path_text(at), f"expected {between(least, most, 'character')}, got {len(value)}"),)
        if pattern is not None and len(value) <= MAX_MATCHED and pattern.search(value) is None:
            return (
                Problem(
                    path_text(at),
                    f"expected text that matches {cut_text(shape.pattern or '')}, got {said.given(value)}",
                ),
            )
        return ()

    return run


def constants_check(shape: Shape, constants: tuple[Constant, ...], said: Words) -> Leaf:
    """One of some values; of text, a near one is named."""
    values = [constant.value for constant in constants]
    plain = frozenset(value for value in values if isinstance(value, str))

    def run(value: Any, at: Place, walk: object) -> Problems:
        if isinstance(value, str) and value in plain:
            return ()
        if any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in values):
            return ()
        words = f"expected {said.expected(shape)}, got {said.given(value)}"
        if isinstance(value, str):
            lowered = {each.lower(): each for each in plain}
            near = get_close_matches(value[:100].lower(), lowered, n=1, cutoff=0.7)
            words += (
                f"; did you mean {json.dumps(lowered[near[0]], ensure_ascii=False)}?" if near and len(plain) > 1 else ""
            )
        return (Problem(path_text(at), words),)

    return run
