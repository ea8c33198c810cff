"""What the engine is fed before a program: Python of our own, and only where the program needs it."""

from __future__ import annotations

import re
from collections.abc import Collection

from toolscript.guests.python import caught

STEP = """
class _Step:
    async def __call__(self, name, work=None):
        if not isinstance(name, str) or work is None:
            raise TypeError('codemode.step takes a name and a function: await codemode.step("load", load)')
        _mark(name=name, mark="begin")
        try:
            value = work()
            if type(value).__name__ == "coroutine":
                value = await value
        except BaseException:
            _mark(name=name, mark="failed")
            raise
        _mark(name=name, mark="end")
        return value
_step = _Step()
"""
"""`codemode.step`; `_mark` is the call that it makes. A function of the program cannot be called from outside."""

STEP_NAME = "_step"

ERRORS = "ToolError = GuestError = RuntimeError"
"""The engine has no exception classes but Python's own."""

_BUILTINS = frozenset(
    ("abs", "all", "any", "bin", "bool", "bytes", "chr", "complex", "dict", "divmod", "enumerate", "eval", "exec",
     "filter", "float", "format", "frozenset", "getattr", "hasattr", "hash", "hex", "id", "int", "isinstance", "iter",
     "len", "list", "locals", "map", "max", "min", "next", "object", "oct", "open", "ord", "pow", "print", "property",
     "range", "repr", "reversed", "round", "set", "setattr", "slice", "sorted", "str", "sum", "tuple", "type", "zip")
)  # fmt: skip
_LOOP = re.compile(r"\bfor\s+([\w\s,()*\[\]]+?)\s+in\b")
_WORD = re.compile(r"\w+")


def before(script: str, names: Collection[str]) -> str:
    """What is fed before this script, which sees these namespaces; empty for most."""
    parts = [STEP] if has_step(script, names) else []
    if "ToolError" in script or "GuestError" in script:
        parts.append(ERRORS)
    if caught.MEMBER in script:
        parts.append(caught.PRELUDE)
    # `[id for id in ids]` outside of a function gives the builtin, unless the name is a variable of the module as well.
    hidden = {word for loop in _LOOP.findall(script) for word in _WORD.findall(loop)} & _BUILTINS
    parts.extend(f"{name} = {name}" for name in sorted(hidden))
    return "\n".join(parts)


def has_step(script: str, names: Collection[str]) -> bool:
    """Whether the script may want `codemode.step`."""
    return "codemode" in names and "step" in script
