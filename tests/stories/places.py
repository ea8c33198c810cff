"""Where stories are told: in a language, by its guest, over a store."""

from dataclasses import dataclass
from typing import Literal

from toolscript.runs.program import Language


@dataclass(frozen=True)
class Place:
    """`workers`: in worker processes, for a guest that has them and threads."""

    language: Language
    store: Literal["memory", "sqlite"]
    workers: bool = False

    def __str__(self) -> str:
        return f"{self.language}-{self.store}" + ("-workers" if self.workers else "")


LANGUAGES: tuple[Language, ...] = ("typescript", "python")

HOUSES = [
    Place("typescript", "memory"),
    Place("typescript", "sqlite", workers=True),
    Place("python", "sqlite"),
]
"""Each language, each store and each isolation, though not each with each: no two of them know of one another."""

IN_TYPESCRIPT, IN_PYTHON = Place("typescript", "sqlite"), Place("python", "sqlite")
"""For stories whose other parameters go with a language by turns."""

HOMES = [Place(language, "memory") for language in LANGUAGES]
"""For what guest and store have no part in."""
