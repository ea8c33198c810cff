"""`toolscript runs`: the runs of the store, and what a person can do to them. Each action is in a module of its own."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import get_args

from toolscript.runs.entry import RunStatus
from toolscript.runtime.plugs import load
from toolscript.surfaces.cli.arguments import Parser
from toolscript.surfaces.cli.opening import add_approve, add_store
from toolscript.surfaces.cli.terminal import Terminal

ACTIONS = {
    "show": "show a run: its program, its calls, who decided what, and what it waits for",
    "approve": "approve calls that wait, and go on with the run",
    "reject": "reject calls that wait, and go on with the run",
    "settle": "say what became of a call of which is not known whether it took effect, and go on with the run",
    "grant": "approve further calls of a run by tool, arguments, number and time",
    "resume": "go on with a run if nobody does, and wait for it",
    "cancel": "end a run; no further call starts",
    "rollback": "undo what a run did, as far as it can be undone",
    "export": "print a run's audit trail as lines of JSON",
    "delete": "forget runs that have ended",
    "prune": "forget old runs that have ended",
}

_MODULES = {
    "show": "show",
    "approve": "decide",
    "reject": "decide",
    "settle": "decide",
    "grant": "decide",
    "resume": "decide",
    "cancel": "undo",
    "rollback": "undo",
    "export": "clear",
    "delete": "clear",
    "prune": "clear",
}
_RUN = "a run's id, the beginning or the end of it, or last"


def arguments(parser: Parser) -> None:
    """Declare what the command and its actions take."""
    parser.add_argument("--status", choices=get_args(RunStatus), metavar="STATUS", help="list runs of this status only")
    parser.add_argument("--limit", metavar="N", type=int, default=20, help="list so many, newest first (20)")
    add_store(parser)
    parser.actions(ACTIONS, _fill)


def _fill(action: str, parser: Parser) -> None:
    if action != "prune":
        parser.add_argument("run", metavar="RUN", nargs="+" if action == "delete" else None, help=_RUN)
    _FILLS.get(action, lambda _: None)(parser)
    if action in ("approve", "reject", "settle", "grant", "cancel", "rollback"):
        parser.add_argument("--by", metavar="NAME", help="who decides (the name of your login)")
    if action in ("approve", "reject", "settle", "grant"):
        parser.add_argument("--no-wait", action="store_true", help="record it only, and leave it to others to go on")
    if _MODULES[action] == "decide":
        add_approve(parser)
    add_store(parser, argparse.SUPPRESS)


def _approve(parser: Parser) -> None:
    parser.add_argument("seqs", metavar="SEQ", nargs="*", type=int, help="the numbers of the calls; all without any")
    parser.add_argument("--args", metavar="JSON", help="make the call with these arguments; @FILE reads them")


def _reject(parser: Parser) -> None:
    parser.add_argument("seqs", metavar="SEQ", nargs="*", type=int, help="the numbers of the calls; all without any")
    parser.add_argument("--reason", metavar="TEXT", default="", help="what the program is told")
    parser.add_argument("--end", action="store_true", help="end the run")


def _settle(parser: Parser) -> None:
    parser.add_argument("seq", metavar="SEQ", type=int, help="the number of the call")
    parser.add_argument(
        "choice",
        metavar="retry|done|fail",
        choices=("retry", "done", "fail"),
        help="make it again, take it as done, or take it as failed",
    )
    parser.add_argument("--value", metavar="JSON", help="with done: what the call gave; @FILE reads it (null)")
    parser.add_argument("--reason", metavar="TEXT", default="", help="with fail: what the program is told")


def _grant(parser: Parser) -> None:
    parser.add_argument("tools", metavar="TOOL", nargs="+", help="a tool or a pattern, such as crm.*")
    parser.add_argument(
        "--when", metavar="CONDITION", action="append", default=[], help="only if the arguments fit: 'amount < 100'"
    )
    parser.add_argument("--calls", metavar="N", type=int, help="at most so many calls")
    parser.add_argument("--for", metavar="TIME", dest="for_", help="for so long: 90s, 10m, 2h, 1d")


def _prune(parser: Parser) -> None:
    parser.add_argument("--keep", metavar="N", type=int, help="all but the newest N")
    parser.add_argument("--older", metavar="TIME", help="those that ended so long ago: 12h, 30d")


_FILLS: dict[str, Callable[[Parser], None]] = {
    "approve": _approve,
    "reject": _reject,
    "settle": _settle,
    "grant": _grant,
    "prune": _prune,
}


def command(options: argparse.Namespace, terminal: Terminal) -> int:
    """Do what is asked for; without an action, list."""
    module = _MODULES[options.action] if options.action else "listing"
    act: Callable[[argparse.Namespace, Terminal], int] = load(f"toolscript.surfaces.cli.runs_{module}:command")
    return act(options, terminal)
