"""What the engine asks of its surroundings: the time of the turn, seeded randomness, and nothing else."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from pydantic_monty import FunctionSnapshot

from toolscript.runs.program import Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_RANDOM_BYTES = 1 << 20
_FILES = "a program has no files: call a tool, or keep values with codemode.state"
_SURROUNDINGS = "a program has no process and no environment: read what it needs from `input`"

Reply = dict[str, Any]


def moment(now: Instant) -> datetime:
    """The time of a turn."""
    return _EPOCH + timedelta(milliseconds=now)


def randomness(seed: int, strand: int, draw: int, count: int) -> bytes:
    """So many bytes: the same for the same seed, strand and draw."""
    return hashlib.shake_256(f"{seed} {strand} {draw}".encode()).digest(count)


def reply_to(asked: FunctionSnapshot, now: Instant) -> Reply | None:
    """The answer to a question about the time or the surroundings; None where the engine's own refusal says it best."""
    name: str = asked.function_name
    match name:
        case "time.time":
            return {"return_value": now / 1000}
        case "datetime.now":
            return {"return_value": _local(now, asked.args)}
        case "date.today":
            return {"return_value": moment(now).date()}
        case "os.environ":
            return {"return_value": {}}
        case "os.getenv":
            return {"return_value": asked.args[1] if len(asked.args) > 1 else None}
        case "import":
            return None
        case _ if name.startswith("os."):
            return {"exc_type": "PermissionError", "message": f"{name}: {_SURROUNDINGS}"}
        case _:
            return {"exc_type": "PermissionError", "message": f"{name}: {_FILES}"}


def _local(now: Instant, args: tuple[Any, ...]) -> datetime:
    zone = args[0] if args else None
    return moment(now).astimezone(zone) if isinstance(zone, tzinfo) else moment(now).replace(tzinfo=None)
