"""Programs in worker processes: warm, locked down, and replaced when they die."""

from __future__ import annotations

from toolscript.guests.pool.pool import JavaScriptWorkers

__all__ = ["JavaScriptWorkers"]
