"""The arguments of every command. A command's own are in its module, which is loaded when the command is chosen.

The parser is the standard library's: with typer, `toolscript --help` takes 240 ms and every command 200 ms before it
does anything; with this, 40 ms.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, cast

from toolscript.runtime.plugs import load

COMMANDS = {
    "serve": "offer all tools to an MCP client as search, describe and execute",
    "run": "run a program and print its value",
    "search": "find tools by what they do",
    "describe": "documentation and types of tools or namespaces",
    "tools": "list the tools that programs can call",
    "policy": "list the rules of the policy, or explain what becomes of one call",
    "doctor": "check the installation, the settings and every server",
    "demo": "show what it does, without any set-up",
    "runs": "list earlier runs, or show one",
}

EXIT_CODES = """\
exit codes: 0 completed · 1 the program failed, or something is broken · 2 usage or configuration · 3 parked: the run
waits for a decision or a timer · 130 interrupted (Ctrl-C)"""


class Parser(argparse.ArgumentParser):
    """A parser that says what was meant, and fills itself in when it is first used."""

    command: str = ""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride] - overloads
        if self.command:
            command, self.command = self.command, ""
            load(f"toolscript.surfaces.cli.{command}:arguments")(self)
            _common(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\nTry '{self.prog} --help'.\n")

    def _check_value(self, action: Any, value: Any) -> None:
        if action.dest == "command" and value not in COMMANDS:
            near = get_close_matches(str(value), COMMANDS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(COMMANDS)}"
            raise argparse.ArgumentError(None, f"{value!r} is not a command; {hint}")
        super()._check_value(action, value)


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
    options, unknown = parser.parse_known_args(_command_first(sys.argv[1:] if arguments is None else arguments))
    if unknown:
        _refuse(parsers.get(options.command, parser), unknown[0])
    if options.command is None and not options.version:
        parser.print_help(sys.stderr)
        raise SystemExit(2)
    return cast("argparse.Namespace", options)


def _command_first(given: Sequence[str]) -> list[str]:
    """The words with the command moved before the options of every command that were written before it."""
    words, at = list(given), 0
    common = ("--config", "-c", "--json", "--quiet", "-q", "--verbose", "-v")
    while at < len(words) and words[at].partition("=")[0] in common:
        at += 2 if words[at] in ("--config", "-c") else 1
    if 0 < at < len(words) and words[at] in COMMANDS:
        words.insert(0, words.pop(at))
    return words


def _refuse(parser: Parser, word: str) -> NoReturn:
    """Say that an option is unknown, with the one that is like it."""
    known = list(parser._option_string_actions)  # pyright: ignore[reportPrivateUsage]
    near = get_close_matches(word.partition("=")[0], known, 1)
    if word.startswith("-"):
        parser.error(f"{word} is not an option{f'; did you mean {near[0]}?' if near else ''}")
    parser.error(f"{word!r} is one argument too many")


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        "-c",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a file of mcpServers, or a toolscript.toml; may be given several times",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--quiet", "-q", action="store_true", help="nothing on stderr but errors")
    parser.add_argument("--verbose", "-v", action="store_true", help="log to stderr")
