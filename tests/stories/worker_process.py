"""A runtime in a process of its own: its tools call a test's upstream, and a test says what it does."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from toolscript.connectors.functions import functions, tool
from toolscript.ports import Connector
from toolscript.runs.entry import Answered, Attempted, Entry, Intended, RunStatus
from toolscript.runs.program import Language
from toolscript.runs.result import Result
from toolscript.runs.rollback import Rollback
from toolscript.runtime.clock import SystemClock
from toolscript.runtime.runtime import Runtime
from toolscript.stores.sqlite import SQLiteStore
from toolscript.tools import CallContext

POINTS = {"intended": Intended, "attempted": Attempted, "answered": Answered}


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """`hold` is a kind of log line: after the first commit that has one of a tool of ours, the worker is held."""

    file: str
    socket: str
    keyed: bool = False
    lease_ms: int = 1_000
    role: Literal["worker", "client"] = "worker"
    scope: str = ""
    language: Language = "typescript"
    skew_ms: int = 0
    hold: str = ""


class Skewed(SystemClock):
    """A clock that is wrong by so much; it can be set."""

    def __init__(self, skew_ms: int = 0) -> None:
        self.skew_ms = skew_ms

    def now(self) -> int:
        return super().now() + self.skew_ms


async def ask(socket: str | Path, name: str, args: dict[str, Any], key: str = "") -> Any:
    """One call of the upstream."""
    reader, writer = await asyncio.open_unix_connection(socket)
    writer.write(json.dumps({"name": name, "args": args, "key": key, "pid": os.getpid()}).encode() + b"\n")
    try:
        return json.loads(await reader.readline())["value"]
    finally:
        writer.close()


def connector(socket: str | Path, *, keyed: bool = False) -> Connector:
    """Tools that reach the upstream, and wait for it."""

    @tool(effect="read")
    async def read(context: CallContext, i: int = 0) -> Any:
        return await ask(socket, "read", {"i": i}, context.idempotency_key)

    async def undo(result: Any, context: CallContext) -> Any:
        return await ask(socket, "undo", {"result": result}, context.idempotency_key)

    @tool(keyed=keyed, revert=undo)
    async def write(context: CallContext, i: int = 0) -> Any:
        return await ask(socket, "write", {"i": i}, context.idempotency_key)

    @tool(keyed=keyed, destructive=True)
    async def drop(context: CallContext, i: int = 0) -> Any:
        return await ask(socket, "drop", {"i": i}, context.idempotency_key)

    return functions("w", read, write, drop)


class HeldStore(SQLiteStore):
    """Tells the test after the commit that it waits for, and goes on when the test says so."""

    def __init__(self, how: How) -> None:
        super().__init__(how.file)
        self._socket = how.socket
        self._point = POINTS.get(how.hold)
        self._seqs: set[int] = set()

    def append(self, run: str, fence: int, entries: Sequence[Entry], status: RunStatus = "running") -> Awaitable[None]:
        done = super().append(run, fence, entries, status)
        self._seqs |= {one.seq for one in entries if isinstance(one, Intended) and one.path.startswith("w.")}
        point = self._point
        if point is None or not any(isinstance(entry, point) and entry.seq in self._seqs for entry in entries):
            return done
        self._point = None
        return asyncio.ensure_future(self._held(done))

    async def _held(self, done: Awaitable[None]) -> None:
        await done
        await ask(self._socket, "held", {})


def said(value: Any) -> Any:
    match value:
        case Result():
            return {"run": value.run, "status": value.status}
        case Rollback():
            return str(value)
        case _:
            return value


async def main(how: How) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    runtime = Runtime(
        [connector(how.socket, keyed=how.keyed)],
        store=HeldStore(how),
        clock=Skewed(how.skew_ms),
        lease_ms=how.lease_ms,
        role=how.role,
        scope=how.scope,
        languages=[how.language],
    )

    async def obey() -> None:
        while line := await lines.readline():
            method, args, kwargs = json.loads(line)
            print(json.dumps(said(await getattr(runtime, method)(*args, **kwargs))), flush=True)

    async with runtime:
        print('"ready"', flush=True)
        obeying = asyncio.create_task(obey())
        await told.wait()
        obeying.cancel()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(main(How(**json.loads(sys.argv[1]))))
