"""The arguments of every command. A command's own are in its module, which is loaded when the command is chosen.

The parser is the standard library's: with typer, `toolscript --help` takes 240 ms and every command 200 ms before it
does anything; with this, 40 ms.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, cast

from toolscript.runtime.plugs import load

COMMANDS = {
    "serve": "offer all tools to an MCP client as search, describe, execute and resume",
    "run": "run a program and print its value",
    "search": "find tools by what they do",
    "describe": "documentation and types of tools or namespaces",
    "tools": "list the tools that programs can call",
    "policy": "list the rules of the policy, or explain what becomes of one call",
    "doctor": "check the installation, the settings and every server",
    "openapi": "say what is wrong with OpenAPI documents",
    "demo": "show what it does, without any set-up",
    "runs": "list, show, decide on and clear away runs",
    "snippets": "list, show, save and run saved programs",
}

EXIT_CODES = """\
exit codes: 0 completed · 1 the program failed, or something is broken · 2 usage or configuration · 3 parked: the run
waits for a decision or a timer · 130 interrupted (Ctrl-C)"""


class Parser(argparse.ArgumentParser):
    """A parser that says what was meant, and fills itself in when it is first used."""

    command: str = ""
    _actions_of: Mapping[str, Parser] | None = None

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - overloads
        if self.command:
            command, self.command = self.command, ""
            load(f"toolscript.surfaces.cli.{command}:arguments")(self)
            _common(self)
        words: list[str] = list(args or ())
        if self._actions_of is not None:
            words = _named_first(words, self._actions_of)
        elif not self._subparsers:
            words = self._options_first(words)
        found, unknown = super().parse_known_args(words, namespace)
        if unknown and not self._subparsers:
            _refuse(self, unknown[0])
        return found, unknown

    def actions(self, about: Mapping[str, str], fill: Callable[[str, Parser], None]) -> None:
        """Add what a command can be asked to do (`runs show`): `fill` declares what each action takes."""
        chosen = self.add_subparsers(dest="action", metavar="ACTION", parser_class=Parser, title="actions")
        parsers: dict[str, Parser] = {}
        for name, words in about.items():
            parsers[name] = own = chosen.add_parser(
                name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False
            )
            fill(name, own)
            _common(own, default=argparse.SUPPRESS)  # what stood before the action must not be forgotten
        self._actions_of = parsers

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\nTry '{self.prog} --help'.\n")

    def _check_value(self, action: Any, value: Any) -> None:
        if action.dest in ("command", "action") and value not in action.choices:
            known = list(cast("Mapping[str, Parser]", action.choices))
            near = get_close_matches(str(value), known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            if value == "list" and action.dest == "action":
                hint = f"{self.prog} alone lists them"
            what = "a command" if action.dest == "command" else f"an action of {self.prog}"
            raise argparse.ArgumentError(None, f"{value!r} is not {what}; {hint}")
        super()._check_value(action, value)

    def _options_first(self, words: list[str]) -> list[str]:
        """The words with all options before the rest: else `approve RUN --by me 2` takes `RUN` for all there is."""
        options: list[str] = []
        rest: list[str] = []
        at = 0
        while at < len(words):
            word = words[at]
            if word == "--":
                return [*options, "--", *rest, *words[at + 1 :]]
            is_option = word.startswith("-") and word != "-" and not self._negative_number_matcher.match(word)
            known = self._option_string_actions.get(word.partition("=")[0] if word.startswith("--") else word[:2])
            if is_option and known is None:
                _refuse(self, word)
            if (
                is_option
                and known is not None
                and word in known.option_strings
                and known.nargs != 0
                and at + 1 < len(words)
            ):
                options += words[at : at + 2]
                at += 1
            else:
                (options if is_option else rest).append(word)
            at += 1
        return [*options, *rest]


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for; leaves with 2 where that cannot be understood."""
    parser = Parser(
        prog="toolscript",
        description="A model writes one program that finds and calls tools, in a sandbox, and returns only the answer.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    parsers: dict[str, Parser] = {}
    for name, about in COMMANDS.items():
        parsers[name] = own = commands.add_parser(
            name, help=about, description=f"{about[0].upper()}{about[1:]}.", allow_abbrev=False
        )
        own.command = name
    words = _named_first(sys.argv[1:] if arguments is None else arguments, parsers)
    options, unknown = parser.parse_known_args(words)
    if unknown:
        _refuse(parsers.get(options.command, parser), unknown[0])
    if options.command is None and not options.version:
        parser.print_help(sys.stderr)
        raise SystemExit(2)
    return cast("argparse.Namespace", options)


def _named_first(given: Sequence[str], names: Container[str]) -> list[str]:
    """The words with the command, or action, moved before the options of every command that were written before it."""
    words, at = list(given), 0
    common = ("--config", "-c", "--openapi", "--json", "--quiet", "-q", "--verbose", "-v")
    while at < len(words) and words[at].partition("=")[0] in common:
        at += 2 if words[at] in ("--config", "-c", "--openapi") else 1
    if 0 < at < len(words) and words[at] in names:
        words.insert(0, words.pop(at))
    return words


def _refuse(parser: Parser, word: str) -> NoReturn:
    """Say that an option is unknown, with the one that is like it."""
    known = list(parser._option_string_actions)  # pyright: ignore[reportPrivateUsage]
    near = get_close_matches(word.partition("=")[0], known, 1)
    if word.startswith("-"):
        parser.error(f"{word} is not an option{f'; did you mean {near[0]}?' if near else ''}")
    parser.error(f"{word!r} is one argument too many")


def _common(parser: argparse.ArgumentParser, default: Any = None) -> None:
    parser.add_argument(
        "--config",
        "-c",
        metavar="FILE",
        type=Path,
        action="append",
        default=default or [],
        help="a file of mcpServers, or a toolscript.toml; may be given several times",
    )
    parser.add_argument(
        "--openapi",
        metavar="[NAME=]SPEC",
        action="append",
        default=default or [],
        help="an API by its OpenAPI document, a file or an address; may be given several times",
    )
    options = (
        (("--json",), "one JSON object on stdout"),
        (("--quiet", "-q"), "nothing on stderr but errors"),
        (("--verbose", "-v"), "log to stderr"),
    )
    for names, about in options:
        parser.add_argument(*names, action="store_true", default=default or False, help=about)
