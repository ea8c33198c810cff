"""Times as people read and write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from toolscript.errors import ConfigError
from toolscript.runs.program import Instant

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_NAMES = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000))
_span = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")


def stamp(instant: Instant) -> str:
    """An instant in UTC."""
    try:
        return datetime.fromtimestamp(instant / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return f"{instant} ms"  # a clock that was never right


def lasted(ms: float) -> str:
    """How long something took, in its largest unit."""
    for name, length in _NAMES:
        if ms >= length:
            return f"{int(ms // length)} {name}"
    return f"{max(0, round(ms))} ms"


def span_ms(text: str, option: str) -> int:
    """How long `90s`, `10m`, `2h` or `1d` is; `ConfigError` for what is no time."""
    match = _span.fullmatch(text.strip())
    if match is None or not float(match[1]):
        raise ConfigError(f"{option} is {text!r}; it must be a time, such as 90s, 10m, 2h or 30d")
    return round(float(match[1]) * _UNITS[match[2]])
