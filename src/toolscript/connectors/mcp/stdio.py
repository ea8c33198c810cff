"""Servers that we start ourselves: one process, one JSON-RPC message a line.

In place of the SDK's own transport, for four reasons: a large line is put together in linear time (the SDK's takes
10 s for 50 MB), a line over the cap is refused by size instead of filling memory, the exit code can be named, and no
process is left behind whatever happens to the event loop.

Stopping: close stdin and wait `GRACE_S`; SIGTERM to the process group and wait again; SIGKILL to the group. The last
step needs no event loop, so it is also taken when a second cancellation cuts the waiting short, and at exit.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import shutil
import signal
import sys
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment

from toolscript.connectors.mcp.reading import ENDS, id_in, message_of, refusal
from toolscript.connectors.mcp.sdk import SessionMessage
from toolscript.connectors.mcp.targets import Stdio

GRACE_S = 2.0  # what the specification's reference client grants between two steps of stopping a server
STDERR_LINES = 40
STDERR_LINE_CHARS = 500
TOO_LARGE = -32099  # our own code, from the range that JSON-RPC leaves to implementations
_CHUNK = 1 << 18
_POLL_S = 0.01

_alive: set[int] = set()


@dataclass(slots=True)
class StdioLog:
    """What a process said beside the protocol, and how it ended."""

    stderr: deque[str] = field(default_factory=lambda: deque[str](maxlen=STDERR_LINES))
    strays: int = 0
    exit_code: int | None = None


Received = SessionMessage | Exception


@asynccontextmanager
async def stdio_streams(
    target: Stdio, log: StdioLog, max_line_bytes: int
) -> AsyncGenerator[tuple[MemoryObjectReceiveStream[Received], MemoryObjectSendStream[SessionMessage]]]:
    """Start the server and talk to it; `OSError` if it cannot be started."""
    env = get_default_environment() | dict(target.env)
    if target.cwd is not None and not target.cwd.is_dir():
        raise NotADirectoryError(f"The folder {target.cwd} does not exist.")
    process = await asyncio.create_subprocess_exec(
        shutil.which(target.command, path=env.get("PATH")) or target.command,
        *target.args,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=env,
        cwd=target.cwd,
        start_new_session=True,
        limit=_CHUNK * 2,
    )
    _alive.add(process.pid)
    to_session, from_server = anyio.create_memory_object_stream[Received](16)
    to_server, from_session = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_read, process, to_session, log, max_line_bytes)
            tasks.start_soon(_write, process, from_session)
            tasks.start_soon(_read_stderr, process, log)
            try:
                yield from_server, to_server
            finally:
                with anyio.CancelScope(shield=True):
                    await _stop(process)
                log.exit_code = process.returncode
                tasks.cancel_scope.cancel()
    finally:
        _kill(process.pid)
        _alive.discard(process.pid)
        _close_transport(process)
        for stream in (to_session, from_server, to_server, from_session):
            stream.close()


async def _read(
    process: asyncio.subprocess.Process, out: MemoryObjectSendStream[Received], log: StdioLog, max_line_bytes: int
) -> None:
    assert process.stdout is not None
    lines = _Lines(max_line_bytes)
    with out, contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        while chunk := await process.stdout.read(_CHUNK):
            for line in lines.feed(chunk):
                message = _parsed(line, log)
                if message is not None:
                    await out.send(message)
        with anyio.move_on_after(GRACE_S):  # the pipe may close a moment before the exit is seen
            await _exited(process)
        log.exit_code = process.returncode


@dataclass(frozen=True, slots=True)
class _Oversize:
    """A line that was not kept: its size, and its two ends, one of which holds the request's id."""

    size: int
    start: bytes
    end: bytes


class _Lines:
    """Puts lines together from chunks, in time linear in their length."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._dropped: _Oversize | None = None

    def feed(self, chunk: bytes) -> list[bytes | _Oversize]:
        *ended, rest = chunk.split(b"\n")
        found: list[bytes | _Oversize] = []
        for part in ended:
            self._add(part)
            found.append(self._dropped or b"".join(self._parts))
            self._parts, self._size, self._dropped = [], 0, None
        self._add(rest)
        return found

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= self._max_bytes:
            self._parts.append(part)
            return
        start = self._dropped.start if self._dropped else b"".join([*self._parts, part])[:ENDS]
        before = self._dropped.end if self._dropped else b""
        self._dropped = _Oversize(self._size, start, (before + part)[-ENDS:])
        self._parts.clear()


def _parsed(line: bytes | _Oversize, log: StdioLog) -> Received | None:
    if isinstance(line, _Oversize):
        return _refused(line)
    if not line.strip():
        return None
    message = message_of(line)
    if message is None:
        log.strays += 1  # something was printed: not for us
        return None
    return SessionMessage(message)


def _refused(line: _Oversize) -> Received:
    """The error that takes the place of an answer over the cap."""
    request = id_in(line.start, line.end)
    if request is None:
        raise anyio.BrokenResourceError  # whoever waits for it would wait for ever: end the connection
    return SessionMessage(refusal(request, TOO_LARGE, f"{line.size}"))


async def _write(process: asyncio.subprocess.Process, source: MemoryObjectReceiveStream[SessionMessage]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError, anyio.ClosedResourceError):  # a broken pipe: the reader sees the end
        async with source:
            async for message in source:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                process.stdin.write(text.encode() + b"\n")
                await process.stdin.drain()


async def _read_stderr(process: asyncio.subprocess.Process, log: StdioLog) -> None:
    assert process.stderr is not None
    rest = b""
    while chunk := await process.stderr.read(_CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        rest = rest[-STDERR_LINE_CHARS * 4 :]
        log.stderr.extend(line.decode(errors="replace").rstrip()[:STDERR_LINE_CHARS] for line in lines if line.strip())
    if rest.strip():
        log.stderr.append(rest.decode(errors="replace")[:STDERR_LINE_CHARS])


async def _stop(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    for number in (None, signal.SIGTERM, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL):
        if number is not None:
            _signal(process.pid, number)
        with anyio.move_on_after(GRACE_S):
            await _exited(process)
            return


async def _exited(process: asyncio.subprocess.Process) -> None:
    """Not `process.wait()`: that waits for the pipes too, which a grandchild may hold open."""
    while process.returncode is None:  # noqa: ASYNC110 - asyncio tells no event of it
        await anyio.sleep(_POLL_S)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError, OSError):
        if sys.platform == "win32":
            os.kill(pid, number)
        else:
            os.killpg(pid, number)


def _kill(pid: int) -> None:
    """End the process and whatever it started that is still in its group."""
    _signal(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


@atexit.register
def _kill_all() -> None:
    """The event loop may have been dropped without ending its tasks."""
    for pid in _alive:
        _kill(pid)


def _close_transport(process: asyncio.subprocess.Process) -> None:
    """asyncio offers no public way to close the pipes of a process while a grandchild holds their other end."""
    transport = getattr(process, "_transport", None)
    if transport is not None:
        with contextlib.suppress(PermissionError, RuntimeError):
            transport.close()
