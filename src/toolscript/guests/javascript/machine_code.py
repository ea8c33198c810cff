"""The guest as machine code: compiled once, kept in the user's cache folder, shared by all sessions of a process."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from pathlib import Path

import wasmtime

from toolscript.errors import Fault
from toolscript.guests.javascript.engine.pin import SHA256

WASM = Path(__file__).parent / "engine" / "guest.wasm"
WASMTIME = "50.0.1"  # what the package requires. It only names the file: wasmtime refuses machine code of another build
MAX_WASM_STACK = 2 << 20  # with more, wasmtime aborts the process when the engine is made
RESERVATION = 4 << 30  # virtual; with less, every memory access carries an explicit bounds check (13 to 20 % slower)


def cache_folder() -> Path:
    """Where machine code is kept: `TOOLSCRIPT_CACHE`, else `toolscript` in the user's cache folder."""
    chosen = os.environ.get("TOOLSCRIPT_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "toolscript"


def configured_engine() -> wasmtime.Engine:
    """An engine whose every setting is part of the machine code's file name."""
    config = wasmtime.Config()
    config.epoch_interruption = True
    config.wasm_threads = False
    config.memory_init_cow = True
    config.memory_reservation = RESERVATION
    config.max_wasm_stack = MAX_WASM_STACK
    return wasmtime.Engine(config)


def compiled_module(engine: wasmtime.Engine, folder: Path | None) -> wasmtime.Module:
    """The guest's module, from the cache in `folder` where that can be used, else compiled now (about a second)."""
    kept = None if folder is None else _own_file(folder)
    if kept is not None and kept.exists() and _is_ours(kept):
        try:
            return wasmtime.Module.deserialize_file(engine, str(kept))
        except wasmtime.WasmtimeError:
            pass  # damaged, or of another build of wasmtime: compile again
    wasm = WASM.read_bytes()
    if hashlib.sha256(wasm).hexdigest() != SHA256:
        raise Fault("the JavaScript engine (guest.wasm) is damaged: install toolscript again")
    module = wasmtime.Module(engine, wasm)
    if kept is not None:
        _keep(kept, bytes(module.serialize()))
    return module


def _own_file(folder: Path) -> Path | None:
    """The file for this engine on this machine; None where the folder cannot be trusted or made."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    if not _is_ours(folder):
        return None
    parts = (SHA256, WASMTIME, sys.platform, _machine(), MAX_WASM_STACK, RESERVATION)
    return folder / f"javascript-{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}.cwasm"


def _machine() -> str:
    return os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "")


def _is_ours(path: Path) -> bool:
    """Whether only this user can write it: what lies in the cache is machine code and runs unchecked."""
    try:
        status = path.lstat()
    except OSError:
        return False
    if stat.S_ISLNK(status.st_mode):
        return False
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _keep(path: Path, code: bytes) -> None:
    partial = path.with_suffix(f".{os.urandom(8).hex()}.partial")
    try:
        with open(partial, "xb", opener=_for_owner) as file:
            file.write(code)
        partial.replace(path)
    except OSError:
        return  # a full or read-only disk: the next process compiles again


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
