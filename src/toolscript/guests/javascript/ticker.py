"""The clock by which a running guest can be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Sized

import wasmtime

TICK_S = 0.005
IDLE_TICKS = 400  # the ticker goes to sleep when nothing has run for this many ticks


class Ticker:
    """Advances the engine's epoch while any of `running` runs, so that each is looked at every few milliseconds."""

    def __init__(self, engine: wasmtime.Engine, running: Sized) -> None:
        self._engine = engine
        self._running = running
        self._wake = threading.Event()
        self._asleep = True
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.entries = 0  # grows with every entry into a guest; a lost update only makes a nap come later

    def entered(self) -> None:
        self.entries += 1
        if self._asleep:
            self._rouse()

    def _rouse(self) -> None:
        with self._lock:
            self._asleep = False
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="toolscript-ticker", daemon=True)
                self._thread.start()
            self._wake.set()

    def _run(self) -> None:
        seen, quiet = -1, 0
        while True:
            time.sleep(TICK_S)
            self._engine.increment_epoch()
            if self.entries != seen or self._running:
                seen, quiet = self.entries, 0
                continue
            quiet += 1
            if quiet > IDLE_TICKS:
                self._wake.clear()
                self._asleep = True
                if self.entries == seen:
                    self._wake.wait()
                self._asleep, quiet = False, 0
