"""What all sessions of a process share: the engine, the compiled guest and its freshly booted memory."""

from __future__ import annotations

import threading
from pathlib import Path

import wasmtime

from toolscript.guests.javascript import vm
from toolscript.guests.javascript.engine.pin import SHA256
from toolscript.guests.javascript.machine_code import cache_folder, compiled_module, configured_engine
from toolscript.guests.javascript.ticker import Ticker

LEAST_MEMORY = 4 << 20  # the booted guest itself takes most of one MiB


class Template:
    """Makes instances of the guest. `digest` is what their snapshots depend on."""

    digest = SHA256[:20]

    def __init__(self, folder: Path | None = None) -> None:
        self._engine = configured_engine()
        module = compiled_module(self._engine, folder or cache_folder())
        self._instances = wasmtime.Linker(self._engine).instantiate_pre(module)  # an empty linker: no imports
        self._ticker = Ticker(self._engine, vm.running)
        self._control_at = self._find_control()
        self._memory: bytes | None = None
        self._lock = threading.Lock()

    def instance(self, memory_bytes: int) -> vm.VM:
        """A fresh instance that may hold this much memory."""
        return vm.VM(self._instances, self._engine, self._ticker, max(memory_bytes, LEAST_MEMORY), self._control_at)

    def memory(self) -> bytes:
        """The memory that every instance starts with."""
        with self._lock:
            if self._memory is None:
                fresh = self.instance(LEAST_MEMORY)
                self._memory = fresh.read(0, fresh.size())
                fresh.close()
            return self._memory

    def _find_control(self) -> int:
        fresh = vm.VM(self._instances, self._engine, self._ticker, LEAST_MEMORY, 0)
        try:
            return fresh.control_at()
        finally:
            fresh.close()
