"""Where stories are told: in a language, by its guest, over a store."""

from dataclasses import dataclass
from typing import Any, Literal

import pytest
from tests.plugs.cpython_machine import lockable

from toolscript.runs.program import Language


@dataclass(frozen=True)
class Place:
    """`workers`: in worker processes, for a guest that has them and threads."""

    language: Language
    store: Literal["memory", "sqlite"]
    workers: bool = False

    def __str__(self) -> str:
        return f"{self.language}-{self.store}" + ("-workers" if self.workers else "")


LANGUAGES: tuple[Language, ...] = ("typescript", "python", "cpython")

HOUSES = [
    Place("typescript", "memory"),
    Place("typescript", "sqlite", workers=True),
    Place("python", "sqlite"),
    Place("cpython", "memory"),
]
"""Each language, each store and each isolation, though not each with each: no two of them know of one another."""

IN_TYPESCRIPT, IN_PYTHON = Place("typescript", "sqlite"), Place("python", "sqlite")
"""For stories whose other parameters go with a language by turns."""

HOMES = [Place(language, "memory") for language in LANGUAGES]
"""For what guest and store have no part in."""


def told(place: Place, *more: Any) -> Any:
    """A place, and what goes with it, as a parameter: CPython where this machine can lock it down."""
    marks = [lockable] if place.language == "cpython" else []
    return pytest.param(place, *more, marks=marks, id="-".join(map(str, (place, *more))))
