"""The second wall: a worker process gives up all that it does not need, once and for good.

Order matters: `isolate` before any thread exists; then load and open what is needed; then `seal`.
Landlock binds the calling thread and those it starts later, seccomp all threads of the process. What a platform
lacks is left out and reported, because the first wall, a guest without imports, stands by itself.

Sources: landlock(7), seccomp(2), user_namespaces(7), and the kernel's `linux/landlock.h` and `linux/filter.h`.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass

from toolscript.guests.pool.syscalls import MACHINES, Machine

if sys.platform != "win32":
    import resource  # at the top, because a sealed process can open no module

_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC, _CLONE_NEWUTS = 0x10000000, 0x40000000, 0x08000000, 0x04000000
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC = 1, 1
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT, _LANDLOCK_VERSION_FLAG = 444, 446, 1
_MAX_FILES = 64


@dataclass(frozen=True, slots=True)
class Step:
    """One wall: whether it stands, and if not, why."""

    name: str
    holds: bool
    reason: str = ""


def isolate() -> Step:
    """Leave the host's users, network, IPC and host name. Needs a process without threads."""
    flags = _CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS
    return _step("namespaces", lambda: _check(_libc().unshare(flags)))


def seal(*, cpu_s: int | None = None) -> tuple[Step, ...]:
    """No new privileges, no files, no connections, small resource limits, and only the system calls of the table."""
    return (
        _step("no_new_privs", lambda: _check(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))),
        _step("landlock", _landlock),
        _step("rlimits", lambda: _rlimits(cpu_s)),
        _step("seccomp", _seccomp),
    )


def _step(name: str, action: Callable[[], None]) -> Step:
    if not sys.platform.startswith("linux"):
        return Step(name, holds=False, reason=f"{sys.platform} has no such thing")
    try:
        action()
    except OSError as error:
        return Step(name, holds=False, reason=error.strerror or str(error))
    return Step(name, holds=True)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _rlimits(cpu_s: int | None) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MAX_FILES, _MAX_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if cpu_s is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))


def _landlock() -> None:
    """Handle every right that this kernel knows, and grant none."""
    libc = _libc()
    version = libc.syscall(_LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION_FLAG)
    _check(version)
    rights = (1 << 13) - 1
    for since, right in ((2, 13), (3, 14), (5, 15)):  # refer, truncate, ioctl on devices
        if version >= since:
            rights |= 1 << right
    attributes = struct.pack("<Q", rights)
    if version >= 4:  # noqa: PLR2004 - binding and connecting TCP, by ABI version
        attributes += struct.pack("<Q", 3)
    if version >= 6:  # noqa: PLR2004 - scoped signals and abstract sockets, by ABI version
        attributes += struct.pack("<Q", 3)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    ruleset = libc.syscall(_LANDLOCK_CREATE, buffer, len(attributes), 0)
    _check(ruleset)
    try:
        _check(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _seccomp() -> None:
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise OSError(0, f"no table of system calls for {platform.machine()}")
    code = _filter(machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    done = _libc().syscall(machine.seccomp, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(program))
    _check(done)


def _filter(machine: Machine) -> bytes:
    """The allow-list as classic BPF: foreign machines are killed, threads may start, the rest gets EPERM."""
    load, equal, at_least, has_bits, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, kill = 0x7FFF0000, 0x00050000, 0x80000000
    number, arch, first_argument = 0, 4, 16
    enosys, eperm, clone_thread, x32 = 38, 1, 0x10000, 0x40000000
    steps: list[bytes] = []

    def add(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> None:
        steps.append(struct.pack("<HBBI", code, if_true, if_false, operand))

    add(load, arch)
    add(equal, machine.audit, 1, 0)
    add(give, kill)
    add(load, number)
    add(at_least, x32, 0, 1)
    add(give, kill)
    add(equal, machine.clone3, 0, 1)
    add(give, refuse | enosys)  # the C library then falls back to clone, whose flags a filter can read
    add(equal, machine.clone, 0, 4)
    add(load, first_argument)
    add(has_bits, clone_thread, 0, 1)
    add(give, allow)
    add(give, refuse | eperm)
    for call in sorted(machine.allowed):
        add(equal, call, 0, 1)
        add(give, allow)
    add(give, refuse | eperm)
    return b"".join(steps)
