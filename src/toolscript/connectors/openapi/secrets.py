"""Secrets by reference: `env:NAME`, `file:PATH`, `cmd:COMMAND`, `keyring:SERVICE/USER`.

1. A value is read on the host when a call needs it, and stands in no attribute of what users hold: neither `repr` nor
   an error shows it. What is written in the place of a reference is refused without being repeated.
2. An environment variable and a file are read for every call. What a command or a keyring gave is kept for five
   minutes, and asked for again once an API has refused it.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from toolscript.errors import ConfigError, ToolscriptError
from toolscript.runtime.plugs import load

KEPT_S = 300.0
COMMAND_TIMEOUT_S = 30.0
MAX_SECRET_BYTES = 64 << 10

Kind = Literal["env", "file", "cmd", "keyring"]
_KINDS = ("env", "file", "cmd", "keyring")
_control = re.compile(r"[\x00-\x1f\x7f]")
_FORMS = "env:NAME, file:PATH, cmd:COMMAND or keyring:SERVICE/USER"


class SecretMissing(ToolscriptError):
    """A secret cannot be read; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is; `place` is the name, path, command line or `service/user` behind the colon."""

    kind: Kind
    place: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}"


def secret(reference: str) -> Secret:
    """A reference, read; `ConfigError` for anything else, which may be the secret itself and so is not repeated."""
    kind, colon, place = reference.partition(":")
    if not colon or kind not in _KINDS or not place.strip():
        raise ConfigError(f"a secret is given by reference, never as it is: {_FORMS}")
    if kind == "keyring" and "/" not in place:
        raise ConfigError("keyring: is followed by SERVICE/USER")
    return Secret(kind, place.strip())


@dataclass(frozen=True, slots=True)
class _Kept:
    value: str
    until: float


class Secrets:
    """Reads secrets when they are needed. `environment` and the clock can be injected."""

    def __init__(
        self, environment: Mapping[str, str] = os.environ, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._environment = environment
        self._clock = clock
        self._kept: dict[Secret, _Kept] = {}
        self._lock = asyncio.Lock()

    async def reveal(self, one: Secret) -> str:
        """The secret itself, without white space around it; raises `SecretMissing`."""
        match one.kind:
            case "env":
                value = self._environment.get(one.place, "")
            case "file":
                value = await asyncio.to_thread(_from_file, one)
            case "cmd" | "keyring":
                value = await self._slow(one)
        value = value.strip()
        if not value:
            raise SecretMissing(f"{one} holds no secret.")
        if _control.search(value):
            raise SecretMissing(f"{one} holds line breaks or control characters, which no request can carry.")
        return value

    def forget(self) -> None:
        """Ask commands and keyrings again the next time: what they gave was refused."""
        self._kept.clear()

    async def _slow(self, one: Secret) -> str:
        async with self._lock:
            kept = self._kept.get(one)
            if kept is None or kept.until <= self._clock():
                value = await (_from_command(one) if one.kind == "cmd" else asyncio.to_thread(_from_keyring, one))
                kept = self._kept[one] = _Kept(value, self._clock() + KEPT_S)
            return kept.value


def _from_file(one: Secret) -> str:
    try:
        with Path(one.place).expanduser().open("rb") as file:
            return file.read(MAX_SECRET_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SecretMissing(f"{one} cannot be read: {reason}.") from error


async def _from_command(one: Secret) -> str:
    """The first line and all others that a command prints; it has no input, and its complaints are nobody's."""
    try:
        words = shlex.split(one.place)
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except (OSError, ValueError) as error:
        raise SecretMissing(f"{one} cannot be run: {getattr(error, 'strerror', None) or error}.") from error
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            printed, _ = await process.communicate()
    except TimeoutError as error:
        raise SecretMissing(f"{one} did not end within {COMMAND_TIMEOUT_S:g} s.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise SecretMissing(f"{one} ended with exit code {process.returncode}.")
    try:
        return printed[:MAX_SECRET_BYTES].decode()
    except UnicodeDecodeError as error:
        raise SecretMissing(f"{one} printed something that is not text.") from error


def _from_keyring(one: Secret) -> str:
    service, _, user = one.place.rpartition("/")
    try:
        get_password: Callable[[str, str], Any] = load("keyring:get_password")
        keyring_error: type[BaseException] = load("keyring.errors:KeyringError")
    except ModuleNotFoundError as error:
        raise SecretMissing(f"{one} needs the package keyring: pip install keyring.") from error
    try:
        return str(get_password(service, user) or "")
    except keyring_error as error:
        raise SecretMissing(f"{one} cannot be read: {type(error).__name__}.") from error
