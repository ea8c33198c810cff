"""Asks the person at the terminal about the calls that wait, and records what they say."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from typing import Any, cast

from toolscript.errors import Conflict
from toolscript.runs.entry import Actor
from toolscript.runs.result import CallRecord, Result
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.cli.terminal import Terminal
from toolscript.surfaces.cli.waiting import args_text, call_text

if sys.platform != "win32":
    import termios

_LOOK_EVERY_S = 0.5  # whether somebody else decided meanwhile
_ASKED = "[a]pprove, [r]eject, [e]dit, [l]ater? "
_DOUBTED = "[r]etry, [d]one, [f]ailed, [l]ater? "


class Later(Exception):
    """The person decides later; no error."""


class Questions:
    """One question a call. A call that somebody else decides on meanwhile is not asked about any more."""

    def __init__(self, runtime: Runtime, terminal: Terminal, by: Actor) -> None:
        self._runtime = runtime
        self._terminal = terminal
        self._by = by

    async def asked(self, result: Result) -> bool:
        """Ask about every call that waits; False if the person wants to decide later."""
        try:
            for call in result.pending:
                while await self._waits(result.run, call):
                    self._show(call)
                    await self._ask(result.run, call)
        except Later:
            return False
        return True

    def _show(self, call: CallRecord) -> None:
        self._terminal.styled_note(f"call {call.seq}: {call_text(call)}", "bold")
        if call.status == "uncertain":
            self._terminal.note("  whether it took effect is not known: it was cut off")
        elif call.rule:
            self._terminal.note(f"  asked: {call.rule}")

    async def _ask(self, run: str, call: CallRecord) -> None:
        """Ask once, and record the answer; what cannot be is said, and asked again if the call still waits."""
        doubted = call.status == "uncertain"
        answer = await self._line(run, call, _DOUBTED if doubted else _ASKED)
        if answer is None:
            return
        try:
            match answer.strip().lower()[:1]:
                case "l":
                    raise Later
                case "a" if not doubted:
                    await self._runtime.approve(run, call.seq, by=self._by)
                case "e" if not doubted:
                    await self._edit(run, call)
                case "r" if not doubted:
                    await self._reject(run, call)
                case "r":
                    await self._runtime.settle(run, call.seq, "retry", by=self._by)
                case "d" if doubted:
                    await self._done(run, call)
                case "f" if doubted:
                    await self._runtime.settle(run, call.seq, "fail", reason="not known", by=self._by)
                case _:
                    self._terminal.problem("answer with one of the letters in brackets")
        except Conflict as conflict:
            self._terminal.problem(str(conflict))

    async def _edit(self, run: str, call: CallRecord) -> None:
        self._terminal.problem(f"the arguments are {args_text(call.made_with, at_most=None)}")
        args = await self._json(run, call, "new arguments: ")
        if isinstance(args, dict):
            await self._runtime.approve(run, call.seq, args=cast("Mapping[str, Any]", args), by=self._by)
        elif args is not None:
            self._terminal.problem("the arguments are an object, by name")

    async def _reject(self, run: str, call: CallRecord) -> None:
        reason = await self._line(run, call, "reason, which the program is told: ")
        if reason is not None:
            await self._runtime.reject(run, call.seq, reason=reason.strip(), by=self._by)

    async def _done(self, run: str, call: CallRecord) -> None:
        value = await self._json(run, call, "the value that it gave, as JSON: ")
        await self._runtime.settle(run, call.seq, "done", value=value, by=self._by)

    async def _json(self, run: str, call: CallRecord, prompt: str) -> Any:
        """The JSON that is typed; None after a word on what is none."""
        text = await self._line(run, call, prompt)
        if text is None or not text.strip():
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Conflict(f"this is not JSON: {error}") from error

    async def _waits(self, run: str, call: CallRecord) -> bool:
        return any(
            one.seq == call.seq and one.status == call.status for one in (await self._runtime.result(run)).pending
        )

    async def _line(self, run: str, call: CallRecord, prompt: str) -> str | None:
        """What is typed; None if somebody else decided first, `Later` where nothing more can be typed."""
        if sys.platform != "win32":  # what was typed before the question is no answer to it
            termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
        self._terminal.err.write(prompt)
        self._terminal.err.flush()
        typed = asyncio.ensure_future(_typed())
        gone = asyncio.ensure_future(self._decided(run, call))
        try:
            await asyncio.wait({typed, gone}, return_when=asyncio.FIRST_COMPLETED)
            if typed.done():
                line = typed.result()
                if not line:
                    self._terminal.err.write("\n")
                    raise Later
                return line
            self._terminal.problem(f"\n{gone.result()}")
            return None
        finally:
            for task in (typed, gone):
                task.cancel()
            await asyncio.gather(typed, gone, return_exceptions=True)

    async def _decided(self, run: str, call: CallRecord) -> str:
        """Who decided, once somebody has."""
        while await self._waits(run, call):  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(_LOOK_EVERY_S)
        result = await self._runtime.result(run)
        now = next((one for one in result.calls if one.seq == call.seq), call)
        if now.decided is None:
            return f"the run {run} is {result.status}"
        by = now.decided.by
        return f"{by.name or 'somebody'} ({by.via}) decided meanwhile: {now.decided.choice}"


async def _typed() -> str:
    """The next line; empty at the end of the input."""
    stdin = sys.stdin.fileno()
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(stdin, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(stdin)
    return os.read(stdin, 1 << 16).decode("utf-8", "replace")
