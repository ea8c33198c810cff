"""The worker process: sessions, served over standard input and output.

Threads take turns at reading: the one that reads a request hands the reading on and serves it itself, so a request
costs no hand-over between threads, and a program that loops holds up one thread and nobody else.
"""

from __future__ import annotations

import _thread
import base64
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from toolscript.errors import Fault, GuestError
from toolscript.guests.javascript.check import inspect
from toolscript.guests.javascript.dissect import dissect
from toolscript.guests.javascript.live import LiveProgram
from toolscript.guests.javascript.template import Template
from toolscript.guests.lockdown import isolate, seal
from toolscript.guests.pool.wire import (
    Frames,
    Message,
    pack,
    read_boot,
    read_settled,
    write_dissected,
    write_facts,
    write_turn,
)
from toolscript.runs.ledger import write_failure
from toolscript.runs.program import Boot, Program

_MAX_THREADS = 64  # programs that compute at the same time in one worker; more of them wait
_READ_BYTES = 1 << 18


def main() -> None:
    """Lock this process down, then serve until the input ends."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.set_inheritable(answers, False)
    try:
        first = isolate()
        template = Template()
        _warm(template)
        walls = (first, *seal())
    except (Fault, OSError) as error:
        _write(answers, {"id": 0, "fault": str(error)})
        os._exit(1)
    server = _Server(requests, answers, template)
    server.answer({"id": 0, "steps": [[wall.name, wall.holds, wall.reason] for wall in walls]})
    server.serve()
    os._exit(0)  # other threads may be inside a program; there is nothing left to tidy


@dataclass(slots=True)
class _Server:
    requests: int
    answers: int
    template: Template
    programs: dict[int, LiveProgram] = field(default_factory=dict[int, LiveProgram])
    _restoring: set[int] = field(default_factory=set[int])
    _frames: Frames = field(default_factory=Frames)
    _ready: deque[Message] = field(default_factory=deque[Message])
    _backlog: deque[Message] = field(default_factory=deque[Message])
    _reading: threading.Lock = field(default_factory=threading.Lock)
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _counting: threading.Lock = field(default_factory=threading.Lock)
    _idle: int = 0
    _threads: int = 1

    def serve(self) -> None:
        """Read and serve, in this thread and in those it starts, until the input ends."""
        while True:
            self._serve(self._left_over() or self._take())

    def _left_over(self) -> Message | None:
        """A request that was read while every thread was busy; if there is none, this thread is idle from now on."""
        with self._counting:
            if self._backlog:
                return self._backlog.popleft()
            self._idle += 1
            return None

    def _take(self) -> Message:
        """The next request for this thread. The last idle thread goes on reading, so that a stop is always heard."""
        while True:
            with self._reading:
                request = self._next()
            if request is None:
                os._exit(0)
            with self._counting:
                alone = self._idle == 1
                grow = alone and self._threads < _MAX_THREADS
                self._threads += grow
                stay = alone and not grow
                if stay and request["op"] != "close":
                    self._backlog.append(request)
                self._idle -= not stay
            if grow:
                _thread.start_new_thread(self.serve, ())  # threading.Thread.start would wait until it runs
            if not stay:
                return request
            if request["op"] == "close":
                self._serve(request)

    def answer(self, message: Message) -> None:
        with self._writing:
            _write(self.answers, message)

    def _next(self) -> Message | None:
        while not self._ready:
            received = os.read(self.requests, _READ_BYTES)
            if not received:
                return None
            self._ready.extend(self._frames.feed(received))
        request = self._ready.popleft()
        self._announce(request)
        return request

    def _announce(self, request: Message) -> None:
        """Make a session known in the order of reading: its end may be read, and served, before its start is served."""
        if "boot" not in request:
            return
        if request["op"] == "restore":
            self._restoring.add(request["session"])
        else:
            self.programs[request["session"]] = LiveProgram.start(read_boot(request["boot"]), self.template)

    def _serve(self, request: Message) -> None:
        number, session = request["id"], request["session"]
        serve: Callable[[int, Message], Message | None] = getattr(self, "_" + request["op"])
        try:
            answer: Any = serve(session, request)
        except Fault as fault:
            answer = {"fault": str(fault)}
        except KeyError:
            answer = {"fault": "the session is gone"}
        if answer is not None:
            self.answer({**answer, "id": number})

    def _advance(self, session: int, request: Message) -> Message:
        program = self.programs[session]
        turn = program.advance_blocking([read_settled(one) for one in request["answers"]], request["now"])
        if turn.outcome is not None:
            self._close(session, request)
        return write_turn(turn)

    def _compile(self, session: int, request: Message) -> Message:
        try:
            return {"script": LiveProgram.compiled(request["code"], self.template)}
        except GuestError as error:
            return {"failure": write_failure(error.failure)}

    def _inspect(self, session: int, request: Message) -> Message:
        return {"facts": write_facts(inspect(request["code"]))}

    def _dissect(self, session: int, request: Message) -> Message:
        return {"parts": write_dissected(dissect(request["code"], members=request["members"]))}

    def _snapshot(self, session: int, request: Message) -> Message:
        snapshot = self.programs[session].snapshot_blocking()
        return {"snapshot": base64.b64encode(snapshot).decode() if snapshot is not None else None}

    def _restore(self, session: int, request: Message) -> Message:
        try:
            snapshot = base64.b64decode(request["snapshot"])
            self.programs[session] = LiveProgram.restore(read_boot(request["boot"]), self.template, snapshot)
        except ValueError as error:
            self._restoring.discard(session)
            return {"invalid": str(error)}
        if session not in self._restoring:
            self._close(session, request)
        self._restoring.discard(session)
        return {}

    def _close(self, session: int, request: Message) -> None:
        """Stop the program, if it runs, and free what it holds."""
        self._restoring.discard(session)
        program = self.programs.pop(session, None)
        if program is not None:
            program.close()


def _warm(template: Template) -> None:
    """Take the common roads once, because a sealed process can load nothing any more."""
    template.memory()
    for code in (
        "return 1 + 1",
        "const x: number = ;",
        "throw new Error('warm')",
        "`" * 3 + "ts\nenum A { B }\n" + "`" * 3,
    ):
        LiveProgram.start(Boot(program=Program(code=code)), template).advance_blocking((), 0)


def _write(fd: int, message: Message) -> None:
    frame = memoryview(pack(message))
    while frame:
        frame = frame[os.write(fd, frame) :]
