"""What programs expect of Python and the engine lacks, written in the engine's own Python.

1. A file holds pieces: statements that begin a line. A program is fed those that it needs, and what they need.
2. `names.monty` and `methods.monty` stand at the top of the script. Every other file is a module: an object
   `_ts_<module>` that has the pieces as attributes.
3. What a piece gives is tested against CPython's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_PIECE = re.compile(r"^(?=[^\s)\]}#])", re.MULTILINE)
_NAME = re.compile(r"(?:async )?def (\w+)|class (\w+)|(\w+) = |(?:from [\w.]+ )?import [\w.]+ as (\w+)")
_WORD = re.compile(r"\w+")
_INNER = re.compile(r"^(?=.)", re.MULTILINE)
_OBJECT = "class _ts_Module:\n    pass\n"


@dataclass(frozen=True, slots=True)
class _File:
    """The pieces of a file, in order, by the name that each gives."""

    pieces: Mapping[str, str]

    def text(self, wanted: Iterable[str]) -> str:
        """The pieces that are wanted, and those that they need, in the file's order."""
        needed: set[str] = set()
        left = [name for name in wanted if name in self.pieces]
        while left:
            name = left.pop()
            if name not in needed:
                needed.add(name)
                left += [word for word in _WORD.findall(self.pieces[name]) if word in self.pieces]
        return "".join(piece for name, piece in self.pieces.items() if name in needed)

    @property
    def public(self) -> frozenset[str]:
        return frozenset(name for name in self.pieces if not name.startswith("_"))


@cache
def _file(name: str) -> _File:
    text = (_FOLDER / f"{name}.monty").read_text(encoding="utf-8")
    pieces: dict[str, str] = {}
    for piece in _PIECE.split(text):
        if found := _NAME.match(piece):
            name = next(group for group in found.groups() if group)
            pieces[name] = pieces.get(name, "") + piece.rstrip() + "\n"
    return _File(pieces)


METHODS = frozenset(name.removeprefix("_ts_m_") for name in _file("methods").pieces if name.startswith("_ts_m_"))
"""Methods that the engine's own types lack."""
NAMES = _file("names").public
"""Functions of Python's own that the engine lacks, or has wrongly."""
MODULES: Mapping[str, frozenset[str]] = {
    path.stem.replace("__", "."): _file(path.stem).public
    for path in sorted(_FOLDER.glob("*.monty"))
    if path.stem not in ("methods", "names")
}
"""What the prelude has of each module."""


def all_text() -> str:
    """All there is, whoever needs it."""
    return "\0".join(path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.monty")))


def object_of(module: str) -> str:
    """The name of the object that stands for a module."""
    return f"_ts_{module.replace('.', '__')}"


@lru_cache(maxsize=64)
def text_of(needs: frozenset[str]) -> str:
    """The prelude of a program. `needs` holds names, and members of modules as `module:name`; `module:*` is all."""
    modules: dict[str, set[str]] = {}
    names: list[str] = ["sorted", "_ts_cmp"] if "functools:cmp_to_key" in needs else []
    for need in sorted(needs):
        module, colon, name = need.partition(":")
        if colon:
            modules.setdefault(module, set()).add(name)
        else:
            names.append(need)
    parts = [_file("names").text(names), _file("methods").text(names)]
    if modules:
        parts.append(_OBJECT)
    parts += [_module(module, wanted) for module, wanted in modules.items()]
    return "".join(parts)


def _module(module: str, wanted: set[str]) -> str:
    file = _file(module.replace(".", "__"))
    members = sorted(file.public if "*" in wanted else wanted & file.pieces.keys())
    body = _INNER.sub("    ", file.text(members))
    given = "".join(f"    m.{name} = {name}\n" for name in members)
    made = object_of(module)
    return f"def {made}_made():\n{body}    m = _ts_Module()\n{given}    return m\n{made} = {made}_made()\n"
