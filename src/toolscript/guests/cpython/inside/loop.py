"""The event loop of a program: asyncio as it is, but time is the turn's, and a timer is a call of the host.

1. Callbacks run in the order in which they were scheduled. Nothing else decides what runs next.
2. When nothing can run, `Turns.exchange` hands the turn to the host; the answers settle futures, in the host's order.
3. `run_until_complete` works inside a running program too, so that `asyncio.run(main())` does what its author means.
"""

# The event loop's own members, which a loop of one's own is built from, are private in name:
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import contextvars
import errno
import itertools
import sys
import traceback
from asyncio import events, tasks
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, cast


class Turns(Protocol):
    """What the loop asks of the conversation with the host."""

    now_s: float

    def exchange(self) -> None:
        """Hand over the turn, and settle what was answered."""
        ...

    def timer(self, seconds: float, fire: Callable[[], None]) -> int:
        """Have a callback run after so many seconds; gives the number of the call."""
        ...

    def drop(self, seq: int) -> None:
        """Take no more interest in a call."""
        ...


class _Task(asyncio.Task[Any]):
    """A task whose place in a set, such as `asyncio.wait` gives, is the same in every run of the program."""

    def __init__(self, *args: Any, number: int, **kwargs: Any) -> None:
        self._number = number
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self._number


class _Future(asyncio.Future[Any]):
    """A future, likewise."""

    def __init__(self, *, loop: asyncio.AbstractEventLoop, number: int) -> None:
        self._number = number
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._number


class TurnLoop(asyncio.BaseEventLoop):
    """The one event loop of the process."""

    def __init__(self, turns: Turns) -> None:
        super().__init__()
        self.turns = turns
        self._ready: deque[asyncio.Handle] = deque()
        self._numbers = itertools.count(1)
        self._timers: dict[int, int] = {}  # by the identity of the handle
        self._failed: list[asyncio.Future[Any]] = []
        self.set_exception_handler(_ignore)

    def install(self) -> None:
        """Be the running loop, from now on, and whatever loop is asked for."""
        events._set_running_loop(self)
        asyncio.set_event_loop_policy(_Policy(self))  # pyright: ignore[reportDeprecated] - until Python 3.16
        sys.set_asyncgen_hooks(
            firstiter=cast("Any", self)._asyncgen_firstiter_hook, finalizer=cast("Any", self)._asyncgen_finalizer_hook
        )
        replaced = {"run": self.run, "Runner": _runner(self)}
        for module in (asyncio, asyncio.runners):
            for name, value in replaced.items():
                setattr(module, name, value)

    def create_future(self) -> asyncio.Future[Any]:
        return _Future(loop=self, number=next(self._numbers))

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        number = next(self._numbers)
        options["name"] = options.get("name") or f"Task-{number}"
        task = _Task(coro, loop=self, number=number, **options)
        task.add_done_callback(self._note)
        return task

    def _note(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and task._exception is not None:  # type: ignore[attr-defined] - asking would count
            self.failed(task)

    def failed(self, future: asyncio.Future[Any]) -> None:
        """Keep a call, or a task, that failed: whether somebody retrieves its exception shows in the end."""
        self._failed.append(future)

    def complain(self) -> None:
        """Print the exceptions of calls and tasks that nobody retrieved."""
        for future in self._failed:
            if future._log_traceback:  # type: ignore[attr-defined] - asking for the exception would count
                kind = "task" if isinstance(future, asyncio.Task) else "call"
                error = future.exception()
                words = "".join(traceback.format_exception_only(type(error), error)).strip()
                print(f"warning: nobody awaited a {kind} that failed: {words}")

    def time(self) -> float:
        return self.turns.now_s

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def close(self) -> None:
        """The loop of the process stays open, whoever closes it."""

    def stop(self) -> None:
        """The loop of the process goes on, whoever stops it."""

    def drain(self) -> None:
        """Run what is ready, and what becomes ready by it."""
        while self._ready:
            self._step()

    def _step(self) -> None:
        handle = self._ready.popleft()
        if not handle._cancelled:
            handle._run()

    def run_until_complete(self, future: Any) -> Any:
        task: asyncio.Future[Any] = asyncio.ensure_future(future, loop=self)
        current = asyncio.current_task(self)
        if current is not None:
            tasks._leave_task(self, current)
        try:
            while not task.done():
                if self._ready:
                    self._step()
                else:
                    self.turns.exchange()
        finally:
            if current is not None:
                tasks._enter_task(self, current)
        return task.result()

    def run(self, main: Coroutine[Any, Any, Any], *, debug: bool | None = None, loop_factory: Any = None) -> Any:
        """What `asyncio.run` does here."""
        if not asyncio.iscoroutine(main):
            raise ValueError(f"a coroutine was expected, got {main!r}")
        return self.run_until_complete(main)

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self, delay: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(self.time() + delay, callback, args, self, context)
        if delay <= 0:
            self._ready.append(handle)
        else:
            handle._scheduled = True  # type: ignore[attr-defined] - asks for `_timer_handle_cancelled`
            self._timers[id(handle)] = self.turns.timer(delay, lambda: self._fire(handle))
        return handle

    def call_at(
        self, when: float, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_later(round(when - self.time(), 9), callback, *args, context=context)

    def _fire(self, handle: asyncio.TimerHandle) -> None:
        self._timers.pop(id(handle), None)
        self._ready.append(handle)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        seq = self._timers.pop(id(handle), None)
        if seq is not None:
            self.turns.drop(seq)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """There are no threads: the function runs at once."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # the program's own, handed to whoever awaits it
            future.set_exception(error)
        return future


async def _no_network(self: TurnLoop, *args: Any, **kwargs: Any) -> Any:
    raise PermissionError(errno.EPERM, "Operation not permitted")


for _name in ("create_connection", "create_server", "create_datagram_endpoint", "getaddrinfo", "getnameinfo",
              "connect_read_pipe", "connect_write_pipe", "subprocess_exec", "subprocess_shell"):  # fmt: skip
    setattr(TurnLoop, _name, _no_network)


class _Policy(asyncio.DefaultEventLoopPolicy):
    def __init__(self, loop: TurnLoop) -> None:
        super().__init__()
        self._loop = loop

    def get_event_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def set_event_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """There is one loop, whichever is set."""


def _runner(loop: TurnLoop) -> type:
    class Runner:
        """`asyncio.Runner` over the one loop."""

        def __init__(self, *, debug: bool | None = None, loop_factory: Any = None) -> None:
            """Take the arguments of the original."""

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: object) -> None:
            """Close nothing."""

        def close(self) -> None:
            """Close nothing."""

        def get_loop(self) -> asyncio.AbstractEventLoop:
            return loop

        def run(self, coro: Coroutine[Any, Any, Any], *, context: contextvars.Context | None = None) -> Any:
            return loop.run(coro)

    return Runner


def _ignore(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What asyncio tells when an object is freed is told in the end, and in order, by `complain`."""
