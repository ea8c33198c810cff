"""System calls by name and machine, and the two allow-lists over them.

Source: the kernel's `arch/x86/entry/syscalls/syscall_64.tbl` and `include/uapi/asm-generic/unistd.h` (arm64).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One machine's numbers; `audit` is its `AUDIT_ARCH_…` constant from `linux/audit.h`."""

    audit: int
    clone: int
    clone3: int
    seccomp: int
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What a process may still ask of the kernel; all else fails with EPERM.

    `values` are for calls of which one argument (by position) must be one of these.
    """

    names: frozenset[str]
    threads: bool
    values: Mapping[str, tuple[int, frozenset[int]]] = field(default_factory=dict[str, tuple[int, frozenset[int]]])


_x86_64 = {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11,
    "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "ioctl": 16, "pread64": 17, "readv": 19,
    "writev": 20, "select": 23, "sched_yield": 24, "mremap": 25, "madvise": 28, "dup": 32, "nanosleep": 35,
    "getpid": 39, "sendto": 44, "recvfrom": 45, "sendmsg": 46, "recvmsg": 47, "exit": 60, "uname": 63, "fcntl": 72,
    "getrusage": 98, "times": 100, "getuid": 102, "getgid": 104, "geteuid": 107, "getegid": 108, "sigaltstack": 131,
    "gettid": 186, "futex": 202, "sched_setaffinity": 203, "sched_getaffinity": 204, "restart_syscall": 219,
    "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231, "epoll_wait": 232,
    "epoll_ctl": 233, "tgkill": 234, "pselect6": 270, "ppoll": 271, "set_robust_list": 273, "epoll_pwait": 281,
    "eventfd2": 290, "epoll_create1": 291, "pipe2": 293, "prlimit64": 302, "getrandom": 318, "membarrier": 324,
    "rseq": 334,
}  # fmt: skip

_arm64 = {
    "dup": 23, "eventfd2": 19, "epoll_create1": 20, "epoll_ctl": 21, "epoll_pwait": 22, "fcntl": 25, "ioctl": 29,
    "pipe2": 59, "close": 57, "lseek": 62, "read": 63, "write": 64, "readv": 65, "writev": 66, "pread64": 67,
    "pselect6": 72, "ppoll": 73, "fstat": 80, "exit": 93, "exit_group": 94, "futex": 98, "set_robust_list": 99,
    "nanosleep": 101, "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115, "sched_setaffinity": 122,
    "sched_getaffinity": 123, "sched_yield": 124, "restart_syscall": 128, "tgkill": 131, "sigaltstack": 132,
    "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "times": 153, "uname": 160, "getrusage": 165,
    "getpid": 172, "getuid": 174, "geteuid": 175, "getgid": 176, "getegid": 177, "gettid": 178, "sendto": 206,
    "recvfrom": 207, "sendmsg": 211, "recvmsg": 212, "brk": 214, "munmap": 215, "mremap": 216, "mmap": 222,
    "mprotect": 226, "madvise": 233, "prlimit64": 261, "getrandom": 278, "membarrier": 283, "rseq": 293,
}  # fmt: skip

MACHINES = {
    "x86_64": Machine(audit=0xC000003E, clone=56, clone3=435, seccomp=317, numbers=_x86_64),
    "aarch64": Machine(audit=0xC00000B7, clone=220, clone3=435, seccomp=277, numbers=_arm64),
}

WORKER = Allowed(names=frozenset(_x86_64) | frozenset(_arm64), threads=True)
"""For a process of ours around an engine: CPython, an allocator, threads and open pipes; nothing that opens, connects,
executes or signals others."""

_FCNTL = frozenset({1, 2, 3, 4})  # F_GETFD, F_SETFD, F_GETFL, F_SETFL: never F_SETOWN, which has others signalled
_IOCTL = frozenset({0x5401, 0x5451, 0x5450, 0x541B})  # TCGETS, FIOCLEX, FIONCLEX, FIONREAD: never FIOSETOWN
PROGRAM = Allowed(
    names=frozenset({
        "read", "write", "readv", "writev", "close", "fstat", "lseek",
        "brk", "mmap", "mprotect", "munmap", "mremap", "madvise",
        "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack",
        "getpid", "gettid", "getuid", "getgid", "geteuid", "getegid", "getrusage", "times",
        "futex", "sched_yield", "clock_gettime", "clock_getres", "restart_syscall", "membarrier", "rseq",
        "set_robust_list", "exit", "exit_group",
    }),
    threads=False,
    values={"fcntl": (1, _FCNTL), "ioctl": (1, _IOCTL)},
)  # fmt: skip
"""For a process in which a program has all of CPython, `ctypes` too: its memory, and the pipes that are open."""
