"""The runs that are kept: their store, and which of them is meant."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import Protocol

from toolscript.errors import ConfigError
from toolscript.ports import RunStore
from toolscript.runs.entry import RunRecord
from toolscript.surfaces.assemble import store
from toolscript.surfaces.cli.opening import Flags, store_flags
from toolscript.surfaces.config import Config, read_config

LAST = "last"
_SCANNED = 10_000  # runs, newest first, among which a part of an id is looked for; reading so many takes about 0.2 s
_FEW = 5


class Recent(Protocol):
    """Gives the newest runs, newest first."""

    def __call__(self, *, limit: int) -> Awaitable[list[RunRecord]]: ...


_whole = re.compile(r"run_[0-9a-f]{27}")


def kept_config(options: Namespace, flags: Flags | None = None) -> Config:
    """The settings of a command that is about earlier runs; `ConfigError` where there can be none."""
    given = {**(flags or {}), **store_flags(options)}
    config = read_config(options.config, flags={key: one for key, one in given.items() if one[1] is not None})
    kept = config.store
    if kept.kind == "memory":
        raise ConfigError(
            "the store is memory, which keeps no runs; set store.kind to sqlite, or name one: --store FILE"
        )
    if not kept.path.exists():
        raise ConfigError(f"there are no runs yet: {kept.path} is not there; toolscript run makes it")
    return config


@asynccontextmanager
async def opened_store(config: Config) -> AsyncGenerator[RunStore]:
    """The store, for what needs no runtime."""
    kept = store(config.store)
    try:
        yield kept
    finally:
        await kept.close()


async def meant(recent: Recent, text: str, scope: str) -> str:
    """The id of the run that `text` means: the beginning or the end of one, or `last`, the newest of the scope.

    `ConfigError` where it fits several; what fits none is given back, for the store to say so.
    """
    if text == LAST:
        return await _last(recent, scope)
    if not _whole.fullmatch(text):
        found = [run.id for run in await recent(limit=_SCANNED) if _fits(text, run.id)]
        if len(found) > 1:
            listed = ", ".join(found[:_FEW])
            more = f" and {len(found) - _FEW} more" if len(found) > _FEW else ""
            raise ConfigError(f"{text} fits {len(found)} runs: {listed}{more}")
        if found:
            return found[0]
    return text


def _fits(text: str, run: str) -> bool:
    return run.startswith((text, f"run_{text}")) or run.endswith(text)


async def _last(recent: Recent, scope: str) -> str:
    for limit in (1, 50, _SCANNED):
        for run in await recent(limit=limit):
            if run.scope == scope:
                return run.id
    raise ConfigError("no run of this project is kept; toolscript runs lists those of the others")
