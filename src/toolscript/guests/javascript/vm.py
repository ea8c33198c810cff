"""One instance of the guest: its memory, its one call a turn, and the clock that can stop it.

The private `wasmtime._ffi` is used for calls: the public `Func.__call__` looks its types up again on every call, which
costs more than a whole turn. The version of wasmtime is pinned, and a test fails loudly when these functions change.
"""

from __future__ import annotations

import atexit
import ctypes
import itertools
import time
from collections.abc import Iterable
from ctypes import byref
from typing import Any

import wasmtime
from wasmtime import _ffi

from toolscript.errors import Fault
from toolscript.guests.javascript.bake import WASM_PAGE
from toolscript.guests.javascript.lane import SLICE_TICKS, Lane, spare_cores
from toolscript.guests.javascript.ticker import TICK_S, Ticker

ffi: Any = _ffi

DEADLINE_TICKS = 1  # a running guest is looked at after this many ticks
FREE_TICKS = 3  # what a turn may compute before it has to wait for a place in the lane
I32 = 0  # wasmtime_valkind_t

CONTROL = (
    *("now_ms", "seed", "gas", "memory_bytes", "stack_bytes", "max_calls", "max_args", "max_output", "max_printed"),
    *("in_at", "in_size", "out_at", "out_size", "gas_used", "heap_bytes", "outstanding"),
)
"""The fields of `control` in guest.c, each 64 bits wide."""
IN_AT, IN_SIZE, OUT_AT, OUT_SIZE = (CONTROL.index(name) for name in ("in_at", "in_size", "out_at", "out_size"))

RUNNING, ENDED, OUT_OF_GAS, TOO_MANY_CALLS, OUT_OF_MEMORY, BROKEN = range(6)
"""What `turn` answers: `Status` in guest.c."""

REST_NS = 5_000_000_000  # for collecting garbage, which is not the program's time
_GONE = (ctypes.c_int64 * len(CONTROL))()


class Stopped(Exception):
    """The guest was stopped in mid-flight, or trapped: its memory is not to be used again."""


running: dict[int, VM] = {}
"""The instances that are inside the guest at this moment, by the number that the engine hands to `_looked_at`."""
_numbers = itertools.count(1)
_lane = Lane(spare_cores())


def _looked_at(context: object, number: int, delta: Any, kind: Any) -> int:
    """Called by the engine, on the guest's own thread, when a tick has passed: go on, or stop with an error."""
    vm = running.get(number)
    if vm is None or not vm.may_go_on():
        return ctypes.cast(ffi.wasmtime_error_new(b"stopped"), ctypes.c_void_p).value or 0
    delta[0] = DEADLINE_TICKS
    kind[0] = 0  # WASMTIME_UPDATE_DEADLINE_CONTINUE
    return 0


@atexit.register
def _stop_all() -> None:
    """At the end of the process no program may run: its thread would call into an interpreter that is gone."""
    patience = time.monotonic() + 20 * TICK_S
    while running and time.monotonic() < patience:
        for vm in list(running.values()):
            vm.cancelled = True
        time.sleep(TICK_S / 5)


_deadline_type, _finalizer_type = (
    ffi.dll.wasmtime_store_epoch_deadline_callback.argtypes[1],
    ffi.dll.wasmtime_store_epoch_deadline_callback.argtypes[3],
)
_deadline_function = _deadline_type(_looked_at)
_no_finalizer = _finalizer_type()


_trap_type: Any = ctypes.POINTER(ffi.wasm_trap_t)  # pyright: ignore[reportUnknownVariableType]


class Export:
    """One exported function, with its arguments and result prepared once."""

    __slots__ = ("_arguments", "_count", "_function", "_result", "_results")

    def __init__(self, function: Any, parameters: int, *, result: bool) -> None:
        self._function = function
        self._count = parameters
        self._arguments = (ffi.wasmtime_val_t * max(1, parameters))()
        self._results = (ffi.wasmtime_val_t * 1)()
        self._result = result
        for argument in self._arguments:
            argument.kind = I32

    def __call__(self, context: Any, *arguments: int) -> int:
        for slot, argument in zip(self._arguments, arguments, strict=True) if arguments else ():
            slot.of.i32 = argument
        trap = _trap_type()
        error = ffi.wasmtime_func_call(
            context, byref(self._function), self._arguments, self._count, self._results, int(self._result), byref(trap)
        )
        if trap:
            raise Stopped(str(wasmtime.Trap._from_ptr(trap)))  # pyright: ignore[reportPrivateUsage]
        if error:
            raise Stopped(str(wasmtime.WasmtimeError._from_ptr(error)))  # pyright: ignore[reportPrivateUsage]
        return self._results[0].of.i32 if self._result else 0


class VM:
    """One instance. Not for two threads at once; only `cancelled` may be set from another thread."""

    __slots__ = (
        *("_base", "_context", "_control", "_helpers", "_in_lane", "_instance", "_memory", "_number", "_store"),
        *("_ticker", "_ticks", "_turn", "cancelled", "cpu_ns", "stop_at_ns"),
    )

    def __init__(
        self,
        template: wasmtime.InstancePre,
        engine: wasmtime.Engine,
        ticker: Ticker,
        memory_bytes: int,
        control_at: int,
    ) -> None:
        self._ticker, self._number = ticker, next(_numbers)
        self._store = wasmtime.Store(engine)
        self._store.set_limits(memory_size=memory_bytes, instances=1, memories=1, tables=1)
        self._context: Any = self._store._context()  # pyright: ignore[reportPrivateUsage]
        ffi.wasmtime_context_set_epoch_deadline(self._context, 1 << 40)
        ffi.wasmtime_store_epoch_deadline_callback(self._store.ptr(), _deadline_function, self._number, _no_finalizer)
        try:
            self._instance: Any = template.instantiate(self._store)._instance  # pyright: ignore[reportPrivateUsage]
        except wasmtime.WasmtimeError as error:
            raise Fault("the JavaScript engine could not be started: no memory for it") from error
        self._memory = self._export(b"memory").memory
        self._turn = Export(self._export(b"turn").func, 1, result=True)
        self._helpers: dict[bytes, Export] = {}
        self._base: int = ctypes.addressof(ffi.wasmtime_memory_data(self._context, byref(self._memory)).contents)
        self._control: Any = (ctypes.c_int64 * len(CONTROL)).from_address(self._base + control_at)
        self.cancelled = False
        self._in_lane = False
        self._ticks = 0
        self.cpu_ns = 0
        self.stop_at_ns = 0

    @property
    def control(self) -> Any:
        """The guest's `control`, as an array of 64-bit numbers in the order of `CONTROL`."""
        return self._control

    def turn(self, message: bytes, cpu_ns: int) -> tuple[int, bytes]:
        """Hand over a message and run; gives the status and the lines that the guest wrote."""
        control, size = self._control, len(message)
        if size > control[IN_SIZE] and not self._enter(self._helper(b"reserve", 1), size, cpu_ns=cpu_ns):
            return OUT_OF_MEMORY, b""
        self._write(control[IN_AT], message)
        status = self._enter(self._turn, size, cpu_ns=cpu_ns)
        return status, self.read(control[OUT_AT], control[OUT_SIZE])

    def control_at(self) -> int:
        """Where in the memory `control` lies; the same in every instance."""
        return self._enter(self._helper(b"control", 0), cpu_ns=REST_NS)

    def rest(self) -> None:
        """Collect garbage and let go of buffers, before the memory is copied."""
        self._enter(self._helper(b"rest", 0), cpu_ns=REST_NS)

    def size(self) -> int:
        return ffi.wasmtime_memory_data_size(self._context, byref(self._memory))

    def read(self, at: int, size: int) -> bytes:
        if not 0 <= at <= at + size <= self.size():
            raise Stopped("a pointer out of bounds")
        return ctypes.string_at(self._base + at, size)

    def _write(self, at: int, content: bytes) -> None:
        if not 0 <= at <= at + len(content) <= self.size():
            raise Stopped("a pointer out of bounds")
        ctypes.memmove(self._base + at, content, len(content))

    def overwrite(self, pages: Iterable[tuple[int, bytes]], size: int) -> None:
        """Grow to `size` bytes, then write these pages; `ValueError` when the memory cannot be so."""
        before = ctypes.c_uint64()
        missing = size - self.size()
        if missing > 0:
            error = ffi.wasmtime_memory_grow(self._context, byref(self._memory), missing // WASM_PAGE, byref(before))
            if error:
                ffi.wasmtime_error_delete(error)
                raise ValueError("the snapshot needs more memory than the limit allows")
        for at, content in pages:
            self._write(at, content)

    def close(self) -> None:
        """Free the instance. Nothing may be called afterwards."""
        self._control = _GONE
        self._store.close()

    def _helper(self, name: bytes, parameters: int) -> Export:
        export = self._helpers.get(name)
        if export is None:
            result = name != b"rest"
            export = self._helpers[name] = Export(self._export(name).func, parameters, result=result)
        return export

    def _export(self, name: bytes) -> Any:
        extern = ffi.wasmtime_extern_t()
        if not ffi.wasmtime_instance_export_get(self._context, byref(self._instance), name, len(name), byref(extern)):
            raise Fault(f"the JavaScript engine has no export {name.decode()}")
        return extern.of

    def may_go_on(self) -> bool:
        """Asked after every tick, on the guest's own thread; may wait for a place among those that compute for long."""
        if self.cancelled or time.thread_time_ns() > self.stop_at_ns:
            return False
        self._ticks += 1
        if self._in_lane and self._ticks >= SLICE_TICKS and _lane.wanted:
            self._leave_lane()
        if not self._in_lane and self._ticks >= FREE_TICKS:
            self._in_lane, self._ticks = _lane.enter(lambda: self.cancelled), 0
        return not self.cancelled

    def _leave_lane(self) -> None:
        if self._in_lane:
            self._in_lane = False
            _lane.leave()

    def _enter(self, export: Export, *arguments: int, cpu_ns: int) -> int:
        """Call into the guest; `Stopped` when it was cancelled, or used `cpu_ns` more of its thread's time."""
        if self.cancelled:
            raise Stopped("cancelled")
        ffi.wasmtime_context_set_epoch_deadline(self._context, DEADLINE_TICKS)
        started = time.thread_time_ns()
        self.stop_at_ns = started + cpu_ns
        self._ticks = 0
        running[self._number] = self
        self._ticker.entered()
        try:
            return export(self._context, *arguments)
        finally:
            del running[self._number]
            self._leave_lane()
            self.cpu_ns += time.thread_time_ns() - started
