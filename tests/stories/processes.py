"""Workers as processes of their own, and the upstream that all of them call: both in a test's hands."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from programs import Program, Speaking
from worker_process import Skewed, connector

from toolscript.ports import Guest
from toolscript.runs.program import Language
from toolscript.runs.result import Result
from toolscript.runtime.runtime import Runtime
from toolscript.stores.sqlite import SQLiteStore

PATIENCE_S = 30
LEASE_S = 1.0
WORKER = Path(__file__).with_name("worker_process.py")


@dataclass
class Attempt:
    """A call that reached the upstream, or a worker that is held at a point; it waits until it is answered."""

    name: str
    args: dict[str, Any]
    key: str
    pid: int
    _writer: asyncio.StreamWriter

    def answer(self, value: Any = None) -> None:
        """Let it go on; nothing happens if its process is gone."""
        self._writer.write(json.dumps({"value": value}).encode() + b"\n")
        self._writer.close()

    async def closed(self) -> None:
        """Close its line, if it was never answered."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


@dataclass
class Wire:
    """The upstream, over a Unix socket."""

    socket: Path
    guest: Guest
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    _arrived: asyncio.Queue[Attempt] = field(default_factory=asyncio.Queue[Attempt])

    async def attempt(self, *names: str) -> Attempt:
        """The next call, which must be one of these."""
        async with asyncio.timeout(PATIENCE_S):
            attempt = await self._arrived.get()
        assert attempt.name in names
        return attempt

    @property
    def quiet(self) -> bool:
        """Whether every call that arrived was expected by the test."""
        return self._arrived.empty()

    def made(self, name: str) -> list[Attempt]:
        """All calls of this name so far."""
        return [attempt for attempt in self.attempts if attempt.name == name]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if not line:
            writer.close()
        else:
            attempt = Attempt(**json.loads(line), _writer=writer)
            self.attempts.append(attempt)
            self._arrived.put_nowait(attempt)


@asynccontextmanager
async def wired(folder: Path, guest: Guest) -> AsyncGenerator[Wire]:
    """An upstream that listens in this folder, for programs in the language of this guest."""
    wire = Wire(folder / "upstream", guest)
    server = await asyncio.start_unix_server(wire.serve, wire.socket)
    try:
        yield wire
    finally:
        server.close()
        for attempt in wire.attempts:
            await attempt.closed()


@dataclass
class Worker:
    """A process with a runtime that is told what to do line by line."""

    process: asyncio.subprocess.Process
    errors: Path
    language: Language

    @property
    def pid(self) -> int:
        return self.process.pid

    async def do(self, method: str, *args: Program | Any, **kwargs: Any) -> Any:
        """Call a method of its runtime, and wait for what it gives."""
        self.tell(method, *args, **kwargs)
        return await self.said()

    def tell(self, method: str, *args: Program | Any, **kwargs: Any) -> None:
        """The same without waiting."""
        assert self.process.stdin is not None
        said = [arg.text(self.language) if isinstance(arg, Program) else arg for arg in args]
        self.process.stdin.write(json.dumps([method, said, kwargs]).encode() + b"\n")

    async def said(self) -> Any:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            return json.loads(await self.process.stdout.readline())

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        await self.process.wait()

    def terminate(self) -> None:
        self.process.terminate()

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            return await self.process.wait()

    async def stop(self) -> None:
        """Stop it (SIGSTOP); returns when it no longer runs."""
        self.process.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                look = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
                result = os.waitid(os.P_PID, self.pid, look)  # noqa: ASYNC222 - it does not block
                if result is not None:
                    return
                await asyncio.sleep(0)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def complaints(self) -> str:
        """What it said on its standard error of errors that nobody expected."""
        text = self.errors.read_text()
        return text if "Traceback" in text or "ERROR" in text else ""


@asynccontextmanager
async def working(wire: Wire, **how: Any) -> AsyncGenerator[Worker]:
    """A worker process on the store of this folder; `how` are settings of `worker_process.How`."""
    folder = wire.socket.parent
    errors = folder / f"errors-{len(list(folder.glob('errors-*')))}"
    how = {"file": str(folder / "runs.db"), "socket": str(wire.socket), "language": wire.guest.language, **how}
    pipe = asyncio.subprocess.PIPE
    with errors.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(WORKER), json.dumps(how), stdin=pipe, stdout=pipe, stderr=log
        )
    worker = Worker(process, errors, wire.guest.language)
    try:
        assert await worker.said() == "ready"
        yield worker
    finally:
        if process.returncode is None:
            await worker.kill()


@asynccontextmanager
async def here(
    wire: Wire, *, keyed: bool = False, skew_ms: int = 0, lease_ms: int = round(LEASE_S * 1_000), **how: Any
) -> AsyncGenerator[Speaking]:
    """A worker in this process, on the same file and with the same upstream."""
    store = SQLiteStore(wire.socket.parent / "runs.db")
    tools = [connector(wire.socket, keyed=keyed)]
    clock = Skewed(skew_ms)
    async with Speaking(tools, guest=wire.guest, store=store, lease_ms=lease_ms, clock=clock, **how) as runtime:
        yield runtime


async def end(runtime: Runtime, run: str) -> Result:
    """The run's result, once it has ended or waits for a person."""
    return await runtime.wait(run, timeout_s=PATIENCE_S)


async def rings(wire: Wire) -> AsyncGenerator[None]:
    """At once, and whenever the store was written to."""
    store = SQLiteStore(wire.socket.parent / "runs.db")
    async with asyncio.timeout(PATIENCE_S):
        while True:
            yield
            await store.rung()
