"""The time of a program is the time of its turn, whichever way it asks.

`rule_time` comes before all other imports, because modules keep the functions that they import. It is no wall: a program
that asks the machine by hand learns the time, and only harms its own replay.
"""

from __future__ import annotations

import datetime as datetime_module
import gc
import time
from collections.abc import Callable
from ctypes import py_object, pythonapi
from typing import Any, cast

_real_gmtime, _real_strftime, _real_asctime = time.gmtime, time.strftime, time.asctime


class Clock:
    """The time that programs see; set before a program begins."""

    def __init__(self) -> None:
        self.now_s: Callable[[], float] = lambda: 0.0
        self.sleep: Callable[[float], None] = lambda seconds: None


clock = Clock()


def rule_time() -> None:
    """Let all of Python read `clock`: before other modules are imported, because they keep what they import."""

    def now() -> float:
        return clock.now_s()

    def now_ns() -> int:
        return round(clock.now_s() * 1000) * 1_000_000

    def moment(seconds: float | None = None) -> time.struct_time:
        return _real_gmtime(clock.now_s() if seconds is None else seconds)

    def text(form: str, at: Any = None) -> str:
        return _real_strftime(form, moment() if at is None else at)

    def plain(at: Any = None) -> str:
        return _real_asctime(moment() if at is None else at)

    replaced: dict[str, Any] = {
        "time": now, "monotonic": now, "perf_counter": now, "process_time": lambda: 0.0, "thread_time": lambda: 0.0,
        "time_ns": now_ns, "monotonic_ns": now_ns, "perf_counter_ns": now_ns, "process_time_ns": lambda: 0,
        "thread_time_ns": lambda: 0, "clock_gettime": lambda which: now(), "clock_gettime_ns": lambda which: now_ns(),
        "gmtime": moment, "localtime": moment, "strftime": text, "asctime": plain,
        "ctime": lambda seconds=None: plain(moment(seconds)), "sleep": lambda seconds: clock.sleep(seconds),
    }  # fmt: skip
    for name, value in replaced.items():
        if hasattr(time, name):
            setattr(time, name, value)
    _rule_datetime()


def _rule_datetime() -> None:
    """`datetime.now` reads the system's clock itself, and a built-in class lets nobody set its members: but its dict is."""

    def now(cls: Any, tz: datetime_module.tzinfo | None = None) -> datetime_module.datetime:
        return cls.fromtimestamp(round(clock.now_s(), 6), tz)

    def utcnow(cls: Any) -> datetime_module.datetime:
        return cls.fromtimestamp(round(clock.now_s(), 6), datetime_module.UTC).replace(tzinfo=None)

    members = cast("dict[str, Any]", gc.get_referents(datetime_module.datetime.__dict__)[0])
    members["now"], members["utcnow"] = classmethod(now), classmethod(utcnow)
    pythonapi.PyType_Modified(py_object(datetime_module.datetime))
