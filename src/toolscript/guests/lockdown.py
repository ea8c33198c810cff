"""The walls around a process: it gives up all that it does not need, once and for good.

Order matters: `isolate` before any thread exists; then load and open what is needed; then `seal`, or its parts.
Landlock binds the calling thread and those it starts later, seccomp all threads of the process. What a platform
lacks is reported: whoever asks decides whether the walls that stand are enough.

Sources: landlock(7), seccomp(2), user_namespaces(7), and the kernel's `linux/landlock.h` and `linux/filter.h`.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass

from toolscript.guests.syscalls import MACHINES, WORKER, Allowed, Machine

if sys.platform != "win32":
    import resource  # at the top, because a sealed process can open no module

_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC, _CLONE_NEWUTS = 0x10000000, 0x40000000, 0x08000000, 0x04000000
_CLONE_NEWPID = 0x20000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
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


def isolate_children() -> Step:
    """The same, and the processes that are started next see, and can name, only each other."""
    flags = _CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC | _CLONE_NEWUTS | _CLONE_NEWPID
    return _step("namespaces", lambda: _check(_libc().unshare(flags)))


def seal(allowed: Allowed = WORKER) -> tuple[Step, ...]:
    """No new privileges, no files, no connections, small resource limits, and only the system calls of the table."""
    return (*confine(), limit(), allow_only(filter_of(allowed)))


def confine() -> tuple[Step, ...]:
    """No new privileges, no files, no connections."""
    return (
        _step("no_new_privs", lambda: _check(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))),
        _step("landlock", _landlock),
    )


def limit(*, cpu_s: int | None = None, memory_bytes: int | None = None) -> Step:
    """Few open files, none that grows, no core; so much time, and so much address space in all."""
    return _step("rlimits", lambda: _rlimits(cpu_s, memory_bytes))


def allow_only(code: bytes | None) -> Step:
    """Only the system calls that the filter lets through; None where there is no filter for this machine."""
    return _step("seccomp", lambda: _seccomp(code))


def filter_of(allowed: Allowed) -> bytes | None:
    """The filter of an allow-list, for `allow_only`; None for a machine whose system calls are not known here."""
    machine = MACHINES.get(platform.machine())
    return None if machine is None else _filter(machine, allowed)


def landlock_version() -> int:
    """The version of the kernel's landlock; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(_libc().syscall(_LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION_FLAG), 0)


def die_with_parent() -> None:
    """Be killed when the thread that started this process ends. Linux only."""
    _check(_libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


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


def _rlimits(cpu_s: int | None, memory_bytes: int | None) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MAX_FILES, _MAX_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if cpu_s is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    if memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


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


def _seccomp(code: bytes | None) -> None:
    machine = MACHINES.get(platform.machine())
    if machine is None or code is None:
        raise OSError(0, f"no table of system calls for {platform.machine()}")
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    done = _libc().syscall(machine.seccomp, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(program))
    _check(done)


_LOAD, _EQUAL, _AT_LEAST, _HAS_BITS, _GIVE = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_ENOSYS, _EPERM = _REFUSE | 38, _REFUSE | 1
_NUMBER, _ARCH, _ARGUMENTS = (
    0,
    4,
    16,
)  # where they lie in `struct seccomp_data`; an argument has 8 bytes, low ones first
_CLONE_THREAD, _X32 = 0x10000, 0x40000000


def _filter(machine: Machine, allowed: Allowed) -> bytes:
    """The allow-list as classic BPF: foreign machines are killed, threads may start if allowed, the rest gets EPERM."""
    steps: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, machine.audit),
        (_GIVE, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_GIVE, 0, 0, _KILL),
        (_EQUAL, 0, 1, machine.clone3),
        (_GIVE, 0, 0, _ENOSYS),  # the C library then falls back to clone, whose flags a filter can read
    ]
    if allowed.threads:
        steps += [
            (_EQUAL, 0, 4, machine.clone),
            (_LOAD, 0, 0, _ARGUMENTS),
            (_HAS_BITS, 0, 1, _CLONE_THREAD),
            (_GIVE, 0, 0, _ALLOW),
            (_GIVE, 0, 0, _EPERM),
        ]
    for number in sorted(machine.numbers[name] for name in allowed.names if name in machine.numbers):
        steps += [(_EQUAL, 0, 1, number), (_GIVE, 0, 0, _ALLOW)]
    for name, (position, values) in allowed.values.items():
        steps += [(_EQUAL, 0, 2 * len(values) + 2, machine.numbers[name]), (_LOAD, 0, 0, _ARGUMENTS + 8 * position)]
        for value in sorted(values):
            steps += [(_EQUAL, 0, 1, value), (_GIVE, 0, 0, _ALLOW)]
        steps.append((_GIVE, 0, 0, _EPERM))
    steps.append((_GIVE, 0, 0, _EPERM))
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
