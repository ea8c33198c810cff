"""Which language a program is written in, and in which tools are shown."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence

from toolscript.runs.program import LANGUAGES, Language

_PYTHON = (".py", ".pyi", ".pyw")
_TYPESCRIPT = (".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx")


def add_language(parser: ArgumentParser, default: Language | None = None) -> None:
    """The option that says what a program is written in."""
    usual = default or "as the file's name says, else the first of `languages`"
    parser.add_argument("--language", choices=LANGUAGES, default=default, help=f"by default {usual}")


def add_syntax(parser: ArgumentParser) -> None:
    """The option that says how tools are shown."""
    parser.add_argument(
        "--language", choices=("typescript", "python"), help="how tools are shown; by default the first of `languages`"
    )


def language_of(name: str, chosen: Language | None, configured: Sequence[Language]) -> Language:
    """What a program is written in: what was chosen, what its file's name says, or the usual one."""
    if chosen is not None:
        return chosen
    ending = name.lower()
    if ending.endswith(_PYTHON):
        python: list[Language] = [one for one in configured if one != "typescript"]
        return python[0] if python else "python"
    return "typescript" if ending.endswith(_TYPESCRIPT) else configured[0]
