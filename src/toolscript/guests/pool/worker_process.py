"""One worker process, seen from the pool: its requests and answers, its start and its end."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

from toolscript.errors import Fault
from toolscript.guests.lockdown import Step
from toolscript.guests.pool.wire import Frames, Message, pack

_EXIT_S = 2.0


@dataclass(eq=False)
class WorkerProcess(asyncio.SubprocessProtocol):
    """Belongs to one event loop. `ready` tells the walls that stand, or why it could not start."""

    loop: asyncio.AbstractEventLoop
    ended: Callable[[WorkerProcess], None]
    ready: asyncio.Future[tuple[Step, ...]]
    sessions: int = 0
    transport: asyncio.SubprocessTransport | None = None
    exited: asyncio.Event = field(default_factory=asyncio.Event)
    _frames: Frames = field(default_factory=Frames)
    _ids: Any = field(default_factory=lambda: itertools.count(1))
    _waiting: dict[int, asyncio.Future[Message]] = field(default_factory=dict[int, "asyncio.Future[Message]"])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        try:
            for message in self._frames.feed(data):
                self._received(message)
        except (ValueError, KeyError, TypeError):  # not what a worker of ours says: it is not to be trusted any more
            self.kill()

    def connection_lost(self, exc: Exception | None) -> None:
        """The process has ended, and all that it said has been read."""
        assert self.transport is not None
        words = f"a worker process ended (exit status {self.transport.get_returncode()})"
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Fault(f"{words}; the programs in it are lost, others are not affected"))
        self._waiting.clear()
        if not self.ready.done():
            self.ready.set_exception(Fault(f"{words} before it was ready"))
            self.ready.exception()  # seen: whoever waits for the pool is told by the fleet
        self.transport.close()
        self.exited.set()
        self.ended(self)

    def request(self, message: Message) -> asyncio.Future[Message]:
        """Send a request; its answer comes in the future."""
        answer: asyncio.Future[Message] = self.loop.create_future()
        if self.exited.is_set():
            answer.set_exception(Fault("the worker process of this program has ended"))
            return answer
        number = next(self._ids)
        self._waiting[number] = answer
        self.tell({**message, "id": number})
        return answer

    def tell(self, message: Message) -> None:
        """Send a message that has no answer."""
        if self.transport is None or self.exited.is_set():
            return
        pipe = self.transport.get_pipe_transport(0)
        if isinstance(pipe, asyncio.WriteTransport):
            pipe.write(pack(message))

    def forget(self, session: int) -> None:
        """Free a session, from whatever thread: also from a destructor, at whatever moment."""
        with suppress(RuntimeError):  # the loop is closed, and the process ends with it
            self.loop.call_soon_threadsafe(self._forget, session)

    def kill(self) -> None:
        """End the process at once; whoever waits for it is told."""
        if self.transport is not None and not self.exited.is_set():
            self.transport.kill()

    async def close(self) -> None:
        """End the process by ending its input, or else by force."""
        if self.transport is None:
            return
        pipe = self.transport.get_pipe_transport(0)
        if pipe is not None:
            pipe.close()
        try:
            await asyncio.wait_for(self.exited.wait(), _EXIT_S)
        except TimeoutError:
            self.kill()
            await self.exited.wait()

    def destroy(self) -> None:
        """End the process where its event loop is closed, so that nothing of asyncio works for it any more."""
        if self.transport is None or self.exited.is_set():
            return
        process = self.transport.get_extra_info("subprocess")
        process.kill()
        process.wait()
        pipes = [pipe for fd in (0, 1) if (pipe := self.transport.get_pipe_transport(fd)) is not None]
        with suppress(RuntimeError):  # asyncio tells the closed loop, once all is marked as closed
            self.transport.close()
        for pipe in pipes:
            with suppress(OSError, AttributeError):
                pipe.get_extra_info("pipe").close()
            setattr(pipe, "_pipe", None)  # noqa: B010 - private: or else its destructor asks the closed loop once more
        self.exited.set()

    def _forget(self, session: int) -> None:
        self.sessions -= 1
        self.tell({"id": 0, "op": "close", "session": session})

    def _received(self, message: Message) -> None:
        if message["id"] == 0:
            self._started(message)
            return
        waiting = self._waiting.pop(message["id"], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    def _started(self, message: Message) -> None:
        if self.ready.done():
            return
        if "fault" in message:
            self.ready.set_exception(Fault(f"a worker process could not start: {message['fault']}"))
            return
        self.ready.set_result(tuple(Step(*step) for step in message["steps"]))
