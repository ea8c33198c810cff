"""What a run waits for, in words, with the commands that a person decides with."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import Any

from toolscript.codec import Encoded, decode, plain
from toolscript.runs.result import CallRecord, Result
from toolscript.surfaces.cli.moments import stamp

_SHOWN = 240  # characters of arguments in a line
_COPIED = 400  # characters of arguments in a command that is to be copied; longer ones belong into a file


def args_text(args: Encoded, *, at_most: int | None = _SHOWN) -> str:
    """Arguments as JSON, in one line."""
    text = json.dumps(plain(decode(args)), ensure_ascii=False)
    return text if at_most is None or len(text) <= at_most else f"{text[: at_most - 1]}…"


def call_text(call: CallRecord) -> str:
    """A call as one line of a program, with the arguments that it is made with: the edited ones, if there are."""
    args = args_text(call.made_with)
    return f"{call.path}({'' if args == '{}' else args})"


def again(options: Namespace) -> str:
    """The options that say where this command's run is kept and how it is gone on with, for the next command."""
    words: list[str] = []
    for path in options.config:
        words += ["--config", str(path)]
    for name in ("store", "approve"):
        value: Any = getattr(options, name, None)
        if value is not None:
            words += [f"--{name}", value]
    return "".join(f" {shlex.quote(word)}" for word in words)


def waiting(result: Result, more: str) -> Iterator[str]:
    """Each call that waits, then the commands; `more` are the options that they need (`again`)."""
    asked = [call for call in result.pending if call.status == "pending"]
    doubted = [call for call in result.pending if call.status == "uncertain"]
    since = stamp(min(call.since for call in result.pending))
    yield f"the run {result.run} waits for a decision since {since}"
    for call in asked:
        yield f"  {call.seq}  {call_text(call)}"
        if call.rule:
            yield f"     asked: {call.rule}"
    for call in doubted:
        yield f"  {call.seq}  {call_text(call)}"
        yield "     whether it took effect is not known: it was cut off"
    if asked:
        yield from _decide(result.run, asked, more)
    for call in doubted:
        yield from _settle(result.run, call, more)


def _decide(run: str, asked: Sequence[CallRecord], more: str) -> Iterator[str]:
    command, seq = "toolscript runs", asked[0].seq
    one = f"{run} {seq}"
    if len(asked) > 1:
        yield f"approve all:  {command} approve {run}{more}"
        yield f"reject all:   {command} reject {run} --reason 'why not'{more}"
    yield f"approve:      {command} approve {one}{more}"
    args = args_text(asked[0].made_with, at_most=None)
    edited = shlex.quote(args) if len(args) <= _COPIED else "@arguments.json"
    yield f"  edited:     {command} approve {one} --args {edited}{more}"
    yield f"reject:       {command} reject {one} --reason 'why not'{more}"


def _settle(run: str, call: CallRecord, more: str) -> Iterator[str]:
    command = f"toolscript runs settle {run} {call.seq}"
    yield f"it did not happen, make it again:  {command} retry{more}"
    yield f"it did happen, and gave a value:   {command} done --value null{more}"
    yield f"tell the program that it failed:   {command} fail --reason 'not known'{more}"
