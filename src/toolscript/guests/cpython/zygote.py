"""The zygote: a warm interpreter that starts one locked-down process a program, by forking itself.

1. It never runs a program, and never reads what one wrote: its socket leads to the host alone.
2. A program's process gives up files, connections and privileges before it reads what it is to run, and all system
   calls that it does not need before it runs it. It checks that these walls stand, or ends.
3. Programs see each other's process numbers at most, and cannot signal, trace or wait for each other.
4. When the host goes, the socket ends; then the zygote ends, and with it, as the first of its own process numbers, all
   programs. Where there are no namespaces, each asks to be killed with it.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import signal
import socket
from typing import Any

from toolscript.guests import lockdown
from toolscript.guests.cpython.inside.channel import Channel
from toolscript.guests.cpython.inside.program import serve
from toolscript.guests.cpython.inside.turns import Caps
from toolscript.guests.cpython.warm import rehearse, warm
from toolscript.guests.lockdown import Step
from toolscript.guests.syscalls import PROGRAM

REQUIRED = frozenset({"no_new_privs", "landlock", "rlimits", "seccomp"})
"""The walls without which no program is run. Namespaces stand behind them where the machine allows them."""
MAX_MESSAGE = 1 << 16
_READING, _WRITING = 3, 4
_SPARE_FD = 64
_MEMORY_MARGIN = 16 << 20  # what the interpreter itself takes to start a program, beyond what the program may have
_REAP_S = 0.01


def main(descriptor: int, libraries: tuple[str, ...]) -> None:
    """Isolate, warm up, and serve the host until it goes. Does not return."""
    control = socket.socket(fileno=descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    namespaces = lockdown.isolate_children()
    first = os.fork()
    if first:
        control.close()
        os.waitpid(first, 0)
        os._exit(0)
    lockdown.die_with_parent()
    warm(libraries)
    zygote = _Zygote(control, namespaces)
    walls = zygote.walls()
    control.send(json.dumps({"walls": [[wall.name, wall.holds, wall.reason] for wall in walls]}).encode())
    zygote.serve()


class _Zygote:
    def __init__(self, control: socket.socket, namespaces: Step) -> None:
        self._control = control
        self._namespaces = namespaces
        self._filter = lockdown.filter_of(PROGRAM)
        self._ending: set[int] = set()
        with open("/proc/self/statm", encoding="ascii") as statm:
            self._own_bytes = int(statm.read().split()[0]) * os.sysconf("SC_PAGESIZE")
        gc.collect()
        gc.freeze()

    def walls(self) -> tuple[Step, ...]:
        """The walls that a program's process would have, as one that has no program finds them."""
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            steps = (*lockdown.confine(), lockdown.limit(), lockdown.allow_only(self._filter))
            told = json.dumps([[step.name, step.holds, step.reason] for step in steps])
            os.write(writing, told.encode())
            os._exit(0)
        os.close(writing)
        told = os.read(reading, MAX_MESSAGE)
        os.close(reading)
        os.waitpid(pid, 0)
        return (self._namespaces, *(Step(*step) for step in json.loads(told)))

    def serve(self) -> None:
        """Start and bury processes until the host goes."""
        while True:
            self._control.settimeout(_REAP_S if self._ending else None)
            try:
                request, descriptors, _, _ = socket.recv_fds(self._control, MAX_MESSAGE, 2)
            except TimeoutError:
                self._bury()
                continue
            if not request:
                os._exit(0)
            message = json.loads(request)
            if descriptors:
                self._start(*descriptors)
            else:
                self._ending.add(message["pid"])
                self._bury()

    def _start(self, reading: int, writing: int) -> None:
        pid = os.fork()
        if not pid:
            try:
                self._become_program(reading, writing)
            finally:
                os._exit(1)
        os.close(reading)
        os.close(writing)
        handle = os.pidfd_open(pid)
        socket.send_fds(self._control, [json.dumps({"started": pid}).encode()], [handle])
        os.close(handle)

    def _bury(self) -> None:
        """Take note of processes that the host has killed, and tell how they ended."""
        for pid in list(self._ending):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                self._ending.discard(pid)
                self._control.send(json.dumps({"ended": pid, "status": os.waitstatus_to_exitcode(status)}).encode())

    def _become_program(self, reading: int, writing: int) -> None:
        """Run one program, in a process of its own. Does not return."""
        lockdown.die_with_parent()
        for own, wanted in zip([_above(reading), _above(writing)], (_READING, _WRITING), strict=True):
            os.dup2(own, wanted)
        os.closerange(_WRITING + 1, 2 * _SPARE_FD)
        walls = [*lockdown.confine()]
        channel = Channel(_READING, _WRITING)
        rehearse()
        boot: dict[str, Any] = channel.receive()
        limits = boot["limits"]
        memory = self._own_bytes + limits["memory_bytes"] + _MEMORY_MARGIN
        walls.append(lockdown.limit(cpu_s=-(-limits["cpu_ms"] // 1000) + 1, memory_bytes=memory))
        walls.append(lockdown.allow_only(self._filter))
        if not {wall.name for wall in walls if wall.holds} >= REQUIRED:
            os._exit(1)
        serve(channel, boot, Caps(**limits))


def _above(descriptor: int) -> int:
    """The same file, out of the way of the numbers that a program's own have."""
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, _SPARE_FD)
