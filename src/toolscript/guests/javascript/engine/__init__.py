"""The engine: QuickJS-ng as WebAssembly without imports, its source, its build, and its digest."""

from toolscript.guests.javascript.engine.pin import SHA256

ENGINE = f"javascript-{SHA256[:20]}"
"""What runs and snapshots of this engine are marked with."""
