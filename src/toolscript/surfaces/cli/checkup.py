"""What `doctor` finds: the engine, the walls around it, the store, and every server, each within a time limit."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from toolscript.connectors.mcp.servers_config import ServerSpec
from toolscript.connectors.mcp.targets import McpStatus
from toolscript.connectors.openapi.examination import Examination, Looked
from toolscript.errors import ConfigError, ToolscriptError
from toolscript.ports import Connector, ConnectorState, Guest, RunStore
from toolscript.runs.program import Language
from toolscript.runs.result import result_of
from toolscript.runtime.plugs import load
from toolscript.runtime.runtime import Runtime
from toolscript.surfaces.assemble import assemble
from toolscript.surfaces.cli.kept import opened_store
from toolscript.surfaces.config import Config

_OTHERS: tuple[Language, ...] = ("python", "cpython")  # than TypeScript
ENGINE_TIMEOUT_S = 30.0  # the first start compiles for about a second, on a slow machine for several
_COUNTED = 1_000  # runs of a status that are looked at: their logs are read, at about 0.3 ms each
_LOOK_EVERY_S = 0.05  # well below the shortest pause before another attempt (0.25 s)
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "fuse.sshfs", "virtiofs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCheck:
    """Whether a program runs; `cache` is where the compiled engine is kept."""

    problem: str | None
    first_ms: int | None
    cache: Path
    cache_is_writable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageCheck:
    """Whether a program in another language than TypeScript runs here; `wanted` says whether it is configured."""

    language: Language
    wanted: bool
    problem: str | None
    first_ms: int | None


@dataclass(frozen=True, slots=True)
class Wall:
    """One of the walls around a worker process; without `holds`, `reason` says why it is missing."""

    name: str
    holds: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsCheck:
    """How many runs are in the store that have not ended.

    `due` are those that could be gone on with at this moment and are driven by nobody; `uncertain` those of whose
    calls it is not known whether one took effect. More than 1,000 are not counted.
    """

    running: int
    parked: int
    due: int
    uncertain: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCheck:
    """Whether the store can be used; `file_system` is set where it is one that SQLite cannot lock reliably."""

    kind: str
    path: Path | None
    durability: str
    problem: str | None
    file_system: str | None
    runs: RunsCheck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCheck:
    """One source of tools. `status` is None for what is no MCP server, `api` for what is no API that is there."""

    namespace: str
    state: ConnectorState
    tools: int
    problems: tuple[str, ...]
    status: McpStatus | None
    origin: str
    api: Examination | None = None

    @property
    def is_sound(self) -> bool:
        """Whether its tools can be called, as far as that can be told."""
        return self.state == "ready" and (self.api is None or self.api.is_sound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """All that was found; `types` is the version of the checker of TypeScript, empty where there is none."""

    versions: Mapping[str, str]
    engine: EngineCheck
    languages: tuple[LanguageCheck, ...]
    walls: tuple[Wall, ...] | str
    types: str
    store: StoreCheck
    sources: tuple[SourceCheck, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether everything that is configured works."""
        broken = self.engine.problem or self.store.problem or isinstance(self.walls, str)
        unfit = any(one.wanted and one.problem for one in self.languages)
        return not broken and not unfit and all(source.is_sound for source in self.sources)


async def checkup(config: Config, specs: Sequence[ServerSpec], *, timeout_s: float) -> Checkup:
    """Look at everything at the same time; what does not answer within `timeout_s` is reported as it is then."""
    engine, languages, walls, types, kept, sources = await asyncio.gather(
        _engine(),
        asyncio.gather(*(_language(one, config) for one in _OTHERS)),
        _bounded(_walls, ENGINE_TIMEOUT_S),
        asyncio.to_thread(_types, config),
        _store(config),
        _sources(config, specs, timeout_s),
    )
    return Checkup(
        versions=_versions(),
        engine=engine,
        languages=tuple(languages),
        walls=walls,
        types=types,
        store=kept,
        sources=sources,
    )


def _versions() -> dict[str, str]:
    found = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "sqlite": sqlite3.sqlite_version,
    }
    for name in ("toolscript", "wasmtime", "pydantic-monty", "mcp", "pydantic"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


async def _engine() -> EngineCheck:
    folder: Path = load("toolscript.guests.javascript.machine_code:cache_folder")()
    begun = time.monotonic()
    problem = await _bounded(partial(_first_program, "typescript"), ENGINE_TIMEOUT_S)
    return EngineCheck(
        problem=problem,
        first_ms=None if problem else round((time.monotonic() - begun) * 1_000),
        cache=folder,
        cache_is_writable=_is_writable(folder),
    )


async def _language(language: Language, config: Config) -> LanguageCheck:
    begun = time.monotonic()
    problem = await _bounded(partial(_first_program, language, config.cpython_libraries), ENGINE_TIMEOUT_S)
    return LanguageCheck(
        language=language,
        wanted=language in config.languages,
        problem=problem,
        first_ms=None if problem else round((time.monotonic() - begun) * 1_000),
    )


async def _first_program(language: Language, libraries: Sequence[str] = ()) -> str | None:
    guests: dict[Language, Guest] = {}
    if language == "cpython":
        guests[language] = load("toolscript.guests.cpython.guest:CPythonGuest")(libraries)
    async with Runtime(languages=[language], guests=guests) as runtime:
        result = await runtime.run("return 6 * 7")
        return None if result.ok and result.value == 42 else f"6 * 7 gave {result.failure or result.value}"  # noqa: PLR2004


async def _walls() -> tuple[Wall, ...]:
    workers: Any = load("toolscript.guests.pool:JavaScriptWorkers")(processes=1)
    try:
        return tuple(Wall(step.name, step.holds, step.reason) for step in await workers.walls())
    finally:
        await workers.close()


def _types(config: Config) -> str:
    tsc: Path | None = load("toolscript.guests.javascript.tsc:find_tsc")(config.tsc)
    return "" if tsc is None else load("toolscript.guests.javascript.tsc:version_of")(tsc)


async def _store(config: Config) -> StoreCheck:
    kept = config.store
    if kept.kind == "memory":
        return StoreCheck(kind=kept.kind, path=None, durability="none", problem=None, file_system=None)
    problem, runs = None, None
    if kept.path.exists():

        async def read() -> RunsCheck:
            async with opened_store(config) as opened:
                return await _runs(opened)

        found: RunsCheck | str = await _bounded(read, ENGINE_TIMEOUT_S)
        problem, runs = (found, None) if isinstance(found, str) else (None, found)
    elif not _is_writable(kept.path):
        problem = f"{kept.path} cannot be made: {_standing(kept.path)} is no folder that can be written"
    return StoreCheck(
        kind=kept.kind,
        path=kept.path,
        durability=kept.durability,
        problem=problem,
        file_system=_remote_file_system(_standing(kept.path)),
        runs=runs,
    )


async def _runs(opened: RunStore) -> RunsCheck:
    now = time.time() * 1_000
    running = await opened.recent(limit=_COUNTED, status="running")
    parked = await opened.recent(limit=_COUNTED, status="parked")
    uncertain = 0
    for run in parked:
        record, entries = await opened.read(run.id)
        uncertain += any(call.status == "uncertain" for call in result_of(record, entries).pending)
    left = sum(run.lease_until <= now for run in running)
    return RunsCheck(
        running=len(running) - left,
        parked=len(parked),
        due=left + sum(run.wake_at <= now for run in parked),
        uncertain=uncertain,
    )


async def _bounded(check: Callable[[], Awaitable[Any]], timeout_s: float) -> Any:
    """What a check gives, or why it could not be made, in one sentence."""
    try:
        async with asyncio.timeout(timeout_s):
            return await check()
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    except (ToolscriptError, OSError) as error:
        return str(error)


async def _sources(config: Config, specs: Sequence[ServerSpec], timeout_s: float) -> tuple[SourceCheck, ...]:
    try:
        runtime = assemble(replace(config, store=replace(config.store, kind="memory")), specs)
    except ConfigError as error:
        return (_unusable(str(error)),)
    origins = {spec.namespace: str(spec.source) for spec in specs} | {api.namespace: api.spec for api in config.apis}
    async with runtime:
        checks = (_source(one, origins.get(one.namespace, "python"), timeout_s) for one in runtime.connectors)
        return tuple(await asyncio.gather(*checks))


def _unusable(problem: str) -> SourceCheck:
    """What stands for all sources where they cannot even be put together: a missing package, a module that fails."""
    return SourceCheck(
        namespace="configuration",
        state="unreachable",
        tools=0,
        problems=(problem,),
        status=None,
        origin="configuration",
    )


async def _source(connector: Connector, origin: str, timeout_s: float) -> SourceCheck:
    """How a source is once its first attempt to connect is over; the next attempt would clear what it printed."""
    deadline = time.monotonic() + timeout_s
    while connector.listing().state == "connecting" and time.monotonic() < deadline:  # noqa: ASYNC110 - only its owner is told
        await asyncio.sleep(_LOOK_EVERY_S)
    listing = connector.listing()
    own: Any = getattr(connector, "inner", connector)
    status: Any = getattr(own, "status", None)
    is_known = isinstance(status, McpStatus)
    examine: Callable[[], Awaitable[Examination]] | None = getattr(own, "examine", None)
    problems = [problem for problem in listing.problems if not (is_known and problem.startswith("stderr: "))]
    return SourceCheck(
        namespace=connector.namespace,
        state=listing.state,
        tools=len(listing.tools),
        problems=tuple(dict.fromkeys(problems)),
        status=status if is_known else None,
        origin=origin,
        api=await _examined(examine, timeout_s) if examine is not None and listing.state == "ready" else None,
    )


async def _examined(examine: Callable[[], Awaitable[Examination]], timeout_s: float) -> Examination:
    found: Examination | str = await _bounded(examine, timeout_s)
    return Examination(addresses=(Looked("its secrets and addresses", found),)) if isinstance(found, str) else found


def _standing(path: Path) -> Path:
    """The path itself, or the nearest one above it that is there."""
    return next((one for one in (path, *path.parents) if os.path.lexists(one)), Path(path.anchor))


def _is_writable(path: Path) -> bool:
    standing = _standing(path)
    return standing.is_dir() and os.access(standing, os.W_OK | os.X_OK)


def _remote_file_system(folder: Path) -> str | None:
    """The kind of a network file system, where this can be told (Linux: proc(5), `mountinfo`)."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    mounts: dict[Path, str] = {}
    for line in lines:
        before, _, after = line.partition(" - ")
        if len(fields := before.split()) > 4 and after:  # noqa: PLR2004 - the mount point is field 5
            mounts[Path(fields[4].replace("\\040", " "))] = after.split()[0]
    kind = next((mounts[one] for one in (folder.resolve(), *folder.resolve().parents) if one in mounts), "")
    return kind if kind in _REMOTE else None
