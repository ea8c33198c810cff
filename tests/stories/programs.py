"""Programs of stories, written once a language: a story is told of each."""

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import pytest

from toolscript.ports import Guest
from toolscript.runs.program import Language, syntax_of
from toolscript.runtime.runtime import Runtime


@dataclass(frozen=True)
class Program:
    """The same program in each language: the same calls, in the same order."""

    typescript: str
    python: str

    def text(self, language: Language) -> str:
        return self.typescript if syntax_of(language) == "typescript" else self.python

    def __add__(self, more: "Program") -> "Program":
        """One after the other: in Python each begins on a line of its own."""
        return Program(f"{self.typescript} {more.typescript}", f"{self.python}\n{more.python}")

    def __str__(self) -> str:
        """What a parametrised test is called after."""
        return self.typescript


def program(typescript: str, python: str) -> Program:
    """A program in both; that in Python imports asyncio where it names it."""
    python = dedent(python).strip()
    return Program(dedent(typescript).strip(), f"import asyncio\n{python}" if "asyncio." in python else python)


def tried(typescript: str, python: str) -> Program:
    """A program that makes one call, and gives its answer, or the kind and the words of its failure."""
    return program(
        f"try {{ return await {typescript} }} catch (e) {{ return [e.name, e.message] }}",
        f"""
        try:
            return await {python}
        except Exception as e:
            return [codemode.failure(e)['name'], str(e)]""",
    )


def text(code: Program | str, language: Language) -> str:
    """The program in this language; a plain text is the same in all of them."""
    return code if isinstance(code, str) else code.text(language)


class Speaking(Runtime):
    """A runtime all of whose programs are in one language, and run in a guest that outlives it."""

    def __init__(self, *args: Any, guest: Guest, **options: Any) -> None:
        super().__init__(*args, languages=[guest.language], guests={guest.language: Lent(guest)}, **options)  # type: ignore[dict-item]
        self.language = guest.language

    async def start(self, code: Program | str, **options: Any) -> str:  # type: ignore[override]
        return await super().start(text(code, self.language), **options)


Speakers = Callable[..., Speaking]
"""What the fixture `speaking` is: it makes runtimes in the language of the story."""


GuestOf = Callable[[Language], Guest]
"""What the fixture `guest_of` is: it gives the guests that all stories share."""


class Lent:
    """A store or a guest that outlives the runtimes that it is given to."""

    def __init__(self, lent: Any) -> None:
        self._lent = lent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lent, name)

    async def close(self) -> None:
        """Left to its owner."""


def unless(language: Language, because: str) -> pytest.MarkDecorator:
    """Marks a story that cannot be told in one language."""
    return pytest.mark.unless(language, because)


def only(language: Language, because: str) -> pytest.MarkDecorator:
    """Marks a story that cannot be told in the other languages."""
    return pytest.mark.only(language, because)
