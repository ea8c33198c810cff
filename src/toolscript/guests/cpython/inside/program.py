"""One program in its process: its names, its snippets, its run from the first turn to its end."""

from __future__ import annotations

import asyncio
import builtins
import inspect
import linecache
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from toolscript.codec import TooLarge
from toolscript.errors import GuestError as Complaint
from toolscript.guests.cpython.inside.channel import Channel, Message
from toolscript.guests.cpython.inside.clock import clock
from toolscript.guests.cpython.inside.loop import TurnLoop
from toolscript.guests.cpython.inside.names import Call, Method, Namespace, know
from toolscript.guests.cpython.inside.paged import pages_of
from toolscript.guests.cpython.inside.raised import PROGRAM, WRAPPER, GuestError, Place, ToolError, failure_known, told
from toolscript.guests.cpython.inside.script import Script, script_of
from toolscript.guests.cpython.inside.turns import Caps, Conversation
from toolscript.guests.cpython.inside.values import Uncrossable, outward
from toolscript.guests.cpython.inside.world import rule_chance, rule_surroundings
from toolscript.guests.python.calls import RUN, STATE
from toolscript.guests.python.ending import value_place
from toolscript.runs.ledger import write_failure

MAX_DEPTH = 8  # of snippets: deeper than people nest; one that runs itself is told so before it costs much
_depth: ContextVar[int] = ContextVar("depth", default=0)


def serve(channel: Channel, boot: Message, caps: Caps) -> None:
    """Run the program of a boot message; never returns to what started it."""
    turns = Conversation(channel, caps, boot["now"])
    clock.now_s, clock.sleep = lambda: turns.now_s, turns.sleep
    rule_chance(boot["seed"])
    rule_surroundings(turns.printed)
    turns.loop = TurnLoop(turns)
    turns.loop.install()
    program = _Program(turns, boot)
    try:
        program.run()
    except SystemExit as end:  # outside of any task, such as in a callback
        turns.end(program.left(end))
    except BaseException as error:  # what asyncio lets through, such as KeyboardInterrupt
        turns.end(program.failed(error))


class _Program:
    def __init__(self, turns: Conversation, boot: Message) -> None:
        self._turns = turns
        self._boot = boot
        self._names: list[str] = []
        self._own_names: tuple[str, ...] = ()
        self._spaces: dict[str, Namespace] = {}
        self._places: dict[str, Place] = {}

    def run(self) -> None:
        turns, loop = self._turns, self._turns.loop
        try:
            script = self._script(self._boot["code"], PROGRAM)
            self._own_names = script.own_names
            world = self._world("__main__", self._boot["namespaces"], turns.inward(self._boot["input"]))
            self._names = list(self._boot["namespaces"])
            if self._boot["task"] == "compile":
                turns.end({"value": "null"})
        except Complaint as complaint:
            turns.end({"failure": {"whole": write_failure(complaint.failure)}})
        except SyntaxError as error:
            self._places.setdefault(PROGRAM, _as_it_is)
            turns.end({"failure": told(error, self._places, ())})
        task = loop.create_task(self._main(script, world))
        while True:
            loop.drain()
            if task.done() and not (self._is_good(task) and turns.waits(timers=False)):
                self._end(task)
            turns.exchange()

    def _is_good(self, task: asyncio.Task[Any]) -> bool:
        return not task.cancelled() and task.exception() is None

    async def _main(self, script: Script, world: dict[str, Any]) -> Any:
        try:
            exec(script.code, world)  # noqa: S102 - this is what the process is for, and what its walls are around
            value = await world.pop(WRAPPER)()
            return await value if inspect.isawaitable(value) else value
        except SystemExit as end:
            self._turns.end(self.left(end))
        except MemoryError:
            most = f"{self._turns.caps.memory_bytes:,} bytes"
            self._turns.limit(
                "the program used up its memory", "handle less at a time, and keep only what is needed", most
            )

    def _end(self, task: asyncio.Task[Any]) -> None:
        """Tell the value, or what went wrong."""
        turns = self._turns
        turns.loop.complain()
        try:
            turns.end({"value": outward(task.result(), max_bytes=turns.caps.output_bytes)})
        except TooLarge:
            turns.limit(
                "the returned value is too large", "return only what is needed", f"{turns.caps.output_bytes:,} bytes"
            )
        except BaseException as error:  # whatever the program raised is told
            turns.end(self.failed(error))

    def failed(self, error: BaseException) -> Message:
        """The end by an exception that nothing caught."""
        names = (*self._own_names, *self._names) if isinstance(error, NameError) else ()
        failure = told(error, self._places, names)
        place = value_place(self._boot["code"]) if isinstance(error, Uncrossable) and not failure["frames"] else None
        if place is not None:
            failure["frames"] = [("main", *place, "")]
        return {"failure": failure}

    def left(self, end: SystemExit) -> Message:
        """What `sys.exit` ends in: no value, or a failure with its words."""
        return {"value": "null"} if end.code is None or end.code == 0 else self.failed(end)

    def _script(self, code: str, name: str) -> Script:
        script = script_of(code, name)
        self._places[name] = script.place
        text = "\n".join(script.lines)
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        return script

    def _world(self, name: str, namespaces: Mapping[str, Sequence[str]], value: Any) -> dict[str, Any]:
        """The names that a program, or a snippet, starts with."""
        module = types.ModuleType(name)
        world = vars(module)
        world.update({"__builtins__": builtins, "input": value, "ToolError": ToolError, "GuestError": GuestError})
        for space, methods in namespaces.items():
            if space not in self._spaces:
                self._spaces[space] = Namespace(space, self._own(space))
            know(self._spaces[space], methods)
            world[space] = self._spaces[space]
        if name == "__main__":
            sys.modules[name] = module
        return world

    def _own(self, space: str) -> Callable[[str], Any]:
        """How a namespace makes its members."""
        if space != "codemode":
            return lambda method: Method(f"{space}.{method}", self._send)
        special: Mapping[str, Any] = {
            "step": self._step,
            "failure": failure_known,
            "pages": pages_of(self._send),
            "state": Namespace(STATE, lambda method: Method(f"{STATE}.{method}", self._send)),
        }
        return lambda method: special[method] if method in special else Method(f"codemode.{method}", self._send)

    def _send(self, path: str, args: Mapping[str, Any]) -> Call:
        if path != RUN:
            return self._turns.send(path, args)
        depth = _depth.get() + 1
        if depth > MAX_DEPTH:
            raise RecursionError(f"snippets can run each other {MAX_DEPTH} deep: does this one run itself?")
        call = self._turns.send(path, args)
        task = self._turns.loop.create_task(self._snippet(call, depth))
        return Call(path, task)

    async def _snippet(self, call: Call, depth: int) -> Any:
        """What the host answers to a run call: a script, evaluated as the program itself was."""
        answer = await call
        _depth.set(depth)
        name = f"<snippet {answer['name']}>"
        script = self._script(answer["script"], name)
        world = self._world("__snippet__", answer["namespaces"], answer["input"])
        exec(script.code, world)  # noqa: S102 - as above
        value = await world.pop(WRAPPER)()
        return await value if inspect.isawaitable(value) else value

    async def _step(self, name: str, work: Callable[[], Any] | None = None) -> Any:
        if not isinstance(name, str) or not callable(work):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError('codemode.step takes a name and a function: await codemode.step("load", load)')
        self._turns.send("codemode.step", {"name": name, "mark": "begin"})
        try:
            value = work()
            if inspect.isawaitable(value):
                value = await value
        except BaseException:
            self._turns.send("codemode.step", {"name": name, "mark": "failed"})
            raise
        self._turns.send("codemode.step", {"name": name, "mark": "end"})
        return value


def _as_it_is(line: int, column: int) -> tuple[int, int]:
    return line, column + 1
