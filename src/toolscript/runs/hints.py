"""What a failed program's author probably meant, as the catalogue knows it.

A hint is no part of a run: it is worked out for whoever reads the result, and a replay needs none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from toolscript.catalog.catalog import Catalog
from toolscript.errors import Failure
from toolscript.runs.precheck import Problem

_undefined = re.compile(r"^(?:name )?'?([^\W\d][\w$]*)'? is not defined")
_MOST_NOTICED = 3
_OF_TYPES = frozenset(("check", "thrown"))  # others say themselves what was given and what was expected


def hint_of(failure: Failure, catalog: Catalog) -> str:
    """A sentence about a name that is not there; empty where nothing helps."""
    match = _undefined.match(failure.message)
    if failure.name not in ("ReferenceError", "NameError") or match is None:
        return ""
    name = match[1]
    methods = catalog.called(name)
    if methods:
        return "Tools are called with their namespace: " + ", ".join(str(tool.path) for tool in methods[:3]) + "."
    near = catalog.near_spaces(name, like=0.7)[:2]
    if near:
        return "Did you mean the namespace " + ", or ".join(near) + "?"
    return ""


def noticed_of(failure: Failure, advice: Sequence[Problem]) -> str:
    """What the type check found suspicious in a program that failed: in the failing line, or else anywhere."""
    if not advice or failure.code not in _OF_TYPES:
        return ""
    shown = ([each for each in advice if each.line == failure.line] or list(advice))[:_MOST_NOTICED]
    lines = [f"  line {each.line}, column {each.column}: {each.message}" for each in shown]
    return "\n".join(["The type check noticed:", *lines])
