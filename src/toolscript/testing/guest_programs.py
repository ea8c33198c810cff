"""The programs of the guest suite, read from `guest_programs.json`: what is run, and what it must end in.

The file holds, by theme, one case a line: a name, the program in each language that has it, and what it comes to, as
`Case` says; values are in the codec's text form. `snippets` are saved programs that cases run by name. Nothing in it
is Python's, so that others can run it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from toolscript.codec import Encoded, decode
from toolscript.runs.program import Language

_FILE = Path(__file__).with_suffix(".json")
_LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One program. It finishes with `gives`, or fails with the code and name `fails`, in words that hold `says`."""

    name: str
    programs: Mapping[Language, str]
    value_in: Any = None
    gives: Any = None
    fails: tuple[str, str] | None = None
    says: str = ""
    line: int | None = None
    prints: tuple[str, ...] | None = None
    calls: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return self.name


def _case(row: Mapping[str, Any]) -> Case:
    return Case(
        name=row["name"],
        programs=_programs(row),
        value_in=_value(row.get("input")),
        gives=_value(row.get("gives")),
        fails=tuple(row["fails"]) if "fails" in row else None,
        says=row.get("says", ""),
        line=row.get("line"),
        prints=_texts(row.get("prints")),
        calls=_texts(row.get("calls")),
    )


def _programs(row: Mapping[str, Any]) -> Mapping[Language, str]:
    """A program in Python is one for every guest that runs Python, unless the row says otherwise."""
    own: dict[Language, str] = {"cpython": row["python"]} if "python" in row else {}
    own.update((language, row[language]) for language in _LANGUAGES if language in row)
    return own


def _value(tagged: Any) -> Any:
    return decode(Encoded(json.dumps(tagged)))


def _texts(listed: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if listed is None else tuple(listed)


_table = cast("dict[str, Any]", json.loads(_FILE.read_text(encoding="utf-8")))

CASES: tuple[Case, ...] = tuple(_case(row) for rows in _table["cases"].values() for row in rows)
SNIPPETS: Mapping[str, Mapping[Language, str]] = {name: _programs(row) for name, row in _table["snippets"].items()}


def cases_in(language: Language) -> tuple[Case, ...]:
    """The cases that are written in this language."""
    return tuple(case for case in CASES if language in case.programs)
