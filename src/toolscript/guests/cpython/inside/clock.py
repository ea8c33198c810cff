"""The time of a program is the time of its turn, whichever way it asks.

`rule_time` comes before all other imports, because modules keep the functions that they import. It is no wall: a
program that asks the machine by hand learns the time, and only harms its own replay.
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
    for name in ("time", "monotonic", "perf_counter", "clock_gettime"):
        setattr(time, name, _now)
    for name in ("time_ns", "monotonic_ns", "perf_counter_ns", "clock_gettime_ns"):
        setattr(time, name, _now_ns)
    for name in ("process_time", "thread_time"):
        setattr(time, name, lambda: 0.0)
    for name in ("process_time_ns", "thread_time_ns"):
        setattr(time, name, lambda: 0)
    time.gmtime = time.localtime = _moment
    time.strftime, time.asctime, time.ctime, time.sleep = _text, _plain, _plain_of, _sleep
    _rule_datetime()


def _now(which: int = 0) -> float:
    return clock.now_s()


def _now_ns(which: int = 0) -> int:
    return round(clock.now_s() * 1000) * 1_000_000


def _moment(seconds: float | None = None) -> time.struct_time:
    return _real_gmtime(clock.now_s() if seconds is None else seconds)


def _text(form: str, at: Any = None) -> str:
    return _real_strftime(form, _moment() if at is None else at)


def _plain(at: Any = None) -> str:
    return _real_asctime(_moment() if at is None else at)


def _plain_of(seconds: float | None = None) -> str:
    return _plain(_moment(seconds))


def _sleep(seconds: float) -> None:
    clock.sleep(seconds)


def _rule_datetime() -> None:
    """`datetime.now` asks the system itself, and a member of a built-in class cannot be set, but put into its dict."""

    def now(cls: Any, tz: datetime_module.tzinfo | None = None) -> datetime_module.datetime:
        return cls.fromtimestamp(round(clock.now_s(), 6), tz)

    def utcnow(cls: Any) -> datetime_module.datetime:
        return cls.fromtimestamp(round(clock.now_s(), 6), datetime_module.UTC).replace(tzinfo=None)

    members = cast("dict[str, Any]", gc.get_referents(datetime_module.datetime.__dict__)[0])
    members["now"], members["utcnow"] = classmethod(now), classmethod(utcnow)
    pythonapi.PyType_Modified(py_object(datetime_module.datetime))
