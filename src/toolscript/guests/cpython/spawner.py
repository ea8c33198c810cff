"""A zygote seen from the host: its start, the processes that it starts, and its end.

It belongs to one event loop. What a program's process is told, and all that it can tell, is in `wire`.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolscript.errors import ConfigError, Fault
from toolscript.guests.cpython.zygote import MAX_MESSAGE, REQUIRED
from toolscript.guests.lockdown import Step

_PACKAGE = str(Path(__file__).resolve().parents[3])
_START = """
import sys, json, socket
def tell(kind, error, trace):
    socket.socket(fileno=int(sys.argv[2])).send(json.dumps({"fault": f"{kind.__name__}: {error}"}).encode())
sys.excepthook = tell
sys.path[:] = json.loads(sys.argv[1])
from toolscript.guests.cpython.inside.clock import rule_time
rule_time()
from toolscript.guests.cpython.zygote import main
main(int(sys.argv[2]), tuple(json.loads(sys.argv[3])))
"""
_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",  # the order of sets of text is the same in every run
    "PYTHONUTF8": "1",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_EXIT_S = 2.0
_CPU_CLOCK = 2  # CPUCLOCK_SCHED of a whole process, as clock_getcpuclockid(3) makes it of a number
_MOST_ASKED = 32  # processes that are asked for and not there yet: the socket takes some two hundred messages
_ENDED = "the process that starts programs has ended"


@dataclass(eq=False, slots=True)
class ProgramProcess:
    """One program's process. `reading` and `writing` are the host's ends of its pipes, which do not block."""

    spawner: Spawner
    pid: int
    handle: int
    reading: int
    writing: int
    ended: asyncio.Future[int]
    _host_pid: int | None = None
    _open: bool = True

    def cpu_ns(self) -> int:
        """The computing time that it has used, as the kernel counts it; 0 once it is gone."""
        try:
            return time.clock_gettime_ns((~self._number() << 3) | _CPU_CLOCK)
        except OSError:
            return 0

    def memory_bytes(self) -> int:
        """What it has in memory now; 0 once it is gone."""
        try:
            content = Path(f"/proc/{self._number()}/statm").read_text(encoding="ascii")
        except OSError:
            return 0
        return int(content.split()[1]) * os.sysconf("SC_PAGESIZE")

    def _number(self) -> int:
        """Its process number as the host counts; `ProcessLookupError` where it is gone."""
        if self._host_pid is None:
            self._host_pid = _host_pid(self.handle)
        return self._host_pid

    def kill(self) -> None:
        """Kill it, whatever it does."""
        if self._open:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    def end(self) -> None:
        """Kill it, and forget it; twice is once, and from any thread."""
        if not self._open:
            return
        self.kill()
        self._open = False
        for descriptor in (self.handle, self.reading, self.writing):
            os.close(descriptor)
        self.spawner.bury(self.pid)


class Spawner:
    """Starts its zygote at once, and loads its `libraries` there; `walls` are known when it is ready."""

    def __init__(self, loop: asyncio.AbstractEventLoop, libraries: Sequence[str]) -> None:
        self.loop = loop
        self.walls: asyncio.Future[tuple[Step, ...]] = loop.create_future()
        self.is_open = True
        self._asked: deque[asyncio.Future[ProgramProcess]] = deque()
        self._starting: deque[tuple[asyncio.Future[ProgramProcess], int, int]] = deque()
        self._spare: asyncio.Future[ProgramProcess] | None = None  # started ahead: to fork takes longer than to begin
        self._living: dict[int, asyncio.Future[int]] = {}
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        path = json.dumps([_PACKAGE, *(entry for entry in sys.path if entry)])
        told = (path, str(theirs.fileno()), json.dumps(list(libraries)))
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own text
                [sys.executable, "-s", "-S", "-P", "-B", "-c", _START, *told],
                env=_ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()], start_new_session=True,
            )  # fmt: skip
        finally:
            theirs.close()
        loop.add_reader(self._control.fileno(), self._heard)

    async def start(self) -> ProgramProcess:
        """A new process, ready to be told what to run."""
        wanted, self._spare = self._spare or self._request(), None
        if wanted.done() and wanted.exception():  # what was started ahead failed: perhaps it goes well now
            wanted = self._request()
        try:
            process = await asyncio.shield(wanted)
        except asyncio.CancelledError:
            self._spare = self._spare or wanted
            raise
        self._spare = self._spare or self._request()
        return process

    def _request(self) -> asyncio.Future[ProgramProcess]:
        """Ask for one more process."""
        if not self.is_open:
            raise Fault(_ENDED)
        started: asyncio.Future[ProgramProcess] = self.loop.create_future()
        self._asked.append(started)
        self._ask()
        return started

    def _ask(self) -> None:
        """Pass on what is asked for, and not more than can be on its way."""
        while self._asked and len(self._starting) < _MOST_ASKED and self.is_open:
            started = self._asked.popleft()
            if started.done():
                continue
            try:
                reading, their_writing = os.pipe()
                their_reading, writing = os.pipe()
            except OSError as error:
                started.set_exception(Fault(f"no process can be started for a program: {error.strerror}"))
                started.exception()  # seen: it may be the one ahead
                continue
            self._starting.append((started, reading, writing))
            try:
                socket.send_fds(self._control, [b"{}"], [their_reading, their_writing])
            except OSError:
                self.let_go()
            finally:
                os.close(their_reading)
                os.close(their_writing)

    def bury(self, pid: int) -> None:
        """Have a killed process taken note of."""
        if self.is_open:
            with suppress(OSError):
                self._control.send(json.dumps({"pid": pid}).encode())

    def has_ended(self) -> bool:
        """Whether the zygote's own process is gone."""
        return self._process.poll() is not None

    def wait(self) -> None:
        """Until the zygote has ended; blocks."""
        try:
            self._process.wait(_EXIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _heard(self) -> None:
        while self.is_open:
            try:
                content, handles, _, _ = socket.recv_fds(self._control, MAX_MESSAGE, 1)
            except BlockingIOError:
                return
            except OSError:
                content, handles = b"", []
            if not content:
                self.let_go()
                return
            self._told(json.loads(content), handles)

    def _told(self, message: dict[str, Any], handles: Sequence[int]) -> None:
        match message:
            case {"started": pid}:
                self._started(pid, *handles)
            case {"ended": pid, "status": status}:
                ended = self._living.pop(pid, None)
                if ended is not None and not ended.done():
                    ended.set_result(status)
            case {"walls": walls}:
                self.walls.set_result(tuple(Step(*wall) for wall in walls))
            case _:
                if not self.walls.done():
                    words = f"CPython programs cannot be started: {message.get('fault')}"
                    missing = "ModuleNotFoundError" in words  # of the libraries that the operator allows
                    self.walls.set_exception(ConfigError(words) if missing else Fault(words))
                    self.walls.exception()  # seen: whoever waits is told, too

    def _started(self, pid: int, handle: int | None = None) -> None:
        started, reading, writing = self._starting.popleft()
        if handle is None:  # there was no room for it among the open files: with its pipes closed, the process ends
            os.close(reading)
            os.close(writing)
            self.bury(pid)
            if not started.done():
                started.set_exception(Fault("no process can be started for a program: too many open files"))
                started.exception()  # seen: it may be the one ahead
            self._ask()
            return
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        ended = self._living[pid] = self.loop.create_future()
        process = ProgramProcess(self, pid, handle, reading, writing, ended)
        if started.cancelled():
            process.end()
        else:
            started.set_result(process)
        self._ask()

    def let_go(self) -> None:
        """End the zygote, and with it every program; whoever waits is told."""
        if not self.is_open:
            return
        self.is_open = False
        if not self.loop.is_closed():
            self.loop.remove_reader(self._control.fileno())
        self._control.close()
        fault = Fault(_ENDED)
        if not self.walls.done():
            self.walls.set_exception(fault)
            self.walls.exception()  # seen: whoever waits is told, too
        for _, reading, writing in self._starting:
            os.close(reading)
            os.close(writing)
        for started in (*self._asked, *[each for each, _, _ in self._starting]):
            if not started.done():
                started.set_exception(fault)
                started.exception()  # seen: nobody may be waiting for it
        if self._spare is not None and self._spare.done() and not self._spare.exception():
            self._spare.result().end()
        for ended in self._living.values():
            if not ended.done():
                ended.cancel()
        self._asked.clear()
        self._starting.clear()
        self._living.clear()


def require(walls: Sequence[Step]) -> None:
    """`ConfigError` where a wall is missing without which no program is run."""
    missing = [wall for wall in walls if wall.name in REQUIRED and not wall.holds]
    if missing:
        listed = "; ".join(f"{wall.name} ({wall.reason})" for wall in missing)
        raise ConfigError(
            f"this machine cannot lock a CPython program down: it lacks {listed}. "
            'Leave "cpython" out of `languages`, or run where the kernel has landlock and seccomp; '
            "`toolscript doctor` tells more"
        )


def _host_pid(handle: int) -> int:
    """The process number behind a handle, as this process counts."""
    with open(f"/proc/self/fdinfo/{handle}", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("Pid:") and (number := int(line.split()[1])) > 0:
                return number
    raise ProcessLookupError(handle)
