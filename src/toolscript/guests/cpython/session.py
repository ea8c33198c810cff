"""One live program on the event loop: its process, its turns, and the watch over its time."""

from __future__ import annotations

import asyncio
import os
import select
import signal
from collections.abc import Awaitable, Callable, Sequence

from toolscript.errors import Failure, Fault
from toolscript.guests.cpython.spawner import ProgramProcess
from toolscript.guests.cpython.wire import HEADER, Broken, Listener, Said, Task, answers_frame, boot_frame, most_bytes
from toolscript.runs.program import Boot, Instant
from toolscript.runs.turn import Crashed, Outcome, Settled, Turn, Usage

_READ_BYTES = 1 << 16
PATIENCE_S = 10.0  # with a process that does not compute: nothing in a turn has to be waited for
_GLANCE_S = 100e-6  # most turns take less, and going round the event loop for them takes as long again
_MEASURED_NS = 5_000_000  # of computing, after which it is worth asking how much memory there is
_IDLE_NS = 1_000_000  # of computing within that time, and less, is none
_GONE_S = 5.0  # for the news of how a process ended


class CPythonSession:
    """Implements `ports.Session`."""

    def __init__(self, boot: Boot, start: Callable[[], Awaitable[ProgramProcess]], task: Task = "run") -> None:
        self._boot = boot
        self._task: Task = task
        self._start = start
        self._process: ProgramProcess | None = None
        self._listener = Listener(boot)
        self._outcome: Outcome | None = None
        self._usage = Usage()
        self._measured_ns = -_MEASURED_NS
        self._closed = False
        self._is_moving = False

    async def advance(self, answers: Sequence[Settled], now: Instant) -> Turn:
        if self._outcome is not None:
            return Turn(outcome=self._outcome, usage=self._usage)
        if self._closed:
            raise Fault("the session is closed")
        self._is_moving = True
        try:
            said = await self._turn(answers, now)
        except BaseException:
            self._closed = True
            raise
        finally:
            self._is_moving = False
            if self._closed:
                self._end()
        self._outcome = said.outcome
        if said.outcome is not None:
            self._end()
        return Turn(
            calls=said.calls, dropped=said.dropped, printed=said.printed, outcome=said.outcome, usage=self._usage
        )

    async def snapshot(self) -> bytes | None:
        """There is none: a process cannot be kept. A run that is let go is replayed from its log."""
        return None

    async def close(self) -> None:
        self._closed = True
        if self._is_moving and self._process is not None:
            self._process.kill()  # the turn that is under way hears of it
        else:
            self._end()

    def __del__(self) -> None:
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()

    async def _turn(self, answers: Sequence[Settled], now: Instant) -> Said:
        process = self._process
        if process is None:
            size, most = len(self._boot.program.code.encode("utf-8", "surrogatepass")), self._boot.limits.source_bytes
            if size > most:
                return self._failed(_limit("the program is too long", "move data into `input`", f"{most:,} bytes"))
            process = self._process = await self._start()
            frame = boot_frame(self._boot, now, task=self._task)
        else:
            self._listener.answered(answers)
            frame = answers_frame(answers, now)
        exchange = _Exchange(process, frame, most_bytes(self._boot), self._boot.limits.cpu_ms)
        try:
            said = self._listener.heard(await exchange.answer())
        except Broken:
            return self._failed(_BROKEN)
        except _Late as late:
            return self._failed(self._late(late))
        except EOFError:
            return self._failed(_STOPPED if self._closed else await self._died(process))
        finally:
            self._measure(process)
        if said.outcome is None and self._usage.cpu_us >= self._boot.limits.cpu_ms * 1_000:
            return self._failed(self._late(_Late(computing=True)))
        return said

    def _measure(self, process: ProgramProcess) -> None:
        """What has been used so far, as the kernel counts it."""
        cpu_ns, memory = process.cpu_ns(), self._usage.memory_bytes
        if cpu_ns - self._measured_ns > _MEASURED_NS:
            self._measured_ns, memory = cpu_ns, max(memory, process.memory_bytes())
        self._usage = Usage(cpu_us=max(cpu_ns // 1000, self._usage.cpu_us), memory_bytes=memory)

    def _failed(self, failure: Failure) -> Said:
        return Said((), (), (), Crashed(failure))

    def _late(self, late: _Late) -> Failure:
        if late.computing:
            advice, most = "look for an endless loop, or do less", f"{self._boot.limits.cpu_ms:,} ms"
            return _limit("the program used up its computing time", advice, most)
        return _limit("the program waited for what is not there", "await calls instead", f"{PATIENCE_S:.0f} s")

    async def _died(self, process: ProgramProcess) -> Failure:
        """Why a process closed its pipe without a word."""
        cpu_ns = process.cpu_ns()
        process.end()
        try:
            async with asyncio.timeout(_GONE_S):
                status = await asyncio.shield(process.ended)
        except (TimeoutError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not process.ended.cancelled():
                raise
            raise Fault("the process that starts programs has ended, and the program with it") from error
        if status == -signal.SIGXCPU or cpu_ns >= self._boot.limits.cpu_ms * 1_000_000:
            return self._late(_Late(computing=True))
        if status in (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT, -signal.SIGILL, -signal.SIGFPE):
            return _limit("the program broke the interpreter", "use less memory and recursion", "the engine's memory")
        return _BROKEN


_STOPPED = Failure(kind="guest", code="cancelled", name="CancelledError", message="the program was stopped")


class _Late(Exception):
    def __init__(self, *, computing: bool) -> None:
        super().__init__("a turn took too long")
        self.computing = computing


_BROKEN = Failure(
    kind="guest",
    code="thrown",
    name="SandboxError",
    message="the program ended its own process, or wrote into the channel to its host; return a value, or raise",
)


def _limit(what: str, advice: str, most: str) -> Failure:
    return Failure(kind="guest", code="limit", name="LimitError", message=f"{what} (limit: {most}); {advice}")


class _Exchange:
    """One frame there and one back, within the time that the program may still compute."""

    def __init__(self, process: ProgramProcess, frame: bytes, most: int, cpu_ms: int) -> None:
        self._process = process
        self._loop = asyncio.get_running_loop()
        self._out = memoryview(frame)
        self._in = bytearray()
        self._most = most
        self._cpu_ns = cpu_ms * 1_000_000
        self._done: asyncio.Future[bytes] = self._loop.create_future()
        self._seen_ns = 0
        self._seen_at = self._loop.time()
        self._watch: asyncio.TimerHandle | None = None

    async def answer(self) -> bytes:
        """The frame that came back. Raises `Broken`, `_Late`, and `EOFError` where the process is gone."""
        process, loop = self._process, self._loop
        self._write()
        if not self._out and select.select([process.reading], (), (), _GLANCE_S)[0]:
            self._read()
        if self._done.done():
            return self._done.result()
        loop.add_reader(process.reading, self._read)
        if self._out and not self._done.done():
            loop.add_writer(process.writing, self._write)
        self._watched()
        try:
            return await self._done
        finally:
            if self._watch is not None:
                self._watch.cancel()
            loop.remove_reader(process.reading)
            loop.remove_writer(process.writing)

    def _watched(self) -> None:
        """Look again when the program can have used up its time, or has done nothing for long."""
        used_ns, now = self._process.cpu_ns(), self._loop.time()
        if used_ns - self._seen_ns > _IDLE_NS:
            self._seen_ns, self._seen_at = used_ns, now
        left_s, patience_s = (self._cpu_ns - used_ns) / 1e9, self._seen_at + PATIENCE_S - now
        if left_s <= 0 or patience_s <= 0:
            self._fail(_Late(computing=left_s <= 0))
        else:
            self._watch = self._loop.call_later(min(left_s, patience_s), self._watched)

    def _write(self) -> None:
        try:
            while self._out:
                self._out = self._out[os.write(self._process.writing, self._out) :]
        except BlockingIOError:
            return
        except OSError:
            self._out = memoryview(b"")  # it closed its end: what it says, or that it is gone, is read
        self._loop.remove_writer(self._process.writing)

    def _read(self) -> None:
        try:
            received = os.read(self._process.reading, _READ_BYTES)
        except BlockingIOError:
            return
        if not received:
            self._fail(EOFError())
            return
        self._in += received
        if len(self._in) < HEADER.size:
            return
        (length,) = HEADER.unpack_from(self._in)
        if length > self._most or len(self._in) > HEADER.size + length:
            self._fail(Broken("a frame of a wrong length"))
        elif len(self._in) == HEADER.size + length and not self._done.done():
            self._done.set_result(bytes(self._in[HEADER.size :]))

    def _fail(self, error: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(error)
