"""Where words go: the result to stdout, everything else to stderr; colour and motion only on a terminal."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

Style = Literal["bold", "dim", "red", "green", "yellow", "cyan"]

_codes: Mapping[Style, str] = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_control = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Terminal:
    """The two streams of a command. What tools say is shown without the control characters in it."""

    def __init__(self, *, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        self.out: TextIO = sys.stdout
        self.err: TextIO = sys.stderr

    @property
    def is_interactive(self) -> bool:
        """Whether a person is watching stderr and wants to be told what goes on."""
        return self.err.isatty() and not self.quiet and os.environ.get("TERM") != "dumb"

    @property
    def can_ask(self) -> bool:
        """Whether a person is there to answer questions."""
        return self.is_interactive and not self.json and sys.stdin.isatty() and sys.platform != "win32"

    def result(self, text: str) -> None:
        """The result as text: as it is where it is piped, without control characters on a terminal."""
        if self.out.isatty():
            text = printable(text)
        self.out.write(text if text.endswith("\n") else f"{text}\n")

    def marked(self, sign: str, style: Style, text: str = "") -> None:
        """A line of the result: a sign in a colour, and a text."""
        self.out.write(self.styled(sign, style))
        self.result(f" {text}" if text else "")

    def value(self, value: Any) -> None:
        """The result as JSON: one line where it is piped, laid out on a terminal."""
        self.result(json.dumps(value, ensure_ascii=False, indent=2 if self.out.isatty() else None))

    def note(self, text: str) -> None:
        """Something good to know."""
        if not self.quiet:
            self.problem(text)

    def problem(self, text: str) -> None:
        """Something that must be known."""
        self.err.write(f"{printable(text) if self.err.isatty() else text}\n")
        self.err.flush()

    def styled(self, text: str, style: Style) -> str:
        """The text in a colour, for stdout."""
        return _styled(text, style, self.out)

    def styled_note(self, text: str, style: Style) -> None:
        """A note in a colour."""
        if not self.quiet:
            plain = printable(text) if self.err.isatty() else text
            self.err.write(f"{_styled(plain, style, self.err)}\n")


def printable(text: str) -> str:
    """The text with control characters, which could move the cursor or lie about what is shown, made visible."""
    return _control.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def _styled(text: str, style: Style, stream: TextIO) -> str:
    coloured = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return f"\x1b[{_codes[style]}m{text}\x1b[0m" if coloured else text
